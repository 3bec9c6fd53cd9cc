"""Draws HLX values without English: of all nine kinds, inside one another."""

import random
from zlib import crc32

from ...formats import Contract, Handle, Value, dumps
from .inventions import decimal_number, identifier, invented_name, phrase, whole_number
from .selection import TRAINING, Selection
from .sentences import SentenceGenerator
from .vocabulary import HELD_OUT_SHARE, Vocabulary, vocabulary

MAX_DEPTH = 4  # arrays, objects and contracts inside one another
MAX_CHARACTERS = 200  # of a value's longest text, so that a line holds two of them
CATALOGUE_SHARE = 0.4  # of values that an English sentence may ask for
NUMBERS_SHARE = 0.1  # of values of training that are lists of numbers: to write those in LC-B is what takes longest
TEST_SHARE = 16  # one value in so many is kept for the test split `hlx_to_hlx`

_KEYS_IN_QUOTES = ("first name", "", "due-date", "2nd", "a.b", "C")


class ValueGenerator:
    """An endless iterator of HLX values, the same for the same seed: those of sentences, and random ones.

    Args:
        seed: anything that `random.Random` takes.
        held_out: values that training never sees, with words that it never sees. Numbers are of all kinds in both: no
            model can tell how 29 is written in LC-B without having seen it.
    """

    def __init__(self, seed: int | str, held_out: bool = False):
        self.rng = random.Random(seed)
        self.held_out = held_out
        self.words = vocabulary(held_out)
        selection = Selection(held_out_words=True) if held_out else TRAINING
        self.sentences = SentenceGenerator(f"{seed} sentences", selection)

    def __iter__(self) -> "ValueGenerator":
        return self

    def __next__(self) -> Value:
        while True:
            value = self._draw()
            text = dumps(value, "HLXL")
            fits = max(len(text), len(dumps(value, "LC-B"))) <= MAX_CHARACTERS
            if fits and (crc32(text.encode()) % TEST_SHARE == 0) == self.held_out:
                return value

    def _draw(self) -> Value:
        draw = self.rng.random()
        if draw < CATALOGUE_SHARE:
            return next(self.sentences).value
        if draw > 1 - NUMBERS_SHARE and not self.held_out:
            return [_long_number(self.rng) for _ in range(1 + int(self.rng.random() * 8))]
        return random_value(self.rng, self.words, depth=int(self.rng.random() * (MAX_DEPTH + 1)))


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
        return _number(rng)
    if kind < 0.5:
        return decimal_number(rng, words.held_out)
    if kind < 0.7:
        return phrase(rng, words)
    if kind < 0.8:
        return bytes(int(rng.random() * 256) for _ in range(int(rng.random() * 5)))
    return Handle(_key_like_name(rng, words))


def _number(rng: random.Random) -> int:
    number = whole_number(rng, held_out=rng.random() < 1 / HELD_OUT_SHARE)
    return -number if rng.random() < 0.25 else number


def _long_number(rng: random.Random) -> int:
    """Of two, three or four digits as often."""
    number = int(rng.random() * 10 ** (2 + int(rng.random() * 3)))
    return -number if rng.random() < 0.1 else number


def _key_like_name(rng: random.Random, words: Vocabulary) -> str:
    return identifier(rng, words) if rng.random() < 0.4 else invented_name(rng, words.held_out)
