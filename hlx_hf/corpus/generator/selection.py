"""Which of all the sentences that the catalogue can make are drawn, and how often."""

from dataclasses import dataclass
from typing import NamedTuple

# How often each family of sentences is drawn; within one, every operation or contract is as likely as another.
FAMILIES = {
    "operation": 60,
    "pipeline": 14,
    "program": 8,
    "literal": 2,
    "shader": 3,
    "value": 6,
    "numbered": 4,
    "null": 3,
}


class Leaning(NamedTuple):
    """How far the draws lean to what is common.

    Attributes:
        wordings: exponent of the place in a list of wordings: 2 draws half of them from its first quarter, 4 from its
            first 16th.
        imperatives: share of them among the wordings of an operation.
        bare: exponent of the draw that puts `BARE` of the imperatives into no frame; the greater, the fewer are
            framed.
        short: exponent of the draw of a pipeline's length; the greater, the fewer steps.
    """

    wordings: int
    imperatives: float
    bare: int
    short: int


EVEN_LEANING = Leaning(wordings=2, imperatives=0.68, bare=1, short=1)
EVERYDAY_LEANING = Leaning(wordings=4, imperatives=0.8, bare=3, short=2)


@dataclass(frozen=True)
class Selection:
    """Which of all the sentences that the catalogue can make are drawn.

    Args:
        held_out_words: with words, names, texts and numbers that training never sees, and no others.
        held_out_forms: one argument has the form that this argument never has in training.
        held_out_sentences: those kept for `iid`, instead of the others.
        plain_wording: each in the first wording that the catalogue has for it, without any frame: how a value is put
            into English.
        everyday: as most people ask: in the commonest wordings, mostly bare imperatives, of everyday words.
        steps: fewest and most steps of a pipeline.
        families: how often each family is drawn, relative to the others.
    """

    held_out_words: bool = False
    held_out_forms: bool = False
    held_out_sentences: bool = False
    plain_wording: bool = False
    everyday: bool = False
    steps: tuple[int, int] = (2, 4)
    families: tuple[tuple[str, int], ...] = tuple(FAMILIES.items())


TRAINING = Selection()
EVERYDAY = Selection(everyday=True, families=tuple((FAMILIES | {"pipeline": 22, "program": 16, "numbered": 2}).items()))
PLAIN_WORDING = Selection(
    plain_wording=True,
    families=tuple((name, share) for name, share in FAMILIES.items() if name != "null"),  # it could be put in any words
)
_WORKED_OUT = (("evaluation", 2), ("reading", 3))
QUESTIONS = Selection(families=(("fact", 3), *_WORKED_OUT))
NEW_QUESTIONS = Selection(held_out_sentences=True, families=_WORKED_OUT)  # who was never told a fact cannot know it
