"""What the phases of a plan have left on record, read without judging it."""

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from safetensors import safe_open

from ..files import GATES, TRAINER_STATE
from .folder import Plan
from .phases import EVALUATION, TEST, TRAINING
from .status import PhaseStatus, plan_status

_ATTEMPT = re.compile(r"^--- (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) attempt \d+$", re.MULTILINE)
_LAST_LINES = 12


@dataclass
class PhaseRecord:
    """What is on record of a phase; what is not, or not of its kind, is empty.

    Attributes:
        status: how far it has come.
        attempts: how often it was begun.
        seconds: from the beginning of its first attempt to its end.
        history: `log_history` of its training, of the result or else of the newest checkpoint.
        gates: `gates.json` of its training.
        test: results of the English comprehension test.
        evaluation: results of the test splits.
        sizes: bytes of its checkpoints and its result, by their names.
        parameters: of its result.
        vocabulary: tokens of its result.
        last_lines: of its log.
        missing: records that should be there and are not, or cannot be read.
    """

    status: PhaseStatus
    attempts: int = 0
    seconds: float | None = None
    history: list[dict] = field(default_factory=list)
    gates: dict = field(default_factory=dict)
    test: dict = field(default_factory=dict)
    evaluation: dict = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    parameters: int | None = None
    vocabulary: int | None = None
    last_lines: list[str] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of the phase."""
        return self.status.phase.name

    def last(self, figure: str) -> float | None:
        """The last value of a figure in the history of the training."""
        values = [entry[figure] for entry in self.history if figure in entry]
        return values[-1] if values else None


def read_records(plan: Plan) -> list[PhaseRecord]:
    """The records of all phases, in their order."""
    return [_read(plan, status) for status in plan_status(plan)]


def _read(plan: Plan, status: PhaseStatus) -> PhaseRecord:
    record, phase = PhaseRecord(status), status.phase
    result, log = plan.result(phase), plan.log(phase)
    if log.is_file():
        text = log.read_text(encoding="utf-8", errors="replace")
        record.last_lines = text.strip().splitlines()[-_LAST_LINES:]
        begun = [datetime.strptime(found, "%Y-%m-%d %H:%M:%S") for found in _ATTEMPT.findall(text)]
        record.attempts = len(begun)
        if begun and plan.finished(phase).is_file():
            record.seconds = _json(record, plan.finished(phase)).get("finished_at", 0) - begun[0].timestamp()
    if phase.kind == TEST and result.exists():
        record.test = _json(record, result)
    if phase.kind == EVALUATION and result.exists():
        record.evaluation = _json(record, result)
    if phase.kind == TRAINING:
        _read_training(record, plan)
    return record


def _read_training(record: PhaseRecord, plan: Plan) -> None:
    phase = record.status.phase
    result, checkpoints = plan.result(phase), plan.checkpoints(phase)
    folders = [*checkpoints, result] if result.exists() else checkpoints
    record.sizes = {folder.name: size for folder in folders if (size := _size(folder))}
    if folders:
        record.history = _json(record, folders[-1] / TRAINER_STATE).get("log_history", [])
        record.gates = _json(record, plan.output(phase) / GATES)
    if result.exists():
        record.vocabulary = _json(record, result / "config.json").get("vocab_size")
        record.parameters = _parameters(record, result)


def _size(folder: Path) -> int:
    """Bytes of all that is in a folder; 0 if it goes meanwhile, as the oldest checkpoint of a training does."""
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if not path.is_dir())
    except FileNotFoundError:
        return 0


def _parameters(record: PhaseRecord, folder: Path) -> int | None:
    """How many weights the files of a model hold, which are not read for that."""
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        record.missing.append(folder / "model.safetensors")
        return None
    count = 0
    for path in files:
        with safe_open(path, framework="np") as tensors:
            count += sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    return count


def _json(record: PhaseRecord, path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record.missing.append(path)
        return {}
