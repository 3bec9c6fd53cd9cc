"""A value to its canonical text in any notation."""

import json
import re

from .notations import Notation
from .values import NAME, Contract, Handle, Value

_is_name = re.compile(NAME).fullmatch


def write_text(value: Value, notation: Notation) -> str:
    """The canonical text of `value`, which `validate` has let through."""
    text = write_nested(value, notation)
    if notation.wraps_root and not isinstance(value, Contract):
        return notation.array.open + text + notation.array.close
    return text


def write_nested(value: Value, notation: Notation) -> str:
    """The canonical text of `value` where it stands inside another."""
    if value is None:
        return notation.null
    if isinstance(value, bool):
        return notation.true if value else notation.false
    if isinstance(value, int):
        return _write_hex_int(value) if notation.hex_ints else int.__repr__(value)
    if isinstance(value, float):
        return _write_float(value)
    if isinstance(value, str):
        return json.dumps(value)  # its ASCII form is the canonical one, escape for escape
    if isinstance(value, bytes):
        return _write_bytes(value, notation)
    if isinstance(value, Handle):
        return notation.handle + value.name
    if isinstance(value, list):
        syntax = notation.array
        items = (write_nested(item, notation) for item in value)
    elif isinstance(value, dict):
        syntax = notation.object
        items = (
            write_key(key, notation) + notation.colon + write_nested(item, notation) for key, item in value.items()
        )
    else:
        return _write_contract(value, notation)
    return syntax.open + syntax.separator.join(items) + syntax.close


def _write_contract(contract: Contract, notation: Notation) -> str:
    syntax = notation.contract
    fields = syntax.separator.join(
        f"{syntax.mark}{index}{syntax.after_index}{write_nested(value, notation)}"
        for index, value in contract.fields.items()
    )
    return f"{syntax.open}{syntax.head}{contract.id}{syntax.after_id}{fields}{syntax.close}"


def write_key(key: str, notation: Notation) -> str:
    """The canonical text of an object's key."""
    return key if _is_name(key) and key != notation.reserved_key else json.dumps(key)


def _write_hex_int(value: int) -> str:
    digits = f"{abs(value):x}"
    sign = "-" if value < 0 else ""
    return f"{sign}0x{digits.zfill(len(digits) + len(digits) % 2)}"


def _write_float(value: float) -> str:
    # repr has the shortest digits that read back, but "1e-07" where HLX has "1.0e-7"
    mantissa, e, exponent = float.__repr__(value).partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _write_bytes(value: bytes, notation: Notation) -> str:
    if not notation.bytes.endswith('"'):
        return notation.bytes + value.hex()
    return notation.bytes + "".join(map(_QUOTED_BYTE.__getitem__, value)) + '"'


def _quoted_byte(byte: int) -> str:
    character = chr(byte)
    if character in '"\\':
        return "\\" + character
    return character if " " <= character <= "~" else f"\\x{byte:02x}"


_QUOTED_BYTE = [_quoted_byte(byte) for byte in range(256)]
