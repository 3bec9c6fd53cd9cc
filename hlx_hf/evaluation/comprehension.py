"""The English comprehension test: 28 sentences on six levels, asked of a model and scored."""

import time

from ..corpus import load_corpus
from .generation import BATCH_SIZE, Translate, answers
from .metric import load_metric
from .provenance import provenance


def run_comprehension(translate: Translate, model_name: str, batch_size: int = BATCH_SIZE) -> dict:
    """Asks the 28 tests and scores the answers with the `english_comprehension` metric.

    Returns:
        `model`, `created` (UTC), `seconds`, `versions`, `cpu_seconds` (of all cores), `scores` (the metric's), and
        `tests`: every prompt with its notation, level, accepted references, expected operation, output and outcome.
    """
    tests = load_corpus("comprehension")
    started, cpu_started = time.perf_counter(), time.process_time()
    outputs = answers(translate, tests["prompt"], tests["notation"], batch_size=batch_size)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    scores = load_metric().compute(
        predictions=outputs,
        references=tests["references"],
        levels=tests["level"],
        notations=tests["notation"],
        prompts=tests["prompt"],
    )
    outcomes = scores.pop("outcomes")
    return {
        **provenance(model_name, seconds),
        "cpu_seconds": round(cpu_seconds, 3),
        "scores": scores,
        "tests": [
            {**test, "output": output, "outcome": outcome}
            for test, output, outcome in zip(tests, outputs, outcomes, strict=True)
        ],
    }


def comprehension_table(results: dict[str, dict]) -> str:
    """Exact answers by level, one column a model: a Markdown table of `run_comprehension` results by column title."""
    titles = list(results)
    lines = [
        f"| level | tests | {' | '.join(titles)} |",
        f"|---|---:|{'---:|' * len(titles)}",
    ]
    (first, *_) = results.values()
    names = {str(test["level"]): test["level_name"] for test in first["tests"]}
    rows = [(f"{level} {name}", lambda s, level=level: s["by_level"][level]) for level, name in names.items()]
    rows.append(("all", lambda s: s["overall"]))
    for label, pick in rows:
        cells = [pick(result["scores"]) for result in results.values()]
        shares = " | ".join(f"{cell['exact_accuracy']:.0%}" for cell in cells)
        lines.append(f"| {label} | {cells[0]['count']} | {shares} |")
    overall = [result["scores"]["overall"] for result in results.values()]
    lines.append(f"| right operation | | {' | '.join(_percent(cell['operation_accuracy']) for cell in overall)} |")
    lines.append(f"| valid HLX | | {' | '.join(_percent(cell['valid_share']) for cell in overall)} |")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
