"""Kills a small plan with SIGKILL at random moments, and compares what comes of it with an undisturbed run.

    python tests/kill_plan.py --kills 10
    python tests/kill_plan.py --kills 10 --hub

The victim is the engine, or a process below it, or all of them at once. The plan is started again while what a killed
engine had started may still be alive. With `--hub` the killed plan pushes to a Hub on loopback that fails half of all
requests. Ends with status 1 if a result differs, a finished phase was run again, or a result is not on the Hub.
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from hub_client import LoopbackHub

from hlx_hf.hub import noted
from hlx_hf.plan.folder import Plan
from hlx_hf.plan.phases import EVALUATION, TEST, TRAINING
from hlx_hf.training.checkpoints import GOING_ON

ROOT = Path(__file__).parents[1]
CORPUS = """\
English: Filter active users
HLXL: {1000: {@0: "filter", @1: &h_users, @2: &h_active}}

English: Limit the results to 10
HLXL: {1000: {@0: "limit", @1: &h_results, @2: 10}}

English: Search for documents
HLXL: {1000: {@0: "search", @1: &h_documents}}
"""
EPOCHS = 120  # of two steps, so that a phase trains about as long as it starts
MAX_STARTS = 40
PUSHED = ("baseline", "deep_reasoning", "hlx_only")
VICTIMS = ("engine", "worker", "all")


class SmallPlan:
    """A tiny plan of a few steps a phase.

    Args:
        folder: of its results.
        until: the last phase to run, or None for all.
        hub: that its trainings push to.
        further_settings: of its trainings.
    """

    def __init__(
        self, folder: Path, until: str | None = None, hub: LoopbackHub | None = None, **further_settings: object
    ):
        self.folder = folder
        self.environment = hub.environment if hub else dict(os.environ)
        corpus = folder.parent / "corpus.md"
        corpus.parent.mkdir(parents=True, exist_ok=True)
        corpus.write_text(CORPUS)
        self.command = [sys.executable, "-m", "hlx_hf.cli", "plan", "run", "--scale", "tiny", "--output", str(folder)]
        settings = {"num_train_epochs": EPOCHS, "save_every_epochs": 4, "save_total_limit": 3, "gate_epochs": 0}
        settings |= {"data_files": corpus, **further_settings}
        if hub:
            settings["push_to_hub"] = "true"
            settings |= {f"{name}.hub_model_id": f"user/{name}" for name in PUSHED}
        self.command += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        self.command += ["--evaluation-limit", "1", "--cores", "1", *(["--", "--until", until] if until else [])]

    def start(self) -> psutil.Popen:
        """Starts it, or goes on with it; what it says is added to `said.txt` beside its folder."""
        path = os.pathsep.join(filter(None, (str(ROOT), self.environment.get("PYTHONPATH"))))
        with (self.folder.parent / f"{self.folder.name}_said.txt").open("a") as said:
            return psutil.Popen(self.command, stdout=said, stderr=said, env={**self.environment, "PYTHONPATH": path})

    def results(self) -> dict[str, str]:
        """A digest of what each finished phase has left: weights, answers and the table, without times."""
        plan = Plan.read(self.folder)
        digests = {}
        for phase in plan.phases:
            result = plan.result(phase)
            if not result.exists():
                continue
            if phase.kind == TRAINING:
                content = (result / "model.safetensors").read_bytes()
            elif phase.kind == TEST:
                content = json.dumps(json.loads(result.read_text())["tests"]).encode()
            elif phase.kind == EVALUATION:
                content = result.with_suffix(".md").read_bytes()  # the JSON has times in it
            else:
                content = result.read_bytes()
            digests[phase.name] = hashlib.sha256(content).hexdigest()
        return digests

    def made(self) -> dict[str, tuple[int, int]]:
        """Which file or folder each result is; where that changes, a finished phase was run again."""
        plan = Plan.read(self.folder)
        found = {phase.name: plan.result(phase) for phase in plan.phases if plan.result(phase).exists()}
        return {name: (result.stat().st_ino, result.stat().st_mtime_ns) for name, result in found.items()}

    def times_gone_on(self) -> int:
        """How often a training went on from a checkpoint."""
        return sum(log.read_text().count(GOING_ON) for log in (self.folder / "logs").glob("*.log"))


def run_undisturbed(plan: SmallPlan) -> float:
    """Runs a plan to its end, and returns the seconds that it took."""
    started = time.monotonic()
    assert plan.start().wait() == 0
    return time.monotonic() - started


def run_with_kills(plan: SmallPlan, victims: Sequence[str], mean_seconds: float, rng: random.Random) -> list[str]:
    """Runs a plan to its end, with kills at random moments.

    Args:
        plan: to start, over and over.
        victims: `engine`, `worker` for one process below it, or `all`, for each kill.
        mean_seconds: between two kills, and between a start and the first after it.
        rng: of the moments and workers.

    Returns:
        What was killed, when.

    Raises:
        AssertionError: a phase that had finished has another result now, or the plan does not come to its end.
    """
    kills, finished = [], {}
    family: set[psutil.Process] = set()
    remaining = list(victims)
    for _ in range(MAX_STARTS):
        engine = plan.start()
        started, due = time.monotonic(), rng.expovariate(1 / mean_seconds)
        while engine.poll() is None:
            family |= set(below(engine))
            if remaining and time.monotonic() - started > due:
                workers = sorted((process for process in family if process.is_running()), key=lambda p: p.pid)
                kind = remaining.pop(0)
                doomed = {"engine": [engine], "worker": workers and [rng.choice(workers)], "all": [engine, *workers]}
                kills.append(f"{time.monotonic() - started:.1f} s: {kind}: {kill(doomed[kind])}")
                due += rng.expovariate(1 / mean_seconds)
            time.sleep(0.05)
        if (plan.folder / "plan.json").is_file():
            now = plan.made()
            assert finished.items() <= now.items(), f"run again: {finished} became {now}"
            finished = now
        if engine.returncode == 0:
            return kills
    raise AssertionError(f"the plan did not come to its end in {MAX_STARTS} starts")


def missing_on_hub(plan: SmallPlan, hub: LoopbackHub) -> list[str]:
    """The trainings whose result is not on the Hub, after `hlx push` for those that were killed before they could."""
    found = Plan.read(plan.folder)
    missing = []
    for name in (name for name in PUSHED if found.result(found[name]).exists()):
        for _ in range(MAX_STARTS):
            if not noted(found.output(found[name])):
                break
            with contextlib.suppress(RuntimeError):  # this Hub fails it, too
                print(hub.run("-m", "hlx_hf.cli", "push", found.output(found[name])), end="")
        result = found.result(found[name])
        weights = (result / "model.safetensors").read_bytes()
        if result.name not in hub.tags(f"user/{name}") or hub.read(f"user/{name}", "model.safetensors") != weights:
            missing.append(name)
    return missing


def below(process: psutil.Process) -> list[psutil.Process]:
    """The processes that a process has started, and those that they have."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(victims: list[psutil.Process]) -> str:
    """Kills processes, and says which of them were alive."""
    names = []
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended by itself
            names.append(" ".join(Path(word).name for word in victim.cmdline()[:4]))
            victim.kill()
    return "; ".join(names) or "nothing was alive"


def main() -> None:
    """Runs a plan twice, once undisturbed, and says what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hub", action="store_true", help="push to a Hub that fails half of all requests")
    parser.add_argument("--until", help="the last phase to run; all if none is given")
    parser.add_argument("--output", type=Path, help="an empty folder; by default one that is deleted afterwards")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with contextlib.ExitStack() as stack:
        output = (options.output or Path(stack.enter_context(tempfile.TemporaryDirectory()))).resolve()
        hub = stack.enter_context(LoopbackHub(home=output / "hf_home")) if options.hub else None
        if hub:
            hub.fail("/", 503, times=math.inf, share=0.25)
            hub.fail("/", 0, times=math.inf, share=1 / 3)  # of the others, without an answer: half of all together
        undisturbed = SmallPlan(output / "undisturbed", options.until)
        killed = SmallPlan(output / "killed", options.until, hub)
        seconds = run_undisturbed(undisturbed)
        print(f"undisturbed: {seconds:.0f} s")
        victims = rng.choices(VICTIMS, k=options.kills)
        for line in run_with_kills(killed, victims, seconds / options.kills, rng):
            print(line)
        expected, found = undisturbed.results(), killed.results()
        missing = missing_on_hub(killed, hub) if hub else []
        requests = len(hub.requests()) if hub else 0
    differing = [name for name in expected if found.get(name) != expected[name]]
    print(f"{killed.times_gone_on()} times a training went on from a checkpoint")
    print(f"{len(expected)} phases, of which {len(differing)} differ from the undisturbed run: {differing}")
    if hub:
        print(f"{requests} requests to the Hub; results that are not there: {missing}")
    sys.exit(bool(differing or missing))


if __name__ == "__main__":
    main()
