"""A picture of what came of the test splits."""

from pathlib import Path
from typing import Any

from .intervals import wilson_interval
from .report import scores_of

COLOURS = ("tab:blue", "tab:orange", "tab:green")


def plot_splits(reports: dict[str, dict[str, Any]], path: Path, title: str) -> None:
    """Draws the share of right answers to each split, with its 95% Wilson interval.

    Args:
        reports: what `run_evaluation` gives, by the name of the way that the answers were found; three at most.
        path: of the PNG.
        title: above the picture.

    Raises:
        ImportError: matplotlib is missing.
    """
    from matplotlib.figure import Figure  # an extra; and pyplot would look for a display
    from matplotlib.ticker import PercentFormatter

    first, *_ = reports.values()
    splits = list(first["splits"])[::-1]  # the first at the top
    figure = Figure(figsize=(9, 0.5 + 0.42 * len(splits)), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontweight="bold")
    for number, ((name, report), colour) in enumerate(zip(reports.items(), COLOURS, strict=False)):
        shares, spans = [], []
        for split in splits:
            scores, rows = scores_of(split, report["splits"][split])
            share = scores["overall"]["exact_accuracy"]
            low, high = wilson_interval(share, rows)
            shares.append(share)
            spans.append((share - low, high - share))
        heights = [place + (len(reports) - 1) * 0.12 - number * 0.24 for place in range(len(splits))]
        axes.errorbar(
            shares, heights, xerr=list(zip(*spans, strict=True)), fmt="o", color=colour, capsize=3, label=name
        )
    axes.set_yticks(range(len(splits)), splits)
    axes.set(xlim=(-0.01, 1.01), xlabel="right values, with 95% intervals")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower left", frameon=False)
    figure.savefig(path)
