"""The names that a request can mean, since handles are its own nouns in lowerCamelCase."""

import re
from collections.abc import Iterator
from itertools import takewhile

from ..contracts import ITEMS, UNSAID, operation_of, schema_problem
from ..formats import Contract, Handle, Value

MOST_WORDS = 5  # of a name

FUNCTION_WORDS = frozenset(
    "a an the this that these those my our your his her its their it them they he she him us me i you we all every "
    "each both some any and or but nor of to from by with without in into on onto at for as is are was were be been "
    "am do did has have had must should shall can could would may not then than so if else when while until unless "
    "because after before over under through out up off about against between per via using who which what whose how "
    "why where there here".split()
)
"""Words of English that hold a sentence together, and that a name would not go across. Some, such as "will" and "down",
are nouns, too, and are left out."""

# A name that is marked as one in HLX, for HLXL with more than a character; a word, whose possessive s is no part of it
_WORD = re.compile(r"(?:&h_|[&@⟁])(?P<name>\w+)|(?P<word>\w+)(?:'s\b)?", re.ASCII)


def names_in(request: str) -> frozenset[str]:
    """The names of all handles that an answer to a request may have.

    Every run of up to `MOST_WORDS` words in lowerCamelCase, words that are written as a name already, and the name
    of what is left unnamed. Single words keep their capitals as well, and so do the later ones of a run. Words such
    as "the" and "into" are in no run, unless a hyphen makes them part of another word.

    Args:
        request: English, or HLX in any notation.
    """
    names = {ITEMS.name}
    words: list[str | None] = []  # None where no run goes across
    for match in _WORD.finditer(request):
        if name := match["name"]:
            names.add(name)
            names.add(match.group().removeprefix("&"))  # which is the name itself in LC-B
        word = name or match["word"]
        is_hyphenated = "-" in (request[match.start() - 1 : match.start()], request[match.end() : match.end() + 1])
        words.append(None if word.lower() in FUNCTION_WORDS and not (name or is_hyphenated) else word)
    for start, first in enumerate(words):
        if first is None or first[0].isdigit():
            continue
        rest = takewhile(lambda word: word is not None, words[start + 1 : start + MOST_WORDS])
        lowered, kept = first.lower(), (first, first[0].lower() + first[1:])
        names.update((lowered, *kept))
        for word in rest:
            lowered += word.capitalize()
            kept = tuple(name + word[0].upper() + word[1:] for name in kept)
            names.update((lowered, *kept))
    return frozenset(name for name in names if name.isidentifier())


def is_grounded(value: Value, request: str) -> bool:
    """Whether a value is a grounded answer: its handles have names of the request, its contracts fit the tables."""
    return names_in(request).issuperset(_handle_names(value)) and schema_problem(value, other_ids=True) is None


def _handle_names(value: Value) -> Iterator[str]:
    if isinstance(value, Handle):
        yield value.name
    elif isinstance(value, Contract):
        for index, field in value.fields.items():
            if field not in UNSAID.get((operation_of(value), index), ()):
                yield from _handle_names(field)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _handle_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _handle_names(item)
