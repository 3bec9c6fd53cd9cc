"""What all kinds of slots share: how they draw, and how they put several things into one list."""

import random
from collections.abc import Callable, Sequence

from ....formats import Value
from ..vocabulary import Vocabulary

Drawn = tuple[str, Value]
Draw = Callable[[random.Random, Vocabulary, str], Drawn]
"""Draws English and the value that it means, from a source of chance, the words, and the form that is asked for."""


def pick(rng: random.Random, sequence: Sequence):
    """`rng.choice` without its care for huge sequences, at a third of the time."""
    return sequence[int(rng.random() * len(sequence))]


def pick_wording(rng: random.Random, words: Vocabulary, wordings: Sequence):
    """One of several ways to say the same: the first, where everything is said in one way."""
    return wordings[0] if words.plain else pick(rng, wordings)


def listed(parts: Sequence[str]) -> str:
    """A, b and c."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
