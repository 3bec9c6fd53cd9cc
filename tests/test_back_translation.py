"""English that is put back into HLX, and said otherwise until it is understood."""

import pytest

import hlx_hf
from hlx_hf import dumps, loads
from hlx_hf.decoding.back_translation import WORDINGS, in_words
from hlx_hf.decoding.steps import Answer

SHOW, SORT, BOTH = (
    dumps(loads(text, "HLXL"), "LC-R")
    for text in (
        '{1000: {@0: "show", @1: &h_cars}}',
        '{1000: {@0: "sort", @1: &h_cars, @2: &h_age, @3: &h_asc}}',
        '{1000: {@0: "pipeline", @1: {1000: {@0: "show", @1: &h_cars}}, '
        '@2: {1000: {@0: "sort", @1: &h_cars, @2: &h_age, @3: &h_asc}}}}',
    )
)
SAID = {SHOW: "Show the cars", SORT: "Sort the cars by age", BOTH: "Show and sort"}
UNDERSTOOD = {"Show the cars": SHOW, "Show the cars, then sort the cars by age": BOTH, "sort cars": SORT}


def words_of(texts, various=None, positions=512, rooms=None):
    """The English for texts, and all of the English that was tried out."""
    tried = []

    def understand(english):
        tried.extend(english)
        return [Answer(UNDERSTOOD.get(text, "∅"), 0.0, 0.0) for text in english]

    answers = in_words(
        texts,
        "LC-R",
        lambda asked: [Answer(SAID.get(text, "Anything"), -1.0, -1.0) for text in asked],
        lambda asked: [[Answer(text, -2.0, -2.0) for text in (various or {}).get(one, ())] for one in asked],
        understand,
        positions,
        rooms,
    )
    return [answer[:2] for answer in answers], tried


def test_what_is_understood_stays():
    assert words_of([SHOW, SHOW]) == ([("Show the cars", -1.0)] * 2, ["Show the cars"] * 2)
    assert words_of([]) == ([], [])


def test_a_pipeline_is_said_step_by_step():
    answers, tried = words_of([BOTH])
    assert answers == [("Show the cars, then sort the cars by age", -2.0)]
    assert tried == ["Show and sort", "Show the cars, then sort the cars by age"]


def test_other_wordings_are_tried_in_their_order_until_one_is_understood():
    answers, tried = words_of([SORT], {SORT: ["sort it", "sort cars", "sort"]})
    assert answers == [("sort cars", -2.0)]
    assert tried == ["Sort the cars by age", "sort it", "sort cars"]
    assert words_of([SORT], {SORT: ["sort it", "sort"]})[0] == [("Sort the cars by age", -1.0)]
    assert len(words_of([SORT], {SORT: [f"sort {number}" for number in range(WORDINGS + 3)]})[1]) == 1 + WORDINGS
    assert len(words_of([SORT], {SORT: ["sort"] * WORDINGS})[1]) == 2  # each once


@pytest.mark.parametrize("text", ["no HLX", "{C:14}", ""])  # the second is an object, or a contract
def test_what_is_not_clear_is_put_into_words_unchecked(text):
    assert words_of([text]) == ([("Anything", -1.0)], [])


def test_pipelines_of_less_than_two_steps_are_not_taken_apart():
    for fields in ("", ', @1: {1000: {@0: "show", @1: &h_cars}}', ", @1: 7"):
        text = dumps(loads(f'{{1000: {{@0: "pipeline"{fields}}}}}', "HLXL"), "LC-R")
        assert words_of([text])[0] == [("Anything", -1.0)]


def test_english_keeps_to_its_room():
    long = "Show the cars, then sort the cars by age"
    assert words_of([BOTH], rooms=[len(long) + 1])[0] == [(long, -2.0)]
    assert words_of([BOTH], rooms=[len(long)])[0] == [("Show and sort", -1.0)]


def test_words_that_leave_no_room_for_their_hlx_are_not_tried_out():
    room = len("[LC-R] Show the cars → ") + len(SHOW) + 2
    assert words_of([SHOW], positions=room)[1] == ["Show the cars"]
    assert words_of([SHOW], positions=room - 1) == ([("Show the cars", -1.0)], [])


# With a model


@pytest.fixture(scope="module")
def english():
    return hlx_hf.pipeline("english", num_beams=1)


def test_more_comes_back_and_nothing_that_did_is_lost(english):
    texts = hlx_hf.load_corpus("everyday")["lc_r"][:40] + hlx_hf.load_corpus("longer")["lc_r"][:4]

    def back(verified):
        words = [answer["generated_text"] for answer in english(texts, "English", verified=verified)]
        again = [answer["generated_text"] for answer in english(words, "LC-R")]
        return {text for text, value in zip(texts, again, strict=True) if value == text}

    assert back(verified=True) > back(verified=False)


def test_torch_says_what_numpy_says(english):
    pipe = hlx_hf.pipeline("english", num_beams=1, device="cpu")
    texts = [BOTH, SORT, "∅", *hlx_hf.load_corpus("everyday")["lc_r"][:3]]
    expected = english(texts, "English")
    assert pipe(texts, notation="English") == expected
    assert pipe(texts, notation="English", batch_size=4) == expected
    several = {"notation": "English", "num_beams": 2, "num_return_sequences": 2}
    assert pipe(BOTH, **several) == pipe(BOTH, verified=False, **several)
