"""Numbers, texts, and the lists and objects that are made of them."""

import json
import random
from collections.abc import Sequence

from ....formats import Value, dumps
from ..inventions import decimal_number, delimiter, file_name, invented_name, is_new_number, phrase, whole_number
from ..vocabulary import Vocabulary, is_held_out, spelled
from .drawing import Drawn, listed, pick, pick_wording
from .names import variable_name

_MAX_SPELLED = 100
_ROUND_NUMBERS = [*range(200, 1000, 100), *range(1000, 11_000, 1000), 20_000, 50_000, 100_000, 1_000_000]
ROUND_SHARE = 0.08  # of numbers that are mostly spelled
_USUAL_SIZES = [size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256) if not is_new_number(size)]
_DOZENS = {"a dozen": 12, "half a dozen": 6, "a hundred": 100, "a thousand": 1000, "two dozen": 24}
_FRACTIONS = [("one half", 0.5), ("a half", 0.5), ("one quarter", 0.25), ("a quarter", 0.25), ("three quarters", 0.75)]


def number(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """5, or five."""
    value = whole_number(rng, words.held_out)
    return _number_text(value, "digits" if words.plain else form), value


def dozen(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A dozen; a number in digits where none of these is new."""
    if words.held_out:
        return number(rng, words, "digits")
    english = pick(rng, tuple(_DOZENS))
    return english, _DOZENS[english]


def _number_text(value: int, form: str) -> str:
    return spelled(value) if form == "spelled" and (value <= _MAX_SPELLED or value in _ROUND_NUMBERS) else str(value)


def integer(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """42, -7."""
    value = whole_number(rng, words.held_out)
    value = -value if rng.random() < 0.25 else value
    return str(value), value


def spelled_integer(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Seventeen, minus one hundred, two thousand; 42."""
    value = whole_number(rng, words.held_out)
    if rng.random() < ROUND_SHARE and is_new_number(round_number := pick(rng, _ROUND_NUMBERS)) == words.held_out:
        value = round_number
    sign = pick(rng, ["minus ", "negative "]) if value and rng.random() < 0.3 else ""
    value = -value if sign else value
    if words.plain:
        return str(value), value
    return sign + _number_text(abs(value), "spelled" if rng.random() < 0.8 else "digits"), value


def float_(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """3.14, -273.15."""
    value = decimal_number(rng, words.held_out)
    return repr(value), value


def spelled_float(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """One half; three point five."""
    while True:
        if rng.random() < 0.3:
            english, value = pick(rng, _FRACTIONS)
        else:
            whole, digits = int(rng.random() * 20), [int(rng.random() * 10) for _ in range(1 + int(rng.random() * 2))]
            english = f"{spelled(whole)} point {' '.join(map(spelled, digits))}"
            value = float(f"{whole}.{''.join(map(str, digits))}")
        if is_held_out(repr(value)) == words.held_out:
            return ("minus " + english, -value) if rng.random() < 0.25 else (english, value)


def text(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A text in double quotes, sometimes single ones."""
    value = phrase(rng, words)
    single = "'" not in value and not words.plain and rng.random() < 0.15
    return f"'{value}'" if single else f'"{value}"', value


def file(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """notes.txt, "data/train.csv"."""
    name = file_name(rng, words)
    return f'"{name}"' if words.plain or rng.random() < 0.5 else name, name


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
    """[64, 64, 1]; 64 by 64 by 1; 64 x 64 x 1; 64, 64, 1."""
    if words.held_out or rng.random() < 0.5:
        value = [whole_number(rng, words.held_out) for _ in range(3)]
    else:
        value = [pick(rng, _USUAL_SIZES) for _ in range(3)]
    if words.plain or rng.random() < 0.5:
        return str(value), value
    return pick(rng, (" by ", " x ", ", ")).join(map(str, value)), value


_LITERALS = (integer, integer, float_, text, boolean)


def literal(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A number, a float, a text or a truth value."""
    return pick(rng, _LITERALS)(rng, words, form)


def member(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A literal or, now and then, null."""
    return ("null", None) if rng.random() < 0.06 else literal(rng, words, form)


def items(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """1, 2 and 3; "red" and "blue"; or of several kinds: 1, "red", null."""
    kind = member if rng.random() < 0.25 else pick(rng, _LITERALS)
    english, values = zip(*(kind(rng, words, form) for _ in range(2 + int(rng.random() * 3))), strict=True)
    return _enumerated(rng, words, english), list(values)


def rows(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """[1, 2] and [3, 4]: the lists in a list."""
    kind = pick(rng, _LITERALS)
    width = 1 + int(rng.random() * 3)
    values = [[kind(rng, words, form)[1] for _ in range(width)] for _ in range(2 + int(rng.random() * 2))]
    return _enumerated(rng, words, [_json(value) for value in values]), values


def code(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A list or an object as programs have it: [1, 2], {"x": 1}."""
    return (array_code if rng.random() < 0.4 else object_code)(rng, words, form)


def array_code(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """[1, 2], [["red", "blue"], ["green"]]."""
    value = pick(rng, (items, items, rows))(rng, words, form)[1]
    return _json(value), value


def object_code(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """{"x": 1, "y": true}, {"origin": {"x": 0}}."""
    value = pick(rng, (pairs, pairs, nested))(rng, words, form)[1]
    return _json(value), value


def _json(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _enumerated(rng: random.Random, words: Vocabulary, parts: Sequence[str]) -> str:
    """A, b and c, or without the "and"."""
    return ", ".join(parts) if not words.plain and rng.random() < 0.2 else listed(parts)


def single(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """5; "red": the one item of a list."""
    english, value = literal(rng, words, form)
    return english, [value]


def numbers(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """1, 2 and 3."""
    drawn = [integer(rng, words, form) for _ in range(2 + int(rng.random() * 4))]
    return listed([english for english, _ in drawn]), [value for _, value in drawn]


def texts(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Texts in quotes: "red" and "blue"."""
    drawn = [text(rng, words, form) for _ in range(2 + int(rng.random() * 2))]
    return listed([english for english, _ in drawn]), [value for _, value in drawn]


_PAIRS = (*["{} {}"] * 6, "{}: {}", "{} = {}", "{} set to {}", "{} of {}")
_SETTINGS = (*["{} is {}"] * 6, "{} equals {}", "{} is set to {}", "{} = {}")


def pairs(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X 10 and y 20; x = 10, y = 20."""
    return _members(rng, words, form, _PAIRS)


def settings(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """X is 10 and y is 20; x equals 10, y equals 20."""
    return _members(rng, words, form, _SETTINGS)


def owned(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Whose x is 10 and whose y is 20."""
    return _members(rng, words, form, ("whose {} is {}",))


def _members(rng: random.Random, words: Vocabulary, form: str, wordings: Sequence[str]) -> Drawn:
    """One to three keys with their values, each in the same of these wordings."""
    wording = pick_wording(rng, words, wordings)
    drawn = {}
    for _ in range(1 + int(rng.random() * 3)):
        drawn[variable_name(rng, words)] = member(rng, words, form)
    english = [wording.format(key, member_english) for key, (member_english, _) in drawn.items()]
    return _enumerated(rng, words, english), {key: value for key, (_, value) in drawn.items()}


def nested(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Origin has x 0 and y -5."""
    key = variable_name(rng, words)
    english, value = pairs(rng, words, form)
    return f"{key} has {english}", {key: value}


def nested_with(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Origin with x 0 and y -5; origin in which x is 0: the object in an object."""
    key = variable_name(rng, words)
    if words.plain or rng.random() < 0.5:
        english, value = pairs(rng, words, form)
        joint = pick_wording(rng, words, ("with", "with", "of", "holding"))
        return f"{key} {joint} {english}", {key: value}
    english, value = settings(rng, words, form)
    return f"{key} {pick(rng, ('in which', 'where', 'whose'))} {english}", {key: value}


_LIST_MEMBERS = (
    "{} set to the list {}",
    "{}, a list of {}",
    "{}, which is the list {}",
    "{} the list {}",
    "the key {} holding the list {}",
    "{} holding {}",
)


def list_member(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Tags set to the list "a" and "b"; a list in an object."""
    key = variable_name(rng, words)
    english, values = items(rng, words, form)
    joint = pick_wording(rng, words, _LIST_MEMBERS)
    return joint.format(key, english), {key: values}
