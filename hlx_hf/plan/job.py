"""One attempt at a phase, as the engine starts it: `python -m hlx_hf.plan.job DIR PHASE --attempt 1 --threads 2`.

What the phase says goes to its log. A phase whose result is there is not run again, and one that is killed at any time
goes on from its newest checkpoint at the next attempt.
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..files import GATES, TRAINING_LOCK, hold, write_whole
from .folder import RECIPES, Plan
from .phases import COMPARISON, EVALUATION, TEST, TRAINING, Phase


def main() -> int:
    """Makes the attempt; the exit code is 0 once the phase has finished."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of the plan")
    parser.add_argument("phase")
    parser.add_argument("--attempt", type=int, default=1, help="1 for the first since the plan was started or resumed")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    plan = Plan.read(options.folder)
    phase = plan[options.phase]
    started = time.time()
    if plan.result(phase).exists():
        _finish(plan, phase)
        return 0

    if options.attempt > 1 and _is_final(plan, phase):
        return 1
    plan.failed(phase).unlink(missing_ok=True)
    print(f"{phase.name}: attempt {options.attempt}, log {plan.log(phase)}", flush=True)
    reason = _run(plan, phase, options.attempt, options.threads)
    if reason is None:
        _finish(plan, phase)
        print(f"{phase.name}: finished in {time.time() - started:.0f} s: {plan.result(phase)}", flush=True)
        return 0
    stopped = _stopped_by_gate(plan, phase, started)
    reason = stopped or reason
    # a run that a gate has stopped would come to the same end again
    failure = {"reason": reason, "attempt": options.attempt, "failed_at": time.time(), "final": bool(stopped)}
    write_whole(plan.failed(phase), json.dumps(failure) + "\n")
    print(f"{phase.name}: attempt {options.attempt} failed: {reason} (log {plan.log(phase)})", flush=True)
    return 1


def command(plan: Plan, phase: Phase) -> list[str]:
    """The command line of a phase."""
    recipe = str(RECIPES / phase.recipe)
    used = [str(plan.result(plan[name])) for name in phase.uses]
    result = str(plan.result(phase))
    if phase.kind == TEST:
        return [sys.executable, recipe, "--model", *used, "--output", result]
    if phase.kind == EVALUATION:
        limit = ["--limit", str(plan.evaluation_limit)]
        return [sys.executable, recipe, "--model", *used, "--output", result, *limit, *phase.options]
    if phase.kind == COMPARISON:
        return [sys.executable, recipe, *used, "--output", result]

    settings = {
        "config": str(RECIPES / "configs" / phase.config),
        "output_dir": str(plan.output(phase)),
        "resume_from_checkpoint": "last",
        "disable_tqdm": "true",  # a line for each log instead
    }
    if used:
        (settings["model_name_or_path"],) = used
    launcher = [sys.executable]
    if phase.gpu:
        config = plan.accelerate_config or str(RECIPES / "accelerate" / "one_gpu.yaml")
        launcher += ["-m", "accelerate.commands.launch", "--quiet", "--config_file", config]
    words = [[f"--{name}", value] for name, value in settings.items()]
    words += [[f"--{name}", *shlex.split(value)] for name, value in plan.options(phase).items()]
    return [*launcher, recipe, *(word for group in words for word in group)]


def _run(plan: Plan, phase: Phase, attempt: int, threads: int) -> str | None:
    """Runs a phase to its end, and says why it has no result if it has none."""
    if phase.kind == TRAINING:
        # What a killed plan had started may live on, and makes what this attempt is to make. A second process would
        # wait for it, too, but with memory of the GPU in its hands.
        with hold(plan.output(phase) / TRAINING_LOCK, f"{phase.name}: waiting for what an earlier run has started"):
            pass
        if plan.result(phase).exists():
            return None
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    if not phase.gpu:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    words = command(plan, phase)
    log = plan.log(phase)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n--- {time.strftime('%Y-%m-%d %H:%M:%S')} attempt {attempt}\n$ {shlex.join(words)}\n")
        file.flush()
        code = subprocess.run(words, stdout=file, stderr=file, env=environment, check=False).returncode
    if plan.result(phase).exists():
        return None
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return f"exit code {code}: {last}"


def _stopped_by_gate(plan: Plan, phase: Phase, since: float) -> str | None:
    """What a quality gate has stopped the phase for since a time, if it has."""
    gates = plan.output(phase) / GATES
    if not gates.is_file() or gates.stat().st_mtime < since:
        return None
    return json.loads(gates.read_text(encoding="utf-8"))["stopped"]


def _is_final(plan: Plan, phase: Phase) -> bool:
    failed = plan.failed(phase)
    return failed.is_file() and json.loads(failed.read_text(encoding="utf-8"))["final"]


def _finish(plan: Plan, phase: Phase) -> None:
    if not plan.finished(phase).is_file():
        found = {"result": str(plan.result(phase)), "finished_at": time.time()}
        write_whole(plan.finished(phase), json.dumps(found) + "\n")
    plan.failed(phase).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
