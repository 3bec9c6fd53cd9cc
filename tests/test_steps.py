"""Requests of several steps: where they are cut, and the pipelines that answers to their parts make."""

from itertools import islice

import pytest

import hlx_hf
from hlx_hf import Contract, Handle, dumps, loads
from hlx_hf.contracts import ITEMS, OPERATIONS, PIPELINE, operation_of, worked_on
from hlx_hf.corpus.generator.selection import Selection
from hlx_hf.corpus.generator.sentences import SentenceGenerator
from hlx_hf.decoding.steps import BETWEEN, LAST, OPENINGS, PIPES, Answer, Division, pipeline_of, step_by_step

REQUEST = "Filter active users, then sort them by name; drop the first 2, keep 5 and show them"


def operation(name, *arguments):
    return Contract(1000, {0: name, **dict(enumerate(arguments, start=1))})


def pipeline(*steps):
    return operation(PIPELINE, *steps)


SHOW, SORT = operation("show", Handle("cars")), operation("sort", ITEMS, Handle("age"), Handle("asc"))


@pytest.mark.parametrize(
    ("request_text", "clauses"),
    [
        ("show the cars", []),
        ("Show the cars, then sort them", ["Show the cars", "sort them"]),
        ("show the cars AND  THEN sort them", ["show the cars", "sort them"]),
        ("show the cars; then, sort them", ["show the cars", "sort them"]),
        ("First of all, show the cars. After that, sort them.", ["show the cars", "sort them."]),
        ("Show a.txt. Sort by 0.5", ["Show a.txt", "Sort by 0.5"]),
        ('search the cars for "red, then blue" and sort them', ['search the cars for "red, then blue"', "sort them"]),
        ("search for 'black and white', close it", ["search for 'black and white'", "close it"]),
        ("the band's android, thenar", ["the band's android", "thenar"]),  # words that begin as joints do
        ("", []),
        (", ", ["", ""]),
        (r'save it to "a \" , then b" and close it', [r'save it to "a \" , then b"', "close it"]),
        ("dispatch it over [64, 64, 1] | sync it", ["dispatch it over [64, 64, 1]", "sync it"]),
        ('put {"a": [[1, 2], [3]], "b": 1} in it, close it', ['put {"a": [[1, 2], [3]], "b": 1} in it', "close it"]),
        ("first  10 rows, then sort them", ["first  10 rows", "sort them"]),
        ("  First, show the cars; sort them", ["show the cars", "sort them"]),
    ],
)
def test_requests_are_cut_where_steps_are_joined(request_text, clauses):
    assert Division(request_text).passages == clauses


@pytest.mark.parametrize("joint", sorted({*BETWEEN, *LAST, *PIPES}))
def test_every_joint_of_the_generator_is_one(joint):
    for text in (joint, joint.upper(), joint.replace(" ", "   ")):
        assert Division(f"show the cars{text}sort them").passages == ["show the cars", "sort them"]


@pytest.mark.parametrize("opening", OPENINGS)
def test_every_opening_of_the_generator_is_left_out(opening):
    assert Division(f"{opening.capitalize()}show the cars, sort them").passages[0] == "show the cars"


def test_passages_are_of_one_or_two_clauses():
    division = Division("a, b, c, d")
    assert division.clauses == ["a", "b", "c", "d"]
    assert division.passages == ["a", "a, b", "b", "b, c", "c", "c, d", "d"]


def test_the_likeliest_passages_that_make_up_the_request_are_taken():
    division = Division("a, b, c")
    assert division.passages == ["a", "a, b", "b", "b, c", "c"]
    likely, unlikely, b = -0.1, -3.0, operation("trim", ITEMS)
    values = [SHOW, SHOW, b, None, SORT]
    weights = [likely, likely, likely, 0.0, likely]

    def made(values, weights):
        answers = [
            Answer(dumps(value, "LC-R"), 2 * weight, weight) for value, weight in zip(values, weights, strict=True)
        ]
        answer = division.likeliest(answers, "LC-R")
        return answer and (loads(answer.text, "LC-R"), *map(pytest.approx, answer[1:]))

    assert made(values, weights) == (pipeline_of([SHOW, SORT]), -0.4, -0.2)  # a, b is one step
    weights[1] = unlikely
    assert made(values, weights) == (pipeline_of([SHOW, b, SORT]), -0.6, -0.3)
    weights[1] = likely
    for no_step in (7, operation(PIPELINE), operation(PIPELINE, Handle("cars"))):
        assert made([*values[:4], no_step], weights) is None


def test_texts_of_any_length_are_cut_in_no_time():
    assert len(Division('a, "b" ' * 5_000 + " " * 50_000 + "then c").passages) > 5_000


def test_what_is_left_open_is_what_the_step_before_worked_on():
    users, mails = Handle("users"), Handle("mails")
    parts = [
        operation("map", Handle("parse"), users),
        pipeline(SORT, operation("write", "a.txt", ITEMS), operation("close", mails)),
        operation("read", "b.txt"),
        operation("open", ITEMS),
    ]
    assert pipeline_of(parts) == pipeline(
        operation("map", Handle("parse"), users),
        operation("sort", users, Handle("age"), Handle("asc")),
        operation("write", "a.txt", users),
        operation("close", mails),
        operation("read", "b.txt"),
        operation("open", mails),
    )
    assert pipeline_of([SORT, SHOW]) == pipeline(SORT, SHOW)


def test_steps_of_any_pipeline_make_it_again():
    selection = Selection(steps=(2, 6), families=(("pipeline", 1),))
    for _, value in islice(SentenceGenerator("steps", selection), 500):
        _, *steps = value.fields.values()
        opened, before = [], ITEMS
        for step in steps:
            index = worked_on(operation_of(step))
            thing = step.fields[index]
            opened.append(Contract(1000, {**step.fields, index: ITEMS}) if thing == before else step)
            before = thing
        assert pipeline_of(opened) == value


def test_operations_work_on_a_handle():
    for name, signatures in OPERATIONS.items():
        if name not in (PIPELINE, "read"):
            assert all(signature[worked_on(name) - 1] == "h" for signature in signatures), name


WHOLE = "show the cars, sort by age"
MADE = pipeline_of([SHOW, SORT])
KNOWN = {
    "show the cars": (SHOW, -0.5),
    "sort by age": (SORT, -0.5),
    "add 3, 4": (7, -1.0),
}


class Model:
    """Answers what it knows, 1 to what it does not, and keeps what it was asked."""

    def __init__(self, known):
        self.known = known
        self.asked = []

    def __call__(self, texts):
        self.asked.extend(texts)
        answers = [self.known.get(text, (1, -1.0)) for text in texts]
        return [Answer(dumps(value, "LC-R"), weight, weight) for value, weight in answers]


def values_of(answers):
    return [(loads(answer.text, "LC-R"), pytest.approx(answer.score)) for answer in answers]


@pytest.mark.parametrize(("score", "expected"), [(-2.0, (MADE, -1.0)), (-0.9, (pipeline(SORT, SORT), -0.9))])
def test_a_pipeline_is_made_of_parts_where_that_is_likelier(score, expected):
    model = Model(KNOWN | {WHOLE: (pipeline(SORT, SORT), score)})
    assert values_of(step_by_step(["show the cars", WHOLE], "LC-R", model)) == [KNOWN["show the cars"], expected]
    assert model.asked == [WHOLE, "show the cars", "show the cars", "sort by age"]


def test_what_is_no_pipeline_is_not_taken_apart_but_searched_for():
    model, greedy = Model(KNOWN), Model(KNOWN | {"add 3, 4": (8, -2.0)})
    requests = ["add 3, 4", "sort by age"]
    assert values_of(step_by_step(requests, "LC-R", model, greedy)) == [(7, -1.0), (SORT, -0.5)]
    assert (model.asked, greedy.asked) == (requests, ["add 3, 4"])
    assert step_by_step([], "LC-R", model) == []


def test_a_pipeline_that_its_parts_do_not_better_is_searched_for():
    model, greedy = Model(KNOWN | {WHOLE: (MADE, -0.4)}), Model({WHOLE: (pipeline(SORT, SORT), -0.8)})
    assert values_of(step_by_step([WHOLE], "LC-R", model, greedy)) == [(MADE, -0.4)]
    assert model.asked == ["show the cars", "sort by age", WHOLE]


def test_answers_keep_to_their_room():
    model = Model(KNOWN | {WHOLE: (pipeline(SORT, SORT), -2.0)})
    room = len(dumps(MADE, "LC-R"))
    (kept,) = values_of(step_by_step([WHOLE], "LC-R", model, rooms=[room]))
    assert kept == (pipeline(SORT, SORT), -2.0)  # <eos> is a token, too
    (made,) = values_of(step_by_step([WHOLE], "LC-R", model, rooms=[room + 1]))
    assert made == (MADE, -1.0)


# With a model


@pytest.fixture(scope="module")
def english():
    return hlx_hf.pipeline("english", notation="LC-R", num_beams=1, return_scores=True)


@pytest.mark.parametrize("beams", [1, 6])
def test_five_steps_are_understood_one_by_one(english, beams):
    (whole,), (stepwise,) = (english(REQUEST, stepwise=stepwise, num_beams=beams) for stepwise in (False, True))
    steps = loads(stepwise["generated_text"], "LC-R").fields
    assert [operation_of(step) for step in list(steps.values())[1:]] == ["filter", "sort", "skip", "limit", "show"]
    assert stepwise["score"] > whole["score"]
    (short,) = english(REQUEST, max_new_tokens=60)
    assert short == english(REQUEST, max_new_tokens=60, stepwise=False)[0]


def test_torch_goes_by_steps_as_numpy_does(english):
    pipe = hlx_hf.pipeline("english", notation="LC-R", num_beams=1, return_scores=True, device="cpu")
    texts = [REQUEST, "Search for documents", "Open the menu, then close it"]
    for stepwise in (True, False):
        expected = english(texts, stepwise=stepwise)
        for found in (pipe(texts, stepwise=stepwise), pipe(texts, stepwise=stepwise, batch_size=3)):
            assert [answer["generated_text"] for answer in found] == [each["generated_text"] for each in expected]
            assert [answer["score"] for answer in found] == pytest.approx(
                [each["score"] for each in expected], rel=1e-2
            )
    options = {"num_beams": 2, "max_new_tokens": 90}
    assert pipe(texts, **options) == pipe(texts, batch_size=2, **options)
    several = {"num_beams": 2, "num_return_sequences": 2}
    assert pipe(REQUEST, **several) == pipe(REQUEST, stepwise=False, **several)  # alternatives are those to the whole
