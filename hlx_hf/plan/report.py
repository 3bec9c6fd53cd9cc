"""The morning page: what a plan has done, in Markdown and in one HTML file, out of the records of its phases."""

import base64
import re
import string
from collections.abc import Iterable
from pathlib import Path

from markdown_it import MarkdownIt

from ..evaluation import comprehension_table, evaluation_table
from ..files import write_whole
from ..training.plots import plot_training
from .folder import Plan
from .phases import EXPECTED_HOURS, TRAINING
from .pictures import plot_comprehension, plot_splits
from .records import PhaseRecord, read_records
from .status import FAILED, FINISHED, duration

REPORT = "report"  # folder of the page in that of the plan
PAGE = "report.md"
HTML = "report.html"
TEMPLATE = Path(__file__).with_name("page.html")
COMPREHENSION_PICTURE = "comprehension.png"
SPLITS_PICTURE = "splits.png"
SAMPLES = 5  # outputs of each model


def write_report(plan: Plan) -> Path:
    """Writes the page, its pictures beside it, and the HTML file that has them inside.

    A plan that is half-way gives a page of what there is, and of what is missing.

    Returns:
        The HTML file.
    """
    folder = plan.folder / REPORT
    folder.mkdir(exist_ok=True)
    records = read_records(plan)
    sections = [
        f"# The plan at {plan.scale} scale",
        _what_happened(plan, records),
        *_failures(plan, records),
        _models(records),
        *_trainings(records, folder),
        _comprehension(records, folder),
        *_splits(records, folder),
        _samples(records),
        *_missing(records),
    ]
    page = "\n\n".join(sections) + "\n"
    write_whole(folder / PAGE, page)
    body = _with_pictures(MarkdownIt("commonmark", {"html": False}).enable("table").render(page), folder)
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    write_whole(folder / HTML, template.substitute(title=f"The plan at {plan.scale} scale", body=body))
    return folder / HTML


def _what_happened(plan: Plan, records: list[PhaseRecord]) -> str:
    rows = []
    for record in records:
        status = record.status
        epochs = "" if status.epoch is None else f"{status.epoch:.4g} of {status.epochs}"
        expected = ""
        if status.phase.kind == TRAINING and status.epochs:
            expected = " to ".join(
                duration(60 * each * status.epochs) for each in dict.fromkeys(status.phase.expected_minutes)
            )
        took = "" if record.seconds is None else duration(record.seconds)
        rows.append((record.name, status.state, epochs, took, expected, str(record.attempts or "")))
    finished = sum(record.status.state == FINISHED for record in records)
    said = f"{finished} of {len(records)} phases have finished."
    if "1b" in plan.scale:
        said += " The plan as written took {} to {} hours for all of them.".format(*EXPECTED_HOURS)
    header = ("phase", "state", "epochs", "from start to end", "expected", "attempts")
    return f"## What happened\n\n{said}\n\n{_table(header, rows, right={3, 4, 5})}"


def _failures(plan: Plan, records: list[PhaseRecord]) -> list[str]:
    return [
        f"### {record.name} has failed\n\n{record.status.note}\n\nThe end of `{plan.log(record.status.phase)}`:\n\n"
        + _fenced(record.last_lines)
        for record in records
        if record.status.state == FAILED
    ]


def _models(records: list[PhaseRecord]) -> str:
    rows = []
    for record in records:
        if record.status.phase.kind != TRAINING:
            continue
        speed, loss = record.last("train_tokens_per_second"), record.last("loss")
        sizes = list(record.sizes.values())
        rows.append(
            (
                record.name,
                "" if record.parameters is None else f"{record.parameters:,}",
                ""
                if not (record.parameters and record.vocabulary)
                else f"{record.parameters / record.vocabulary:,.0f}",
                "" if loss is None else f"{float(loss):.4f}",
                "" if speed is None else f"{speed:,.0f}",
                "" if not sizes else f"{len(sizes)} of {_megabytes(min(sizes))} to {_megabytes(max(sizes))}",
            )
        )
    header = (
        "model",
        "parameters",
        "a token of the vocabulary",
        "last loss",
        "tokens a second",
        "checkpoints and result",
    )
    tests = [
        (record.name, f"{1000 * record.test['cpu_seconds'] / len(record.test['tests']):.1f}")
        for record in records
        if "cpu_seconds" in record.test
    ]
    text = f"## Models\n\n{_table(header, rows, right={1, 2, 3, 4})}"
    if tests:
        text += f"\n\n{_table(('test', 'CPU-seconds a thousand translations'), tests, right={1})}"
    return text


def _trainings(records: list[PhaseRecord], folder: Path) -> list[str]:
    sections = []
    for record in records:
        if not record.history:
            continue
        stopped = record.gates.get("stopped")
        plot_training(record.history, folder / f"{record.name}.png", record.name, stopped)
        text = f"## Training: {record.name}\n\n![Loss and gates of {record.name} by epoch]({record.name}.png)"
        gates = record.gates.get("gates", [])
        if gates:
            figures = ("train_loss", "answer_loss", "prompt_use", "exact", "valid")
            rows = [(f"{gate['epoch']}", *(f"{gate[name]:.3f}" for name in figures)) for gate in gates]
            text += f"\n\n{_table(('gate of epoch', *figures), rows, right=set(range(6)))}"
        sections.append(text)
    return sections


def _comprehension(records: list[PhaseRecord], folder: Path) -> str:
    tests = {record.name: record.test for record in records if record.test}
    heading = "## English comprehension: what was forgotten"
    if not tests:
        return f"{heading}\n\nNo test has finished yet."
    plot_comprehension(tests, folder / COMPREHENSION_PICTURE)
    note = "" if len(tests) > 1 else "The other test has not finished yet, so there is nothing to compare.\n\n"
    return f"{heading}\n\n{note}![Exact answers by level]({COMPREHENSION_PICTURE})\n\n{comprehension_table(tests)}"


def _splits(records: list[PhaseRecord], folder: Path) -> list[str]:
    evaluations = {record.status.phase.uses[0]: record.evaluation for record in records if record.evaluation}
    heading = "## Accuracy by split"
    if not evaluations:
        return [f"{heading}\n\nNo model has been asked for the test splits yet."]
    plot_splits(evaluations, folder / SPLITS_PICTURE)
    tables = [f"### {name}\n\n{evaluation_table(report)}" for name, report in evaluations.items()]
    return [f"{heading}\n\n![Right values by split]({SPLITS_PICTURE})", *tables]


def _samples(records: list[PhaseRecord]) -> str:
    sections = ["## What the models answer"]
    for record in records:
        rows = [
            (test["prompt"], test["notation"], f"`{test['output']}`", test["outcome"].replace("_", " "))
            for test in record.test.get("tests", [])[:SAMPLES]
        ]
        if rows:
            sections.append(f"### {record.name}\n\n{_table(('asked', 'for', 'answer', 'outcome'), rows)}")
    return "\n\n".join(sections if len(sections) > 1 else [*sections, "None has been asked yet."])


def _missing(records: list[PhaseRecord]) -> list[str]:
    paths = [f"- `{path}`" for record in records for path in record.missing]
    return ["## Records that are missing\n\n" + "\n".join(paths)] if paths else []


def _table(header: Iterable[str], rows: list[tuple[str, ...]], right: Iterable[int] = ()) -> str:
    header = tuple(header)
    rules = ["---:" if column in set(right) else "---" for column in range(len(header))]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rules, *escaped))


def _fenced(lines: list[str]) -> str:
    return "\n".join(["````", *lines, "````"])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _with_pictures(html: str, folder: Path) -> str:
    """The page with each picture inside, so that it is one file."""

    def embedded(match: re.Match) -> str:
        picture = base64.b64encode((folder / match[1]).read_bytes()).decode()
        return f'src="data:image/png;base64,{picture}"'

    return re.sub(r'src="([\w.]+\.png)"', embedded, html)
