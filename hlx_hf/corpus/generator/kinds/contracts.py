"""Contracts whose ids have no meaning of their own: a number, and fields that count up from 0."""

import random

from ....contracts import CONTRACTS
from ....formats import Contract
from ....formats.values import MAX_CONTRACT_ID
from ..words import Vocabulary, whole_number
from .drawing import Drawn, listed, pick
from .literals import items, member, pairs
from .names import reference

_MAX_FIELDS = 9  # more than a pipeline of the corpora has, so that counting on is learned apart from pipelines


def contract(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """47 with 3, "red" and true."""
    number, fields = _draw(rng, words)
    joint = pick(
        rng, [" with ", " of ", " holding ", " with the fields ", " made of "] if len(fields) > 1 else [" with "]
    )
    return f"{number}{joint}{listed([english for english, _ in fields])}", _contract(number, fields)


def numbered_contract(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """47 with 3 in field 0 and "red" in field 1; 47 whose field 0 is 3."""
    number, fields = _draw(rng, words)
    joint, wording = pick(
        rng,
        [
            (" with ", "{value} in field {index}"),
            (" with ", "{value} as field {index}"),
            (" in which ", "field {index} is {value}"),
            (" whose ", "field {index} is {value}"),
            (" with ", "field {index} set to {value}"),
        ],
    )
    parts = [wording.format(index=index, value=english) for index, (english, _) in enumerate(fields)]
    return f"{number}{joint}{listed(parts)}", _contract(number, fields)


def empty_contract(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """47."""
    number = _number(rng, words)
    return str(number), Contract(number, {})


def _draw(rng: random.Random, words: Vocabulary) -> tuple[int, list[Drawn]]:
    count = 1 + int(rng.random() ** 1.5 * _MAX_FIELDS)
    return _number(rng, words), [_field(rng, words) for _ in range(count)]


def _number(rng: random.Random, words: Vocabulary) -> int:
    while (number := whole_number(rng, words.held_out)) in CONTRACTS or number > MAX_CONTRACT_ID:
        pass
    return number


def _field(rng: random.Random, words: Vocabulary) -> Drawn:
    draw = rng.random()
    if draw < 0.75:
        return member(rng, words, "plain")
    if draw < 0.8:
        english, value = items(rng, words, "plain")
        return f"the list {english}", value
    if draw < 0.84:
        english, value = pairs(rng, words, "plain")
        return f"an object with {english}", value
    english, handle = reference(rng, words, "plain")
    return f"a reference to {english}", handle


def _contract(number: int, fields: list[Drawn]) -> Contract:
    return Contract(number, {index: value for index, (_, value) in enumerate(fields)})
