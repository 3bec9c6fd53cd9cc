"""The pictures of the morning page that no single training has: what was understood before and after, and by split."""

from collections.abc import Sized
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure  # not pyplot, which would look for a display
from matplotlib.ticker import PercentFormatter

from ..evaluation import wilson_interval
from ..evaluation.report import scores_of

COLOURS = ("tab:blue", "tab:orange", "tab:green")
WIDTH = 0.8  # of all the bars of a place


def plot_comprehension(tests: dict[str, dict], path: Path) -> None:
    """Draws exact answers by level, a bar for each test.

    Args:
        tests: results of `run_comprehension`, by the title of the model; three at most.
        path: of the PNG.
    """
    figure, axes = _empty("exact answers")
    for number, (title, results) in enumerate(tests.items()):
        names = {str(test["level"]): test["level_name"] for test in results["tests"]}
        shares = [results["scores"]["by_level"][level]["exact_accuracy"] for level in names]
        bars = axes.bar(_places(len(names), number, len(tests)), shares, _width(tests), color=COLOURS[number])
        bars.set_label(title)
        axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=2, fontsize="small")
    axes.set_xticks(range(len(names)), [f"{level} {name}".replace(" ", "\n") for level, name in names.items()])
    _save(figure, axes, path)


def plot_splits(evaluations: dict[str, dict], path: Path) -> None:
    """Draws right values by split, a bar for each model, with the 95% Wilson interval.

    Args:
        evaluations: reports of `run_evaluation`, by the title of the model; three at most.
        path: of the PNG.
    """
    figure, axes = _empty("right values")
    splits = list(dict.fromkeys(split for report in evaluations.values() for split in report["splits"]))
    for number, (title, report) in enumerate(evaluations.items()):
        asked = [split for split in splits if split in report["splits"]]
        found = [scores_of(split, report["splits"][split]) for split in asked]
        shares = [scores["overall"]["exact_accuracy"] for scores, _ in found]
        ends = [wilson_interval(share, rows) for share, (_, rows) in zip(shares, found, strict=True)]
        errors = [[share - low for share, (low, _) in zip(shares, ends, strict=True)]]
        errors += [[high - share for share, (_, high) in zip(shares, ends, strict=True)]]
        places = _places(len(splits), number, len(evaluations))
        places = [places[splits.index(split)] for split in asked]
        bars = axes.bar(places, shares, _width(evaluations), color=COLOURS[number], yerr=errors, capsize=3)
        bars.set_label(title)
    axes.set_xticks(range(len(splits)), [split.replace("_", "\n") for split in splits], fontsize="small")
    _save(figure, axes, path)


def _empty(quantity: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 3.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set(ylim=(0, 1.12), ylabel=quantity)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _places(count: int, number: int, series: int) -> list[float]:
    """Where the bars of a series stand, around the whole numbers."""
    return [place - WIDTH / 2 + (number + 0.5) * WIDTH / series for place in range(count)]


def _width(series: Sized) -> float:
    return 0.95 * WIDTH / len(series)


def _save(figure: Figure, axes: Axes, path: Path) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path)
