"""Names, numbers and texts that are made up on the spot, since only what cannot be memorised has to be copied.

Each is of training or held out, like the words of `vocabulary`.
"""

import random

from ...decoding.names import FUNCTION_WORDS
from .vocabulary import Vocabulary, is_held_out

JOINT_SHARE = 0.08  # of texts, those whose words are joined by more than a blank
ALWAYS_IN_TRAINING = 21  # numbers below this are the words of counting, not names

_ONSETS = (
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sh sl sp st str t th tr v w x y z".split()
)
_VOWELS = "a e i o u ai ea ee ie io oa oo ou".split()
_CODAS = ["", "", "", *"b ck d ft g l ld lk m mp n nd ng nt p r rd rk rm rn rt s sk st t v x z".split()]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_EXTENSIONS = "txt csv json md pdf png pt bin yaml log html xml py wav zip".split()
_ROOTS = ["", "", "/", "/", "~/", "./"]
_DELIMITERS = [
    ",",
    ";",
    ":",
    "|",
    "/",
    "-",
    "_",
    " ",
    "\t",
    "\n",
    ", ",
    " - ",
    " | ",
    "::",
    "->",
    "=",
    "&",
    ".",
    "#",
    "+",
    "--",
    "\\",
]
_PHRASE_JOINTS = (", ", "'s ", ". ", " & ")


def invented_name(rng: random.Random, held_out: bool) -> str:
    """A word that no dictionary has: two or three syllables, or now and then a few letters without any."""
    while True:
        if rng.random() < 0.7:
            count = 2 + (rng.random() < 0.35)
            word = "".join(
                _ONSETS[int(rng.random() * len(_ONSETS))] + _VOWELS[int(rng.random() * len(_VOWELS))]
                for _ in range(count)
            )
            word += _CODAS[int(rng.random() * len(_CODAS))]
        else:
            word = "".join(_LETTERS[int(rng.random() * 26)] for _ in range(3 + int(rng.random() * 7)))
        if is_held_out(word) == held_out and word not in FUNCTION_WORDS:
            return word


def acronym(rng: random.Random, held_out: bool) -> str:
    """Two to four capitals: XQB."""
    while True:
        word = "".join(_LETTERS[int(rng.random() * 26)] for _ in range(2 + int(rng.random() * 3)))
        if is_held_out(word) == held_out and word not in FUNCTION_WORDS:
            return word.upper()


def identifier(rng: random.Random, words: Vocabulary) -> str:
    """A name as programs have them: cacheKey, user_id, node7, x."""
    shape = rng.random()
    if shape < 0.4:
        return _part(rng, words) + _part(rng, words).capitalize()
    if shape < 0.7:
        return f"{_part(rng, words)}_{_part(rng, words)}"
    return f"{invented_name(rng, words.held_out)}{int(rng.random() * 100)}"


def _part(rng: random.Random, words: Vocabulary) -> str:
    if rng.random() < 0.5:
        return invented_name(rng, words.held_out)
    return words.singulars[int(rng.random() * len(words.singulars))]


def is_new_number(number: int) -> bool:
    """Whether training never sees a number."""
    return abs(number) >= ALWAYS_IN_TRAINING and is_held_out(str(abs(number)))


def whole_number(rng: random.Random, held_out: bool) -> int:
    """A number to count with: mostly small, up to a million, never negative."""
    while True:
        size = rng.random()
        if size < 0.45 and not held_out:
            return int(rng.random() * ALWAYS_IN_TRAINING)
        if size < 0.75:
            number = int(rng.random() * 100)
        elif size < 0.93:
            number = int(rng.random() * 1000)
        elif size < 0.99:
            number = int(rng.random() * 10_000)
        else:
            number = int(rng.random() * 1_000_000)
        if is_new_number(number) == held_out:
            return number


def decimal_number(rng: random.Random, held_out: bool) -> float:
    """A float of a few digits, as people write them: 0.5, 3.14, -273.15."""
    while True:
        digits = 1 + int(rng.random() * 3)
        number = round(rng.random() * 10 ** int(rng.random() * 4), digits)
        if is_held_out(repr(number)) == held_out:
            return -number if rng.random() < 0.2 else number


def phrase(rng: random.Random, words: Vocabulary) -> str:
    """A text to search for or to say: one to three words, now and then with capitals, digits or punctuation."""
    parts = []
    for _ in range(1 + int(rng.random() * 3)):
        draw = rng.random()
        lists = words.singulars if draw < 0.4 else words.adjectives if draw < 0.6 else words.verbs
        parts.append(invented_name(rng, words.held_out) if draw > 0.75 else lists[int(rng.random() * len(lists))])
    joint = _PHRASE_JOINTS[int(rng.random() * len(_PHRASE_JOINTS))] if rng.random() < JOINT_SHARE else " "
    text = joint.join(parts)
    draw = rng.random()
    if draw < 0.12:
        text = text.capitalize()
    elif draw < 0.18:
        text += "!?.%"[int(rng.random() * 4)]
    elif draw < 0.26:
        text += f" {whole_number(rng, words.held_out)}"
    elif draw < 0.31:
        text = text.upper()
    elif draw < 0.34:
        text = text.title()
    return text


def file_name(rng: random.Random, words: Vocabulary) -> str:
    """A file's name with its extension, one in four in a folder."""
    name = identifier(rng, words) if rng.random() < 0.3 else _part(rng, words)
    folder = f"{_ROOTS[int(rng.random() * len(_ROOTS))]}{_part(rng, words)}/" if rng.random() < 0.25 else ""
    return f"{folder}{name}.{_EXTENSIONS[int(rng.random() * len(_EXTENSIONS))]}"


def delimiter(rng: random.Random) -> str:
    """What lists are separated by."""
    return _DELIMITERS[int(rng.random() * len(_DELIMITERS))]
