"""The limits of quality gates: what a figure must be, from which epoch on, and where to look if it is not."""

import re
from typing import NamedTuple

from ..metrics.english_comprehension.english_comprehension import FAILURES

FIGURES = ("answer_loss", "prompt_use", "exact", "valid", *FAILURES)
"""What `measures.measure` gives."""

DEFAULT_LIMITS = (
    "max_answer_loss=4",  # 4.7 is guessing among the 115 tokens
    "min_prompt_use=0.05",
    "max_empty=0.5@5",
    "max_parroted=0.5@5",
    "max_repetition=0.5@5",
    "max_malformed=0.9@20",
    "min_exact=0.05@50",
)

LABELS = "labels that are shifted twice or not at all, or that do not stand on the answer alone"
RATE = "a learning rate that is too high or too low"
CORPUS = "answers that do not belong to their prompts"
ADVICE = {
    "answer_loss": f"{LABELS}, or {RATE}",
    "prompt_use": f"{CORPUS}, or {RATE}",
    "exact": f"{CORPUS}, {RATE}, or a training that is too short",
    "valid": f"a corpus whose answers are not HLX, or {RATE}",
    "empty": f"{LABELS}, or {RATE}",
    "parroted": LABELS,
    "repetition": f"{LABELS}, or {RATE}",
    "malformed": f"a corpus whose answers are not HLX, or {RATE}",
    "wrong_value": f"{CORPUS}, {RATE}, or a training that is too short",
}

_LIMIT = re.compile(r"(?P<bound>min|max)_(?P<figure>\w+)=(?P<value>\d+(\.\d+)?)(@(?P<epoch>\d+))?")


class Limit(NamedTuple):
    """The least (`bound` is "min") or the most ("max") that a figure may be after `epoch` and all later ones."""

    bound: str
    figure: str
    value: float
    epoch: int

    def miss(self, figures: dict[str, float], epoch: int) -> str | None:
        """A sentence on how the figures of an epoch miss the limit, or None if they keep to it."""
        figure = figures[self.figure]
        kept = figure >= self.value if self.bound == "min" else figure <= self.value
        if kept or epoch < self.epoch:
            return None
        wanted = "at least" if self.bound == "min" else "at most"
        return f"{self.figure} is {figure:.3g} and has to be {wanted} {self.value:g}: look for {ADVICE[self.figure]}"


def parse_limit(text: str) -> Limit:
    """A limit as settings give it, such as `max_repetition=0.5@5`: at most 0.5 from epoch 5 on.

    Raises:
        ValueError: it is written otherwise, or there is no such figure.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"a limit is min_FIGURE=VALUE or max_FIGURE=VALUE, and @EPOCH behind it from which epoch on, not {text!r}"
        )
    if match["figure"] not in FIGURES:
        raise ValueError(f"unknown figure {match['figure']!r} in {text!r}; the known ones are {', '.join(FIGURES)}")
    return Limit(match["bound"], match["figure"], float(match["value"]), int(match["epoch"] or 0))
