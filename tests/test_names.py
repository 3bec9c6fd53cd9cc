"""The names that a request can mean."""

import re

import pytest
from hlx_values import values
from hypothesis import given

from hlx_hf import dumps, load_corpus, load_tokenizer, loads
from hlx_hf.corpus.generator.catalogue import load_catalogue
from hlx_hf.corpus.generator.sentences import EVERYDAY, SentenceGenerator
from hlx_hf.decoding import Constraint
from hlx_hf.decoding.names import GIVEN_NAMES, is_grounded, names_in
from hlx_hf.formats import Handle
from hlx_hf.lines_hlx import NOTATIONS, line_prompt, request_of


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("Open the file browser", "fileBrowser"),
        ("OPEN THE FILE BROWSER", "fileBrowser"),
        ("Documents, please", "documents"),
        ("Sort by user_id", "user_id"),
        ("copy cacheKey2 to X", "cacheKey2"),
        ("copy cacheKey2 to X", "X"),
        ("the user's name", "userName"),
        ("log-in pages", "logInPages"),
        ("freeze layer 2", "layer2"),
        ("get the active ones", "items"),
    ],
)
def test_words_of_a_request_are_names(request_, name):
    assert name in names_in(request_)


def test_nothing_is_made_up():
    names = names_in("Search for documents")
    assert not names & {"document", "ocuments", "searchDocuments", "forganic", "achart"}
    assert names_in("") == names_in("?! 42") == GIVEN_NAMES
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in names_in("é 5é \\u00e9 _ __ 1_a a1 'sé"))


@given(values)
def test_a_value_is_grounded_in_its_own_text(value):
    for notation in NOTATIONS:
        assert is_grounded(value, dumps(value, notation))


def test_every_sentence_of_the_corpora_names_what_it_means():
    drawn = SentenceGenerator(5), SentenceGenerator(6, EVERYDAY)
    pairs = [next(generator) for _ in range(3000) for generator in drawn]
    for split in ("all_variants", "new_phrasing"):
        pairs += [(row["english"], loads(row["hlxl"], "HLXL")) for row in load_corpus(split)]
    assert [english for english, value in pairs if not is_grounded(value, english)] == []


def test_names_that_a_wording_decides_are_given_ones():
    decided = {field.name for line in load_catalogue().lines() for field in line.fields.values() if is_handle(field)}
    assert decided <= GIVEN_NAMES


def is_handle(value):
    return isinstance(value, Handle)


def test_a_constraint_of_a_request_takes_its_names_and_no_others():
    vocabulary = load_tokenizer().get_vocab()
    for notation in NOTATIONS:
        general = Constraint(notation, None, vocabulary, vocabulary["<eos>"])
        grounded = general.grounded_in("Sort active users and users_2")
        known = dict.fromkeys(("activeUsers", "users", "users_2", "items"), True)
        for name, is_known in (known | dict.fromkeys(("user", "usersS", "sorted"), False)).items():
            for value in (Handle(name), [1, {"key": Handle(name)}]):
                assert takes(general, dumps(value, notation))
                assert takes(grounded, dumps(value, notation)) == is_known


def takes(constraint, text):
    state = constraint.start
    for token in (*map(constraint.vocabulary.get, text), constraint.eos_token_id):
        if token not in constraint.allowed(state, 1000).ids:
            return False
        state = constraint.after(state, token)
    return True


@pytest.mark.parametrize("text", ["Search for documents", "", " a ] → b ", "🜊14🜁0 42🜂"])
def test_a_request_is_read_from_its_prompt(text):
    for target in (*NOTATIONS, "English"):
        assert request_of(line_prompt(text, target)) == text
