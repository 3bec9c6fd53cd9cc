"""Grounded answers: the names that a request can mean, in contracts that the tables know."""

import re

import pytest
from hlx_values import values
from hypothesis import given, settings
from test_decoding import accepts, constraint

from hlx_hf import dumps, load_corpus, loads
from hlx_hf.contracts import OPERATIONS, UNSAID, schema_problem
from hlx_hf.corpus.generator.catalogue import load_catalogue
from hlx_hf.corpus.generator.selection import EVERYDAY
from hlx_hf.corpus.generator.sentences import SentenceGenerator
from hlx_hf.decoding.names import is_grounded, names_in
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
        ("Open the red to-do list", "redToDoList"),
        ('{1000: {@0: "open", @1: &h_the}}', "the"),
        ("get the active ones", "items"),
    ],
)
def test_words_of_a_request_are_names(request_, name):
    assert name in names_in(request_)


def test_nothing_is_made_up():
    names = names_in("Search for documents")
    assert not names & {"document", "ocuments", "searchDocuments", "for", "forDocuments", "asc"}
    assert not names_in("Let them map the red to-do list") & {"them", "mapThe", "theRed", "aRed"}
    assert names_in("") == names_in("?! 42") == {"items"}
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in names_in("é 5é \\u00e9 _ __ 1_a a1 'sé"))


@given(values)
def test_a_value_names_what_its_own_text_does(value):
    for notation in NOTATIONS:
        assert is_grounded(value, dumps(value, notation)) == (schema_problem(value, other_ids=True) is None)


@settings(max_examples=25)  # each makes eight grammars
@given(values)
def test_what_is_grounded_the_grammar_accepts_and_nothing_else(value):
    for notation in NOTATIONS:
        text = dumps(value, notation)
        for request in (text, "nothing of it"):
            assert accepts(constraint(notation).grounded_in(request), text) == is_grounded(value, request), (
                text,
                request,
            )


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ('🜊1000🜁0 "filter"🜁1 ⟁items🜁2 ⟁items🜂', True),
        ('🜃🜊1000🜁0 "undo"🜁1 ⟁items🜂🜄', True),
        ('◇a: 🜊1001🜁0 "filtre"🜁7 🜊14🜁0 42🜂🜂◆', True),
        ('🜊100🜁0 "x"🜁1 🜃🜊101🜁0 "add"🜁1 1🜁2 🜊9🜂🜂🜄🜂', True),
        ('🜊1000🜁0 "aggregate"🜁1 ⟁sum🜁2 ⟁items🜂', True),
        ('🜊1000🜁0 "sort"🜁1 ⟁items🜁2 ⟁items🜁3 ⟁desc🜂', True),
        ('🜊1000🜁0 "aggregate"🜁1 ⟁items🜁2 ⟁sum🜂', False),
        ('🜊1000🜁0 "open"🜁1 ⟁sum🜂', False),
        ('🜊1000🜁0 "filtre"🜁1 ⟁items🜁2 ⟁items🜂', False),
        ('🜊1000🜁0 "undo"🜁1 ⟁items🜁2 ⟁items🜂', False),
        ('🜊1000🜁0 "undo"🜁2 ⟁items🜂', False),
        ('🜊1001🜁0 🜊14🜁0 "42"🜂🜂', False),
        ('🜊100🜁0 "x"🜁1 🜃1🜄🜂', False),
        ("🜊1000🜂", False),
    ],
)
def test_contracts_that_the_tables_know_are_as_they_have_them(text, is_known):
    value = loads(text, "LC-R")
    assert is_grounded(value, "") == is_known
    assert accepts(constraint("LC-R"), text)
    assert accepts(constraint("LC-R").grounded_in(""), text) == is_known


def test_every_sentence_of_the_corpora_names_what_it_means():
    drawn = SentenceGenerator(5), SentenceGenerator(6, EVERYDAY)
    pairs = [next(generator) for _ in range(1000) for generator in drawn]
    for split in ("all_variants", "new_phrasing", "requests"):
        pairs += [(row["english"], loads(row["hlxl"], "HLXL")) for row in load_corpus(split)]
    assert [english for english, value in pairs if not is_grounded(value, english)] == []


def test_names_that_a_wording_decides_are_those_that_can_go_unsaid():
    for line in load_catalogue().lines():
        for index, field in line.fields.items():
            if isinstance(field, Handle) and line.key in OPERATIONS:
                assert field in UNSAID[line.key, index]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_constraint_of_a_request_takes_its_names_and_no_others(notation):
    grounded = constraint(notation).grounded_in("Sort active users and users_2")
    known = dict.fromkeys(("activeUsers", "users", "users_2", "items"), True)
    for name, is_known in (known | dict.fromkeys(("user", "usersS", "sorted"), False)).items():
        for value in (Handle(name), [1, {"key": Handle(name)}]):
            assert accepts(constraint(notation), dumps(value, notation))
            assert accepts(grounded, dumps(value, notation)) == is_known


@pytest.mark.parametrize("text", ["Search for documents", "", " a ] → b ", "🜊14🜁0 42🜂"])
def test_a_request_is_read_from_its_prompt(text):
    for target in (*NOTATIONS, "English"):
        assert request_of(line_prompt(text, target)) == text
