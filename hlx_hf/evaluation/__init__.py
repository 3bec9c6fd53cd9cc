"""What a model can do: the English comprehension test, and how much of a corpus it knows by heart."""

from .comprehension import comprehension_table, run_comprehension
from .metric import load_metric
from .recall import recall_all_variants, recall_hlx_only

__all__ = [
    "comprehension_table",
    "load_metric",
    "recall_all_variants",
    "recall_hlx_only",
    "run_comprehension",
]
