"""What can stand in a slot of the catalogue: each kind draws English and the value that it means.

Names of things come in five forms. Which of them an argument of an operation is never given in training is decided
by the catalogue, so that the split `new_pairs` can ask for just that.
"""

import random
from collections.abc import Callable

from ...formats import Contract, Handle, Value, dumps
from .words import (
    Vocabulary,
    decimal_number,
    delimiter,
    file_name,
    identifier,
    invented_name,
    is_held_out,
    is_new_number,
    phrase,
    spelled,
    whole_number,
)

Drawn = tuple[str, Value]
Draw = Callable[[random.Random, Vocabulary, str], Drawn]

# Each form of a name with its share in a hundred: users; active users; user groups; userTable; brimbels.
NAME_FORMS = {"plain": 32, "adjectival": 17, "compound": 17, "identifier": 12, "invented": 22}
NUMBER_FORMS = {"digits": 70, "spelled": 30}
ONE_FORM = {"plain": 100}

_DETERMINERS = ["the "] * 22 + [""] * 4 + ["my ", "my ", "our ", "this ", "that ", "your "]
_PLURAL_DETERMINERS = (
    ["the "] * 16 + [""] * 12 + ["my ", "my ", "all ", "all the ", "these ", "those ", "our ", "all my "]
)
_MAX_SPELLED = 100
_USUAL_SIZES = [size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256) if not is_new_number(size)]
_FRACTIONS = [("one half", 0.5), ("a half", 0.5), ("one quarter", 0.25), ("a quarter", 0.25), ("three quarters", 0.75)]
_PROGRAM_WORDS = [word for word in "x y n i total count width height value ready".split() if not is_held_out(word)]


def _pick(rng: random.Random, sequence):
    """`rng.choice` without its care for huge sequences, at a third of the time."""
    return sequence[int(rng.random() * len(sequence))]


# Names of things


def _name(rng: random.Random, words: Vocabulary, form: str, plural: bool) -> tuple[str, str]:
    """A noun phrase without determiner, and its words in lowerCamelCase."""
    if form == "identifier":
        name = identifier(rng, words)
        return name, name
    if form == "invented":
        head = invented_name(rng, words.held_out)
        if plural:
            head += "s"
    else:
        head = _pick(rng, words.plurals if plural else words.singulars)
    if form == "adjectival":
        first = _pick(rng, words.adjectives)
    elif form == "compound":
        first = _pick(rng, words.singulars) if rng.random() < 0.8 else invented_name(rng, words.held_out)
    else:
        return head, head
    return f"{first} {head}", first + head.capitalize()


def thing(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The draft, users, my open tickets, log files, cacheTable."""
    plural = rng.random() < 0.5
    english, name = _name(rng, words, form, plural)
    if form == "identifier" and rng.random() < 0.6:
        return english, Handle(name)
    return _pick(rng, _PLURAL_DETERMINERS if plural else _DETERMINERS) + english, Handle(name)


def things(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The users, all orders."""
    english, name = _name(rng, words, form, plural=True)
    return _pick(rng, _PLURAL_DETERMINERS) + english, Handle(name)


def noun(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Draft, log file."""
    english, name = _name(rng, words, form, plural=False)
    return english, Handle(name)


def nouns(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Drafts, log files."""
    english, name = _name(rng, words, form, plural=True)
    return english, Handle(name)


def property_(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Name, due date, user_id."""
    if form == "adjectival" and rng.random() < 0.5:
        form = "plain"  # properties are mostly one word
    return noun(rng, words, form)


def adjective(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Active, unread: also participles, and words that no dictionary has."""
    draw = rng.random()
    if draw < 0.5:
        word = _pick(rng, words.adjectives)
    elif draw < 0.8:
        word = _pick(rng, words.participles)
    else:
        word = invented_name(rng, words.held_out) + _pick(rng, ["", "y", "ed", "al", "ish", "ive"])
    return word, Handle(word)


def function(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a function: double, sum, parseDate."""
    if form in ("adjectival", "compound", "identifier"):
        name = identifier(rng, words)
    elif form == "invented":
        name = invented_name(rng, words.held_out)
    else:
        name = _pick(rng, words.verbs if rng.random() < 0.7 else words.singulars)
    return name, Handle(name)


def reference(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A thing's name with "the" or without."""
    english, value = noun(rng, words, form)
    return ("the " if rng.random() < 0.5 else "") + english, value


# Numbers, texts and what they make


def number(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """5, or five."""
    value = whole_number(rng, words.held_out)
    return _number_text(value, form), value


def _number_text(value: int, form: str) -> str:
    return spelled(value) if form == "spelled" and value <= _MAX_SPELLED else str(value)


def integer(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """42, -7."""
    value = whole_number(rng, words.held_out)
    value = -value if rng.random() < 0.25 else value
    return str(value), value


def spelled_integer(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Seventeen, minus one hundred; 42."""
    value = whole_number(rng, words.held_out)
    sign = _pick(rng, ["minus ", "negative "]) if value and rng.random() < 0.3 else ""
    return sign + _number_text(value, "spelled" if rng.random() < 0.8 else "digits"), -value if sign else value


def float_(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """3.14, -273.15."""
    value = decimal_number(rng, words.held_out)
    return repr(value), value


def spelled_float(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """One half; three point five."""
    while True:
        if rng.random() < 0.3:
            english, value = _pick(rng, _FRACTIONS)
        else:
            whole, digits = int(rng.random() * 20), [int(rng.random() * 10) for _ in range(1 + int(rng.random() * 2))]
            english = f"{spelled(whole)} point {' '.join(map(spelled, digits))}"
            value = float(f"{whole}.{''.join(map(str, digits))}")
        if is_held_out(repr(value)) == words.held_out:
            return ("minus " + english, -value) if rng.random() < 0.25 else (english, value)


def text(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A text in double quotes, sometimes single ones."""
    value = phrase(rng, words)
    return f"'{value}'" if rng.random() < 0.15 else f'"{value}"', value


def file(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """notes.txt, "data/train.csv"."""
    name = file_name(rng, words)
    return f'"{name}"' if rng.random() < 0.5 else name, name


def quoted_delimiter(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A delimiter in quotes, as HLX escapes it."""
    usual = not words.held_out and rng.random() < 0.8
    value = delimiter(rng) if usual else invented_name(rng, words.held_out)
    return dumps(value, "HLXL"), value


def boolean(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """True, false."""
    value = rng.random() < 0.5
    return "true" if value else "false", value


def bytes_(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Two hex digits a byte, with blanks between: de ad."""
    value = bytes(int(rng.random() * 256) for _ in range(1 + int(rng.random() * 4)))
    return value.hex(" "), value


def sizes(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """[64, 64, 1], 64 by 64 by 1, 8 x 8 x 1."""
    if words.held_out or rng.random() < 0.5:
        value = [whole_number(rng, words.held_out) for _ in range(3)]
    else:
        value = [_pick(rng, _USUAL_SIZES) for _ in range(3)]
    draw = rng.random()
    if draw < 0.6:
        return str(value), value
    return (" by " if draw < 0.8 else " x ").join(map(str, value)), value


def literal(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A number, a float, a text or a truth value."""
    return _pick(rng, (integer, integer, float_, text, boolean))(rng, words, form)


def items(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """1, 2 and 3; "red" and "blue"."""
    kind = _pick(rng, (integer, integer, float_, text, boolean))
    english, values = zip(*(kind(rng, words, form) for _ in range(2 + int(rng.random() * 3))), strict=True)
    return _listed(english), list(values)


def single(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """5; "red": the one item of a list."""
    english, value = literal(rng, words, form)
    return english, [value]


def numbers(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """1, 2 and 3."""
    drawn = [integer(rng, words, form) for _ in range(2 + int(rng.random() * 4))]
    return _listed([english for english, _ in drawn]), [value for _, value in drawn]


def texts(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Texts in quotes: "red" and "blue"."""
    drawn = [text(rng, words, form) for _ in range(2 + int(rng.random() * 2))]
    return _listed([english for english, _ in drawn]), [value for _, value in drawn]


def pairs(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X 10 and y 20."""
    drawn = {}
    for _ in range(1 + int(rng.random() * 3)):
        drawn[_variable_name(rng, words)] = literal(rng, words, form)
    return _listed([f"{key} {english}" for key, (english, _) in drawn.items()]), {k: v for k, (_, v) in drawn.items()}


def settings(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X is 10 and y is 20."""
    drawn = {}
    for _ in range(1 + int(rng.random() * 3)):
        drawn[_variable_name(rng, words)] = literal(rng, words, form)
    return _listed([f"{key} is {english}" for key, (english, _) in drawn.items()]), {
        k: v for k, (_, v) in drawn.items()
    }


def nested(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Origin has x 0 and y -5."""
    key = _variable_name(rng, words)
    english, inner = pairs(rng, words, form)
    return f"{key} has {english}", {key: inner}


def _listed(parts) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


# Programs


def _variable_name(rng: random.Random, words: Vocabulary) -> str:
    draw = rng.random()
    if draw < 0.25 and not words.held_out:
        return _pick(rng, _PROGRAM_WORDS)
    if draw < 0.45:
        return identifier(rng, words)
    if draw < 0.7:
        return invented_name(rng, words.held_out)
    return _pick(rng, words.singulars if draw < 0.9 else words.verbs)


def name(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a variable or function, as a string: total, parseDate."""
    drawn = _variable_name(rng, words)
    return drawn, drawn


def variable(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Count, the variable count."""
    drawn = _variable_name(rng, words)
    return ("the variable " if rng.random() < 0.3 else "") + drawn, Contract(102, {0: drawn})


def operand(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A number or a variable."""
    draw = rng.random()
    if draw < 0.45:
        return (spelled_integer if draw < 0.12 else integer)(rng, words, form)
    return float_(rng, words, form) if draw < 0.55 else variable(rng, words, form)


_OPERATORS = {"plus": "add", "minus": "subtract", "times": "multiply", "divided by": "divide"}


def expression(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X times 2."""
    (left, left_value), (right, right_value) = operand(rng, words, form), operand(rng, words, form)
    word = _pick(rng, tuple(_OPERATORS))
    return f"{left} {word} {right}", Contract(101, {0: _OPERATORS[word], 1: left_value, 2: right_value})


def arguments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """3 and 9; "hello", x and true."""
    drawn = [_pick(rng, (operand, operand, text, boolean))(rng, words, form) for _ in range(1 + int(rng.random() * 3))]
    return _listed([english for english, _ in drawn]), [value for _, value in drawn]


def parameters(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X and y."""
    names = list(dict.fromkeys(_variable_name(rng, words) for _ in range(1 + int(rng.random() * 3))))
    return _listed(names), names


def code_arguments(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Between the parentheses of a call in code: 3, x."""
    drawn = [_pick(rng, (operand, operand, text, boolean))(rng, words, form) for _ in range(1 + int(rng.random() * 3))]
    texts = [english.removeprefix("the variable ") for english, _ in drawn]
    return ", ".join(texts), [value for _, value in drawn]


def code_parameters(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Between the parentheses of a definition in code: x, y."""
    _, names = parameters(rng, words, form)
    return ", ".join(names), names


def callee(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a function that is called without arguments."""
    drawn = _variable_name(rng, words)
    return drawn, Contract(105, {0: drawn, 1: []})


def call(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Call print with "hello"; call reset."""
    function_name = _variable_name(rng, words)
    if rng.random() < 0.6:
        return f"call {function_name}", Contract(105, {0: function_name, 1: []})
    english, values = arguments(rng, words, form)
    return f"call {function_name} with {english}", Contract(105, {0: function_name, 1: values})


def calls(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Init and then run: calls without arguments, in order."""
    names = [_variable_name(rng, words) for _ in range(1 + int(rng.random() * 3))]
    joint = _pick(rng, [" and then ", " and ", ", then "])
    english = joint.join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    return english, [Contract(105, {0: name, 1: []}) for name in names]


def shaders(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Depth and soften."""
    drawn = [noun(rng, words, "plain" if rng.random() < 0.7 else form) for _ in range(1 + int(rng.random() * 3))]
    return _listed([english for english, _ in drawn]), [value for _, value in drawn]


KINDS: dict[str, tuple[Draw, dict[str, int]]] = {
    "thing": (thing, NAME_FORMS),
    "things": (things, NAME_FORMS),
    "noun": (noun, NAME_FORMS),
    "nouns": (nouns, NAME_FORMS),
    "property": (property_, NAME_FORMS),
    "reference": (reference, NAME_FORMS),
    "function": (function, NAME_FORMS),
    "number": (number, NUMBER_FORMS),
    "adjective": (adjective, ONE_FORM),
    "integer": (integer, ONE_FORM),
    "spelled": (spelled_integer, ONE_FORM),
    "float": (float_, ONE_FORM),
    "text": (text, ONE_FORM),
    "file": (file, ONE_FORM),
    "delimiter": (quoted_delimiter, ONE_FORM),
    "boolean": (boolean, ONE_FORM),
    "bytes": (bytes_, ONE_FORM),
    "sizes": (sizes, ONE_FORM),
    "literal": (literal, ONE_FORM),
    "spelled_float": (spelled_float, ONE_FORM),
    "items": (items, ONE_FORM),
    "single": (single, ONE_FORM),
    "numbers": (numbers, ONE_FORM),
    "texts": (texts, ONE_FORM),
    "settings": (settings, ONE_FORM),
    "code_arguments": (code_arguments, ONE_FORM),
    "code_parameters": (code_parameters, ONE_FORM),
    "callee": (callee, ONE_FORM),
    "pairs": (pairs, ONE_FORM),
    "nested": (nested, ONE_FORM),
    "identifier": (name, ONE_FORM),
    "variable": (variable, ONE_FORM),
    "operand": (operand, ONE_FORM),
    "expression": (expression, ONE_FORM),
    "condition": (variable, ONE_FORM),
    "arguments": (arguments, ONE_FORM),
    "parameters": (parameters, ONE_FORM),
    "call": (call, ONE_FORM),
    "calls": (calls, ONE_FORM),
    "shaders": (shaders, ONE_FORM),
}
"""Each kind of slot: what draws it, and the forms that it comes in with their shares in a hundred."""

DEFAULT_KINDS = {"h": "thing", "n": "number", "s": "text", "l": "sizes"}
"""The kind of an operation's argument whose slot names none, by the letter of its signature."""
