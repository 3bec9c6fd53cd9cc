"""Runs a plan on Snakemake, from wherever it stands."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict, fields

from ..files import clear_leftovers, hold
from ..hints import nearest_hint
from .folder import RECIPES, Plan
from .phases import PLANS, TRAINING

LOCK = "_lock"
# what the plan itself decides of a training
OWN_SETTINGS = {
    "config": "the plan has a configuration for each phase",
    "output_dir": "the plan has a folder for each phase",
    "resume_from_checkpoint": "a phase of the plan always goes on from its newest checkpoint",
    "model_name_or_path": "a phase of the plan goes on from the result of the phase before it",
    "max_steps": "a run cut short has no result for the next phase; give num_train_epochs",
}


def start(plan: Plan) -> None:
    """Has the folder of a plan hold it, unless it does already.

    Raises:
        ValueError: the folder holds another plan, or a setting is none that a training of the plan takes.
    """
    _check_recipes()
    try:
        earlier = Plan.read(plan.folder)
    except FileNotFoundError:
        _check_settings(plan)
        plan.write()
        return
    if plan != earlier:
        there, here = asdict(earlier), asdict(plan)
        differences = [
            f"{name} {_told(there[name])}, not {_told(here[name])}" for name in here if there[name] != here[name]
        ]
        raise ValueError(
            f"{plan.folder} has another plan, with {'; '.join(differences)}: "
            "go on with it by `hlx plan resume`, or start this one in another folder"
        )


def run(plan: Plan, engine_options: Sequence[str] = ()) -> bool:
    """Runs what has not finished, each phase once those that it needs have.

    Args:
        plan: as it stands in its folder.
        engine_options: more options of Snakemake.

    Returns:
        Whether all that was to run has finished.

    Raises:
        BlockingIOError: another process runs the plan of this folder.
        ImportError: Snakemake is missing.
    """
    _check_recipes()
    try:
        from snakemake.cli import main
    except ImportError as error:
        raise ImportError(
            'the plan runs on Snakemake: `pip install --editable ".[plan]"` in the clone of the repository'
        ) from error
    # phases import this package from wherever they run
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(RECIPES.parent), os.environ.get("PYTHONPATH"))))
    words = ["--snakefile", RECIPES / "Snakefile", "--directory", plan.folder, "--cores", plan.cores]
    words += ["--resources", "gpu=1", "--keep-going", "--rerun-incomplete", "--rerun-triggers", "mtime"]
    words += ["--nolock"]  # the lock held here ends with this process, however it ends; Snakemake's own would stay
    words += ["--config", f"folder={plan.folder}", "--quiet", "rules", "host", "progress", *engine_options]
    try:
        with hold(plan.folder / LOCK):
            _clear(plan)
            for phase in plan.phases:
                if not plan.result(phase).exists():  # somebody has deleted it
                    plan.finished(phase).unlink(missing_ok=True)
                plan.failed(phase).unlink(missing_ok=True)
            try:
                main(list(map(str, words)))
            except SystemExit as end:
                return end.code == 0
    except BlockingIOError as error:
        raise BlockingIOError(
            f"the plan of {plan.folder} is running already: watch it with `hlx plan status --output {plan.folder}`"
        ) from error


def _clear(plan: Plan) -> None:
    """Deletes what killed processes were writing; each training clears its own folder."""
    written = [plan.output(phase) for phase in plan.phases if phase.kind != TRAINING]
    for folder in (plan.folder, plan.state, *written):
        clear_leftovers(folder)


def _check_recipes() -> None:
    if not (RECIPES / "Snakefile").is_file():
        raise FileNotFoundError(
            f"no recipes in {RECIPES}: the plan runs the recipes of a clone, and pip has installed the package alone. "
            'Clone the repository with `git clone`, then run `pip install --editable ".[plan]"` in it'
        )


def _told(value: tuple[str, ...] | str | int | None) -> str:
    words = value if isinstance(value, tuple) else () if value is None else (value,)
    return " ".join(map(str, words)) or "none"


def _check_settings(plan: Plan) -> None:
    if plan.cores < 1:
        raise ValueError(f"the phases share at least 1 core, not {plan.cores}")
    if plan.evaluation_limit < 1:
        raise ValueError(f"a test split is asked for at least 1 row, not {plan.evaluation_limit}")
    from transformers import HfArgumentParser

    from ..training import PhaseArguments  # takes seconds, for all of torch comes with it

    known = [setting.name for setting in fields(PhaseArguments) if setting.init]
    parser = HfArgumentParser(PhaseArguments, exit_on_error=False)
    trainings = [phase.name for phase in PLANS[plan.scale] if phase.kind == TRAINING]
    for setting in plan.settings:
        name, equals, value = setting.partition("=")
        owner, _, name = name.rpartition(".")
        if not equals or not name or not value:
            raise ValueError(f"a setting is given as name=value or phase.name=value, not {setting!r}")
        if owner and owner not in trainings:
            raise ValueError(f"{setting!r}: the plan has no training {owner!r}{nearest_hint(owner, trainings)}")
        if name not in known:
            raise ValueError(f"{setting!r}: unknown setting {name!r}{nearest_hint(name, known)}")
        if name in OWN_SETTINGS:
            raise ValueError(f"{setting!r}: {OWN_SETTINGS[name]}")
        try:
            parser.parse_known_args([f"--{name}", *value.split()])
        except argparse.ArgumentError as error:
            raise ValueError(f"{setting!r}: {error.message}") from error
