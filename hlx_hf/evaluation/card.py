"""The results of a model in its card: as the Hub's metadata, and as a table that ends the card."""

import re

from huggingface_hub import EvalResult, ModelCard

from .report import COMPREHENSION, evaluation_table

DATASET = "hlx-corpora"  # the name that dataset_scripts/ pushes the corpora under
TASK = "text-generation"  # as the Hub calls it
HEADING = "\n## Results\n"


def add_results(card: ModelCard, report: dict) -> None:
    """Puts the results of a report into a card, in place of those that it has.

    Args:
        card: of the model; its first heading is the model's name.
        report: as `run_evaluation` returns it.
    """
    if card.data.model_name is None:  # the metadata has it with results alone, and the heading always
        card.data.model_name = re.search("^# (.+)$", card.text, re.MULTILINE)[1]
    card.data.eval_results = eval_results(report)
    body, _, _ = card.text.partition(HEADING)  # they are the last section
    card.text = f"{body.rstrip()}\n{HEADING}\n{evaluation_table(report)}\n"


def eval_results(report: dict) -> list[EvalResult]:
    """The share of right values in each task of each split, as the Hub's `model-index` has it."""
    results = []
    for split, result in report["splits"].items():
        if split == COMPREHENSION:
            shares = {"English comprehension": result["scores"]}
        elif "between_notations" in result:
            shares = {"one notation into another": result["between_notations"]}
        else:
            shares = {"English to HLX": result["to_hlx"]}
        if "to_english" in result:
            shares["HLX to English and back"] = result["to_english"]["round_trip"]
        results += [
            EvalResult(
                task_type=TASK,
                dataset_type=DATASET,
                dataset_name=f"HLX corpora, {split}",
                dataset_config=split,
                metric_type="exact_match",
                metric_name=f"right values, {name}",
                metric_value=round(scores["overall"]["exact_accuracy"], 4),
            )
            for name, scores in shares.items()
        ]
    return results
