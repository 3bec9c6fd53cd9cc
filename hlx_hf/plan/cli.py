"""`hlx plan`: run the plan, see how far it is, go on with it.

hlx plan run --scale tiny --output runs/plan
hlx plan status --output runs/plan
hlx plan resume --output runs/plan
hlx plan report --output runs/plan
"""

import argparse
import os
import sys
from pathlib import Path

from .engine import run, start
from .folder import EVALUATION_LIMIT, Plan
from .phases import PLANS
from .status import FAILED, plan_status, status_table


def add_plan(commands: argparse._SubParsersAction) -> None:
    """Adds `hlx plan`."""
    about = "Run the plan of all phases, and see how far it is."
    parser = commands.add_parser("plan", help=about, description=about)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    runs = _add(actions, "run", run_plan, "Start the plan in a folder, or go on with it.")
    runs.add_argument("--scale", required=True, choices=PLANS, help="size of the expert; tiny needs no GPU")
    runs.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[PHASE.]NAME=VALUE",
        help="a setting of all trainings or of one, over its configuration's; can be given again",
    )
    runs.add_argument("--cores", type=int, help="that the phases share; default: all")
    runs.add_argument(
        "--evaluation-limit",
        type=int,
        default=EVALUATION_LIMIT,
        metavar="ROWS",
        help=f"of each test split that the models are asked for; default: {EVALUATION_LIMIT}",
    )
    runs.add_argument("--accelerate-config", type=Path, help="of `accelerate launch`, for phases on the GPU")
    resumes = _add(actions, "resume", resume_plan, "Go on with the plan of a folder.")
    for action in (runs, resumes):
        action.add_argument(
            "engine_options", nargs="*", metavar="-- OPTION", help="options of Snakemake, such as --executor slurm"
        )
    _add(actions, "status", show_status, "Show how far each phase is.")
    _add(actions, "report", report_plan, "Write one page of what has happened.")


def _add(actions: argparse._SubParsersAction, name: str, action: object, about: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=about, description=about)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the plan")
    parser.set_defaults(run=action)
    return parser


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_plan(options: argparse.Namespace) -> None:
    """Starts a plan or goes on with it; ends with status 1 if a phase has failed."""
    folder, config = options.output.resolve(), options.accelerate_config
    try:
        cores = Plan.read(folder).cores  # the same on a machine with more
    except FileNotFoundError:
        cores = _cores()
    plan = Plan(
        folder=folder,
        scale=options.scale,
        settings=tuple(options.set),
        cores=cores if options.cores is None else options.cores,
        accelerate_config=config and str(config.resolve(strict=True)),
        evaluation_limit=options.evaluation_limit,
    )
    start(plan)
    _run(plan, options.engine_options)


def resume_plan(options: argparse.Namespace) -> None:
    """Goes on with a plan; ends with status 1 if a phase has failed."""
    _run(Plan.read(options.output.resolve()), options.engine_options)


def show_status(options: argparse.Namespace) -> None:
    """Prints how far each phase is."""
    print(status_table(plan_status(Plan.read(options.output.resolve()))))


def report_plan(options: argparse.Namespace) -> None:
    """Writes the page and says where it is."""
    from .report import write_report  # brings matplotlib in

    print(write_report(Plan.read(options.output.resolve())))


def _run(plan: Plan, engine_options: list[str]) -> None:
    try:
        finished = run(plan, engine_options)
    except ImportError as error:
        sys.exit(f"hlx: error: {error}")
    statuses = plan_status(plan)
    print(status_table(statuses))
    if not finished:
        failed = [status.phase.name for status in statuses if status.state == FAILED]
        sys.exit(f"hlx: error: {', '.join(failed) or 'the plan'} did not finish; `hlx plan resume` tries again")
