"""The grammar that constrains decoding, and the reader and the writer: each takes what the other gives."""

import random
import threading
from functools import cache

import naive_hlx
import pytest
from hlx_values import exact, values
from hypothesis import given

from hlx_hf import HLXError, Schema, dumps, load_tokenizer, loads
from hlx_hf.contracts import CONTRACTS, OPERATIONS, schema_problem
from hlx_hf.decoding import Constraint
from hlx_hf.decoding.lazy import LazyProperty
from hlx_hf.decoding.symbols import length
from hlx_hf.lines_hlx import NOTATIONS

VOCABULARY = load_tokenizer().get_vocab()
EOS = VOCABULARY["<eos>"]
TOKENS = {number: token for token, number in VOCABULARY.items()}
ENOUGH = 10**6  # tokens


@cache
def constraint(notation, schema=None):
    return Constraint(notation, schema, VOCABULARY, EOS)


def choices(constraint, state, left=ENOUGH):
    """The characters that may come next, "" for the end."""
    return {"" if token == EOS else TOKENS[token] for token in constraint.allowed(state, left).ids}


def accepts(constraint, text):
    state = constraint.start
    for token in (*map(VOCABULARY.get, text), EOS):
        if token not in constraint.allowed(state, ENOUGH).ids:
            return False
        state = constraint.after(state, token)
    return True


def random_text(constraint, room, draw):
    """A text of at most `room` tokens, each drawn from those that are allowed."""
    state, text = constraint.start, ""
    while state is not None:
        token = int(draw.choice(constraint.allowed(state, room - len(text)).ids))
        state = constraint.after(state, token)
        text += TOKENS[token]
    assert len(text) - len("<eos>") + 1 <= room
    return text.removesuffix("<eos>")


def is_canonical(text, notation):
    try:
        return dumps(loads(text, notation), notation) == text
    except HLXError:
        return False


@given(values)
def test_what_the_writer_writes_the_grammar_accepts(value):
    for notation in NOTATIONS:
        text = dumps(value, notation)
        assert text == naive_hlx.text(value, notation)
        assert accepts(constraint(notation), text), (notation, text)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_what_the_grammar_accepts_the_reader_takes_and_the_writer_writes(notation):
    draw = random.Random(0)
    shortest = length(constraint(notation).start) + 1
    for _ in range(600):
        text = random_text(constraint(notation), draw.choice([shortest, shortest + 1, 8, 16, 40, 120]), draw)
        value = loads(text, notation)
        assert dumps(value, notation) == text
        assert exact(loads(naive_hlx.text(value, notation), notation)) == exact(value)


def canonical_texts(notation, start, alphabet, longest):
    """All canonical texts of so many characters that go on from `start`, found by asking the reader what may."""
    found, prefixes = {start} if is_canonical(start, notation) else set(), [start]
    for _ in range(longest - len(start)):
        longer = []
        for text in (prefix + character for prefix in prefixes for character in alphabet):
            try:
                if dumps(loads(text, notation), notation) == text:
                    found.add(text)
                longer.append(text)
            except HLXError as error:
                if error.code == "E_TRUNCATED":
                    longer.append(text)
        prefixes = longer
    return found


ALPHABET = [character for character in VOCABULARY if len(character) == 1]


@pytest.mark.parametrize(
    ("notation", "start", "alphabet", "longest"),
    [
        *((notation, "", ALPHABET, 2) for notation in NOTATIONS[:3]),
        ("LC-B", "[", ALPHABET, 3),
        *(
            ("LC-R", start, ALPHABET, len(start) + 1)
            for start in ('"', '"\\', '"\\u00', '"\\ud83d\\ude0', "⟁a", "⊠d", "-")
        ),
        ("LC-R", "🜃", "-01569.e🜄", 6),
        ("LC-R", "", "🜊🜁🜂0 ⊤", 6),
        ("LC-R", "", "🜃🜄, ∅", 6),
        ("LC-R", "", "◇◆:, a⊥C", 6),
        ("LC-R", '"\\u', '"\\u0b7f', 8),
        ("HLXL", "", "{}@:0 a", 7),
        ("HLXL", 'b"', 'b"\\x0', 7),
        ("LC-T", "{", "{}C:,=0", 7),
        ("LC-T", '{"', '{}C":0', 7),
        ("LC-T", "", "#0a[],", 5),
        ("LC-B", "[", "[]|:0x_-.", 6),
        ("LC-B", "[", "[]|0x8-.", 6),
    ],
)
def test_each_mask_is_what_a_brute_force_check_of_the_reader_says(notation, start, alphabet, longest):
    texts = canonical_texts(notation, start, alphabet, longest)
    grammar = constraint(notation)
    following = {}  # of each beginning: each next character, with the fewest tokens that it takes to the end
    for text in texts:
        for stop in range(len(start), len(text) + 1):
            ends = following.setdefault(text[:stop], {})
            character = text[stop : stop + 1]
            ends[character] = min(ends.get(character, ENOUGH), len(text) - stop + 1)
    for beginning, ends in following.items():
        state = grammar.start
        for character in beginning:
            state = grammar.after(state, VOCABULARY[character])
        for left in range(min(ends.values()), longest + 2 - len(beginning)):
            expected = {character for character, tokens in ends.items() if tokens <= left}
            assert choices(grammar, state, left) & {*alphabet, ""} == expected, (beginning, left)


@pytest.mark.parametrize(
    ("notation", "beginning", "refused", "allowed"),
    [
        ("LC-R", "1844674407370955161", "6789", "012345"),  # 2^64-1 ends in 5
        ("LC-R", "-922337203685477580", "9", "012345678"),
        ("LC-R", "-0", "0123456789", "."),
        ("LC-B", "[0xffffffffffffffff", "0f", "]"),
        ("LC-B", "[-0x800000000000000", "123f", "0"),
        ("LC-B", "[-0x0", "0", "12f"),
        ("LC-R", "0.3000000000000000", "012356789", "4"),
        ("LC-R", "0.30000000000000004", "0123456789e", ""),
        ("LC-R", "1.0e30", "9", "012345678"),
        ("LC-R", "0.000", "0", "123456789"),
        ("LC-R", "4.9", "", "0123456789e"),
        ("LC-R", "4.9e-32", "34", "01"),  # the smallest doubles are 5.0e-324, 1.0e-323
        ("LC-R", "5.0e-32", "56789", "01234"),
        ("LC-R", "🜊6553", "6789", "012345"),
        ("LC-R", "🜊1🜁25", "6789", "012345 "),
        ("LC-R", "🜊1🜁25 ∅🜁", "0", "123456789"),
        ("LC-R", "🜊1🜁255 ∅", "🜁", "🜂"),
        ("LC-R", "◇a: 1, a", ":", "ab0_"),
        ("LC-R", '◇"a', '"', "a \\"),
        ("LC-R", '◇"a b": 1, "a b', '"', "c"),
        ("LC-T", "{C", "", ":a"),
        ("LC-T", "{a:1,C", ":", "a"),
        ("LC-T", '{"C', "", '"a'),
        ("HLXL", '"\\ud83d', '"a', "\\"),
        ("HLXL", '"\\ud', "", "0123456789ab"),
        ("HLXL", '"\\u00', "23456", "01789abcdef"),
        ("LC-R", "🜃" * 64, "🜃🜊◇", "∅0⟁🜄"),
    ],
)
def test_what_context_decides(notation, beginning, refused, allowed):
    grammar = constraint(notation)
    state = grammar.start
    for character in beginning:
        assert character in choices(grammar, state)
        state = grammar.after(state, VOCABULARY[character])
    assert not choices(grammar, state) & set(refused)
    assert choices(grammar, state) >= set(allowed)


def test_a_text_closes_what_is_open_when_the_tokens_run_out():
    grammar = constraint("LC-R")
    state = grammar.start
    for character in "🜃🜃🜃":
        state = grammar.after(state, VOCABULARY[character])
    assert choices(grammar, state, left=4) == {"🜄"}
    assert "∅" in choices(grammar, state, left=5)
    assert not choices(grammar, state, left=5) & {"🜃", ",", "-", '"'}
    assert "🜃" in choices(grammar, state, left=6)


def test_a_key_that_stands_already_is_made_longer_in_time():
    grammar = constraint("LC-T")
    for beginning, end in (
        ("{a:1,a", "0:0}"),
        ('{"a b":1,"a b', ' ":0}'),
        ('{"a ":1,"a', '!":0}'),
        ('{"\\n":1,"\\', '"":0}'),
    ):
        state = grammar.start
        for character in beginning:
            state = grammar.after(state, VOCABULARY[character])
        assert length(state) == len(end)
        for left, character in zip(range(len(end) + 1, 0, -1), (*end, ""), strict=True):
            assert character in choices(grammar, state, left)
            state = grammar.after(state, VOCABULARY.get(character, EOS))


def test_too_little_room_is_an_error_that_says_how_much_it_takes():
    for notation, schema, shortest in (("LC-R", None, 2), ("LC-B", None, 4), ("LC-R", Schema(operation="filter"), 28)):
        constraint(notation, schema).check_room(shortest)
        with pytest.raises(ValueError, match=f"{shortest - 1} tokens are too few .* {notation} takes {shortest}"):
            constraint(notation, schema).check_room(shortest - 1)


SCHEMAS = [
    Schema(),
    *(Schema(id=number) for number in CONTRACTS),
    *(Schema(operation=name) for name in ("filter", "search", "sort", "copy", "dispatch", "pipeline", "read")),
    Schema(kinds=("h", "n")),
    Schema(operation="search", kinds=["h", "s"]),
    Schema(operation="pipeline", kinds=("step",) * 3),
]


HOLD_ANY_VALUE = (100, 101, 103, 104, 105, 106, 107)  # also contracts that the tables do not know


def fits(value, schema):
    """Whether a contract is one of those that the schema speaks of."""
    if schema.operation is not None and value.fields[0] != schema.operation:
        return False
    if schema.kinds is not None and len(value.fields) != len(schema.kinds) + 1:
        return False
    return value.id in schema.ids


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_a_schema_leaves_the_contracts_that_fit_it(schema):
    draw = random.Random(0)
    for notation in NOTATIONS:
        grammar = constraint(notation, schema)
        shortest = int(length(grammar.start)) + 1
        for _ in range(20):
            value = loads(random_text(grammar, shortest + draw.choice([0, 1, 10, 200]), draw), notation)
            assert fits(value, schema)
            assert schema_problem(value) is None or value.id in HOLD_ANY_VALUE


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_operations_of_the_tables_fit_their_schema(name):
    step = '🜊1000🜁0 "read"🜁1 "a"🜂'
    written = {"h": "⟁asc", "s": '"a b"', "n": "-42", "l": "🜃1, 2🜄", "step": step}
    for signature in OPERATIONS[name]:
        kinds = [kind for kind in signature if kind is not ...]
        arguments = "".join(f"🜁{index} {written[kind]}" for index, kind in enumerate(kinds, 1))
        text = f'🜊1000🜁0 "{name}"{arguments}🜂'
        assert schema_problem(loads(text, "LC-R")) is None
        for schema in (Schema(), Schema(id=1000), Schema(operation=name), Schema(operation=name, kinds=kinds)):
            assert accepts(constraint("LC-R", schema), text)
        assert not accepts(constraint("LC-R", Schema(operation="undo" if name != "undo" else "redo")), text)


def test_steps_go_64_deep_and_no_deeper():
    step = '🜊1000🜁0 "read"🜁1 "a"🜂'
    text = step
    for _ in range(63):
        text = f'🜊1000🜁0 "pipeline"🜁1 {text}🜁2 {step}🜂'
    assert loads(text, "LC-R")
    grammar = constraint("LC-R", Schema(operation="pipeline"))
    assert accepts(grammar, text)
    assert not accepts(grammar, f'🜊1000🜁0 "pipeline"🜁1 {text}🜁2 {step}🜂')


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"id": 7}, "contract id 7 has no meaning; the known ids are 14, 15"),
        ({"id": 14, "operation": "filter"}, "parts of contract 1000, not of 14"),
        ({"operation": "filtre"}, "no operation 'filtre'; did you mean 'filter'"),
        ({"operation": "copy", "kinds": ("n",)}, r"'copy' takes \('h',\) or \('h', 'h'\), not \('n',\)"),
        ({"kinds": ("s", "s")}, r"no operation takes \('s', 's'\)"),
    ],
)
def test_a_schema_of_parts_that_do_not_fit_is_an_error_that_says_what_does(parts, message):
    with pytest.raises(ValueError, match=message):
        Schema(**parts)


def test_an_unknown_notation_is_an_error_that_names_the_four():
    with pytest.raises(ValueError, match="HLXL, LC-R, LC-T, LC-B"):
        constraint("English")


def test_lazy_properties_that_ask_for_one_another_do_not_stop_threads():
    both_begun = threading.Barrier(2, timeout=10)

    class Node:
        def __init__(self, child=None):
            self.child = child

        def answer(self, name, asked):
            if self.child is None:
                return name
            both_begun.wait()
            return getattr(self.child, asked)

        @LazyProperty
        def left(self):
            return self.answer("left", asked="right")

        @LazyProperty
        def right(self):
            return self.answer("right", asked="left")

    node, found = Node(Node()), {}
    threads = [
        threading.Thread(target=lambda name=name: found.update({name: getattr(node, name)}), daemon=True)
        for name in ("left", "right")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert found == {"left": "right", "right": "left"}
