"""How a model comes to an answer: in one go, or by answers to parts of a text and to its own words."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from ..lines_hlx import ENGLISH
from .back_translation import WORDINGS, in_words
from .steps import Answer, step_by_step

SIDE_BY_SIDE = 8  # texts at least that a model is asked in a batch, even if requests come one by one


class Find(Protocol):
    """What a model finds: for each text its answers in English or a notation that it has learned, the best first."""

    def __call__(self, target: str, texts: list[str], **options: Any) -> list[list[Answer]]: ...


class Deliberation:
    """A model that may be asked more than once.

    Args:
        find: the model; its options are `num_beams`, `num_return_sequences` and those in `unlimited`.
        searches: whether it looks for several answers in a notation, if nothing is said.
        stepwise: whether parts of a request of several steps are translated on their own as well.
        unlimited: options that lift limits of an answer in English, for what is put back into HLX.
    """

    def __init__(self, find: Find, searches: bool, stepwise: bool, unlimited: dict[str, None]):
        self.find = find
        self.searches = searches
        self.stepwise = stepwise
        self.unlimited = unlimited

    def translate(self, target: str, texts: list[str], **options: Any) -> list[Answer]:
        """The best answer to each text, in one go."""
        return [found[0] for found in self.find(target, texts, **options)]

    def into_hlx(
        self, notation: str, requests: list[str], rooms: Sequence[int] | None = None, **options: Any
    ) -> list[Answer]:
        """The answers to English, as `step_by_step` has them if that is wanted."""
        translate = partial(self.translate, notation, **options)
        if not self.stepwise:
            return translate(requests)
        greedily = partial(translate, num_beams=1) if self.searches else None
        return step_by_step(requests, notation, translate, greedily, rooms)

    def into_english(
        self, notation: str, texts: list[str], positions: int, rooms: Sequence[int] | None = None
    ) -> list[Answer]:
        """English for HLX, as `in_words` has it."""
        say = partial(self.translate, ENGLISH)
        say_variously = partial(self.find, ENGLISH, num_beams=WORDINGS, num_return_sequences=WORDINGS)
        understand = partial(self.into_hlx, notation, **self.unlimited)
        return in_words(texts, notation, say, say_variously, understand, positions, rooms)
