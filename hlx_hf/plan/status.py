"""How far a plan has come, told from what is in its folder."""

import json
from dataclasses import dataclass

from ..files import PROGRESS, TRAINING_LOCK, is_held
from .engine import LOCK
from .folder import Plan
from .phases import TRAINING, Phase

FINISHED, RUNNING, FAILED, STOPPED, WAITING = "finished", "running", "failed", "stopped", "waiting"


@dataclass(frozen=True)
class PhaseStatus:
    """How far a phase has come; what is not known, or not of its kind, is None.

    Attributes:
        phase: which.
        state: `FINISHED`, `RUNNING`, `FAILED` (its last attempt), `STOPPED` (begun, and nobody goes on with it) or
            `WAITING`.
        checkpoint: name of the newest one.
        epoch: that it has reached, of a training.
        epochs: that it will have.
        loss: the last that was logged.
        seconds_left: by the speed of the process that trains it, or did last.
        note: why it has failed, or what it waits for.
    """

    phase: Phase
    state: str
    checkpoint: str | None = None
    epoch: float | None = None
    epochs: int | None = None
    loss: float | None = None
    seconds_left: float | None = None
    note: str = ""


def plan_status(plan: Plan) -> list[PhaseStatus]:
    """The status of each phase, in their order."""
    is_running = is_held(plan.folder / LOCK)
    return [_status(plan, phase, is_running) for phase in plan.phases]


def status_table(statuses: list[PhaseStatus]) -> str:
    """The statuses as a table for a terminal."""
    rows = [("phase", "state", "epoch", "loss", "checkpoint", "time left", "")]
    for status in statuses:
        epoch = "" if status.epoch is None else f"{status.epoch:.4g}/{status.epochs}"
        loss = "" if status.loss is None else f"{status.loss:.3g}"
        note = "" if status.state == FAILED else status.note  # below the table, for it is long
        left = "" if status.seconds_left is None else duration(status.seconds_left)
        rows.append((status.phase.name, status.state, epoch, loss, status.checkpoint or "", left, note))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    reasons = [f"\n{status.phase.name} has failed: {status.note}" for status in statuses if status.state == FAILED]
    return "\n".join([*lines, *reasons])


def duration(seconds: float) -> str:
    """A time as people say it: `40 s`, `12 min`, `3 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _status(plan: Plan, phase: Phase, plan_is_running: bool) -> PhaseStatus:
    missing = [name for name in phase.needs if not plan.result(plan[name]).exists()]
    progress = _progress(plan, phase) if phase.kind == TRAINING else {}
    if plan.result(phase).exists():
        return PhaseStatus(phase, FINISHED, **{**progress, "seconds_left": None})
    trains = phase.kind == TRAINING and is_held(plan.output(phase) / TRAINING_LOCK)
    if trains:
        return PhaseStatus(phase, RUNNING, **progress)
    if plan.failed(phase).is_file():
        failure = json.loads(plan.failed(phase).read_text(encoding="utf-8"))
        return PhaseStatus(phase, FAILED, **progress, note=f"{failure['reason']} (log {plan.log(phase)})")
    if missing:
        return PhaseStatus(phase, WAITING, **progress, note=f"for {', '.join(missing)}")
    if plan_is_running:  # a test, or a training that is starting or has the GPU to wait for
        return PhaseStatus(phase, RUNNING if plan.log(phase).is_file() else WAITING, **progress)
    return PhaseStatus(
        phase, STOPPED if plan.log(phase).is_file() else WAITING, **progress, note="for `hlx plan resume`"
    )


def _progress(plan: Plan, phase: Phase) -> dict:
    checkpoints = plan.checkpoints(phase)
    found = {"checkpoint": checkpoints[-1].name} if checkpoints else {}
    path = plan.output(phase) / PROGRESS
    if path.is_file():
        progress = json.loads(path.read_text(encoding="utf-8"))
        found |= {name: progress[name] for name in ("epoch", "epochs", "loss")}
        steps = progress["step"] - progress["first_step"]
        if steps:
            seconds_a_step = (progress["written_at"] - progress["started_at"]) / steps
            found["seconds_left"] = (progress["steps"] - progress["step"]) * seconds_a_step
    return found
