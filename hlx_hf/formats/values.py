"""HLX values as Python objects, their limits, and the one error that tells what broke them."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

MIN_INT = -(2**63)
MAX_INT = 2**64 - 1
MAX_CONTRACT_ID = 65535
MAX_FIELD_INDEX = 255
MAX_DEPTH = 64
NAME = "[A-Za-z_][A-Za-z0-9_]*"  # of a handle, and of an object key that needs no quotes

ERROR_CODES = {
    "E_INT_RANGE": "an int, contract id or field index is out of its range",
    "E_FLOAT_SPECIAL": "a float is NaN or infinite",
    "E_DUPLICATE_KEY": "an object has a key twice",
    "E_FIELD_ORDER": "the field indices of a contract do not ascend",
    "E_DEPTH_EXCEEDED": f"more than {MAX_DEPTH} arrays, objects or contracts inside one another",
    "E_SIZE": "a length does not fit its field on the wire",
    "E_TRUNCATED": "the input ends too early",
    "E_LC_PARSE": "malformed in any other way",
}

# bool, int, float, str, bytes, list, dict, Handle, Contract or None
Value = Any


@dataclass(frozen=True, slots=True)
class Handle:
    """A reference by name; the name is `[A-Za-z_][A-Za-z0-9_]*`."""

    name: str


@dataclass(frozen=True, slots=True)
class Contract:
    """A numbered record: an id from 0 to 65535, and fields from an index of 0 to 255 to a value, ascending."""

    id: int
    fields: dict[int, Value] = field(default_factory=dict)


class HLXError(ValueError):
    """What is wrong with a value, a text or bytes.

    Attributes:
        code: a key of `ERROR_CODES`.
        line, column: where in a text, both counted from 1; None elsewhere.
        offset: where in bytes, counted from 0; None elsewhere.
    """

    def __init__(
        self, code: str, message: str, *, line: int | None = None, column: int | None = None, offset: int | None = None
    ):
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        self.offset = offset

    def __str__(self) -> str:
        where = ""
        if self.line is not None:
            where = f" (line {self.line}, column {self.column})"
        elif self.offset is not None:
            where = f" (offset {self.offset})"
        return f"{self.code}: {self.message}{where}"


_is_name = re.compile(NAME).fullmatch


def validate(value: Value, depth: int = 0) -> None:
    """Raises what is wrong with `value`, found `depth` containers deep; returns nothing if it can be written.

    Raises:
        HLXError: it breaks a limit.
        TypeError: it is no HLX value, or has a part that is none.
    """
    if value is None or isinstance(value, bool | bytes):
        return
    if isinstance(value, int):
        if not MIN_INT <= value <= MAX_INT:
            raise HLXError("E_INT_RANGE", f"an int lies from -2^63 to 2^64-1, not {_short_int(value)}")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise HLXError("E_FLOAT_SPECIAL", f"a float is finite, not {value}")
    elif isinstance(value, str):
        _validate_string(value)
    elif isinstance(value, Handle):
        _validate_handle(value)
    elif isinstance(value, list | dict | Contract):
        if depth == MAX_DEPTH:
            raise HLXError("E_DEPTH_EXCEEDED", f"at most {MAX_DEPTH} containers stand inside one another")
        if isinstance(value, Contract):
            parts = _validated_fields(value)
        elif isinstance(value, dict):
            parts = _validated_pairs(value)
        else:
            parts = value
        for part in parts:
            validate(part, depth + 1)
    else:
        raise TypeError(f"{type(value).__name__} is no HLX value: {value!r:.60}")


def _validate_string(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        surrogate = value[error.start]
        raise HLXError("E_LC_PARSE", f"a string has no lone surrogates, this one has {surrogate!r}") from None


def _validate_handle(handle: Handle) -> None:
    if not isinstance(handle.name, str):
        raise TypeError(f"the name of a handle is a str, not {handle.name!r:.60}")
    if not _is_name(handle.name):
        raise HLXError("E_LC_PARSE", f"the name of a handle is {NAME}, not {handle.name!r:.60}")


def _validated_pairs(value: dict) -> Any:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"the keys of an object are str, not {key!r:.60}")
        _validate_string(key)
    return value.values()


def _validated_fields(contract: Contract) -> Any:
    _validate_index(contract.id, MAX_CONTRACT_ID, "a contract id")
    if not isinstance(contract.fields, dict):
        raise TypeError(f"the fields of a contract are a dict, not {contract.fields!r:.60}")
    previous = -1
    for index in contract.fields:
        _validate_index(index, MAX_FIELD_INDEX, "a field index")
        if index <= previous:
            raise HLXError("E_FIELD_ORDER", f"field indices ascend, and {index} comes after {previous}")
        previous = index
    return contract.fields.values()


def _validate_index(index: int, highest: int, what: str) -> None:
    if not isinstance(index, int) or isinstance(index, bool):
        raise TypeError(f"{what} is an int, not {index!r:.60}")
    if not 0 <= index <= highest:
        raise HLXError("E_INT_RANGE", f"{what} lies from 0 to {highest}, not {_short_int(index)}")


def _short_int(value: int) -> str:
    # str() refuses ints of thousands of digits
    return str(value) if value.bit_length() <= 256 else f"one of {value.bit_length()} bits"
