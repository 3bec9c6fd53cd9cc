"""Answers in batches, recall of a corpus, and the table of the comprehension test."""

from functools import partial

import pytest
from hlx_models import LINES, trained_model

from hlx_hf import load_corpus, pipeline
from hlx_hf.evaluation import comprehension_table, recall_all_variants, recall_hlx_only, run_comprehension
from hlx_hf.evaluation.generation import answers, continuations
from hlx_hf.evaluation.recall import _distinct_starts


@pytest.fixture(scope="module")
def pipe():
    return pipeline(trained_model(), device="cpu")


def test_answers_come_in_the_order_of_the_texts(pipe):
    texts, notations, expected = zip(*LINES, strict=True)
    assert answers(pipe, texts, notations) == list(expected)
    assert answers(pipe, texts[::-1], notations[::-1], expected[::-1]) == list(expected[::-1])


def test_an_answer_that_goes_on_too_long_is_cut_where_it_is_wrong_already(pipe):
    (text, notation, translation), *_ = LINES
    (found,) = answers(partial(pipe, constrained=False), [text], [notation], [translation[:5]])
    assert found == translation[:6]


def test_continuations_leave_the_beginning_out(pipe):
    prompt, rest = "[LC-R] Search for documents → 🜊1000", '🜁0 "search"🜁1 ⟁documents🜂'
    assert continuations(pipe, [prompt], [rest]) == [rest]


def test_recall_counts_exactly_the_sentences_that_the_model_knows(pipe):
    corpus = load_corpus("all_variants")
    assert (LINES[0][0], LINES[0][2]) in zip(corpus["english"], corpus["lc_r"], strict=True)
    recall = recall_all_variants(pipe)
    assert recall["LC-R"] >= 1 / 164
    assert recall["all"] == pytest.approx(sum(recall[name] for name in ("HLXL", "LC-R", "LC-T", "LC-B")) / 4)


def test_a_model_of_one_notation_has_learned_it_from_all_others(pipe, monkeypatch):
    rows = load_corpus("hlx_only")
    first = rows.filter(lambda notation: notation == "LC-R", input_columns="notation").take(2)
    monkeypatch.setattr("hlx_hf.evaluation.recall.load_corpus", lambda name: first)
    monkeypatch.setattr(pipe.model.config, "notations", ["LC-R"])
    assert recall_hlx_only(pipe).keys() == {"convert", "complete"}


def test_beginnings_tell_each_text_from_every_other():
    assert _distinct_starts(["aab", "aac", "b", "bcdefgh"]) == ["aab", "aac", "b", "bcd"]


def test_the_table_has_a_column_for_each_model(pipe):
    results = run_comprehension(pipe, "three lines")
    table = comprehension_table({"before": results, "after": results}).splitlines()
    assert table[0] == "| level | tests | before | after |"
    assert table[2].startswith("| 1 basic translation | 5 |")
    exact = results["scores"]["overall"]["exact_accuracy"]
    assert f"| all | 28 | {exact:.0%} | {exact:.0%} |" in table
