"""The four notations of HLX and its wire form: one value model, one grammar table, one reader, one writer.

| module | idea |
|---|---|
| `values` | what a value is in Python, its limits, and the error that every other module raises |
| `notations` | the table of the four text notations |
| `writer` | a value to its canonical text |
| `grammar` | the patterns of a notation's tokens, made from the table |
| `reader` | a text to its value |
| `wire` | a value to LC-B bytes and back |
"""

from .notations import NOTATION_TABLE, get_notation
from .reader import read_text
from .values import Contract, Handle, HLXError, Value, validate
from .wire import read_bytes, write_bytes
from .writer import write_text

__all__ = [
    "NOTATION_TABLE",
    "Contract",
    "HLXError",
    "Handle",
    "Value",
    "convert",
    "dumps",
    "from_bytes",
    "loads",
    "notation_of",
    "to_bytes",
]


def dumps(value: Value, notation: str) -> str:
    """The canonical text of `value` in `notation` ("HLXL", "LC-R", "LC-T" or "LC-B").

    Raises:
        HLXError: the value is past a limit of HLX.
        TypeError: a Python object in it is no HLX value.
        ValueError: `notation` is not one of the four.
    """
    grammar = get_notation(notation)
    validate(value)
    return write_text(value, grammar)


def loads(text: str, notation: str) -> Value:
    """The value that `text` means in `notation`.

    Raises:
        HLXError: with `.code`, `.line` and `.column`, for any text that is not HLX.
        TypeError: `text` is not a `str`.
        ValueError: `notation` is not one of the four.
    """
    return read_text(text, get_notation(notation))


def convert(text: str, source: str, target: str) -> str:
    """`text`, written in the notation `source`, as the canonical text of the notation `target`.

    Raises:
        HLXError: as for `loads`.
        TypeError: `text` is not a `str`.
        ValueError: `source` or `target` is not one of the four.
    """
    return dumps(loads(text, source), target)


def notation_of(text: str) -> str:
    """The notation that `text` is written in; the first of several if it means the same in them.

    Raises:
        TypeError: `text` is not a `str`.
        ValueError: it reads in none, and the message says what is wrong as the notation that takes most of it; or it
            means different things in two.
    """
    meanings: dict[str, str] = {}  # as canonical text, which tells 1 from true and 1.0 as Python does not
    faults: dict[str, HLXError] = {}
    for notation in NOTATION_TABLE:
        try:
            meanings[notation] = convert(text, notation, next(iter(NOTATION_TABLE)))
        except HLXError as error:
            faults[notation] = error
    if not meanings:
        nearest, fault = max(faults.items(), key=lambda item: (item[1].line or 0, item[1].column or 0))
        raise ValueError(f"this is HLX in no notation; as {nearest}, {fault}")
    if len(set(meanings.values())) > 1:
        means = ", ".join(f"{meaning} in {notation}" for notation, meaning in meanings.items())
        raise ValueError(f"this has more than one meaning ({means}): say which notation it is in")
    return next(iter(meanings))


def to_bytes(value: Value) -> bytes:
    """The LC-B wire form of `value`.

    Raises:
        HLXError: as for `dumps`; also `E_SIZE` where a length does not fit its field on the wire.
        TypeError: a Python object in it is no HLX value.
    """
    validate(value)
    return write_bytes(value)


def from_bytes(data: bytes) -> Value:
    """The value of an LC-B wire form, given as any bytes-like object.

    Raises:
        HLXError: with `.code` and `.offset`, for any bytes that are not HLX.
    """
    return read_bytes(data)
