"""Questions about HLX, and what their answers are worked out to be."""

import random
import re
from collections import Counter

import pytest

from hlx_hf import dumps, loads
from hlx_hf.contracts import CONTRACTS, OPERATIONS
from hlx_hf.corpus.generator.catalogue import load_catalogue
from hlx_hf.corpus.generator.questions import evaluation_question, facts_about, questions_about
from hlx_hf.lines_hlx import NOTATIONS

PIPELINE_OF_TWO = (
    '{1000: {@0: "pipeline", @1: {1000: {@0: "skip", @1: &h_cars, @2: 1}},'
    ' @2: {1000: {@0: "sort", @1: &h_cars, @2: &h_value, @3: &h_desc}}}}'
)


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("null", {"what kind of value is {}?": '"null"'}),
        ("1.0", {"what kind of value is {}?": '"float"'}),
        ("[4, true]", {"how many items are in {}?": "2", "what is at 1 in {}?": "true"}),
        ('{x: &h_y, "{}": 5}', {"how many keys does {} have?": "2", "what is at x in {}?": "&h_y"}),
        (
            '{101: {@0: "subtract", @1: {101: {@0: "add", @1: 2, @2: 3}}, @2: 9}}',
            {
                "what does {} evaluate to?": "-4",
                "what does {} stand for?": '"arithmetic expression"',
                "what is in field 1 of {}?": '{101: {@0: "add", @1: 2, @2: 3}}',
            },
        ),
        (
            '{1000: {@0: "limit", @1: &h_cars, @2: 2}}',
            {
                "which operation is {}?": '"limit"',
                "how many arguments does {} have?": "2",
                "how many fields does {} have?": "3",
                "what is the contract id of {}?": "1000",
                "what is left of [3, 1, 2, 1] after {}?": "[3, 1]",
            },
        ),
        ('{1000: {@0: "reverse", @1: &h_cars}}', {"what does {} do to [3, 1, 2, 1]?": "[1, 2, 1, 3]"}),
        ('{1000: {@0: "unique", @1: &h_cars}}', {"what does {} make of [3, 1, 2, 1]?": "[3, 1, 2]"}),
        (
            '{1000: {@0: "sort", @1: &h_cars, @2: &h_value, @3: &h_asc}}',
            {"apply {} to [3, 1, 2, 1]": "[1, 1, 2, 3]"},
        ),
        (
            PIPELINE_OF_TWO,
            {
                "how many steps does {} have?": "2",
                "which operation comes first in {}?": '"skip"',
                "which operation comes last in {}?": '"sort"',
                "what remains of [3, 1, 2, 1] after {}?": "[2, 1, 1]",
            },
        ),
    ],
)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_questions_about_a_value_are_answered_rightly(value, answers, notation):
    value = loads(value, "HLXL")
    asked = dict(questions_about(value, notation))
    sample = dumps([3, 1, 2, 1], notation)
    for question, answer in answers.items():
        question = question.replace("{}", dumps(value, notation)).replace("[3, 1, 2, 1]", sample)
        assert dumps(asked[question], "HLXL") == answer, question


@pytest.mark.parametrize(
    "text",
    [
        '{101: {@0: "add", @1: {102: {@0: "x"}}, @2: 3}}',
        '{101: {@0: "add", @1: true, @2: 3}}',
        '{101: {@0: "divide", @1: 4, @2: 3}}',
        "{101: {@0: [1]}}",
        '{1000: {@0: "sort", @1: &h_cars, @2: &h_price, @3: &h_asc}}',
        '{1000: {@0: "limit", @1: &h_cars, @2: -2}}',
        '{1000: {@0: "limit", @1: &h_cars}}',
        '{1000: {@0: "reverse"}}',
        '{1000: {@0: "pipeline", @1: 5}}',
        '{1000: {@0: "pipeline"}}',
        "{1000: {@1: 5}}",
    ],
)
def test_nothing_is_worked_out_that_has_no_answer(text):
    questions = [question for question, _ in questions_about(loads(text, "HLXL"), "HLXL")]
    assert questions
    assert not [question for question in questions if re.search(r"evaluate|work out|what is left|make of", question)]


def test_facts_about_a_value_are_those_of_its_operation_and_its_contract():
    facts = dict(facts_about(loads('{1000: {@0: "filter", @1: &h_a, @2: &h_b}}', "HLXL")))
    assert set(facts.values()) == {"filter", 1000, "operation"}
    assert len([answer for answer in facts.values() if answer == "filter"]) >= 3
    assert facts_about(loads("{1: {}}", "HLXL")) != []  # "how many fields has a literal?", for one
    assert facts_about(True) == facts_about([1]) == []


def test_facts_fit_the_tables():
    """Those that a table decides: meanings, numbers of fields and of arguments, names of operations."""
    meanings = {schema.meaning: contract_id for contract_id, schema in CONTRACTS.items()}
    checked = 0
    for entry in load_catalogue().entries["question"]:
        for line in (*entry.do, *entry.say):
            question, answer = line.skeleton.rstrip("?"), line.fields[0]
            if found := re.fullmatch(r"what (?:is contract|does the contract id) (\d+)(?: stand for)?", question):
                expected = CONTRACTS[int(found[1])].meaning
            elif found := re.fullmatch(r"which contract id is an? (.+)", question):
                expected = meanings[found[1]]
            elif found := re.fullmatch(r"how many fields does an? (.+) have", question):
                expected = len(CONTRACTS[meanings[found[1]]].fields)
            elif found := re.fullmatch(r"how many arguments does (\w+) take", question):
                (expected,) = map(len, OPERATIONS[found[1]])
            elif re.match(r"(which operation|name the operation|tell me the operation|what do I use) ", question):
                expected = answer if answer in OPERATIONS else None
            else:
                continue
            assert answer == expected, question
            checked += 1
    assert checked > 200


def test_drawn_questions_are_answered_rightly():
    kinds = Counter()
    for seed in range(400):
        question, answer = evaluation_question(random.Random(seed))
        text = next((question[place:] for place in (question.find("{101"), question.find("{1000")) if place >= 0), None)
        if text is None:
            continue  # in another notation, whose texts are as good by the tests of the notations
        if isinstance(answer, int):
            assert answer == worked_out(text)
            kinds["evaluation"] += 1
        else:
            left = loads(re.search(r"\[[\d, ]*\]", question)[0], "HLXL")
            for name, count, order in re.findall(STEP, text):
                left = {
                    "reverse": left[::-1],
                    "unique": sorted(set(left), key=left.index),
                    "limit": left[: int(count or 0)],
                    "skip": left[int(count or 0) :],
                    "sort": sorted(left, key=lambda number, sign=-1 if order == "desc" else 1: sign * number),
                }[name]
                kinds[name] += 1
            assert answer == left, question
    assert kinds.keys() == {"evaluation", "reverse", "unique", "limit", "skip", "sort"}


STEP = r'"(reverse|unique|limit|skip|sort)", @1: &h_items(?:, @2: (\d+))?(?:, @2: &h_value, @3: &h_(asc|desc))?'


def worked_out(text):
    """The number that an expression in HLXL comes to, its innermost parts replaced by their results."""
    signs = {"add": "+", "subtract": "-", "multiply": "*"}
    while found := re.search(r'\{101: \{@0: "(\w+)", @1: (-?\d+), @2: (-?\d+)\}\}', text):
        name, left, right = found.groups()
        text = text.replace(found[0], str(eval(f"{left} {signs[name]} {right}")))
    return int(re.match(r"-?\d+", text)[0])
