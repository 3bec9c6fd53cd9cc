"""The LC-B wire form: exact bytes, the way back, and what hostile bytes do."""

import struct

import pytest
from hlx_values import exact, values
from hypothesis import given
from hypothesis import strategies as st

from hlx_hf import Contract, Handle, HLXError, from_bytes, to_bytes


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (None, "00"),
        (True, "01"),
        (False, "02"),
        (42, "10 2a"),
        (-128, "10 80"),
        (128, "11 8000"),
        (-32769, "12 ff7fffff"),
        (2**31, "13 0000008000000000"),
        (2**63, "17 0000000000000080"),
        (0.5, "21 000000000000e03f"),
        ("é", "30 0200 c3a9"),
        (b"\xde\xad", "31 0200 dead"),
        (Handle("ast"), "40 03 617374"),
        (Contract(14, {0: 42}), "50 0e00 01 00 10 2a"),
        ([1, None], "60 0200 1001 00"),
        ({"x": True}, "70 01 01 78 01"),
    ],
)
def test_wire_form(value, wire):
    assert to_bytes(value) == bytes.fromhex(wire)
    assert exact(from_bytes(bytes.fromhex(wire))) == exact(value)


@given(values)
def test_reading_undoes_writing(value):
    assert exact(from_bytes(to_bytes(value))) == exact(value)


@given(values, st.data())
def test_every_cut_is_truncated_and_every_tail_refused(value, data):
    wire = to_bytes(value)
    with pytest.raises(HLXError) as caught:
        from_bytes(wire[: data.draw(st.integers(0, len(wire) - 1))])
    assert caught.value.code == "E_TRUNCATED"
    with pytest.raises(HLXError) as caught:
        from_bytes(wire + b"\0")
    assert (caught.value.code, caught.value.offset) == ("E_LC_PARSE", len(wire))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_an_hlx_error(data):
    try:
        value = from_bytes(data)
    except HLXError as error:
        assert 0 <= error.offset <= len(data)
    else:
        assert exact(from_bytes(to_bytes(value))) == exact(value)


@pytest.mark.parametrize(
    ("wire", "value"),
    [("14 ff", 255), ("15 ffff", 65535), ("16 ffffffff", 2**32 - 1), ("17 01" + "00" * 7, 1), ("20 0000003f", 0.5)],
)
def test_tags_that_are_read_but_never_written(wire, value):
    assert exact(from_bytes(bytes.fromhex(wire))) == exact(value)


@pytest.mark.parametrize(
    ("wire", "code", "offset"),
    [
        ("03", "E_LC_PARSE", 0),
        ("60 0100 ff", "E_LC_PARSE", 3),
        ("30 0200 c328", "E_LC_PARSE", 3),
        ("30 0300 eda080", "E_LC_PARSE", 3),
        ("40 00", "E_LC_PARSE", 0),
        ("40 01 39", "E_LC_PARSE", 0),
        ("21" + struct.pack("<d", float("nan")).hex(), "E_FLOAT_SPECIAL", 0),
        ("20" + struct.pack("<f", float("-inf")).hex(), "E_FLOAT_SPECIAL", 0),
        ("70 02 01 78 00 01 78 00", "E_DUPLICATE_KEY", 5),
        ("50 0e00 02 01 00 01 00", "E_FIELD_ORDER", 6),
        ("60 0100" * 65, "E_DEPTH_EXCEEDED", 192),
        ("30 ffff", "E_TRUNCATED", 3),
    ],
)
def test_malformed_bytes(wire, code, offset):
    with pytest.raises(HLXError) as caught:
        from_bytes(bytes.fromhex(wire))
    assert (caught.value.code, caught.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("largest", "too_large"),
    [
        ("a" * 65535, "a" * 65536),
        ("é" * 32767, "é" * 32768),
        (b"a" * 65535, b"a" * 65536),
        (Handle("a" * 255), Handle("a" * 256)),
        ([None] * 65535, [None] * 65536),
        ({str(i): None for i in range(255)}, {str(i): None for i in range(256)}),
        ({"é" * 127: None}, {"é" * 128: None}),
        (Contract(1, dict.fromkeys(range(255))), Contract(1, dict.fromkeys(range(256)))),
    ],
    ids=["string", "utf-8", "bytes", "handle", "array", "object", "key", "contract"],
)
def test_lengths_that_fit_and_the_next_that_does_not(largest, too_large):
    assert from_bytes(to_bytes(largest)) == largest
    with pytest.raises(HLXError) as caught:
        to_bytes(too_large)
    assert caught.value.code == "E_SIZE"


@pytest.mark.parametrize("data", [bytearray(b"\x10\x2a"), memoryview(b"\x10\x2a")])
def test_any_bytes_like_object_is_read(data):
    assert from_bytes(data) == 42


def test_text_is_not_bytes():
    with pytest.raises(TypeError):
        from_bytes("00")
