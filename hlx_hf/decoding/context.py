"""What no context-free grammar says: a key stands once in its object, and the indices of fields ascend."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from itertools import count, product

from ..formats.notations import Notation
from ..formats.values import MAX_FIELD_INDEX
from ..formats.writer import write_key
from .lazy import LazyProperty
from .numbers import NATURAL
from .symbols import INFINITE, Pending, Symbol, advance, length, may_end, next_characters

Then = Callable[[str], Pending]
"""What follows a key or an index, given its text; as long for any text."""

# What a key can be made longer with: a name, and a string without an escape, where the first one makes it no name
NAME_CHARACTERS = string.ascii_letters + string.digits + "_"
STRING_CHARACTERS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"\\')
LONGEST_ESCAPE = len(r"\ud83d\ude00")
LONGEST_INDEX = len(str(MAX_FIELD_INDEX))


class Key(Symbol):
    """The rest of an object's key, and all that follows it in the object.

    Args:
        notation: what it is written in.
        used: the texts of the keys before it.
        then: what follows it.
        form: what is missing of it, by its form alone.
        text: what is there of it already.
    """

    def __init__(self, notation: Notation, used: frozenset[str], then: Then, form: Pending, text: str = ""):
        self.notation = notation
        self.used = used
        self.then = then
        self.form = form
        self.text = text

    @LazyProperty
    def characters(self) -> frozenset[str]:
        found = next_characters(self.form)
        if may_end(self.form) and self._is_new(self.text):
            return found | next_characters(self.then(self.text))
        if '"' in found and self.text and not advance(self.form, '"') and not self._is_new(self.text + '"'):
            return found - {'"'}
        return found

    def after(self, character: str) -> Pending:
        if character not in next_characters(self.form):
            return advance(self.then(self.text), character)
        form, text = advance(self.form, character), self.text + character
        return (Key(self.notation, self.used, self.then, form, text),) if form else self.then(text)

    @LazyProperty
    def shortest(self) -> float:
        quote = '"' if self.text.startswith('"') else ""
        tail = length(self.then(self.text))
        if self.text and length(self.form) > len(quote):  # within an escape
            return self._shortest_from_escape(length(self.form) + tail)
        characters = STRING_CHARACTERS if quote else NAME_CHARACTERS
        more = next(
            more
            for more in count()
            if any(self._is_new(self.text + "".join(end) + quote) for end in product(characters, repeat=more))
        )
        return more + len(quote) + tail

    def _shortest_from_escape(self, least: float) -> float:
        shortest = INFINITE
        for character in next_characters(self.form):
            shortest = min(shortest, 1 + length(self.after(character)))
            if shortest == least:
                break
        return shortest

    @property
    def farthest(self) -> float:
        return self.shortest + LONGEST_ESCAPE

    def _is_new(self, text: str) -> bool:
        if not text or text in self.used:
            return False
        return text == write_key(json.loads(text) if text[0] == '"' else text, self.notation)


class Index(Symbol):
    """The rest of a field's index, and all that follows it in the contract.

    Args:
        last: the index before it, or -1.
        then: what follows it.
        text: what is there of it already.
    """

    context_free = NATURAL

    def __init__(self, last: int, then: Then, text: str = ""):
        self.last = last
        self.then = then
        self.text = text
        self._following: dict[str, Pending] = {}

    @LazyProperty
    def choices(self) -> list[str]:
        return [index for index in map(str, range(self.last + 1, MAX_FIELD_INDEX + 1)) if index.startswith(self.text)]

    @LazyProperty
    def characters(self) -> frozenset[str]:
        digits = frozenset(index[len(self.text)] for index in self.choices if index != self.text)
        return digits | next_characters(self.then(self.text)) if self.text in self.choices else digits

    def after(self, character: str) -> Pending:
        if character not in string.digits:
            return advance(self.then(self.text), character)
        if character not in self._following:
            self._following[character] = (Index(self.last, self.then, self.text + character),)
        return self._following[character]

    @property
    def farthest(self) -> float:
        return self.shortest + LONGEST_INDEX

    @LazyProperty
    def shortest(self) -> float:
        if not self.choices:
            return INFINITE
        return min(map(len, self.choices)) - len(self.text) + length(self.then(self.choices[0]))
