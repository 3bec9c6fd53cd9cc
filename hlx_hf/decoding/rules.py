"""The grammar of a notation as symbols, made from its row of the notation table and from what the writer writes."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Container

from ..formats.notations import ListSyntax, Notation
from ..formats.values import MAX_DEPTH, NAME
from ..formats.writer import write_nested
from .context import Index, Key
from .lazy import LazyProperty
from .numbers import HEX, NATURAL, ContractId, number
from .symbols import Either, OneOf, Pending, Repeat, Rule, Symbol, length, sequence

_is_name = re.compile(NAME).fullmatch
_NAME_CHARACTERS = [character for character in string.printable if _is_name("_" + character)]
_NAME = Rule("name", lambda: (OneOf(filter(_is_name, _NAME_CHARACTERS)), Repeat(OneOf(_NAME_CHARACTERS))), 1)


class Rules:
    """The grammar of one notation.

    A `depth` is how many arrays, objects and contracts stand around what is asked for.

    Args:
        notation: whose row of the table it is made from.
        names: those that handles may have; any if None.
    """

    def __init__(self, notation: Notation, names: Collection[str] | None = None):
        self.notation = notation
        self.names = names
        self._values: dict[int, Symbol] = {}
        self._rests: dict[tuple[int, int], Symbol] = {}  # of contracts, by depth and last index

    @LazyProperty
    def root(self) -> Pending:
        """A whole text."""
        if not self.notation.wraps_root:
            return (self.value(0),)
        bare = Rule("bare", lambda: (Either(*self._atoms, self.array(self.value(1)), self._object(0)),), self._shortest)
        array = self.notation.array
        return (Either(self._contract(0), sequence(array.open, bare, array.close)),)

    def value(self, depth: int) -> Symbol:
        """Any value."""
        if depth not in self._values:
            self._values[depth] = Rule("value", lambda: self._value(depth), self._shortest)
        return self._values[depth]

    def contract(self, depth: int) -> Symbol:
        """Any contract."""
        return Either(self._contract(depth)) if depth < MAX_DEPTH else Either()

    def array(self, *item: Symbol) -> Pending:
        """An array of such items."""
        syntax = self.notation.array
        return sequence(syntax.open, self._items(syntax, item))

    def literal(self, value: object) -> Pending:
        """This value and no other."""
        return sequence(write_nested(value, self.notation))

    @LazyProperty
    def string(self) -> Symbol:
        """Any string."""
        # up to U+00FF as they are written one by one; above, every UTF-16 unit, and surrogates in pairs
        written = [write_nested(chr(code), self.notation)[1:-1] for code in range(0x100)]
        character = Either(
            (OneOf(text for text in written if len(text) == 1),),
            *(sequence(text) for text in written if len(text) > 1),
            sequence("\\u0", OneOf("123456789abcdef"), HEX, HEX),
            sequence("\\u", OneOf("123456789abcef"), HEX, HEX, HEX),
            sequence("\\ud", OneOf("01234567"), HEX, HEX),
            sequence("\\ud", OneOf("89ab"), HEX, HEX, "\\ud", OneOf("cdef"), HEX, HEX),
        )
        return Rule("string", lambda: sequence('"', Repeat(character), '"'), 2)

    @LazyProperty
    def bytes(self) -> Symbol:
        """Any bytes."""
        mark = self.notation.bytes
        if not mark.endswith('"'):
            return Rule("bytes", lambda: sequence(mark, Repeat(HEX, HEX)), len(mark))
        written = [write_nested(bytes([byte]), self.notation)[len(mark) : -1] for byte in range(0x100)]
        return Rule("bytes", lambda: sequence(mark, Repeat(Either(*map(sequence, written))), '"'), len(mark) + 1)

    @LazyProperty
    def handle(self) -> Symbol:
        """Any handle, or one of those with `names`."""
        mark = self.notation.handle
        if self.names is None:
            return Rule("handle", lambda: sequence(mark, _NAME), len(mark) + 1)
        names = Either(*map(sequence, self.names))
        return Rule("handle", lambda: sequence(mark, names), len(mark) + min(map(len, self.names)))

    @LazyProperty
    def _atoms(self) -> list[Pending]:
        constants = map(self.literal, (None, True, False))
        return [*constants, (number(self.notation),), (self.string,), (self.bytes,), (self.handle,)]

    @LazyProperty
    def _shortest(self) -> float:
        return min(map(length, self._atoms))

    def _value(self, depth: int) -> Pending:
        if depth == MAX_DEPTH:
            return (Either(*self._atoms),)
        return (Either(*self._atoms, self._contract(depth), self.array(self.value(depth + 1)), self._object(depth)),)

    def _items(self, syntax: ListSyntax, item: Pending) -> Symbol:
        """Any number of items behind the opening bracket, and the closing one."""
        return Either(sequence(syntax.close), sequence(*item, Repeat(syntax.separator, *item), syntax.close))

    def _object(self, depth: int) -> Pending:
        return sequence(self.notation.object.open, self._pairs(depth, frozenset()))

    def _pairs(self, depth: int, used: frozenset[str]) -> Symbol:
        """What follows the pairs with the keys `used`."""
        syntax = self.notation.object
        form = Either((_NAME,), (self.string,))
        value = sequence(self.notation.colon, self.value(depth + 1))

        def then(key: str) -> Pending:
            return (*value, self._pairs(depth, used | {key}))

        return Rule(
            "pairs",
            lambda: (
                Either(
                    sequence(syntax.close),
                    sequence(syntax.separator if used else "", Key(self.notation, used, then, (form,))),
                ),
            ),
            len(syntax.close),
            lambda: (self._items(syntax, (form, *value)),),
        )

    def _contract(self, depth: int, excluded: Container[int] = ()) -> Pending:
        """Any contract, save for those of the ids `excluded`."""
        syntax = self.notation.contract
        return sequence(syntax.open + syntax.head, ContractId(excluded), syntax.after_id, self._fields(depth, -1))

    def _fields(self, depth: int, last: int) -> Symbol:
        """What follows the field with the index `last`, or the id if that is -1."""
        if (depth, last) not in self._rests:
            syntax = self.notation.contract
            value = sequence(syntax.after_index, self.value(depth + 1))

            def then(index: str) -> Pending:
                return (*value, self._fields(depth, int(index)))

            mark = (syntax.separator if last >= 0 else "") + syntax.mark
            self._rests[depth, last] = Rule(
                "fields",
                lambda: (Either(sequence(syntax.close), sequence(mark, Index(last, then))),),
                len(syntax.close),
                lambda: (self._items(syntax, sequence(syntax.mark, *NATURAL, *value)),),
            )
        return self._rests[depth, last]
