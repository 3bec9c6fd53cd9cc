"""How people type a sentence: with capitals, final marks and blanks as they should be, or as it happens."""

import random
import re

CAPITALIZED_SHARE, SHOUTED_SHARE = 0.72, 0.02
FULL_STOP_SHARE, EXCLAMATION_SHARE = 0.25, 0.03  # of sentences that end without a mark
NO_QUESTION_MARK_SHARE = 0.15  # of questions
BLANKS_SHARE = 0.015  # of sentences, those with more blanks than they need

_PLAIN_WORDS = re.compile(r"[a-z ,.?!'-]*")  # no digits and underscores, as names of programs have them: A_1 may be a_1
_QUOTES = ('"', "'")  # what is quoted is meant as it is typed


def capitalized(english: str) -> str:
    """With a capital in front, but for names of programs."""
    first_word = english.split(" ", 1)[0]
    return english[0].upper() + english[1:] if first_word.isalpha() and first_word.islower() else english


def as_typed(english: str, rng: random.Random) -> str:
    """Some way that somebody may type the sentence."""
    is_quoting = any(quote in english for quote in _QUOTES)
    draw = rng.random()
    if draw < CAPITALIZED_SHARE:
        english = capitalized(english)
    elif draw < CAPITALIZED_SHARE + SHOUTED_SHARE and not is_quoting and _PLAIN_WORDS.fullmatch(english):
        english = english.upper()
    if not english or english[-1].isalnum() or english.endswith(_QUOTES):  # a mark alone is a request for nothing
        draw = rng.random()
        english += "." if draw < FULL_STOP_SHARE else "!" if draw < FULL_STOP_SHARE + EXCLAMATION_SHARE else ""
    elif english.endswith("?") and rng.random() < NO_QUESTION_MARK_SHARE:
        english = english[:-1]
    if rng.random() < BLANKS_SHARE:
        if not is_quoting:
            english = english.replace(" ", "  " if rng.random() < 0.5 else "   ")
        english = " " * int(rng.random() * 3) + english + " " * int(rng.random() * 3)
    return english


def fingerprint(english: str) -> str:
    """What two sentences share that differ in capitals, blanks and final marks alone."""
    return " ".join(english.lower().split()).rstrip(".!? ")
