"""Contracts whose ids have no meaning of their own: a number, and fields that count up from 0."""

import random

from ....contracts import CONTRACTS
from ....formats import Contract
from ....formats.values import MAX_CONTRACT_ID
from ..inventions import whole_number
from ..vocabulary import Vocabulary
from .drawing import Drawn, listed, pick_wording
from .literals import code, items, member, pairs
from .names import reference

_MAX_FIELDS = 9  # more than a pipeline of the corpora has, so that counting on is learned apart from pipelines


_JOINTS = (" with ", " of ", " holding ", " with the fields ", " made of ")
_NUMBERED = (
    (" with ", "{value} in field {index}"),
    (" with ", "{value} as field {index}"),
    (" in which ", "field {index} is {value}"),
    (" whose ", "field {index} is {value}"),
    (" with ", "field {index} set to {value}"),
)


def contract(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """47 with 3, "red" and [1, 2]."""
    number, fields = _draw(rng, words, is_enumerated=True)
    joint = _JOINTS[0] if len(fields) == 1 else pick_wording(rng, words, _JOINTS)
    return f"{number}{joint}{listed([english for english, _ in fields])}", _contract(number, fields)


def numbered_contract(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """47 with 3 in field 0 and the list 1 and 2 in field 1; 47 whose field 0 is 3."""
    number, fields = _draw(rng, words, is_enumerated=False)
    joint, wording = pick_wording(rng, words, _NUMBERED)
    parts = [wording.format(index=index, value=english) for index, (english, _) in enumerate(fields)]
    return f"{number}{joint}{listed(parts)}", _contract(number, fields)


def empty_contract(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """47."""
    number = _number(rng, words)
    return str(number), Contract(number, {})


def _draw(rng: random.Random, words: Vocabulary, is_enumerated: bool) -> tuple[int, list[Drawn]]:
    """The id and the fields. Among several that are enumerated, a list has brackets, or it would be more of them."""
    count = 1 + int(rng.random() ** 1.5 * _MAX_FIELDS)  # mostly few
    has_brackets = is_enumerated and count > 1
    return _number(rng, words), [_field(rng, words, has_brackets) for _ in range(count)]


def _number(rng: random.Random, words: Vocabulary) -> int:
    while (number := whole_number(rng, words.held_out)) in CONTRACTS or number > MAX_CONTRACT_ID:
        pass
    return number


def _field(rng: random.Random, words: Vocabulary, has_brackets: bool) -> Drawn:
    draw = rng.random()
    if draw < 0.75:
        return member(rng, words, "plain")
    if draw < 0.84 and has_brackets:
        return code(rng, words, "plain")
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
