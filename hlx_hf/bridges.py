"""All four notations for models that have learned only some of them, by exact conversion."""

from collections.abc import Sequence
from contextlib import suppress

from .formats import HLXError, convert, notation_of


def into_learned(text: str, learned: Sequence[str] | None) -> str:
    """HLX in a notation that a model has learned; a text that is no HLX, or ambiguous, stays as it is.

    Args:
        text: what the model is to put into English.
        learned: the notations that the model has learned, all of them if None.
    """
    if learned:
        with suppress(ValueError):
            source = notation_of(text)
            return text if source in learned else convert(text, source, learned[0])
    return text


def into_asked(answer: str, written: str, asked: str) -> str:
    """An answer in the notation that it was asked for; one that is no HLX stays as it is, as without a constraint.

    Args:
        answer: what the model wrote.
        written: the notation that it wrote it in.
        asked: the notation, or English, that was asked for.
    """
    if written != asked:
        with suppress(HLXError):
            return convert(answer, written, asked)
    return answer
