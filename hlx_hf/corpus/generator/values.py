"""Draws HLX values without English: of all nine kinds, inside one another."""

import random

from ...formats import Contract, Handle, Value, dumps
from .sentences import TRAINING, Selection, SentenceGenerator
from .words import Vocabulary, decimal_number, identifier, invented_name, phrase, vocabulary, whole_number

MAX_DEPTH = 4  # arrays, objects and contracts inside one another
MAX_CHARACTERS = 200  # of a value's longest text, so that a line holds two of them
CATALOGUE_SHARE = 0.4  # of values that an English sentence may ask for

_KEYS_IN_QUOTES = ("first name", "", "due-date", "2nd", "a.b", "C")


class ValueGenerator:
    """An endless iterator of HLX values, the same for the same seed: those of sentences, and random ones.

    Args:
        seed: anything that `random.Random` takes.
        held_out_words: made of words and numbers that training never sees.
    """

    def __init__(self, seed: int | str, held_out_words: bool = False):
        self.rng = random.Random(seed)
        self.words = vocabulary(held_out_words)
        selection = Selection(held_out_words=True) if held_out_words else TRAINING
        self.sentences = SentenceGenerator(f"{seed} sentences", selection)

    def __iter__(self) -> "ValueGenerator":
        return self

    def __next__(self) -> Value:
        while True:
            if self.rng.random() < CATALOGUE_SHARE:
                value = next(self.sentences).value
            else:
                value = random_value(self.rng, self.words, depth=int(self.rng.random() * (MAX_DEPTH + 1)))
            if max(len(dumps(value, "HLXL")), len(dumps(value, "LC-B"))) <= MAX_CHARACTERS:
                return value


def random_value(rng: random.Random, words: Vocabulary, depth: int) -> Value:
    """A value of any kind with at most `depth` arrays, objects and contracts inside one another."""
    if depth == 0:
        return _scalar(rng, words)
    # one child at the least goes all the way down, so that deep values are as frequent as asked for
    children = [random_value(rng, words, depth - 1)]
    for _ in range(int(rng.random() * 3)):
        children.append(random_value(rng, words, int(rng.random() * depth)))
    rng.shuffle(children)
    kind = rng.random()
    if kind < 0.33:
        return [] if rng.random() < 0.06 else children
    if kind < 0.66:
        return {} if rng.random() < 0.06 else {_key(rng, words): child for child in children}
    contract_id = rng.choice((14, 15, 16, 22, 100, 101, 103, 105, 106, 1000)) if rng.random() < 0.5 else _id(rng)
    indices = range(len(children)) if rng.random() < 0.8 else sorted(rng.sample(range(256), len(children)))
    return Contract(contract_id, {} if rng.random() < 0.06 else dict(zip(indices, children, strict=True)))


def _id(rng: random.Random) -> int:
    return int(rng.random() * 10 ** rng.randint(1, 4)) if rng.random() < 0.9 else int(rng.random() * 65536)


def _key(rng: random.Random, words: Vocabulary) -> str:
    draw = rng.random()
    if draw < 0.06:
        return rng.choice(_KEYS_IN_QUOTES)
    if draw < 0.5:
        return words.singulars[int(rng.random() * len(words.singulars))]
    return identifier(rng, words) if draw < 0.7 else invented_name(rng, words.held_out)


def _scalar(rng: random.Random, words: Vocabulary) -> Value:
    kind = rng.random()
    if kind < 0.07:
        return None
    if kind < 0.17:
        return rng.random() < 0.5
    if kind < 0.4:
        number = whole_number(rng, words.held_out)
        return -number if rng.random() < 0.25 else number
    if kind < 0.5:
        return decimal_number(rng, words.held_out)
    if kind < 0.7:
        return phrase(rng, words)
    if kind < 0.8:
        return bytes(int(rng.random() * 256) for _ in range(int(rng.random() * 5)))
    return Handle(_key_like_name(rng, words))


def _key_like_name(rng: random.Random, words: Vocabulary) -> str:
    return identifier(rng, words) if rng.random() < 0.4 else invented_name(rng, words.held_out)
