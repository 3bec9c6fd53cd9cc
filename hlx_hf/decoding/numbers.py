"""Numbers as symbols: what may come next of an int, a float or a contract id, so that a canonical one comes out.

Which digits a float can have is no matter of grammar: `0.30000000000000004` is written for a float, and
`0.30000000000000003` for none. So the writer is asked about the ways in which a number can go on and end.
"""

from __future__ import annotations

import re
import string
from collections.abc import Container
from functools import lru_cache

from ..formats.notations import Notation
from ..formats.values import MAX_CONTRACT_ID, MAX_INT, MIN_INT
from ..formats.writer import write_nested
from .lazy import LazyProperty
from .symbols import INFINITE, Either, OneOf, Pending, Repeat, Symbol, sequence

MAX_FLOAT_DIGITS = 17  # of the shortest form of any double
EXPONENTS = sorted(map(str, (*range(-324, -4), *range(16, 309))), key=len)  # of the floats that have one
LONGEST_END = 6  # characters: a digit and "e-100"

DIGIT, NONZERO, HEX = OneOf(string.digits), OneOf(string.digits[1:]), OneOf("0123456789abcdef")
SIGN = Either((), sequence("-"))
NATURAL = (Either(sequence("0"), (NONZERO, Repeat(DIGIT))),)
EXPONENT = Either((), sequence("e", SIGN, NONZERO, Repeat(DIGIT)))
FLOAT = sequence(SIGN, *NATURAL, ".", DIGIT, Repeat(DIGIT), EXPONENT)
HEX_INT = sequence(SIGN, "0x", HEX, HEX, Repeat(HEX, HEX))

# Ways to end a number, shortest first: before its "." or "x", and after the "."
_INT_ENDS = ("", "0", "1", ".0", "00", "01", "0.0", "x00", "x01", "0x00", "0x01")
_FRACTION_ENDS = ("", *string.digits, *(tens + ones for tens in string.digits for ones in string.digits))
_is_mantissa = re.compile(r"-?[1-9]\.(?:0|[0-9]*[1-9])").fullmatch


class Number(Symbol):
    """The rest of an int or float.

    Args:
        notation: what it is written in.
        types: `int`, `float` or both.
        text: what is there of it already.
    """

    farthest = LONGEST_END

    def __init__(self, notation: Notation, types: tuple[type, ...] = (int, float), text: str = ""):
        self.notation = notation
        self.types = types
        self.text = text
        self.shortest = next((len(end) for end in _ends(text) if self._is_canonical(text + end)), INFINITE)
        self.ends = self.shortest == 0

    @LazyProperty
    def characters(self) -> frozenset[str]:
        if "x" in self.text:
            candidates = "0123456789abcdef"
        else:
            candidates = string.digits + ("e" if "." in self.text else ".x" if self.text else "-")
            candidates += "-" if self.text.endswith("e") else ""
        return frozenset(character for character in candidates if self.after(character)[0].shortest < INFINITE)

    def after(self, character: str) -> Pending:
        return (number(self.notation, self.types, self.text + character),)

    @property
    def context_free(self) -> Pending:
        forms = {int: HEX_INT if self.notation.hex_ints else (SIGN, *NATURAL), float: FLOAT}
        return (Either(*(forms[type_] for type_ in self.types)),)

    def _is_canonical(self, text: str) -> bool:
        type_ = float if "." in text else int
        if type_ not in self.types:
            return False
        try:
            value = float(text) if type_ is float else int(text, 16 if self.notation.hex_ints else 10)
        except ValueError:
            return False
        if type_ is int and not MIN_INT <= value <= MAX_INT:
            return False
        return write_nested(value, self.notation) == text


@lru_cache(maxsize=1 << 14)
def number(notation: Notation, types: tuple[type, ...] = (int, float), text: str = "") -> Number:
    """A `Number`, made once."""
    return Number(notation, types, text)


def _ends(text: str):
    """What can make a whole number of `text` if anything can, shortest first."""
    if "." not in text:
        yield from _INT_ENDS
        return
    mantissa, e, exponent = text.partition("e")
    digits = len(mantissa.lstrip("-0.").replace(".", ""))
    if digits > MAX_FLOAT_DIGITS:
        return
    if not e:
        yield from (end for end in _FRACTION_ENDS if digits + len(end) <= MAX_FLOAT_DIGITS)
    # Up to 15 digits one of the two digits above ends a number; then it may be that only an exponent does.
    for end in [""] if e else ["", *string.digits]:
        if _is_mantissa(mantissa + end):
            yield from (
                end + ("" if e else "e") + choice.removeprefix(exponent)
                for choice in EXPONENTS
                if choice.startswith(exponent)
            )


class ContractId(Symbol):
    """The rest of a contract's id.

    Args:
        excluded: ids that it must not be; each can be made longer.
        text: what is there of it already.
    """

    context_free = NATURAL

    def __init__(self, excluded: Container[int] = (), text: str = ""):
        self.excluded = excluded
        self.text = text
        self.ends = text != "" and int(text) not in excluded
        self.shortest = 0 if self.ends else 1

    @LazyProperty
    def characters(self) -> frozenset[str]:
        if self.text == "0":
            return frozenset()
        return frozenset(digit for digit in string.digits if int(self.text + digit) <= MAX_CONTRACT_ID)

    def after(self, character: str) -> Pending:
        return (ContractId(self.excluded, self.text + character),)
