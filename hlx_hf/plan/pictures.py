"""The picture of the morning page that no single training has: what was understood before, and what after."""

from pathlib import Path

from matplotlib.figure import Figure  # not pyplot, which would look for a display
from matplotlib.ticker import PercentFormatter

COLOURS = ("tab:blue", "tab:orange")


def plot_comprehension(tests: dict[str, dict], path: Path) -> None:
    """Draws exact answers by level, a bar for each test.

    Args:
        tests: results of `run_comprehension`, by the title of the model; two at most.
        path: of the PNG.
    """
    figure = Figure(figsize=(9, 3.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(tests)
    for number, (title, results) in enumerate(tests.items()):
        names = {str(test["level"]): test["level_name"] for test in results["tests"]}
        shares = [results["scores"]["by_level"][level]["exact_accuracy"] for level in names]
        places = [place - 0.4 + (number + 0.5) * width for place in range(len(names))]
        bars = axes.bar(places, shares, width * 0.95, color=COLOURS[number], label=title)
        axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=2, fontsize="small")
    axes.set_xticks(range(len(names)), [f"{level} {name}".replace(" ", "\n") for level, name in names.items()])
    axes.set(ylim=(0, 1.12), ylabel="exact answers")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path)
