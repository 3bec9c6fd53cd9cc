"""Questions about HLX whose answers are worked out: what a value holds, evaluates to, or leaves of a list."""

import operator
import random
from collections.abc import Callable, Iterator
from functools import cache

from ...contracts import CONTRACTS, ITEMS, OPERATION, PIPELINE, make_pipeline, operation_of, schema_problem
from ...formats import Contract, Handle, Value, dumps
from ...lines_hlx import NOTATIONS
from .catalogue import load_catalogue

QuestionAndAnswer = tuple[str, Value]

ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
}
_EVALUATION = (
    "what does {} evaluate to?",
    "what is the value of {}?",
    "evaluate {}",
    "work out {}",
    "what is the result of {}?",
    "to what does {} come?",
)
_EFFECT = (
    "what is left of {list} after {}?",
    "what does {} make of {list}?",
    "what remains of {list} after {}?",
    "apply {} to {list}",
    "what is the result of {} on {list}?",
    "what does {} do to {list}?",
)
_SORTED_BY = Handle("value")  # the only property that a number has
_SAMPLE = [3, 1, 2, 1]  # the list that a question about a step in a corpus is asked with


def questions_about(value: Value, notation: str) -> list[QuestionAndAnswer]:
    """Questions about one value, its text in `notation` in each of them, and the value that answers it."""
    text = dumps(value, notation)
    sample = dumps(_SAMPLE, notation)
    return [
        (wording.replace("{list}", sample).replace("{}", text), answer) for wording, answer in _wordings_about(value)
    ]


def facts_about(value: Value) -> list[QuestionAndAnswer]:
    """The catalogue's questions that are answered by an operation's name, or by a contract's id or meaning."""
    if not isinstance(value, Contract):
        return []
    answers = [value.id, operation_of(value)]
    if value.id in CONTRACTS:
        answers.append(CONTRACTS[value.id].meaning)
    return [(question, answer) for answer in answers for question in _facts().get((type(answer), answer), ())]


def evaluation_question(rng: random.Random) -> QuestionAndAnswer:
    """A question with an arithmetic expression, or with one or two operations on a list, drawn at random."""
    notation = NOTATIONS[int(rng.random() * len(NOTATIONS))] if rng.random() < 0.5 else NOTATIONS[0]
    if rng.random() < 0.6:
        expression = _draw_expression(rng, depth=1 + (rng.random() < 0.25))
        return rng.choice(_EVALUATION).replace("{}", dumps(expression, notation)), evaluate(expression)
    numbers = [rng.randrange(10) for _ in range(rng.randint(2, 5))]
    steps = [_draw_step(rng, len(numbers)) for _ in range(rng.randint(1, 2))]
    asked = steps[0] if len(steps) == 1 else make_pipeline(steps)
    question = rng.choice(_EFFECT).replace("{list}", dumps(numbers, notation))
    return question.replace("{}", dumps(asked, notation)), apply_to_list(asked, numbers)


def evaluate(value: Value) -> int | None:
    """The integer that an arithmetic expression of integers comes to; None for any other value."""
    if type(value) is int:
        return value
    if not isinstance(value, Contract) or value.id != 101 or schema_problem(value):
        return None
    name, left, right = value.fields.values()
    left, right = evaluate(left), evaluate(right)
    return ARITHMETIC[name](left, right) if name in ARITHMETIC and None not in (left, right) else None


def apply_to_list(value: Value, numbers: list[int]) -> list[int] | None:
    """What an operation, or a pipeline of them, makes of a list of integers; None if that is not known here."""
    if operation_of(value) is None or schema_problem(value):
        return None
    name, *arguments = value.fields.values()
    if name == PIPELINE:
        for step in arguments:
            numbers = None if numbers is None else apply_to_list(step, numbers)
        return numbers
    match name, *arguments[1:]:
        case ["reverse"]:
            return numbers[::-1]
        case ["unique"]:
            return list(dict.fromkeys(numbers))
        case ["limit", int(count)] if count >= 0:
            return numbers[:count]
        case ["skip", int(count)] if count >= 0:
            return numbers[count:]
        case ["sort", by, Handle(order)] if by == _SORTED_BY:
            return sorted(numbers, reverse=order == "desc")
    return None


def _wordings_about(value: Value) -> Iterator[QuestionAndAnswer]:
    """Questions with `{}` for the text of the value."""
    yield "what kind of value is {}?", _kind_of(value)
    if isinstance(value, Contract):
        yield "what is the contract id of {}?", value.id
        yield "how many fields does {} have?", len(value.fields)
        for index, field in value.fields.items():
            yield f"what is in field {index} of {{}}?", field
        if value.id in CONTRACTS:
            yield "what does {} stand for?", CONTRACTS[value.id].meaning
    elif isinstance(value, list):
        yield "how many items are in {}?", len(value)
        for index, item in enumerate(value):
            yield f"what is at {index} in {{}}?", item
    elif isinstance(value, dict):
        yield "how many keys does {} have?", len(value)
        for key, item in value.items():
            if key.isidentifier():  # another could read as a part of the question
                yield f"what is at {key} in {{}}?", item
    name = None if schema_problem(value) else operation_of(value)
    if name == PIPELINE:
        steps = list(value.fields.values())[1:]
        yield "how many steps does {} have?", len(steps)
        yield "which operation comes first in {}?", operation_of(steps[0])
        yield "which operation comes last in {}?", operation_of(steps[-1])
        yield "what is the last step of {}?", steps[-1]
    elif name:
        yield "which operation is {}?", name
        yield "how many arguments does {} have?", len(value.fields) - 1
    if isinstance(value, Contract) and (result := evaluate(value)) is not None:
        yield from ((wording, result) for wording in _EVALUATION)
    if (left := apply_to_list(value, _SAMPLE)) is not None:
        yield from ((wording, left) for wording in _EFFECT)


def _kind_of(value: Value) -> str:
    """The kind of value, under the name it has in the notations' table."""
    names = {type(None): "null", str: "string", list: "array", dict: "object"}
    return names.get(type(value), type(value).__name__.lower())


@cache
def _facts() -> dict[tuple[type, Value], list[str]]:
    """The catalogue's questions by the type and value of their answer, where that can be a key."""
    found: dict = {}
    for entry in load_catalogue().entries["question"]:
        for line in (*entry.do, *entry.say):
            if isinstance(answer := line.fields[0], (int, str)):
                found.setdefault((type(answer), answer), []).append(line.skeleton)
    return found


def _draw_expression(rng: random.Random, depth: int) -> Contract:
    name = rng.choice(tuple(ARITHMETIC))
    left, right = rng.randrange(10 if name == "multiply" else 21), rng.randrange(10 if name == "multiply" else 21)
    return Contract(101, {0: name, 1: _draw_expression(rng, depth - 1) if depth > 1 else left, 2: right})


def _draw_step(rng: random.Random, length: int) -> Contract:
    """An operation on a list of that many numbers."""
    count = rng.randint(1, max(1, length - 1))
    name, *arguments = rng.choice(
        (
            ("reverse",),
            ("unique",),
            ("limit", count),
            ("skip", count),
            ("sort", _SORTED_BY, Handle("asc")),
            ("sort", _SORTED_BY, Handle("desc")),
        )
    )
    return Contract(OPERATION, dict(enumerate((name, ITEMS, *arguments))))
