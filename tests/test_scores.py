"""Scores of answers, alternatives, abstention, and what evaluation says of the scores."""

import random

import pytest
import torch
from hlx_models import LINES, small_model, trained_model

from hlx_hf import HLXPipeline, Schema, Translator, load_corpus, load_tokenizer, loads
from hlx_hf.evaluation import evaluation_table, run_evaluation
from hlx_hf.evaluation.calibration import calibration
from hlx_hf.lines_hlx import line_prompt

TEXTS = ["a", "a text of some more words", "two  words"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A pipeline and a translator of one model of random weights."""
    model, tokenizer = small_model(), load_tokenizer()
    folder = tmp_path_factory.mktemp("small")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return HLXPipeline(model=model, tokenizer=tokenizer, device="cpu"), Translator(folder)


@pytest.fixture(scope="module")
def trained():
    return HLXPipeline(model=trained_model(), tokenizer=load_tokenizer(), device="cpu")


def probability(pipe, text, notation, answer, ended=True):
    """The product of the model's probabilities of the tokens of an answer, each asked for alone."""
    tokenizer, result = pipe.tokenizer, 1.0
    tokens = tokenizer(line_prompt(text, notation))["input_ids"]
    appended = tokenizer(answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id] * ended
    for token in appended:
        with torch.inference_mode():
            logits = pipe.model(torch.tensor([tokens])).logits[0, -1]
        result *= logits.softmax(dim=-1)[token].item()
        tokens.append(token)
    return result


@pytest.mark.parametrize("max_new_tokens", [3, None])
def test_without_a_grammar_a_score_is_the_product_of_the_models_probabilities(small, max_new_tokens):
    for answerer in small:
        (result,) = answerer("two words", "LC-R", constrained=False, return_scores=True, max_new_tokens=max_new_tokens)
        ended = len(result["generated_text"]) < (max_new_tokens or 64)
        expected = probability(small[0], "two words", "LC-R", result["generated_text"], ended and not max_new_tokens)
        assert result["score"] == pytest.approx(expected, rel=1e-3)


def test_with_a_grammar_probability_is_shared_out_among_what_it_allows(trained):
    room = len("{14: {@0: 7}}") + 1  # for a digit and no more
    options = {"schema": Schema(id=14), "max_new_tokens": room, "return_scores": True}
    answers = trained("the number 7", "HLXL", num_return_sequences=10, **options)
    scores = {answer["generated_text"]: answer["score"] for answer in answers}
    assert scores.keys() == {f"{{14: {{@0: {digit}}}}}" for digit in range(10)}
    assert sum(scores.values()) == pytest.approx(1)
    (greedy,) = trained("the number 7", "HLXL", **options)
    assert greedy["score"] == pytest.approx(scores[greedy["generated_text"]])


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("notation", ["HLXL", "LC-B"])
def test_scores_are_the_same_in_torch_and_numpy_alone_and_in_batches(small, notation, constrained):
    pipe, translator = small
    options = {"notation": notation, "constrained": constrained, "return_scores": True, "max_new_tokens": 20}
    alone = [translator(text, **options)[0] for text in TEXTS]
    for results in (
        translator(TEXTS, batch_size=3, **options),
        [pipe(text, **options)[0] for text in TEXTS],
        [answers[0] if isinstance(answers, list) else answers for answers in pipe(TEXTS, batch_size=3, **options)],
    ):
        assert [result["generated_text"] for result in results] == [result["generated_text"] for result in alone]
        assert [result["score"] for result in results] == pytest.approx([r["score"] for r in alone], rel=1e-3)


def test_what_was_learned_has_a_high_score_and_what_was_not_a_low_one(trained):
    known = trained(LINES[0][0], "LC-R", return_scores=True)[0]
    unknown = trained("Zebras!", "LC-R", return_scores=True)[0]
    assert known["generated_text"] == LINES[0][2]
    assert known["score"] > 0.9 > unknown["score"]


def test_alternatives_are_different_values_the_likeliest_first(trained):
    answers = trained(LINES[0][0], "LC-R", num_return_sequences=4, return_scores=True)
    assert len(answers) == 4
    assert answers[0]["generated_text"] == LINES[0][2]
    assert len({repr(loads(answer["generated_text"], "LC-R")) for answer in answers}) == 4
    scores = [answer["score"] for answer in answers]
    assert scores == pytest.approx(sorted(scores, reverse=True), abs=1e-4)
    assert sum(scores) <= 1 + 1e-5


def test_where_there_are_fewer_values_there_are_fewer_alternatives(trained):
    answers = trained("nothing", "LC-R", schema=Schema(id=22), num_return_sequences=5)
    assert len({answer["generated_text"] for answer in answers}) == len(answers) == 2


def test_answers_of_too_low_a_score_are_null(trained, small):
    known, unknown = LINES[0][0], "Zebras!"
    results = trained([known, unknown], "LC-R", abstain_below=0.9, batch_size=2)
    assert results == [{"generated_text": LINES[0][2]}, {"generated_text": "∅"}]
    (result,) = small[1](unknown, "HLXL", abstain_below=1.0, return_scores=True)
    assert result["generated_text"] == "null"
    assert 0 < result["score"] < 1


def test_what_cannot_be_abstained_from_is_refused(small):
    for answerer in small:
        with pytest.raises(ValueError, match="from 0 to 1, not 2"):
            answerer("null", "HLXL", abstain_below=2)
        with pytest.raises(ValueError, match="English has no null: ask for a notation"):
            answerer("null", "English", abstain_below=0.5)


def test_scores_that_say_how_often_they_are_right_are_calibrated():
    rng = random.Random(0)
    scores = [rng.random() for _ in range(20_000)]
    right = [rng.random() < score for score in scores]
    found = calibration(scores, right)
    assert found["expected_calibration_error"] < 0.02
    assert found["mean_score"] == pytest.approx(0.5, abs=0.01)
    assert found["accuracy_at_90_coverage"] == pytest.approx(0.55, abs=0.02)  # the mean of 0.1 to 1
    assert found["least_score"] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("scores", "right", "error"), [([1.0, 1.0], [True, False], 0.5), ([0.9], [False], 0.9), ([0.0], [True], 1.0)]
)
def test_scores_that_promise_too_much_or_too_little_are_not(scores, right, error):
    assert calibration(scores, right)["expected_calibration_error"] == pytest.approx(error)


def test_evaluation_tells_how_far_the_scores_can_be_trusted(small):
    translator = Translator(small[1].folder, return_scores=True, max_new_tokens=20)
    report = run_evaluation(translator, "small", ["all_variants"], limit=2)
    scores = report["splits"]["all_variants"]["to_hlx"]
    assert scores["overall"]["valid_share"] == 1
    assert scores["calibration"]["accuracy_at_90_coverage"] == 0
    expected = scores["calibration"]["expected_calibration_error"]
    assert expected == pytest.approx(scores["calibration"]["mean_score"])  # since nothing is right
    assert f"| all_variants | {scores['calibration']['mean_score']:.1%} | {expected:.1%} | 0.0% |" in evaluation_table(
        report
    )
    assert len(load_corpus("all_variants")) > 2
