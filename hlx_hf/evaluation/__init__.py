"""What a model can do: the test splits, the English comprehension test, and how much of a corpus it knows by heart."""

from .comprehension import comprehension_table, run_comprehension
from .few_shot import FewShotTranslator, load_few_shot
from .intervals import wilson_interval
from .metric import load_metric
from .recall import recall_all_variants, recall_hlx_only
from .report import evaluation_table, run_evaluation

__all__ = [
    "FewShotTranslator",
    "comprehension_table",
    "evaluation_table",
    "load_few_shot",
    "load_metric",
    "recall_all_variants",
    "recall_hlx_only",
    "run_comprehension",
    "run_evaluation",
    "wilson_interval",
]
