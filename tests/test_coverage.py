"""Words of a request that an answer leaves unsaid, and the searches that answers are chosen from."""

import json
import math
import re
import shutil
from itertools import islice

import pytest
import torch
from hlx_models import ARROWS, LINES, small_model, trained_model

from hlx_hf import Contract, Handle, HLXPipeline, Translator, load_tokenizer, loads
from hlx_hf.corpus.generator.selection import EVERYDAY
from hlx_hf.corpus.generator.sentences import SentenceGenerator
from hlx_hf.decoding.coverage import LEXICON, Lexicon

TEXTS = ["a", "a text of some more words", "two  words", "sort the old cars by age"]


def operation(name, *arguments):
    return Contract(1000, {0: name, **dict(enumerate(arguments, start=1))})


CARS, BLUE_CARS = operation("show", Handle("cars")), operation("show", Handle("blueCars"))
PAIRS = [
    ("please show the cars", CARS),
    ("show me the cars", CARS),
    ("please show me the blue cars", BLUE_CARS),
    ("please, the number 7", 7),
    ("please: number 8", 8),
    ("show the cars, then show the blue cars", operation("pipeline", CARS, BLUE_CARS)),
    ("show cars, then the cars", operation("pipeline", CARS, CARS)),
]


@pytest.fixture(scope="module")
def lexicon():
    return Lexicon.of(PAIRS)


def test_words_are_known_for_what_they_stand_with_more_than_once(lexicon):
    assert lexicon.words["show"] == {"please", "show", "the", "me"}
    assert lexicon.words["int"] == {"please", "number"}  # "the" stands once
    assert lexicon.words["pipeline"] == {"then"}  # the others are known for its steps


def test_a_word_of_many_meanings_is_one_of_any_sentence():
    numbers = range(1, 13)
    pairs = [(f"please do{number}", Contract(number, {})) for number in numbers for _ in range(2)]
    lexicon = Lexicon.of(pairs)
    assert lexicon.words[""] == {"please", "do"}
    assert not lexicon.unsaid("please do 99", Contract(99, {0: 99}))


@pytest.mark.parametrize(
    ("request_text", "value", "unsaid"),
    [
        ("Show me the blue cars", CARS, {"blue"}),
        ("Show me the blue cars!", BLUE_CARS, set()),
        ("show the due date", operation("show", Handle("dueDate")), set()),
        ("show the due_date", operation("show", Handle("due_date")), set()),
        ('show the cars "as they are"', CARS, set()),  # what is quoted is copied, right or wrong
        ("the number 7", 7, {"the"}),
        ("the number 7", 8, {"the", "7"}),
        ("show the number", 7, {"show", "the"}),
        ("show the cars and then the blue cars", operation("pipeline", CARS, BLUE_CARS), {"and"}),
        ("show me the boss's newest car's blue cars", CARS, {"blue", "boss", "car", "newest", "s"}),  # no quotation
        ("show 9 cars", operation("limit", Handle("cars"), 8), {"show", "9"}),
        ("contract 42, field 3 is 5", Contract(42, {3: 5}), {"contract", "field", "is"}),
        ("", None, set()),
    ],
)
def test_what_is_unsaid_is_neither_repeated_nor_known(lexicon, request_text, value, unsaid):
    assert lexicon.unsaid(request_text, value) == unsaid


def test_an_answer_that_drops_a_word_of_a_name_shows():
    pairs = list(islice(SentenceGenerator("known", EVERYDAY), 12_000))
    lexicon = Lexicon.of(pairs[:10_000])
    worse = []
    for english, value in pairs[10_000:]:
        handle = value.fields.get(1) if isinstance(value, Contract) else None
        if isinstance(handle, Handle) and (shorter := re.sub("[A-Z][a-z]+$", "", handle.name)) not in ("", handle.name):
            dropped = Contract(value.id, {**value.fields, 1: Handle(shorter)})
            worse.append(len(lexicon.unsaid(english, dropped)) - len(lexicon.unsaid(english, value)))
    assert min(worse) >= 0
    assert sum(worse) > 0.8 * len(worse) > 100


def test_an_answer_falls_behind_by_each_word_that_it_leaves_unsaid(lexicon):
    answers = ['🜊1000🜁0 "show"🜁1 ⟁cars🜂', '🜊1000🜁0 "show"🜁1 ⟁blueCars🜂']
    for penalty, ahead, best in ((3, 2.9, 1), (3, 3.1, 0), (0, 0.1, 0), (6, 5.9, 1)):
        ranks = lexicon.rank("show the blue cars", answers, [ahead - 9, -9.0], "LC-R", penalty)
        assert [ranked.index for ranked in ranks] == [best, 1 - best]


def test_a_score_is_a_share_of_all_that_was_found_and_was_not(lexicon):
    answers = ['🜊1000🜁0 "show"🜁1 ⟁cars🜂', '🜊1000🜁0 "show"🜁1 ⟁blueCars🜂']
    known = [math.log(0.5), math.log(0.3)]

    def scores(penalty, count=2):
        ranks = lexicon.rank("show the blue cars", answers[:count], known[:count], "LC-R", penalty)
        return {ranked.index: pytest.approx(math.exp(ranked.score)) for ranked in ranks}

    assert scores(0) == {0: 0.5, 1: 0.3}
    discounted = 0.5 * math.exp(-2)
    assert scores(2) == {0: discounted / (discounted + 0.3 + 0.2), 1: 0.3 / (discounted + 0.3 + 0.2)}
    assert scores(2, count=1) == {0: discounted / (discounted + 0.5)}  # all else may leave nothing unsaid
    assert lexicon.rank("show the cars", answers[:1], [0.0], "LC-R") == [(0, 0.0, 0.0)]


def test_a_lexicon_is_read_as_it_was_saved(lexicon, tmp_path):
    assert Lexicon.read(tmp_path) is None
    lexicon.save(tmp_path)
    assert Lexicon.read(tmp_path).words == lexicon.words
    for damaged in ('{"show": ["a"', "[]", "[1]", '{"show": 5}', '{"show": "abc"}'):
        (tmp_path / LEXICON).write_text(damaged)
        with pytest.raises(ValueError, match=f"{LEXICON} is damaged"):
            Lexicon.read(tmp_path)


# The searches


def save(model, folder, lexicon=None, **settings):
    model.save_pretrained(folder)
    load_tokenizer().save_pretrained(folder)
    if lexicon is not None:
        lexicon.save(folder)
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
    return folder


def both(folder):
    """The pipeline in torch and the translator in numpy of one folder."""
    model = type(small_model()).from_pretrained(folder)
    return HLXPipeline(model=model, tokenizer=load_tokenizer(), device="cpu"), Translator(folder)


@pytest.fixture(scope="module", params=[None, ARROWS], ids=["causal", "both ways in prompts"])
def searching(request, tmp_path_factory, lexicon):
    """Of a model of random weights with a lexicon, that searches with three beams."""
    model = small_model(prompt_end_token_ids=request.param)
    return both(save(model, tmp_path_factory.mktemp("searching"), lexicon, num_beams=3))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_beams": 1},
        {"num_beams": 2, "max_new_tokens": 20},
        {"coverage_penalty": 0},
        {"coverage_penalty": 40.0, "grounded": True},
        {"num_beams": 5, "constrained": False, "max_new_tokens": 8},
    ],
)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_both_runtimes_find_the_same_answers(searching, batch_size, options):
    pipe, translator = searching
    options = {"notation": "LC-R", "return_scores": True, "batch_size": batch_size, **options}
    found, also_found = pipe(TEXTS, **options), translator(TEXTS, **options)
    for one, other in zip(found, also_found, strict=True):
        assert one["generated_text"] == other["generated_text"]
        assert one["score"] == pytest.approx(other["score"], rel=1e-2, abs=1e-12)


def test_a_search_finds_answers_at_least_as_likely_and_coverage_counts(searching):
    pipe, _ = searching

    def scores(**options):
        answers = pipe(TEXTS, notation="LC-R", return_scores=True, max_new_tokens=30, **options)
        return torch.tensor([answer["score"] for answer in answers])

    greedy, likeliest = scores(num_beams=1, coverage_penalty=0), scores(coverage_penalty=0)
    assert (likeliest >= greedy * 0.999).all()
    assert (likeliest > greedy * 1.001).any()
    covering, sure = scores(), scores(coverage_penalty=40.0)
    assert (covering != likeliest).any()
    assert (sure != covering).any()


def test_alternatives_come_in_the_order_of_the_lexicon(searching, lexicon):
    pipe, _ = searching
    text = "show the cars now"
    options = {"notation": "LC-R", "num_beams": 8, "num_return_sequences": 4, "return_scores": True}
    for penalty in (0, 2.0, 1000.0):
        answers = pipe(text, coverage_penalty=penalty, **options)
        assert len(answers) == 4
        scores = [answer["score"] for answer in answers]
        assert scores == sorted(scores, reverse=True)
    unsaid = [len(lexicon.unsaid(text, loads(answer["generated_text"], "LC-R"))) for answer in answers]
    assert unsaid == sorted(unsaid)  # nothing else counts beside 1000


def test_the_model_decides_how_many_beams_there_are_unless_somebody_says(searching, tmp_path):
    _, translator = searching
    assert translator(TEXTS, "LC-R") == translator(TEXTS, "LC-R", num_beams=3)
    greedily = save(small_model(), tmp_path)
    plain = Translator(greedily)
    assert plain(TEXTS, "LC-R") == plain(TEXTS, "LC-R", num_beams=1) != plain(TEXTS, "LC-R", num_beams=3)


def test_samples_are_drawn_without_a_search(searching):
    pipe, _ = searching
    torch.manual_seed(0)
    drawn = {pipe("a", notation="LC-R", do_sample=True, max_new_tokens=40)[0]["generated_text"] for _ in range(5)}
    assert len(drawn) > 1


def test_a_trained_model_searches_for_what_it_knows(tmp_path, lexicon):
    _, translator = both(save(trained_model(), tmp_path, lexicon, num_beams=4))
    for text, target, translation in LINES:
        assert translator(text, notation=target) == [{"generated_text": translation}]


def test_bad_settings_are_errors_in_both(searching):
    for answerer in searching:
        for beams in (1, 3):
            with pytest.raises(ValueError, match="coverage_penalty must be at least 0, not -1"):
                answerer("a", notation="LC-R", num_beams=beams, coverage_penalty=-1)
        with pytest.raises(ValueError, match="num_beams must be at least 1, not 0"):
            answerer("a", notation="LC-R", num_beams=0)
        assert answerer("a", notation="LC-R", num_beams=None) == answerer("a", notation="LC-R")


def test_english_is_searched_for_only_if_asked_to(searching):
    texts = ["NULL", "1", "[1]", "@users", '"text"', "{a:1}"]
    for answerer in searching:
        options = {"notation": "English", "max_new_tokens": 12, "return_scores": True}
        assert answerer(texts, **options) == answerer(texts, num_beams=1, **options)
        assert answerer(texts, **options) != answerer(texts, num_beams=3, **options)


def test_scores_that_are_no_numbers_do_no_harm(tmp_path):
    model = small_model()
    model.lm_head.bias.data.fill_(float("nan"))
    _, translator = both(save(model, tmp_path))
    for options in ({"constrained": False}, {"num_beams": 3}, {"constrained": False, "num_beams": 3}):
        (answer,) = translator("a", notation="LC-R", max_new_tokens=5, **options)
        assert isinstance(answer["generated_text"], str)


def test_answers_that_are_stopped_early_are_not_ranked(searching):
    pipe, _ = searching
    (answer,) = pipe("a text", notation="LC-R", max_time=1e-9)
    assert isinstance(answer["generated_text"], str)


def test_a_null_that_stands_for_abstention_comes_from_a_search_too(searching):
    for answerer in searching:
        (answer,) = answerer("a", notation="LC-R", abstain_below=1.0, return_scores=True)
        assert answer["generated_text"] == "∅"
        assert answer["score"] < 1


def test_a_pipeline_saves_the_lexicon_and_does_without_one_that_is_gone(searching, lexicon, tmp_path):
    pipe, translator = searching
    pipe.save_pretrained(tmp_path / "again")
    assert Lexicon.read(tmp_path / "again").words == lexicon.words
    assert Translator(tmp_path / "again")(TEXTS, "LC-R") == translator(TEXTS, "LC-R")
    gone, _ = both(save(small_model(), tmp_path / "gone", lexicon))
    shutil.rmtree(tmp_path / "gone")
    assert gone("a", notation="LC-R", num_beams=2)


@pytest.mark.parametrize("beams", ["six", -1, 1.5])
def test_a_damaged_number_of_beams_is_an_error(beams, tmp_path):
    folder = save(small_model(), tmp_path, num_beams=beams)
    with pytest.raises(ValueError, match=r"generation_config\.json is damaged: num_beams"):
        Translator(folder)
