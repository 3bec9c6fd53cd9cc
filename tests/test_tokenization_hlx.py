import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from hlx_hf import HLXConfig, load_tokenizer, to_alphabet
from hlx_hf.lines_hlx import plain_punctuation
from hlx_hf.tokenization_hlx import ALPHABET

FOLDER = Path(__file__).parent.parent / "tokenizer"
TOKENIZER = load_tokenizer()
COMMITTED = AutoTokenizer.from_pretrained(FOLDER)


@pytest.fixture(scope="module", params=["built", "committed"])
def tokenizer(request):
    return {"built": TOKENIZER, "committed": COMMITTED}[request.param]


def test_ids_are_the_published_ones(tokenizer):
    assert tokenizer.convert_tokens_to_ids(["<pad>", "<bos>", "<eos>", "<unk>"]) == [0, 1, 2, 3]
    assert tokenizer.convert_tokens_to_ids([" ", "A", "~"]) == [4, 37, 98]
    assert tokenizer.convert_tokens_to_ids(["\n", "\t"]) == [99, 100]
    assert tokenizer.convert_tokens_to_ids(list("∅⊤⊥⊠⟁🜊🜁🜂🜃🜄◇◆")) == list(range(101, 113))
    assert tokenizer.convert_tokens_to_ids(["→", "←"]) == [113, 114]
    assert len(tokenizer) == tokenizer.vocab_size == 115
    assert len(ALPHABET) == 111


def test_agrees_with_the_model_configuration(tokenizer):
    config = HLXConfig()
    assert config.vocab_size == len(tokenizer)
    assert config.max_position_embeddings == tokenizer.model_max_length
    assert config.pad_token_id == tokenizer.pad_token_id
    assert config.bos_token_id == tokenizer.bos_token_id
    assert config.eos_token_id == tokenizer.eos_token_id


@given(st.text(ALPHABET))
@example("")
@example("  two  blanks  around  ")
@example("\n\t \n")
@example("<bos>, <pad>, <eos> and <unk> are text here")
@example("it 's n't . ! do not tidy me up ,")
def test_round_trip_loses_nothing(text):
    for tokenizer in (TOKENIZER, COMMITTED):
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == tokenizer.bos_token_id
        assert [4 + ALPHABET.index(character) for character in text] == ids[1:]
        assert tokenizer.decode(ids[1:]) == text
        assert tokenizer.decode(ids, skip_special_tokens=True) == text
        assert tokenizer.encode(text, add_special_tokens=False) == ids[1:]


def test_encoding_puts_bos_in_front_and_nothing_behind(tokenizer):
    assert tokenizer("a") == {"input_ids": [1, 69], "attention_mask": [1, 1]}
    assert tokenizer("a", add_special_tokens=False)["input_ids"] == [69]


def test_offsets_are_one_character_each(tokenizer):
    encoding = tokenizer("a🜊b", return_offsets_mapping=True, add_special_tokens=False)
    assert encoding["offset_mapping"] == [(0, 1), (1, 2), (2, 3)]


def test_batches_are_padded_on_the_left(tokenizer):
    batch = tokenizer(["a", "abc"], padding=True)
    assert batch["input_ids"] == [[0, 0, 1, 69], [1, 69, 70, 71]]
    assert batch["attention_mask"] == [[0, 0, 1, 1], [1, 1, 1, 1]]


def test_a_character_outside_the_alphabet_is_unknown(tokenizer):
    assert tokenizer("é¬")["input_ids"] == [1, 3, 3]


def test_the_committed_folder_is_what_the_command_writes(tmp_path):
    subprocess.run([sys.executable, "-m", "hlx_hf.tokenization_hlx", str(tmp_path)], check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert written == committed


def test_the_command_without_a_folder_says_what_it_wants():
    run = subprocess.run([sys.executable, "-m", "hlx_hf.tokenization_hlx"], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "tokenization_hlx DIR" in run.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Search for documents", "Search for documents"),
        ("ﬁne １２ ½ …", "fine 12 1\\u20442 ..."),
        ("café", "caf\\u00e9"),
        ("a\rb\x00", "a\\u000db\\u0000"),
        ("🙂", "\\ud83d\\ude42"),
        ("\ud800", "\\ud800"),
        ("🜊14🜁0 42🜂 → ∅ ← ◇◆", "🜊14🜁0 42🜂 → ∅ ← ◇◆"),
        ("line\n\tline", "line\n\tline"),
    ],
)
def test_to_alphabet_normalises_and_escapes(text, expected):
    assert to_alphabet(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("find “x” in the user’s — and ‘my’ – files", "find \"x\" in the user's - and 'my' - files"),
        ('find "it’s \\"“" in the user’s', 'find "it’s \\"“" in the user\'s'),
        ('find cafés in "Café"\nand Zoë 🜊½', 'find cafes in "Café" and Zoe 🜊½'),
        ('an open " and ’', "an open \" and '"),
    ],
)
def test_plain_punctuation_leaves_what_is_quoted(text, expected):
    assert plain_punctuation(text) == expected


@given(st.text())
def test_what_to_alphabet_gives_encodes_without_unknown_tokens(text):
    brought = to_alphabet(text)
    assert set(brought) <= set(ALPHABET)
    assert TOKENIZER.unk_token_id not in TOKENIZER(brought)["input_ids"]
    assert to_alphabet(brought) == brought
