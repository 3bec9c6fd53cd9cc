"""What things, their properties, functions and variables are called."""

import random

from ....formats import Handle
from ..words import Vocabulary, identifier, invented_name, is_held_out
from .drawing import Drawn, pick

_DETERMINERS = ["the "] * 22 + [""] * 4 + ["my ", "my ", "our ", "this ", "that ", "your "]
_PLURAL_DETERMINERS = (
    ["the "] * 16 + [""] * 12 + ["my ", "my ", "all ", "all the ", "these ", "those ", "our ", "all my "]
)
# of names of several words, such as password field: they are to be taken whole, though wordings have such words, too
KNOWN_HEAD_SHARE = 0.3
_PROGRAM_WORDS = [word for word in "x y n i total count width height value ready".split() if not is_held_out(word)]


def _name(rng: random.Random, words: Vocabulary, form: str, plural: bool) -> tuple[str, str]:
    """A noun phrase without determiner, and its words in lowerCamelCase."""
    if form == "identifier":
        name = identifier(rng, words)
        return name, name
    if form == "invented":
        head = invented_name(rng, words.held_out)
        if plural:
            head += "s"
    elif form in ("adjectival", "compound") and rng.random() < KNOWN_HEAD_SHARE:
        head = pick(rng, words.known_plurals if plural else words.known_singulars)
    else:
        head = pick(rng, words.plurals if plural else words.singulars)
    if form == "adjectival":
        first = pick(rng, words.adjectives)
        if rng.random() < 0.2:
            middle = pick(rng, words.singulars)
            return f"{first} {middle} {head}", first + middle.capitalize() + head.capitalize()
    elif form == "compound":
        draw = rng.random()
        if draw < 0.2:
            first = invented_name(rng, words.held_out)
        else:
            first = pick(rng, words.known_singulars if draw < 0.3 else words.singulars)
    else:
        return head, head
    return f"{first} {head}", first + head.capitalize()


def thing(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The draft, users, my open tickets, log files, old log files, cacheTable."""
    plural = rng.random() < 0.5
    english, name = _name(rng, words, form, plural)
    if form == "identifier" and rng.random() < 0.6:
        return english, Handle(name)
    return pick(rng, _PLURAL_DETERMINERS if plural else _DETERMINERS) + english, Handle(name)


def things(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """The users, all orders."""
    english, name = _name(rng, words, form, plural=True)
    return pick(rng, _PLURAL_DETERMINERS) + english, Handle(name)


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
        word = pick(rng, words.adjectives)
    elif draw < 0.8:
        word = pick(rng, words.participles)
    else:
        word = invented_name(rng, words.held_out) + pick(rng, ["", "y", "ed", "al", "ish", "ive"])
    return word, Handle(word)


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
    return ("the " if rng.random() < 0.5 else "") + english, value


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
