"""The package's own metric, from wherever the package is installed."""

from pathlib import Path

import evaluate

METRIC = Path(__file__).parents[1] / "metrics" / "english_comprehension"


def load_metric() -> evaluate.EvaluationModule:
    """The `english_comprehension` metric, from any working directory and offline.

    It keeps its rows in memory, so that no other process can come across them in a shared cache.
    """
    return evaluate.load(str(METRIC), keep_in_memory=True)
