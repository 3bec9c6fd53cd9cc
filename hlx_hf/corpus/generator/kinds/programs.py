"""Parts of programs: variables, expressions, calls."""

import random
from collections.abc import Callable
from dataclasses import replace

from ....formats import Contract
from ..vocabulary import Vocabulary
from .drawing import Draw, Drawn, listed, pick, pick_wording
from .literals import boolean, float_, integer, literal, spelled_integer, text
from .names import noun, variable_name, with_head

QUOTED_SHARE = 0.15  # of names in sentences; in code they have no quotes
SYMBOL_SHARE = 0.2  # of operators in expressions
TWO_OPERATORS_SHARE = 0.1  # of expressions
KNOWN_VARIABLE_SHARE = 0.85  # of variables in the body of a function, those which are its parameters


def name(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a variable or function, as a string: total, parseDate, "total"."""
    drawn = variable_name(rng, words)
    return (f'"{drawn}"' if not words.plain and rng.random() < QUOTED_SHARE else drawn), drawn


def code_name(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The same in code."""
    drawn = variable_name(rng, words)
    return drawn, drawn


def variable(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Count, the variable count, the variable "count"; where a program has variables, mostly one of them."""
    if words.variables and rng.random() < KNOWN_VARIABLE_SHARE:
        drawn = pick(rng, words.variables)
        return drawn, Contract(102, {0: drawn})
    if not words.plain and rng.random() < 0.3:
        english, drawn = name(rng, words, form)
        return f"the variable {english}", Contract(102, {0: drawn})
    return bare_variable(rng, words, form)


def operand(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A number or a variable."""
    draw = rng.random()
    if words.variables:
        draw **= 0.5  # a function is about its parameters
    if draw < 0.45:
        return (spelled_integer if draw < 0.12 else integer)(rng, words, form)
    return float_(rng, words, form) if draw < 0.55 else variable(rng, words, form)


def bare_variable(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Count."""
    drawn = variable_name(rng, words)
    return drawn, Contract(102, {0: drawn})


# the operators with their words and their symbols
_OPERATORS = {
    "add": ("plus", "+"),
    "subtract": ("minus", "-"),
    "multiply": ("times", "*"),
    "divide": ("divided by", "/"),
}
_WEAK, _STRONG = ("add", "subtract"), ("multiply", "divide")  # of two operators, the strong one is worked out first


def expression(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X times 2; y plus x times 2."""
    as_symbols = not words.plain and rng.random() < SYMBOL_SHARE
    left, right = operand(rng, words, form), operand(rng, words, form)
    if rng.random() > TWO_OPERATORS_SHARE:
        return _operation(left, pick(rng, tuple(_OPERATORS)), right, as_symbols)
    product = _operation(right, pick(rng, _STRONG), operand(rng, words, form), as_symbols)
    return _operation(left, pick(rng, _WEAK), product, as_symbols)


def _operation(left: Drawn, operator: str, right: Drawn, as_symbol: bool) -> Drawn:
    """An operator with its operands."""
    joint = _OPERATORS[operator][as_symbol]
    return f"{left[0]} {joint} {right[0]}", Contract(101, {0: operator, 1: left[1], 2: right[1]})


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


_OF_ONE = {  # parameter, with what stands left and right of the operator where that is not the parameter
    "its square": ("power", None, 2),
    "its cube": ("power", None, 3),
    "its double": ("multiply", 2, None),
    "twice as much": ("multiply", 2, None),
    "half of it": ("divide", None, 2),
}
_OF_TWO = {
    "their sum": "add",
    "the sum of the two": "add",
    "the sum of both": "add",
    "the sum": "add",
    "their product": "multiply",
    "the product of the two": "multiply",
    "the product": "multiply",
    "their difference": "subtract",
    "the difference": "subtract",
    "their quotient": "divide",
}


def own_result(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Their sum, its square: what comes of the one or two variables there are; of others, an expression."""
    variables = [Contract(102, {0: drawn}) for drawn in words.variables]
    if len(variables) == 1:
        english = pick(rng, tuple(_OF_ONE))
        operator, *sides = _OF_ONE[english]
        left, right = (variables[0] if side is None else side for side in sides)
    elif len(variables) == 2:
        english = pick(rng, tuple(_OF_TWO))
        operator, (left, right) = _OF_TWO[english], variables
    else:
        return expression(rng, words, form)
    return english, Contract(101, {0: operator, 1: left, 2: right})


def arguments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """3 and 9; "hello", x and true."""
    drawn = _few(rng, words, form, _argument)
    return listed([english for english, _ in drawn]), [value for _, value in drawn]


def _argument(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    return pick(rng, (operand, operand, text, boolean))(rng, words, form)


def _few(rng: random.Random, words: Vocabulary, form: str, kind: Callable) -> list:
    """One to three of a kind."""
    return [kind(rng, words, form) for _ in range(1 + int(rng.random() * 3))]


def parameters(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X and y."""
    drawn = {drawn: english for english, drawn in _few(rng, words, form, name)}
    return listed(list(drawn.values())), list(drawn)


def single_parameter(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X."""
    english, drawn = name(rng, words, form)
    return english, [drawn]


def code_arguments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Between the parentheses of a call in code: 3, x."""
    drawn = _few(rng, words, form, _code_argument)
    return ", ".join(english for english, _ in drawn), [value for _, value in drawn]


def _code_argument(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    return pick(rng, (integer, integer, float_, bare_variable, bare_variable, text, boolean))(rng, words, form)


def code_parameters(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Between the parentheses of a definition in code: x, y."""
    _, names = parameters(rng, words, form)
    return ", ".join(names), names


def callee(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a function that is called without arguments."""
    english, drawn = name(rng, words, form)
    return english, Contract(105, {0: drawn, 1: []})


def code_call(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """print("hello"), reset(): a call in code."""
    _, function_name = name(rng, words, form)
    if rng.random() < 0.3:
        return f"{function_name}()", Contract(105, {0: function_name, 1: []})
    passed, values = code_arguments(rng, words, form)
    return f"{function_name}({passed})", Contract(105, {0: function_name, 1: values})


def call(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Call print with "hello"; call reset."""
    called, function_name = name(rng, words, form)
    if rng.random() < 0.6:
        return f"call {called}", Contract(105, {0: function_name, 1: []})
    english, values = arguments(rng, words, form)
    return f"call {called} with {english}", Contract(105, {0: function_name, 1: values})


def calls(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Init and then run: calls without arguments, in order."""
    return _several(rng, words, form, callee)


def _several(rng: random.Random, words: Vocabulary, form: str, kind: Draw) -> Drawn:
    """One to three of a kind, one after the other."""
    drawn = _few(rng, words, form, kind)
    return _in_order(rng, words, [english for english, _ in drawn]), [value for _, value in drawn]


def _in_order(rng: random.Random, words: Vocabulary, parts: list[str]) -> str:
    """A, b and then c."""
    joint = pick_wording(rng, words, (" and then ", " and ", ", then "))
    return joint.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


_ASSIGNMENTS = (*["set {0} to {1}"] * 5, "assign {1} to {0}", "store {1} in {0}", "let {0} be {1}")


def assignment(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Set count to 0; set count to count plus 1; assign 0 to count."""
    called, english, value = _assign(rng, words, form)
    return pick_wording(rng, words, _ASSIGNMENTS).format(called, english), value


def _assign(rng: random.Random, words: Vocabulary, form: str) -> tuple[str, str, Contract]:
    """English of a variable and of what it is set to, and the assignment."""
    called, assigned = name(rng, words, form)
    english, value = _assigned_value(rng, words, form, assigned)
    return called, english, Contract(103, {0: assigned, 1: value})


def _assigned_value(rng: random.Random, words: Vocabulary, form: str, assigned: str) -> Drawn:
    """Mostly a literal, or else an expression, which is often about the variable itself."""
    draw = rng.random()
    if draw < 0.7:
        return literal(rng, words, form)
    if draw < 0.85:
        return expression(rng, words, form)
    return expression(rng, replace(words, variables=(assigned,)), form)


def assignments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """1 to x and 2 to y: assignments in order."""
    return _assigned(rng, words, form, "{1} to {0}")


def variable_settings(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X to 1 and y to 2: the same, as variables are set."""
    return _assigned(rng, words, form, "{0} to {1}")


def _assigned(rng: random.Random, words: Vocabulary, form: str, wording: str) -> Drawn:
    """One to three assignments, each in this wording."""
    drawn = _few(rng, words, form, _assign)
    return listed([wording.format(called, english) for called, english, _ in drawn]), [value for *_, value in drawn]


def command(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Set count to 0; call run."""
    return pick(rng, (assignment, call))(rng, words, form)


def commands(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Set count to 0 and then call run."""
    return _several(rng, words, form, command)


def statement(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Sets count to 0; calls run: what somebody does."""
    english, value = command(rng, words, form)
    verb, rest = english.split(" ", 1)
    return f"{verb}s {rest}", value


def statements(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Sets count to 0 and then calls run."""
    return _several(rng, words, form, statement)


def shaders(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Depth and soften."""
    drawn = [noun(rng, words, "plain" if rng.random() < 0.7 else form) for _ in range(1 + int(rng.random() * 3))]
    return listed([english for english, _ in drawn]), [value for _, value in drawn]


def named_shaders(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The depth shader and the soften shader."""
    drawn = [noun(rng, words, "plain" if rng.random() < 0.7 else "compound") for _ in range(1 + int(rng.random() * 3))]
    article = "the " if words.plain or rng.random() < 0.7 else ""
    named = [with_head(english, value, "shader") for english, value in drawn]
    return listed([article + english for english, _ in named]), [value for _, value in named]
