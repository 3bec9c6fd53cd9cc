"""The kinds of slots: what each draws in English is the value that it gives."""

import json
import random
import re
from collections import Counter

import pytest

from hlx_hf import dumps, loads
from hlx_hf.corpus.generator.kinds import KINDS, NAME_FORMS
from hlx_hf.corpus.generator.kinds.names import camel_case
from hlx_hf.corpus.generator.words import vocabulary
from hlx_hf.decoding.names import names_in


@pytest.mark.parametrize(("kind", "type_"), [("code", (list, dict)), ("array_code", list), ("object_code", dict)])
def test_code_is_the_value_as_json_has_it(kind, type_):
    for english, value in drawn(kind):
        assert isinstance(value, type_)
        assert json.loads(english) == value


def test_rows_are_the_lists_in_a_list():
    for english, value in drawn("rows"):
        assert "".join(json.dumps(row, ensure_ascii=False) for row in value) == re.sub(
            r"(?<=\])(, | and )", "", english
        )


@pytest.mark.parametrize("kind", ["pairs", "settings", "owned", "nested", "nested_with", "list_member"])
def test_an_object_has_its_keys_and_values_in_the_order_of_its_english(kind):
    def said(value):
        if isinstance(value, (dict, list)):
            for key, part in value.items() if isinstance(value, dict) else enumerate(value):
                yield from [key] if isinstance(key, str) else []
                yield from said(part)
        else:
            yield value if isinstance(value, str) else json.dumps(value)

    for english, value in drawn(kind):
        start = 0
        for text in said(value):
            start = english.index(text, start) + len(text)


def test_operators_are_said_in_words_or_as_their_symbols():
    symbols = {" + ": "add", " - ": "subtract", " * ": "multiply", " / ": "divide"}
    found = Counter()
    for english, value in drawn("expression"):
        for symbol in (symbol for symbol in symbols if symbol in english):
            assert value.fields[0] == symbols[symbol]
            found[symbol] += 1
    assert found.keys() == symbols.keys()


def test_names_are_their_words_in_lower_camel_case():
    english, values = zip(*(pair for form in NAME_FORMS for pair in drawn("noun", form=form)), strict=True)
    for name, value in zip(english, values, strict=True):
        assert value.name in names_in(name)
    assert [camel_case(name) for name in ("XQB kernel", "fine-tuned model")] == ["xqbKernel", "fineTunedModel"]
    assert any("-" in name for name in english)
    assert any(re.search(r"\b[A-Z]{2,}\b", name) for name in english)
    assert any(name.startswith("last ") for name in english)


def test_statements_are_said_in_each_of_their_shapes():
    (english, values) = next(pair for pair in drawn("variable_settings") if len(pair[1]) == 1 and '"' not in pair[0])
    assert english == f"{values[0].fields[0]} to {str(values[0].fields[1]).lower()}"
    for english, value in drawn("computation"):
        operator, verb = value.fields[0], english.split()[0]
        assert verb == {"add": "adds", "subtract": "subtracts", "multiply": "multiplies", "divide": "divides"}[operator]


def test_a_dozen_is_twelve():
    assert ("a dozen", 12) in drawn("dozen")


def drawn(kind, count=400, form="plain"):
    draw, _ = KINDS[kind]
    rng = random.Random(0)
    return [draw(rng, vocabulary(held_out=False), form) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_a_value_of_hlx_in_every_form(kind):
    draw, forms = KINDS[kind]
    for form in forms:
        for seed in range(20):
            english, value = draw(random.Random(seed), vocabulary(held_out=bool(seed % 2)), form)
            assert english
            assert loads(dumps(value, "HLXL"), "HLXL") == value
