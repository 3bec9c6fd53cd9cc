"""Models that have learned some of the notations answer in all four, and read all four."""

import copy

import pytest
from hlx_models import small_model, trained_model

from hlx_hf import HLXPipeline, Translator, convert, load_tokenizer, pipeline_hlx
from hlx_hf.bridges import into_asked, into_learned
from hlx_hf.lines_hlx import NOTATIONS, written_notation

TEXTS = ["a", "a text of some more words", "two words"]
SEARCH = '🜊1000🜁0 "search"🜁1 ⟁documents🜂'


@pytest.fixture(scope="module", params=["torch", "numpy"])
def runic(request, tmp_path_factory):
    """A model of random weights that has learned LC-R, as a pipeline and as a translator."""
    pipe = HLXPipeline(model=small_model(notations=["LC-R"]), tokenizer=load_tokenizer(), device="cpu")
    if request.param == "torch":
        return pipe
    folder = tmp_path_factory.mktemp("runic")
    pipe.save_pretrained(folder)
    return Translator(folder)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_answers_are_those_of_the_learned_notation_in_any_other(runic, notation):
    written = runic(TEXTS, notation="LC-R", return_scores=True, max_new_tokens=20)
    expected = [{**answer, "generated_text": convert(answer["generated_text"], "LC-R", notation)} for answer in written]
    answers = runic(TEXTS, notation=notation, return_scores=True, max_new_tokens=20, batch_size=3)
    assert [answer["generated_text"] for answer in answers] == [answer["generated_text"] for answer in expected]
    assert [answer["score"] for answer in answers] == pytest.approx([answer["score"] for answer in expected], rel=1e-3)
    assert runic("a", notation=notation, abstain_below=1.0)[0]["generated_text"] == convert("∅", "LC-R", notation)


def test_what_was_written_without_a_constraint_and_is_no_hlx_stays(runic):
    options = {"constrained": False, "max_new_tokens": 8}
    (written,) = runic("a", notation="LC-R", **options)
    assert into_learned(written["generated_text"], ["HLXL"]) == written["generated_text"]  # it is none
    assert runic("a", notation="LC-T", **options) == [written]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_hlx_of_any_notation_is_put_into_english(notation):
    model = copy.deepcopy(trained_model())
    model.config.notations = ["LC-T"]  # it knows one line, in that notation
    pipe = HLXPipeline(model=model, tokenizer=load_tokenizer(), device="cpu")
    assert pipe(convert(SEARCH, "LC-R", notation), notation="English") == [{"generated_text": "Search for documents"}]


def test_english_and_hlx_of_two_meanings_are_read_as_they_stand():
    for text in ("Filter active users", '["a"]', ""):
        assert into_learned(text, ["LC-R"]) == text
    assert into_learned("{C:14, 0=42}", ["LC-R", "LC-T"]) == "{C:14, 0=42}"  # one that it has learned
    assert into_learned("{C:14,0=42}", None) == "{C:14,0=42}"


def test_a_model_of_all_notations_is_asked_for_what_is_asked():
    for notation in (*NOTATIONS, "English", "unknown", None):
        assert written_notation(notation, None) == notation
        assert written_notation(notation, ["LC-B", "LC-R"]) == ("LC-B" if notation in ("HLXL", "LC-T") else notation)
    assert into_asked("∅", "LC-R", "LC-R") == "∅"


def test_other_notations_need_the_package(monkeypatch):
    monkeypatch.setattr(pipeline_hlx, "bridges", None)
    pipe = HLXPipeline(model=small_model(notations=["LC-R"]), tokenizer=load_tokenizer(), device="cpu")
    assert pipe("a", notation="LC-R", max_new_tokens=8)[0]["generated_text"]
    with pytest.raises(ImportError, match="has learned LC-R, and needs the package for LC-T: pip install hlx_hf"):
        pipe("a", notation="LC-T")
