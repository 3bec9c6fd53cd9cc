"""What things, their properties, functions and variables are called."""

import random

from ....formats import Handle
from ..inventions import acronym, identifier, invented_name
from ..vocabulary import Vocabulary, is_held_out
from .drawing import Drawn, pick, pick_wording

_DETERMINERS = ["the "] * 20 + [""] * 4 + ["a ", "a ", "my ", "my ", "our ", "this ", "that ", "your "]
# Others, such as "hour", "unit" and "SQL", go by their sound.
_AFTER_A, _AFTER_AN = frozenset("bcdfgjklmnpqrstvwxyz"), frozenset("aei")
_PLURAL_DETERMINERS = (
    ["the "] * 16 + [""] * 12 + ["my ", "my ", "all ", "all the ", "these ", "those ", "our ", "all my "]
)
# of names of several words, such as password field: they are to be taken whole, though wordings have such words, too
KNOWN_HEAD_SHARE = 0.3
ACRONYM_SHARE = 0.1  # of invented names in the singular
HYPHEN_SHARE = 0.08  # of words that stand before a noun
POSSESSIVE_SHARE, QUOTED_SHARE = 0.07, 0.04  # of nouns before a noun: the user's profile, the "settings" window
PLURAL_FIRST_SHARE = 0.05  # of nouns before a noun: the users table
_PROGRAM_WORDS = [
    word for word in "x y z n i a b c k total count width height value ready".split() if not is_held_out(word)
]
_PLACES = [word for word in "last next previous current final".split() if not is_held_out(word)]


def camel_case(english: str) -> str:
    """The words of a noun phrase in lowerCamelCase: log files, fine-tuned model, API key, user's profile."""
    first, *others = english.lower().replace("'s ", " ").replace('"', "").replace("-", " ").split()
    return first + "".join(map(str.capitalize, others))


def _name(rng: random.Random, words: Vocabulary, form: str, plural: bool) -> tuple[str, str]:
    """A noun phrase without determiner, and its words in lowerCamelCase."""
    if form == "identifier":
        name = identifier(rng, words)
        return name, name
    english = _noun_phrase(rng, words, form, plural)
    return english, camel_case(english)


def _noun_phrase(rng: random.Random, words: Vocabulary, form: str, plural: bool) -> str:
    if form == "invented":
        return _invented(rng, words) if not plural else invented_name(rng, words.held_out) + "s"
    if form in ("adjectival", "compound") and rng.random() < KNOWN_HEAD_SHARE:
        head = pick(rng, words.known_plurals if plural else words.known_singulars)
    else:
        head = pick(rng, words.plurals if plural else words.singulars)
    if form == "adjectival":
        first = _modifier(rng, words)
        return f"{first} {pick(rng, words.singulars)} {head}" if rng.random() < 0.2 else f"{first} {head}"
    if form == "compound":
        return _first_noun(rng, words) + head
    return head


def _first_noun(rng: random.Random, words: Vocabulary) -> str:
    """A noun before a noun, with what joins them: log, user's, "settings", users."""
    draw = rng.random()
    if draw < 0.2:
        first = _invented(rng, words)
    elif draw < 0.2 + PLURAL_FIRST_SHARE:
        return pick(rng, words.plurals) + " "
    else:
        first = pick(rng, words.known_singulars if draw < 0.35 else words.singulars)
    draw = 1.0 if words.plain else rng.random()
    if draw < HYPHEN_SHARE:
        return f"{first}-"
    draw -= HYPHEN_SHARE
    if draw < POSSESSIVE_SHARE:
        return f"{first}'s "
    return f'"{first}" ' if draw < POSSESSIVE_SHARE + QUOTED_SHARE else f"{first} "


def _invented(rng: random.Random, words: Vocabulary) -> str:
    """Brimbel, now and then XQB."""
    if not words.plain and rng.random() < ACRONYM_SHARE:
        return acronym(rng, words.held_out)
    return invented_name(rng, words.held_out)


def _modifier(rng: random.Random, words: Vocabulary) -> str:
    """What stands before a noun: active, saved, running, last, in-store."""
    draw = rng.random()
    if draw < HYPHEN_SHARE and not words.plain:
        return _hyphenated(rng, words)
    if draw < 0.25:
        return pick(rng, words.participles)
    if draw < 0.31:
        return pick(rng, words.present_participles)
    if draw < 0.37 and not words.held_out:
        return pick(rng, _PLACES)
    return pick(rng, words.adjectives)


def _hyphenated(rng: random.Random, words: Vocabulary) -> str:
    """Fine-tuned, in-store."""
    first = pick(rng, words.adjectives if rng.random() < 0.5 else words.singulars)
    return f"{first}-{pick(rng, words.participles if rng.random() < 0.7 else words.singulars)}"


def with_head(english: str, value: Handle, head: str) -> tuple[str, Handle]:
    """A name with a last word more: the blur kernel for the blur."""
    return f"{english} {head}", Handle(f"{value.name}{head.capitalize()}")


def thing(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The draft, an open ticket, users, log files, old log files, cacheTable."""
    plural = rng.random() < 0.5
    english, name = _name(rng, words, form, plural)
    if form == "identifier" and not words.plain and rng.random() < 0.6:
        return english, Handle(name)
    determiner = pick_wording(rng, words, _PLURAL_DETERMINERS if plural else _DETERMINERS)
    if determiner == "a " and english[0] not in _AFTER_A:
        determiner = "an " if english[0] in _AFTER_AN else "the "
    return determiner + english, Handle(name)


def things(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The users, all orders."""
    english, name = _name(rng, words, form, plural=True)
    return pick_wording(rng, words, _PLURAL_DETERMINERS) + english, Handle(name)


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
    """Active, unread, pending, in-store: also participles, and words that no dictionary has."""
    draw = rng.random()
    if draw < 0.5:
        word = pick(rng, words.adjectives)
    elif draw < 0.73:
        word = pick(rng, words.participles)
    elif draw < 0.8:
        word = pick(rng, words.present_participles)
    elif draw < 0.83 and not words.plain:
        word = _hyphenated(rng, words)
    else:
        word = invented_name(rng, words.held_out) + pick(rng, ["", "y", "ed", "al", "ish", "ive"])
    return word, Handle(camel_case(word))


def function(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The name of a function: double, sum, parseDate."""
    if form in ("adjectival", "compound", "identifier"):
        name = identifier(rng, words)
    elif form == "invented":
        name = invented_name(rng, words.held_out)
    else:
        name = pick(rng, words.verbs if rng.random() < 0.7 else words.singulars)
    return name, Handle(name)


def reference(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """A thing's name with "the" or without."""
    english, value = noun(rng, words, form)
    return ("the " if words.plain or rng.random() < 0.5 else "") + english, value


def variable_name(rng: random.Random, words: Vocabulary) -> str:
    """Of a variable or function in a program: total, row_count, parse."""
    draw = rng.random()
    if draw < 0.25 and not words.held_out:
        return pick(rng, _PROGRAM_WORDS)
    if draw < 0.45:
        return identifier(rng, words)
    if draw < 0.7:
        return invented_name(rng, words.held_out)
    return pick(rng, words.singulars if draw < 0.9 else words.verbs)
