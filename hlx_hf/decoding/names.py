"""The names that a request can mean, since handles are its own nouns in lowerCamelCase."""

import re
from collections.abc import Iterator

from ..contracts import ITEMS, SORT_ORDERS, SUMMARIES, schema_problem
from ..formats import Contract, Handle, Value

MOST_WORDS = 5  # of a name

# A possessive s is no word of a name; in HLXL a handle is marked with more than one character.
_WORD = re.compile(r"&h_(\w+)|([a-z]\w*|_\w+)(?:'s\b)?|(\d\w*)", re.ASCII | re.IGNORECASE)

GIVEN_NAMES = frozenset(handle.name for handle in (ITEMS, *SORT_ORDERS, *SUMMARIES))
"""Names of handles that a request can mean without saying them."""


def names_in(request: str) -> frozenset[str]:
    """The names of all handles that an answer to a request may have.

    Every run of up to `MOST_WORDS` words in lowerCamelCase, words that are written as a name already, and
    `GIVEN_NAMES`. Single words keep their capitals as well, and so do the later ones of a run.

    Args:
        request: English, or HLX in any notation.
    """
    words = [next(filter(None, match.groups())) for match in _WORD.finditer(request)]
    names = set(GIVEN_NAMES)
    names.update(word for match in _WORD.finditer(request) if (word := match.group().removeprefix("&")).isidentifier())
    for start, first in enumerate(words):
        if first[0].isdigit():
            continue
        rest = words[start + 1 : start + MOST_WORDS]
        for count in range(len(rest) + 1):
            later = rest[:count]
            names.add(first.lower() + "".join(word.capitalize() for word in later))
            capitalized = "".join(word[0].upper() + word[1:] for word in later)
            names.add(first + capitalized)
            names.add(first[0].lower() + first[1:] + capitalized)
    return frozenset(names)


def is_grounded(value: Value, request: str) -> bool:
    """Whether a value is a grounded answer: its handles have names of the request, its contracts fit the tables."""
    return names_in(request).issuperset(_handle_names(value)) and schema_problem(value, other_ids=True) is None


def _handle_names(value: Value) -> Iterator[str]:
    if isinstance(value, Handle):
        yield value.name
    elif isinstance(value, Contract):
        for field in value.fields.values():
            yield from _handle_names(field)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _handle_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _handle_names(item)
