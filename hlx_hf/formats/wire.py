"""The LC-B wire form: a value to bytes and back, one tag byte and its payload a value, little endian."""

import math
import re
import struct

from .values import MAX_DEPTH, NAME, Contract, Handle, HLXError, Value

NULL, TRUE, FALSE = 0x00, 0x01, 0x02
INT_FORMATS = {  # tag: struct format; the writer takes the first that holds the int
    0x10: "<b",
    0x11: "<h",
    0x12: "<i",
    0x13: "<q",
    0x14: "<B",
    0x15: "<H",
    0x16: "<I",
    0x17: "<Q",
}
WRITTEN_INTS = (0x10, 0x11, 0x12, 0x13, 0x17)
FLOAT_FORMATS = {0x20: "<f", 0x21: "<d"}
WRITTEN_FLOAT = 0x21
STRING, BYTES, HANDLE, CONTRACT, ARRAY, OBJECT = 0x30, 0x31, 0x40, 0x50, 0x60, 0x70
U8, U16 = "<B", "<H"

_is_name = re.compile(NAME.encode()).fullmatch


def write_bytes(value: Value) -> bytes:
    """The wire form of `value`, which `validate` has let through."""
    out = bytearray()
    _write(value, out)
    return bytes(out)


def _write(value: Value, out: bytearray) -> None:
    if value is None:
        out.append(NULL)
    elif isinstance(value, bool):
        out.append(TRUE if value else FALSE)
    elif isinstance(value, int):
        tag = next(tag for tag in WRITTEN_INTS if _holds(INT_FORMATS[tag], value))
        out.append(tag)
        out += struct.pack(INT_FORMATS[tag], value)
    elif isinstance(value, float):
        out.append(WRITTEN_FLOAT)
        out += struct.pack(FLOAT_FORMATS[WRITTEN_FLOAT], value)
    elif isinstance(value, str):
        out.append(STRING)
        _write_sized(value.encode(), U16, "a string in UTF-8", out)
    elif isinstance(value, bytes):
        out.append(BYTES)
        _write_sized(value, U16, "bytes", out)
    elif isinstance(value, Handle):
        out.append(HANDLE)
        _write_sized(value.name.encode(), U8, "the name of a handle", out)
    elif isinstance(value, list):
        out.append(ARRAY)
        out += _size(len(value), U16, "an array")
        for item in value:
            _write(item, out)
    elif isinstance(value, dict):
        out.append(OBJECT)
        out += _size(len(value), U8, "an object")
        for key, item in value.items():
            _write_sized(key.encode(), U8, "a key in UTF-8", out)
            _write(item, out)
    elif isinstance(value, Contract):
        out.append(CONTRACT)
        out += struct.pack(U16, value.id)
        out += _size(len(value.fields), U8, "the field list of a contract")
        for index, item in value.fields.items():
            out.append(index)
            _write(item, out)


def _holds(format: str, value: int) -> bool:
    bits = 8 * struct.calcsize(format)
    low, high = (0, 2**bits) if format[1].isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return low <= value < high


def _size(size: int, format: str, what: str) -> bytes:
    if not _holds(format, size):
        most = 2 ** (8 * struct.calcsize(format)) - 1
        raise HLXError("E_SIZE", f"{what} has at most {most} parts on the wire, not {size}")
    return struct.pack(format, size)


def _write_sized(data: bytes, format: str, what: str, out: bytearray) -> None:
    out += _size(len(data), format, what)
    out += data


def read_bytes(data: bytes) -> Value:
    """The value of a whole wire form; nothing may follow it."""
    reader = _Reader(bytes(memoryview(data)))
    value = reader.value()
    if reader.offset < len(reader.data):
        raise reader.error("E_LC_PARSE", f"{len(reader.data) - reader.offset} bytes after the value", reader.offset)
    return value


class _Reader:
    def __init__(self, data: bytes):
        self.data = data
        self.offset = 0
        self.depth = 0

    def value(self) -> Value:
        start = self.offset
        tag = self.number(U8)
        if tag == NULL:
            return None
        if tag in (TRUE, FALSE):
            return tag == TRUE
        if tag in INT_FORMATS:
            return self.number(INT_FORMATS[tag])
        if tag in FLOAT_FORMATS:
            value = self.number(FLOAT_FORMATS[tag])
            if not math.isfinite(value):
                raise self.error("E_FLOAT_SPECIAL", f"a float is finite, not {value}", start)
            return value
        if tag == STRING:
            return self.string(U16)
        if tag == BYTES:
            return self.take(self.number(U16))
        if tag == HANDLE:
            name = self.take(self.number(U8))
            if not _is_name(name):
                raise self.error("E_LC_PARSE", f"the name of a handle is {NAME}, not {name!r:.60}", start)
            return Handle(name.decode())
        if tag not in (CONTRACT, ARRAY, OBJECT):
            raise self.error("E_LC_PARSE", f"no kind of value has the tag 0x{tag:02x}", start)
        if self.depth == MAX_DEPTH:
            raise self.error("E_DEPTH_EXCEEDED", f"at most {MAX_DEPTH} containers stand inside one another", start)
        self.depth += 1
        if tag == ARRAY:
            container = [self.value() for _ in range(self.number(U16))]
        else:
            container = self.object() if tag == OBJECT else self.contract()
        self.depth -= 1
        return container

    def object(self) -> dict:
        pairs = {}
        for _ in range(self.number(U8)):
            start = self.offset
            key = self.string(U8)
            if key in pairs:
                raise self.error("E_DUPLICATE_KEY", f"the key {key!r:.60} stands twice", start)
            pairs[key] = self.value()
        return pairs

    def contract(self) -> Contract:
        contract_id = self.number(U16)
        fields = {}
        previous = -1
        for _ in range(self.number(U8)):
            start = self.offset
            index = self.number(U8)
            if index <= previous:
                raise self.error("E_FIELD_ORDER", f"{index} comes after {previous}, and field indices ascend", start)
            fields[index] = self.value()
            previous = index
        return Contract(contract_id, fields)

    def string(self, size_format: str) -> str:
        data = self.take(self.number(size_format))
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            at = self.offset - len(data) + error.start
            raise self.error("E_LC_PARSE", f"not UTF-8: {error.reason}", at) from None

    def number(self, format: str) -> int | float:
        return struct.unpack(format, self.take(struct.calcsize(format)))[0]

    def take(self, size: int) -> bytes:
        end = self.offset + size
        if end > len(self.data):
            missing = end - len(self.data)
            raise self.error("E_TRUNCATED", f"the bytes end {missing} before the value does", len(self.data))
        data = self.data[self.offset : end]
        self.offset = end
        return data

    @staticmethod
    def error(code: str, message: str, offset: int) -> HLXError:
        return HLXError(code, message, offset=offset)
