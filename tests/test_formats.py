"""The four notations: what is written, what is read, and that each is the inverse of the other."""

import naive_hlx
import pytest
from hlx_values import exact, values
from hypothesis import given
from hypothesis import strategies as st

from hlx_hf import Contract, Handle, HLXError, convert, dumps, loads, notation_of
from hlx_hf.formats.notations import GLYPHS
from hlx_hf.lines_hlx import NOTATIONS

notations = st.sampled_from(NOTATIONS)

FILTER = Contract(1000, {0: "filter", 1: Handle("users"), 2: Handle("active")})
CANONICAL = [
    (None, "null", "∅", "NULL", "[_]"),
    (True, "true", "⊤", "TRUE", "[T]"),
    (False, "false", "⊥", "FALSE", "[F]"),
    (42, "42", "42", "42", "[0x2a]"),
    (-100, "-100", "-100", "-100", "[-0x64]"),
    (1000, "1000", "1000", "1000", "[0x03e8]"),
    (0, "0", "0", "0", "[0x00]"),
    (1e-7, "1.0e-7", "1.0e-7", "1.0e-7", "[1.0e-7]"),
    (1.5e16, "1.5e16", "1.5e16", "1.5e16", "[1.5e16]"),
    (-0.0, "-0.0", "-0.0", "-0.0", "[-0.0]"),
    ("é\x7f😀", *['"\\u00e9\\u007f\\ud83d\\ude00"'] * 3, '["\\u00e9\\u007f\\ud83d\\ude00"]'),
    (b"\xde\xad", 'b"\\xde\\xad"', "⊠dead", "#dead", "[#dead]"),
    (b"", 'b""', "⊠", "#", "[#]"),
    (Handle("ast"), "&h_ast", "⟁ast", "@ast", "[&ast]"),
    ([1, 2, 3], "[1, 2, 3]", "🜃1, 2, 3🜄", "[1,2,3]", "[[0x01,0x02,0x03]]"),
    ({"x": 10, "y": 20}, "{x: 10, y: 20}", "◇x: 10, y: 20◆", "{x:10,y:20}", "[{x:0x0a,y:0x14}]"),
    ({"C": 14}, "{C: 14}", "◇C: 14◆", '{"C":14}', "[{C:0x0e}]"),
    ({"a b": []}, '{"a b": []}', '◇"a b": 🜃🜄◆', '{"a b":[]}', '[{"a b":[]}]'),
    (Contract(14, {0: 42}), "{14: {@0: 42}}", "🜊14🜁0 42🜂", "{C:14,0=42}", "[14|0:0x2a]"),
    ([], "[]", "🜃🜄", "[]", "[[]]"),
    ({}, "{}", "◇◆", "{}", "[{}]"),
    (Contract(14), "{14: {}}", "🜊14🜂", "{C:14}", "[14|]"),
    ([Contract(14)], "[{14: {}}]", "🜃🜊14🜂🜄", "[{C:14}]", "[[[14|]]]"),
    (
        FILTER,
        '{1000: {@0: "filter", @1: &h_users, @2: &h_active}}',
        '🜊1000🜁0 "filter"🜁1 ⟁users🜁2 ⟁active🜂',
        '{C:1000,0="filter",1=@users,2=@active}',
        '[1000|0:"filter"|1:&users|2:&active]',
    ),
]


@pytest.mark.parametrize("row", CANONICAL, ids=lambda row: row[1])
def test_canonical_texts(row):
    value, *texts = row
    assert [dumps(value, notation) for notation in NOTATIONS] == texts
    assert [exact(loads(text, notation)) for text, notation in zip(texts, NOTATIONS, strict=True)] == [exact(value)] * 4


@given(values, notations)
def test_reading_undoes_writing_with_types_kept(value, notation):
    assert exact(loads(dumps(value, notation), notation)) == exact(value)


@given(values, notations)
def test_canonical_text_equals_the_independent_writer(value, notation):
    assert dumps(value, notation) == naive_hlx.text(value, notation)


@given(values, notations, notations)
def test_conversion_loses_nothing(value, source, target):
    text = dumps(value, source)
    assert convert(convert(text, source, target), target, source) == text


@given(values, notations)
def test_the_notation_of_a_text_is_found_unless_it_means_something_else_in_another(value, notation):
    text = dumps(value, notation)
    try:
        found = notation_of(text)
    except ValueError as error:
        assert f" in {notation}" in str(error)
        assert "more than one meaning" in str(error)
    else:
        assert exact(loads(text, found)) == exact(value)


def test_a_text_of_no_notation_is_an_error():
    with pytest.raises(ValueError, match="HLX in no notation"):
        notation_of("Filter active users")


@given(values, notations)
def test_only_lc_r_leaves_ascii_and_only_for_its_glyphs(value, notation):
    outside = {character for character in dumps(value, notation) if not " " <= character <= "~"}
    assert outside <= (set(GLYPHS) if notation == "LC-R" else set())


@given(values, notations, st.data())
def test_a_text_cut_short_is_another_value_or_truncated(value, notation, data):
    text = dumps(value, notation)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        loads(cut, notation)
    except HLXError as error:
        # "-0" is whole, and no int: the one beginning of a text ("-0.0") that is malformed
        assert error.code == "E_TRUNCATED" or (error.code == "E_LC_PARSE" and cut == "-0")
        assert error.line == 1
        assert 1 <= error.column <= len(cut) + 1


@given(values, notations, st.data())
def test_whatever_is_done_to_a_text_only_hlx_errors_come_out(value, notation, data):
    text = dumps(value, notation)
    at = data.draw(st.integers(0, len(text)))
    inserted = data.draw(st.text(max_size=3) | st.sampled_from([*'{}[]|:,=@&"\\-.0x ', *GLYPHS, "\ud800"]))
    broken = text[:at] + inserted + text[data.draw(st.integers(at, len(text))) :]
    try:
        read = loads(broken, notation)
    except HLXError as error:
        assert str(error).startswith(error.code)
        assert error.line >= 1
        assert error.column >= 1
    else:
        assert exact(loads(dumps(read, notation), notation)) == exact(read)


@pytest.mark.parametrize(
    ("text", "notation", "value"),
    [
        (" \n\t{ 14 : {\n@0 : 42 } } ", "HLXL", Contract(14, {0: 42})),
        ('{14:{@0:42,@1:"x"}}', "HLXL", Contract(14, {0: 42, 1: "x"})),
        ('🜊 14 🜁0"x"🜁1⟁y 🜂', "LC-R", Contract(14, {0: "x", 1: Handle("y")})),
        ("{ C : 14 , 0 = 42 }", "LC-T", Contract(14, {0: 42})),
        ("{Cat:1}", "LC-T", {"Cat": 1}),
        ("[ 14 | 0 : 0x2A ]", "LC-B", Contract(14, {0: 42})),
        ("[0x0000000000000000000002a]", "LC-B", 42),
        ("[0xF]", "LC-B", 15),
        ('{"x": 1}', "HLXL", {"x": 1}),
        ('"é/\\/\\u00E9\x7f"', "HLXL", "é//é\x7f"),
        ("007.50E+05", "HLXL", 750000.0),
        ("1.0e-999", "HLXL", 0.0),
        ("[[1.5,[]]]", "LC-B", [1.5, []]),
    ],
)
def test_also_read(text, notation, value):
    assert exact(loads(text, notation)) == exact(value)


MALFORMED = {
    "HLXL": [
        "nulx", "NULL", "True", "042", "+42", "-0", "00", "42a", "0x2a", ".5", "1.", "1e5", "1.0e", "1.5.2",
        "NaN", "- 1",
        "'a'", '"a\nb"', '"\\x41"', '"\\u0041"', '"\\u000a"', '"\\ud800"', '"\ud800"', '"\\u12g4"', '"a" "b"',
        'b"é"', 'b"\\x41"', 'b"\\xDE"', 'b"\\n"', "&ast", "&h_1", "&h_ x", "[1,]", "[,]", "[1 2]", "[1", "]",
        "{x: 1,}", "{x 1}", "{: 1}", "{null}", "{14: 42}", "{14: {0: 42}}", "{14: {@0: 42}, x: 1}", "{014: {}}",
        "{14: {@00: 1}}", "{-0: {}}", "{14: {@0: 1,}}", "42 43", "null null", "\r1", "\u00a01", "∅", "\x00",
    ],
    "LC-R": [
        "null", "⊠DE", "⊠dg", "⊠ de", "🜊🜂", "🜊14🜁042🜂", "🜊14🜁0 42🜁🜂", "🜊14🜁0 1, 🜁1 2🜂", "🜃1 2🜄", "◇x 1◆",
        "⟁ ast", "🜂",
    ],
    "LC-T": [
        "null", "{C:1,}", "{C}", '{C:"x"}', "{x:1,C:2}", "{C:14,0:42}", "{C:14;0=42}", "@", "#de ad",
        "{C:14,0=1,x=2}",
    ],
    "LC-B": [
        "_", "0x2a", "[]", "[42]", "[0x]", "[0X2a]", "[-0x00]", "[0x01,0x02]", "[[14|]]", "[14|0:0x01|]",
        "[14|0=0x01]", "[t]",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("notation", "text"), [(n, t) for n, texts in MALFORMED.items() for t in texts])
def test_malformed_texts(notation, text):
    with pytest.raises(HLXError) as caught:
        loads(text, notation)
    expected = "E_TRUNCATED" if text in ("1.", "1.0e", "[1", "@") else "E_LC_PARSE"
    assert caught.value.code == expected


@pytest.mark.parametrize(
    ("text", "notation", "code", "line", "column"),
    [
        ("", "HLXL", "E_TRUNCATED", 1, 1),
        ("[1,\n 2", "HLXL", "E_TRUNCATED", 2, 3),
        ("[1,\n x]", "HLXL", "E_LC_PARSE", 2, 2),
        ('["ab\\qc"]', "HLXL", "E_LC_PARSE", 1, 5),
        ("18446744073709551616", "LC-T", "E_INT_RANGE", 1, 1),
        ("[-9223372036854775809]", "HLXL", "E_INT_RANGE", 1, 2),
        ("[0x010000000000000000]", "LC-B", "E_INT_RANGE", 1, 2),
        ("1" * 5000, "HLXL", "E_INT_RANGE", 1, 1),
        ("{65536: {}}", "HLXL", "E_INT_RANGE", 1, 2),
        ("{-1: {}}", "HLXL", "E_INT_RANGE", 1, 2),
        ("🜊14🜁256 ∅🜂", "LC-R", "E_INT_RANGE", 1, 5),
        ("-1.0e999", "HLXL", "E_FLOAT_SPECIAL", 1, 1),
        ('{a: 1, "a": 2}', "HLXL", "E_DUPLICATE_KEY", 1, 8),
        ("{C:14,1=1,1=2}", "LC-T", "E_FIELD_ORDER", 1, 11),
        ("[14|1:_|0:_]", "LC-B", "E_FIELD_ORDER", 1, 9),
        ("[" * 65, "HLXL", "E_DEPTH_EXCEEDED", 1, 65),
        ("[{C:70000", "LC-T", "E_INT_RANGE", 1, 5),
        ("🜊1🜁300", "LC-R", "E_INT_RANGE", 1, 4),
        ("[{C:01", "LC-T", "E_LC_PARSE", 1, 5),
        ("[0x1ffffffffffffffff", "LC-B", "E_INT_RANGE", 1, 2),
        ("[[0", "LC-B", "E_TRUNCATED", 1, 4),
        ("[[-0", "LC-B", "E_TRUNCATED", 1, 5),
        ("[70000", "LC-B", "E_TRUNCATED", 1, 7),
        ("[007", "HLXL", "E_TRUNCATED", 1, 5),
        ("{a: 1, a", "HLXL", "E_TRUNCATED", 1, 9),
    ],
)
def test_errors_say_where(text, notation, code, line, column):
    with pytest.raises(HLXError) as caught:
        loads(text, notation)
    assert (caught.value.code, caught.value.line, caught.value.column) == (code, line, column)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("container", [lambda v: [v], lambda v: {"k": v}, lambda v: Contract(1, {0: v})])
def test_sixty_four_levels_and_not_one_more(notation, container):
    value = None
    for _ in range(64):
        value = container(value)
    assert exact(loads(dumps(value, notation), notation)) == exact(value)
    with pytest.raises(HLXError) as caught:
        dumps(container(value), notation)
    assert caught.value.code == "E_DEPTH_EXCEEDED"
    with pytest.raises(HLXError) as caught:
        loads(naive_hlx.text(container(value), notation), notation)
    assert caught.value.code == "E_DEPTH_EXCEEDED"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (2**64, "E_INT_RANGE"),
        (-(2**63) - 1, "E_INT_RANGE"),
        pytest.param(10**6000, "E_INT_RANGE", id="6001 digits"),
        (float("nan"), "E_FLOAT_SPECIAL"),
        (float("inf"), "E_FLOAT_SPECIAL"),
        ("\ud800", "E_LC_PARSE"),
        ({"\udfff": 1}, "E_LC_PARSE"),
        (Handle("9"), "E_LC_PARSE"),
        (Handle("a\n"), "E_LC_PARSE"),
        (Contract(65536), "E_INT_RANGE"),
        (Contract(1, {256: 1}), "E_INT_RANGE"),
        (Contract(1, {1: 1, 0: 1}), "E_FIELD_ORDER"),
    ],
)
def test_values_past_a_limit_are_not_written(value, code):
    with pytest.raises(HLXError) as caught:
        dumps([value], "HLXL")
    assert caught.value.code == code


@pytest.mark.parametrize("thing", [(1, 2), {1}, 1j, object(), {1: 2}, Contract("14"), Contract(True), Contract(1, [2])])
def test_objects_that_are_no_values_are_type_errors(thing):
    with pytest.raises(TypeError):
        dumps({"nested": thing}, "LC-T")


def test_the_arguments_themselves():
    with pytest.raises(ValueError, match=r"'lcr'; the known ones are HLXL, LC-R, LC-T, LC-B"):
        dumps(1, "lcr")
    with pytest.raises(ValueError, match="unknown notation"):
        loads("1", None)
    with pytest.raises(TypeError, match="bytes"):
        loads(b"1", "HLXL")


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ('"' + "a\\n" * 10**6, "HLXL"),
        ("[" + " " * 10**6, "LC-B"),
        ("[1" + " " * 10**6 + "2", "LC-B"),
        ("{C" + " " * 10**6, "LC-T"),
        ("🜊14" + "🜁0 1" * 10**5, "LC-R"),
        ("⊠" + "de" * 10**6 + "d", "LC-R"),
        ("-" * 10**6, "HLXL"),
        ("[1 " * 10**6, "LC-B"),
    ],
    ids=["string", "blanks", "number", "key", "fields", "hex", "signs", "brackets"],
)
def test_long_hostile_texts_are_refused_at_once(text, notation):
    with pytest.raises(HLXError):
        loads(text, notation)
