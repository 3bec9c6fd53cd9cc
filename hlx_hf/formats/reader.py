"""A text in any notation to its value: one recursive-descent reader that follows a notation's grammar.

Where nothing matches, partial matching (the `regex` library) tells a text cut short from a wrong one.
"""

import json
import re
from collections.abc import Iterator
from functools import cache

import regex

from .grammar import BLANK, BYTE_ESCAPE, ESCAPE, Grammar, lexeme_pattern
from .notations import Notation
from .values import (
    MAX_CONTRACT_ID,
    MAX_DEPTH,
    MAX_FIELD_INDEX,
    MAX_INT,
    MIN_INT,
    Contract,
    Handle,
    HLXError,
    Value,
)


def read_text(text: str, notation: Notation) -> Value:
    """The value of a whole text; blanks around it are free."""
    if not isinstance(text, str):
        raise TypeError(f"HLX text is a str, not {type(text).__name__}")
    return _Reader(text, notation).root()


class _Reader:
    def __init__(self, text: str, notation: Notation):
        self.text = text
        self.notation = notation
        self.grammar = Grammar(notation)
        self.position = 0
        self.depth = 0
        # what was looked for at `tried_at`, as (pattern, name), for the message if nothing fits there
        self.tried_at = 0
        self.tried: list[tuple[str, str]] = []
        self.read = {
            "null": lambda _: None,
            "true": lambda _: True,
            "false": lambda _: False,
            "int": self.read_int,
            "float": self.read_float,
            "string": json.loads,
            "bytes": self.read_bytes,
            "handle": lambda token: Handle(token[len(notation.handle) :]),
            "contract": self.read_contract,
            "array": self.read_array,
            "object": self.read_object,
        }

    def root(self) -> Value:
        if self.notation.wraps_root and not self.starts_contract():
            self.expect(self.notation.array.open)
            start = self.position
            value = self.value()
            if isinstance(value, Contract):
                self.position = start
                raise self.error("E_LC_PARSE", "a contract stands without a pair of brackets around it")
            self.expect(self.notation.array.close)
        else:
            value = self.value()
        if not self.accept_pattern(BLANK + r"\Z", "the end of the text"):
            self.fail()
        return value

    def value(self) -> Value:
        match = self.accept_pattern(self.grammar.value, "a value")
        if not match:
            self.fail()
        kind = match.lastgroup
        return self.read[kind](match[kind])

    # Tokens. Each `read_` method gets the text of its token, which ends at `self.position`.

    def read_int(self, token: str) -> int:
        digits = token.removeprefix("-")
        if digits.startswith("0x"):
            base, digits = 16, digits[2:].lstrip("0") or "0"
        else:
            base = 10
            if digits != "0" and digits[0] == "0":
                raise self.word_error("E_LC_PARSE", "an int has no leading zeros", token)
        if token[0] == "-" and digits == "0":
            raise self.word_error("E_LC_PARSE", "zero has no sign", token)
        # 20 digits hold every int, and int() takes its time over millions of them
        value = int(digits, base) if len(digits) <= 20 else MAX_INT + 1
        value = -value if token[0] == "-" else value
        if not MIN_INT <= value <= MAX_INT:
            error = self.error if base == 16 else self.word_error  # a decimal int can still become a float
            raise error("E_INT_RANGE", "an int lies from -2^63 to 2^64-1", token)
        return value

    def read_float(self, token: str) -> float:
        value = float(token)
        if value in (float("inf"), float("-inf")):
            raise self.error("E_FLOAT_SPECIAL", "a float is finite", token)
        return value

    def read_bytes(self, token: str) -> bytes:
        mark = self.notation.bytes
        if mark.endswith('"'):
            return token[len(mark) : -1].encode().decode("unicode_escape").encode("latin-1")
        digits = token[len(mark) :]
        if len(digits) % 2:
            code = "E_TRUNCATED" if self.position == len(self.text) else "E_LC_PARSE"
            raise self.error(code, "bytes have two hex digits each")
        return bytes.fromhex(digits)

    # Containers. Each `read_` method gets the opening token.

    def read_array(self, opening: str) -> list:
        syntax = self.notation.array
        return [self.value() for _ in self.items(opening, syntax.separator, syntax.close)]

    def read_object(self, opening: str) -> dict:
        syntax = self.notation.object
        pairs = {}
        for _ in self.items(opening, syntax.separator, syntax.close):
            match = self.accept_pattern(self.grammar.key, "a key")
            if not match:
                self.fail()
            token = match[match.lastgroup]
            key = json.loads(token) if match.lastgroup == "string" else token
            if key in pairs:
                raise self.word_error("E_DUPLICATE_KEY", f"the key {key!r:.60} stands twice", token)
            self.expect(self.notation.colon)
            pairs[key] = self.value()
        return pairs

    def read_contract(self, opening: str) -> Contract:
        syntax = self.notation.contract
        self.expect(syntax.head)
        contract_id = self.index(MAX_CONTRACT_ID, "a contract id")
        self.expect(syntax.after_id)
        fields = {}
        previous = -1
        for _ in self.items(opening, syntax.separator, syntax.close):
            self.expect(syntax.mark)
            index = self.index(MAX_FIELD_INDEX, "a field index")
            if index <= previous:
                message = f"{index} comes after {previous}, and field indices ascend"
                raise self.word_error("E_FIELD_ORDER", message, str(index))
            self.expect(syntax.after_index)
            fields[index] = self.value()
            previous = index
        return Contract(contract_id, fields)

    def items(self, opening: str, separator: str, close: str) -> Iterator[None]:
        """Yields where an item is to be read, until `close` is."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error("E_DEPTH_EXCEEDED", f"at most {MAX_DEPTH} containers stand inside one another", opening)
        if not self.accept(close):
            yield
            while not self.accept(close):
                self.expect(separator)
                yield
        self.depth -= 1

    def index(self, highest: int, what: str) -> int:
        match = self.accept_pattern(self.grammar.index, what)
        if not match:
            self.fail()
        token = match["index"]
        digits = token.removeprefix("-")
        # where the bracket and hex ints leave it open, what begins like an id can still become a float
        error = self.word_error if self.notation.hex_ints else self.error
        if digits[0] == "0" and token != "0":
            raise error("E_LC_PARSE", f"{what} has no leading zeros and no sign", token)
        if token[0] == "-" or len(digits) > 5 or int(digits) > highest:
            raise error("E_INT_RANGE", f"{what} lies from 0 to {highest}", token)
        return int(digits)

    # Moving on, or saying why not.

    def starts_contract(self) -> bool:
        match = _compiled(self.grammar.value).match(self.text, self.position)
        return match is not None and match.lastgroup == "contract"

    def accept(self, lexeme: str) -> bool:
        return self.accept_pattern(lexeme_pattern(lexeme), repr(lexeme.strip())) is not None

    def expect(self, lexeme: str) -> None:
        if lexeme and not self.accept(lexeme):
            self.fail()

    def accept_pattern(self, pattern: str, name: str) -> re.Match | None:
        match = _compiled(pattern).match(self.text, self.position)
        if match:
            self.position = match.end()
        else:
            if self.tried_at != self.position:
                self.tried_at = self.position
                self.tried.clear()
            self.tried.append((pattern, name))
        return match

    def fail(self) -> None:
        """Raises what is wrong at the position where none of what was tried matches."""
        patterns = [pattern for pattern, _ in self.tried]
        expected = "expected " + " or ".join(name for _, name in self.tried)
        if self.grammar.value in patterns or self.grammar.key in patterns:
            quoted = _compiled(self.grammar.well_formed).match(self.text, self.position)
            if quoted:
                self.position = quoted.end()
                patterns = [ESCAPE if quoted.lastgroup == "string" else BYTE_ESCAPE]
                expected = "expected a character or an escape that quoted text may have"
        if any(regex.match(pattern, self.text, pos=self.position, partial=True) for pattern in patterns):
            self.position = len(self.text)
            raise self.error("E_TRUNCATED", f"{expected}, and the text ends")
        self.position = _compiled(BLANK).match(self.text, self.position).end()
        found = self.text[self.position : self.position + 20]
        raise self.error("E_LC_PARSE", f"{expected}, found {found!r}")

    def word_error(self, code: str, message: str, token: str) -> HLXError:
        """The error of a word that more characters could mend, unless it ends an unfinished text: it is cut short."""
        unfinished = self.depth > 0 or self.notation.wraps_root
        if unfinished and self.position == len(self.text) and not token.endswith('"'):
            return self.error("E_TRUNCATED", "the text ends in a word")
        return self.error(code, message, token)

    def error(self, code: str, message: str, token: str = "") -> HLXError:
        """The error that stands where `token`, read last, begins."""
        start = self.position - len(token)
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        return HLXError(code, message, line=line, column=column)


_compiled = cache(re.compile)
