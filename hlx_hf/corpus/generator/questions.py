"""Questions about HLX whose answers are worked out: what an expression evaluates to, what steps leave of a list."""

import operator
import random
from collections.abc import Callable

from ...contracts import OPERATION, PIPELINE
from ...formats import Contract, Handle, Value, dumps
from ...lines_hlx import NOTATIONS

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
}
_EXPRESSION_QUESTIONS = (
    "what does {} evaluate to?",
    "what is the value of {}?",
    "evaluate {}",
    "work out {}",
    "what is the result of {}?",
    "to what does {} come?",
)
_LIST_QUESTIONS = (
    "what is left of {list} after {steps}?",
    "what does {steps} make of {list}?",
    "what remains of {list} after {steps}?",
    "apply {steps} to {list}",
    "what is the result of {steps} on {list}?",
)
_WORKED_ON = Handle("items")


def evaluation_question(rng: random.Random) -> tuple[str, Value]:
    """A question and its answer, with an arithmetic expression or one or two list operations in it."""
    notation = NOTATIONS[int(rng.random() * len(NOTATIONS))] if rng.random() < 0.5 else NOTATIONS[0]
    if rng.random() < 0.6:
        expression, answer = _expression(rng, depth=1 + (rng.random() < 0.25))
        return rng.choice(_EXPRESSION_QUESTIONS).replace("{}", dumps(expression, notation)), answer
    numbers = [rng.randrange(10) for _ in range(rng.randint(2, 5))]
    steps, left = [], numbers
    for _ in range(rng.randint(1, 2)):
        step, left = _list_step(rng, left)
        steps.append(step)
    asked = steps[0] if len(steps) == 1 else Contract(OPERATION, {0: PIPELINE, **dict(enumerate(steps, start=1))})
    question = rng.choice(_LIST_QUESTIONS)
    return question.replace("{steps}", dumps(asked, notation)).replace("{list}", dumps(numbers, notation)), left


def _expression(rng: random.Random, depth: int) -> tuple[Contract, int]:
    name = rng.choice(tuple(_ARITHMETIC))
    left, right = rng.randrange(10 if name == "multiply" else 21), rng.randrange(10 if name == "multiply" else 21)
    shown: Value = left
    if depth > 1:
        shown, left = _expression(rng, depth - 1)
    return Contract(101, {0: name, 1: shown, 2: right}), _ARITHMETIC[name](left, right)


def _list_step(rng: random.Random, numbers: list[int]) -> tuple[Contract, list[int]]:
    count = rng.randint(1, max(1, len(numbers) - 1))
    name, arguments, left = rng.choice(
        (
            ("reverse", (), numbers[::-1]),
            ("unique", (), list(dict.fromkeys(numbers))),
            ("limit", (count,), numbers[:count]),
            ("skip", (count,), numbers[count:]),
            ("sort", (Handle("value"), Handle("asc")), sorted(numbers)),
            ("sort", (Handle("value"), Handle("desc")), sorted(numbers, reverse=True)),
        )
    )
    return Contract(OPERATION, dict(enumerate((name, _WORKED_ON, *arguments)))), left
