"""Symbols, of which the grammar of a notation is made: each knows what may come next, and how short its end can be.

What is still to be written of a text is a sequence of symbols, the next one first. A character takes the place of the
symbol that it belongs to by what remains of that symbol, so that a sequence is all that there is to remember. Sequences
are tuples and never change, so that many texts can go on from one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

from .lazy import LazyProperty

INFINITE = math.inf
"""The length of what cannot be completed."""

Pending = tuple["Symbol", ...]


class Symbol:
    """A part of a text that is still to be written.

    Attributes:
        characters: those that may come next; each leaves a way to complete the symbol.
        ends: whether it may be complete as it is.
        shortest: how many characters complete it at least.
        farthest: how many characters can at most become necessary to complete it by the next one.
        context_free: what the symbol is to an engine for context-free grammars, where that is something else.
    """

    characters: frozenset[str]
    ends = False
    shortest: float
    context_free: Pending | None = None

    def after(self, character: str) -> Pending:
        """What remains of the symbol after one of `characters`."""
        raise NotImplementedError

    @LazyProperty
    def farthest(self) -> float:
        return max((length(self.after(character)) for character in self.characters), default=0)


class Text(Symbol):
    """These very characters, one at least."""

    def __init__(self, text: str):
        self.text = text
        self.characters = frozenset(text[0])
        self.shortest = len(text)

    @LazyProperty
    def rest(self) -> Pending:
        return (_text(self.text[1:]),) if len(self.text) > 1 else ()

    def after(self, character: str) -> Pending:
        return self.rest


# Grammars are made for one request after another, of the same few texts and its names.
_text = lru_cache(1 << 14)(Text)


class OneOf(Symbol):
    """One of these characters."""

    shortest = 1

    def __init__(self, characters: Iterable[str]):
        self.characters = frozenset(characters)

    def after(self, character: str) -> Pending:
        return ()


class Either(Symbol):
    """One of some sequences. Those that begin alike are told apart where they first differ."""

    def __init__(self, *options: Pending):
        self.options = options

    @LazyProperty
    def shortest(self) -> float:
        return min(map(length, self.options), default=INFINITE)

    @LazyProperty
    def ends(self) -> bool:
        return any(map(may_end, self.options))

    @LazyProperty
    def choices(self) -> dict[str, Pending]:
        found: dict[str, list[Pending]] = {}
        for option in self.options:
            for character in next_characters(option):
                pending = advance(option, character)
                if length(pending) < INFINITE:
                    found.setdefault(character, []).append(pending)
        return {
            character: pendings[0] if len(pendings) == 1 else (Either(*pendings),)
            for character, pendings in found.items()
        }

    @LazyProperty
    def characters(self) -> frozenset[str]:
        return frozenset(self.choices)

    def after(self, character: str) -> Pending:
        return self.choices[character]


class Repeat(Symbol):
    """A sequence any number of times; what follows it begins with other characters."""

    ends = True
    shortest = 0

    def __init__(self, *body: Symbol | str):
        self.body = sequence(*body)

    @LazyProperty
    def characters(self) -> frozenset[str]:
        return next_characters(self.body)

    def after(self, character: str) -> Pending:
        return (*advance(self.body, character), self)


class Rule(Symbol):
    """A sequence with a name, which is made when it is needed, since it may contain itself.

    Args:
        name: what it is called in a grammar that is written down.
        build: gives the sequence.
        shortest: how many characters that takes at least.
        context_free: gives the sequence for an engine for context-free grammars, where that is another one.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], Pending],
        shortest: float,
        context_free: Callable[[], Pending] | None = None,
    ):
        self.name = name
        self.build = build
        self.shortest = shortest
        self.build_context_free = context_free or build

    @LazyProperty
    def body(self) -> Pending:
        return self.build()

    @LazyProperty
    def characters(self) -> frozenset[str]:
        return next_characters(self.body)

    def after(self, character: str) -> Pending:
        return advance(self.body, character)


def sequence(*parts: Symbol | str) -> Pending:
    """The parts in order; strings stand for themselves, and empty ones for nothing."""
    return tuple(_text(part) if isinstance(part, str) else part for part in parts if part != "")


def length(pending: Pending) -> float:
    """How many characters complete the sequence at least."""
    return sum(symbol.shortest for symbol in pending)


def may_end(pending: Pending) -> bool:
    """Whether the sequence may be complete as it is."""
    return all(symbol.ends for symbol in pending)


def next_characters(pending: Pending) -> frozenset[str]:
    """Those that may come next."""
    found: frozenset[str] = frozenset()
    for symbol in pending:
        found = found | symbol.characters if found else symbol.characters
        if not symbol.ends:
            break
    return found


def advance(pending: Pending, character: str) -> Pending:
    """What remains of the sequence after a character.

    Raises:
        ValueError: the character is none of `next_characters`.
    """
    for position, symbol in enumerate(pending):
        if character in symbol.characters:
            return symbol.after(character) + pending[position + 1 :]
        if not symbol.ends:
            break
    raise ValueError(f"{character!r} cannot come next; what can: {''.join(sorted(next_characters(pending)))!r}")


def farthest(pending: Pending) -> float:
    """How many characters can at most become necessary to complete the sequence by the next one."""
    bound, rest = 0, length(pending)
    for symbol in pending:
        rest -= symbol.shortest
        bound = max(bound, symbol.farthest + rest)
        if not symbol.ends:
            break
    return bound
