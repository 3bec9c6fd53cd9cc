"""The kinds of slots: what each draws in English is the value that it gives."""

import ast
import json
import keyword
import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from hlx_hf import Contract, dumps, loads
from hlx_hf.corpus.generator.kinds import KINDS, NAME_FORMS
from hlx_hf.corpus.generator.kinds.names import camel_case
from hlx_hf.corpus.generator.vocabulary import plain_vocabulary, vocabulary
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


OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
NUMBER = r"-?\d[\d.]*"
WORDS = {"plus": "+", "minus": "-", "times": "*", "divided by": "/"}


@pytest.mark.parametrize("spoken", [False, True])
def test_an_expression_is_what_python_reads_in_its_symbols(spoken):
    """Python is the judge of what is worked out first."""

    def in_symbols(value):
        if not isinstance(value, Contract):
            return repr(value)
        if value.id == 102:
            return value.fields[0]
        operator, *operands = value.fields.values()
        return f"({f' {OPERATORS[operator]} '.join(map(in_symbols, operands))})"

    compared = Counter()
    for english, value in drawn("expression"):
        code = english.replace("the variable ", "").replace('"', "")
        words = [word for word in WORDS if f" {word} " in code]
        names = re.findall(r"[A-Za-z_]\w*", in_symbols(value))
        as_written = re.findall(NUMBER, code) == re.findall(NUMBER, in_symbols(value))  # no spelled numbers
        if bool(words) != spoken or not as_written or any(map(keyword.iskeyword, names)):
            continue
        for word in words:
            code = code.replace(f" {word} ", f" {WORDS[word]} ")
        assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(in_symbols(value)))
        compared[len(re.findall(r" [-+*/] ", code))] += 1
    assert compared.keys() == {1, 2}


def test_superlatives_and_spans_say_the_order():
    orders = dict(drawn("superlative", 3000))
    assert {orders[word].name for word in ("lowest", "oldest", "cheapest", "least important")} == {"asc"}
    assert {orders[word].name for word in ("tallest", "newest", "most expensive", "most")} == {"desc"}
    spans = dict(drawn("span", 3000))
    for english, order in spans.items():
        first, last = english.split(" to ")
        assert spans[f"{last} to {first}"] != order


@pytest.mark.parametrize(
    ("variables", "english", "hlxl"),
    [
        (("a", "b"), "their sum", '{101: {@0: "add", @1: {102: {@0: "a"}}, @2: {102: {@0: "b"}}}}'),
        (("a", "b"), "the difference", '{101: {@0: "subtract", @1: {102: {@0: "a"}}, @2: {102: {@0: "b"}}}}'),
        (("a",), "its square", '{101: {@0: "power", @1: {102: {@0: "a"}}, @2: 2}}'),
        (("a",), "half of it", '{101: {@0: "divide", @1: {102: {@0: "a"}}, @2: 2}}'),
        (("a",), "its double", '{101: {@0: "multiply", @1: 2, @2: {102: {@0: "a"}}}}'),
    ],
)
def test_a_function_may_return_what_comes_of_its_own_parameters(variables, english, hlxl):
    assert dict(drawn("own_result", words=replace(vocabulary(False), variables=variables)))[english] == loads(
        hlxl, "HLXL"
    )


@pytest.mark.parametrize("kind", ["code_arguments", "code_call"])
def test_what_stands_in_quotes_in_code_is_a_text(kind):
    for english, value in drawn(kind):
        arguments = value.fields[1] if kind == "code_call" else value
        texts = [argument for argument in arguments if isinstance(argument, str)]
        assert len(re.findall(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)", english)) == len(texts)


def test_lists_among_fields_that_are_enumerated_have_brackets():
    several = [(english, value.fields) for english, value in drawn("contract") if len(value.fields) > 1]
    with_lists = [english for english, fields in several if any(isinstance(field, list) for field in fields.values())]
    assert with_lists
    assert all("[" in english for english in with_lists)


def test_variables_are_mostly_those_that_there_are():
    words = replace(vocabulary(held_out=False), variables=("rate",))
    share = sum(value.fields[0] == "rate" for _, value in drawn("variable", words=words)) / 400
    assert 0.7 < share < 1


def test_plain_words_name_nothing_that_a_handle_does_not_tell():
    words = plain_vocabulary()
    for form in NAME_FORMS:
        for english, handle in drawn("thing", form=form, words=words):
            assert english.startswith("the ")
            assert camel_case(english.removeprefix("the ")) == handle.name or form == "identifier"
            assert not re.search("[-'\"]|[A-Z]{2}", english)
    for kind in ("number", "spelled"):
        assert all(english == str(value) for english, value in drawn(kind, form="spelled", words=words))


def test_names_are_their_words_in_lower_camel_case():
    english, values = zip(*(pair for form in NAME_FORMS for pair in drawn("noun", form=form)), strict=True)
    for name, value in zip(english, values, strict=True):
        assert value.name in names_in(name)
    assert [camel_case(name) for name in ("XQB kernel", "fine-tuned model")] == ["xqbKernel", "fineTunedModel"]
    assert any("-" in name for name in english)
    assert any(re.search(r"\b[A-Z]{2,}\b", name) for name in english)
    assert any(name.startswith("last ") for name in english)
    assert any("'s " in name for name in english)
    assert any(name.startswith('"') for name in english)


def test_statements_are_said_in_each_of_their_shapes():
    singles = [(english, values[0].fields) for english, values in drawn("variable_settings") if len(values) == 1]
    english, (name, value) = next(
        (english, fields.values()) for english, fields in singles if isinstance(fields[1], int) and '"' not in english
    )
    assert english == f"{name} to {str(value).lower()}"
    for english, value in drawn("computation"):
        operator, verb = value.fields[0], english.split()[0]
        assert verb == {"add": "adds", "subtract": "subtracts", "multiply": "multiplies", "divide": "divides"}[operator]


def test_a_dozen_is_twelve():
    assert ("a dozen", 12) in drawn("dozen")


def drawn(kind, count=400, form="plain", words=None):
    draw, _ = KINDS[kind]
    rng = random.Random(0)
    return [draw(rng, words or vocabulary(held_out=False), form) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_a_value_of_hlx_in_every_form(kind):
    draw, forms = KINDS[kind]
    for form in forms:
        for seed in range(20):
            english, value = draw(random.Random(seed), vocabulary(held_out=bool(seed % 2)), form)
            assert english
            assert loads(dumps(value, "HLXL"), "HLXL") == value
