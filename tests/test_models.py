"""The models that come with the package: whole, small, and as good as the results beside them say."""

import hashlib
import json

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import hlx_hf
from hlx_hf.evaluation import run_evaluation
from hlx_hf.evaluation.intervals import wilson_interval
from hlx_hf.evaluation.report import HLX_TO_HLX
from hlx_hf.evaluation.splits import AnswerBook, score_between_notations, score_to_hlx
from hlx_hf.inference import MODELS, SHIPPED_MODELS
from hlx_hf.lines_hlx import NOTATIONS

MAX_BYTES = 2 * 2**20  # of the weights
ASKED_AGAIN = {"english": ("iid", "new_names", "all_variants"), "hlx_only": ("hlx_to_hlx",)}
ROWS = 25  # of each of these splits
CONFIDENCE = 0.999
SCORES = {False: ("to_hlx", score_to_hlx), True: ("between_notations", score_between_notations)}
TASKS = {"to_hlx": ("to_hlx",), "to_english": ("to_english", "round_trip"), "between_notations": ("between_notations",)}


@pytest.fixture(scope="module", params=SHIPPED_MODELS)
def name(request):
    return request.param


def read(name, file):
    return json.loads((MODELS / name / file).read_text(encoding="utf-8"))


def greedy(name):
    return hlx_hf.pipeline(name, num_beams=1)


def test_the_weights_are_small_and_those_of_the_training_beside_them(name):
    weights = MODELS / name / "model.safetensors"
    assert weights.stat().st_size <= MAX_BYTES
    training = read(name, "training.json")
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == training["sha256"]
    for run in training["runs"]:
        assert run["examples"] == run["steps"] * run["batch_size"]
    first, *_, last = (loss for run in training["runs"] for loss in run["loss"].values())
    assert last < first / 5


def test_transformers_loads_them_too(name):
    model = AutoModelForCausalLM.from_pretrained(MODELS / name)
    assert model.num_parameters() == read(name, "evaluation.json")["parameters"] == 491_635
    assert len(AutoTokenizer.from_pretrained(MODELS / name)) == 115
    texts = ["Sort the users by name", "🜊14🜁0 42🜂"]
    quick = hlx_hf.pipeline(name, notation="LC-T")(texts)
    assert hlx_hf.pipeline(name, notation="LC-T", device="cpu")(texts) == quick


def test_accuracy_is_as_measured(name):
    measured = read(name, "evaluation.json")
    again = run_evaluation(greedy(name), name, ASKED_AGAIN[name], limit=ROWS, seed=3, batch_size=64)
    for split in ASKED_AGAIN[name]:
        for path in TASKS.values():
            whole, sample = measured["splits"][split], again["splits"][split]
            if path[0] not in whole:
                continue
            for key in path:
                whole, sample = whole[key], sample[key]
            low, high = wilson_interval(sample["overall"]["exact_accuracy"], sample["rows"], CONFIDENCE)
            assert low <= whole["overall"]["exact_accuracy"] <= high, (split, path)


def test_accuracy_of_the_search_is_as_measured():
    measured = read("english", "evaluation_search.json")
    pipe = hlx_hf.pipeline("english")
    ask = AnswerBook(pipe, batch_size=8, learned=pipe.network.config["notations"])
    for split in ASKED_AGAIN["english"]:
        whole = measured["splits"][split]["to_hlx"]["overall"]["exact_accuracy"]
        sample = score_to_hlx(ask, hlx_hf.load_corpus(split).shuffle(seed=3).take(ROWS))
        low, high = wilson_interval(sample["overall"]["exact_accuracy"], sample["rows"], CONFIDENCE)
        assert low <= whole <= high, split


def test_the_first_mistakes_are_those_on_record(name):
    """Most of them: other machines, and other batches, round otherwise, which turns answers that are close calls."""
    ask = AnswerBook(greedy(name), batch_size=64)
    for split in ASKED_AGAIN[name]:
        task, score = SCORES[split == HLX_TO_HLX]
        recorded = read(name, "evaluation.json")["splits"][split][task]["mistakes"]
        corpus = hlx_hf.load_corpus(split)
        asked = next(number for number, row in enumerate(corpus, 1) if recorded[-1]["text"] in row.values())
        again = score(ask, corpus.take(asked))["mistakes"]
        before, now = (
            {(mistake["text"], mistake["notation"], mistake["output"]) for mistake in mistakes}
            for mistakes in (recorded, again)
        )
        assert len(before & now) >= 0.5 * len(before | now), split


def test_the_comprehension_test_gives_the_same_answers_again(name):
    measured = read(name, "evaluation.json")["splits"]["comprehension"]
    again = run_evaluation(greedy(name), name, ["comprehension"])["splits"]["comprehension"]
    assert again["scores"] == measured["scores"]


def test_nobody_needs_to_name_the_default_model():
    pipe = hlx_hf.pipeline()
    assert pipe.folder == MODELS / "english"
    for notation in NOTATIONS:
        (answer,) = pipe("Search for documents", notation=notation)
        assert hlx_hf.loads(answer["generated_text"], notation) == hlx_hf.Contract(
            1000, {0: "search", 1: hlx_hf.Handle("documents")}
        )
