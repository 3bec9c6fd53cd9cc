"""Parts of programs: variables, expressions, calls."""

import random

from ....formats import Contract
from ..words import Vocabulary
from .drawing import Drawn, listed, pick
from .literals import boolean, float_, integer, literal, spelled_integer, text
from .names import noun, variable_name, with_head

QUOTED_SHARE = 0.15  # of names in sentences; in code they have no quotes
SYMBOL_SHARE = 0.2  # of operators in expressions


def name(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a variable or function, as a string: total, parseDate, "total"."""
    drawn = variable_name(rng, words)
    return (f'"{drawn}"' if rng.random() < QUOTED_SHARE else drawn), drawn


def code_name(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The same in code."""
    drawn = variable_name(rng, words)
    return drawn, drawn


def variable(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Count, the variable count, the variable "count"."""
    if rng.random() < 0.3:
        english, drawn = name(rng, words, form)
        return f"the variable {english}", Contract(102, {0: drawn})
    drawn = variable_name(rng, words)
    return drawn, Contract(102, {0: drawn})


def operand(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A number or a variable."""
    draw = rng.random()
    if draw < 0.45:
        return (spelled_integer if draw < 0.12 else integer)(rng, words, form)
    return float_(rng, words, form) if draw < 0.55 else variable(rng, words, form)


# the operators with their words and their symbols
_OPERATORS = {
    "add": ("plus", "+"),
    "subtract": ("minus", "-"),
    "multiply": ("times", "*"),
    "divide": ("divided by", "/"),
}


def expression(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X times 2."""
    (left, left_value), (right, right_value) = operand(rng, words, form), operand(rng, words, form)
    operator = pick(rng, tuple(_OPERATORS))
    joint = _OPERATORS[operator][rng.random() < SYMBOL_SHARE]
    return f"{left} {joint} {right}", Contract(101, {0: operator, 1: left_value, 2: right_value})


_COMPUTATIONS = {
    "adds {1} to {0}": "add",
    "subtracts {1} from {0}": "subtract",
    "multiplies {0} by {1}": "multiply",
    "divides {0} by {1}": "divide",
}


def computation(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Multiplies n by 2: what a function does."""
    return _worded(rng, words, form, _COMPUTATIONS)


_RESULTS = {
    "the sum of {} and {}": "add",
    "the difference between {} and {}": "subtract",
    "the product of {} and {}": "multiply",
    "the quotient of {} and {}": "divide",
}


def term(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The sum of x and 2: an expression inside another one."""
    return _worded(rng, words, form, _RESULTS)


def _worded(rng: random.Random, words: Vocabulary, form: str, operators: dict[str, str]) -> Drawn:
    """An expression in one of the wordings that are given with their operators."""
    (left, left_value), (right, right_value) = operand(rng, words, form), operand(rng, words, form)
    wording = pick(rng, tuple(operators))
    return wording.format(left, right), Contract(101, {0: operators[wording], 1: left_value, 2: right_value})


def arguments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """3 and 9; "hello", x and true."""
    drawn = [pick(rng, (operand, operand, text, boolean))(rng, words, form) for _ in range(1 + int(rng.random() * 3))]
    return listed([english for english, _ in drawn]), [value for _, value in drawn]


def parameters(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X and y."""
    drawn = dict(name(rng, words, form)[::-1] for _ in range(1 + int(rng.random() * 3)))
    return listed(list(drawn.values())), list(drawn)


def single_parameter(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X."""
    english, drawn = name(rng, words, form)
    return english, [drawn]


def code_arguments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Between the parentheses of a call in code: 3, x."""
    drawn = [pick(rng, (operand, operand, text, boolean))(rng, words, form) for _ in range(1 + int(rng.random() * 3))]
    texts = [english.removeprefix("the variable ") for english, _ in drawn]
    return ", ".join(texts), [value for _, value in drawn]


def code_parameters(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Between the parentheses of a definition in code: x, y."""
    _, names = parameters(rng, words, form)
    return ", ".join(names), names


def callee(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a function that is called without arguments."""
    english, drawn = name(rng, words, form)
    return english, Contract(105, {0: drawn, 1: []})


def call(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Call print with "hello"; call reset."""
    called, function_name = name(rng, words, form)
    if rng.random() < 0.6:
        return f"call {called}", Contract(105, {0: function_name, 1: []})
    english, values = arguments(rng, words, form)
    return f"call {called} with {english}", Contract(105, {0: function_name, 1: values})


def calls(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Init and then run: calls without arguments, in order."""
    drawn = [callee(rng, words, form) for _ in range(1 + int(rng.random() * 3))]
    return _in_order(rng, [english for english, _ in drawn]), [value for _, value in drawn]


def _in_order(rng: random.Random, parts: list[str]) -> str:
    """A, b and then c."""
    joint = pick(rng, [" and then ", " and ", ", then "])
    return joint.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def assignment(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Set count to 0."""
    called, assigned = name(rng, words, form)
    english, value = literal(rng, words, form)
    return f"set {called} to {english}", Contract(103, {0: assigned, 1: value})


def assignments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """1 to x and 2 to y: assignments in order."""
    return _assigned(rng, words, form, "{1} to {0}")


def variable_settings(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X to 1 and y to 2: the same, as variables are set."""
    return _assigned(rng, words, form, "{0} to {1}")


def _assigned(rng: random.Random, words: Vocabulary, form: str, wording: str) -> Drawn:
    """One to three assignments, each in this wording."""
    drawn = [(name(rng, words, form), literal(rng, words, form)) for _ in range(1 + int(rng.random() * 3))]
    english = listed([wording.format(called, english) for (called, _), (english, _) in drawn])
    return english, [Contract(103, {0: assigned, 1: value}) for (_, assigned), (_, value) in drawn]


def statements(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Sets count to 0 and then calls run: assignments and calls, in order."""
    drawn = [pick(rng, (assignment, call))(rng, words, form) for _ in range(1 + int(rng.random() * 3))]
    done = [f"{verb}s {rest}" for verb, rest in (english.split(" ", 1) for english, _ in drawn)]
    return _in_order(rng, done), [value for _, value in drawn]


def shaders(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Depth and soften."""
    drawn = [noun(rng, words, "plain" if rng.random() < 0.7 else form) for _ in range(1 + int(rng.random() * 3))]
    return listed([english for english, _ in drawn]), [value for _, value in drawn]


def named_shaders(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The depth shader and the soften shader."""
    drawn = [noun(rng, words, "plain" if rng.random() < 0.7 else "compound") for _ in range(1 + int(rng.random() * 3))]
    article = "the " if rng.random() < 0.7 else ""
    named = [with_head(english, value, "shader") for english, value in drawn]
    return listed([article + english for english, _ in named]), [value for _, value in named]
