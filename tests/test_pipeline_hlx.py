import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from hlx_models import LINES, small_model, trained_model
from transformers import GenerationConfig
from transformers import pipeline as transformers_pipeline

from hlx_hf import HLXForCausalLM, HLXPipeline, load_tokenizer

TEXTS = [text for text, _, _ in LINES]
STANDALONE = Path(__file__).parent / "standalone_inference.py"


@pytest.fixture(scope="module")
def trained():
    return HLXPipeline(model=trained_model(), tokenizer=load_tokenizer(), device="cpu")


@pytest.fixture
def endless():
    """A pipeline whose answers hardly ever end before the last of the 64 positions."""
    return HLXPipeline(model=small_model(), tokenizer=load_tokenizer(), device="cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    trained_model().save_pretrained(path)
    load_tokenizer().save_pretrained(path)
    return path


@pytest.mark.parametrize(("text", "target", "translation"), LINES)
def test_a_text_gives_its_translation_alone(trained, text, target, translation):
    assert trained(text, notation=target) == [{"generated_text": translation}]


def test_a_list_gives_an_answer_for_each_text(trained):
    assert trained([]) == []
    expected = [{"generated_text": translation} for _, _, translation in LINES[:2]]
    assert trained(TEXTS[:2], notation="LC-R") == expected
    assert trained(TEXTS[:2], notation="LC-R", batch_size=2) == expected
    assert list(trained((text for text in TEXTS[:2]), notation="LC-R")) == [[answer] for answer in expected]


@pytest.mark.parametrize("options", [{}, {"max_new_tokens": 30}, {"max_length": 40}, {"num_beams": 2}])
@pytest.mark.parametrize("batch_size", [2, 4])
def test_batches_give_what_one_by_one_gives(endless, options, batch_size):
    texts = ["a", "a text of some more words", "two words", "b", "the last of the odd number"]
    alone = [endless(text, notation="LC-T", **options)[0] for text in texts]
    assert endless(texts, notation="LC-T", batch_size=batch_size, **options) == alone


def test_an_answer_goes_on_to_the_last_position_and_no_further(endless):
    endless.model.lm_head.bias.data[: endless.tokenizer.unk_token_id + 1] = -1e9  # never a special token
    for options in ({}, {"max_new_tokens": 500}, {"max_length": 500}):
        (answer,) = endless(["abc"], notation="LC-R", constrained=False, **options)
        prompt_tokens = 1 + len("[LC-R] abc → ")
        assert prompt_tokens + len(answer["generated_text"]) == 64


def test_arguments_of_the_call_come_before_those_of_the_constructor(endless):
    pipe = HLXPipeline(
        model=endless.model, tokenizer=endless.tokenizer, device="cpu", notation="LC-R", max_new_tokens=5
    )
    five = endless("a", notation="LC-R", max_new_tokens=5)
    seven = endless("a", notation="LC-T", max_new_tokens=7)
    assert len(five[0]["generated_text"]) < len(seven[0]["generated_text"])
    assert pipe("a") == five
    assert pipe("a", notation="LC-T", max_new_tokens=7) == seven
    assert pipe("a", notation="LC-T", generation_config=GenerationConfig(max_new_tokens=7)) == seven
    assert pipe("a") == five


def test_several_answers_to_a_text(trained, endless):
    answers = endless("a", notation="LC-R", num_beams=4, num_return_sequences=3)
    assert len(answers) == 3
    assert len({answer["generated_text"] for answer in answers}) == 3
    torch.manual_seed(0)
    batch = trained(TEXTS[:2], notation="LC-R", batch_size=2, do_sample=True, num_return_sequences=2)
    assert batch == [[{"generated_text": translation}] * 2 for _, _, translation in LINES[:2]]


def test_a_missing_or_unknown_notation_is_an_error_that_names_the_choices(trained):
    choices = "HLXL, LC-R, LC-T, LC-B, English"
    with pytest.raises(ValueError, match=choices):
        trained("Search for documents")
    with pytest.raises(ValueError, match=f"'LCR'.*{choices}"):
        trained("Search for documents", notation="LCR")


def test_a_prompt_that_leaves_no_room_is_an_error_that_quotes_the_tokens(endless):
    with pytest.raises(ValueError, match="takes 64 of the 64 tokens"):
        endless("x" * 53, notation="LC-R")
    with pytest.raises(ValueError, match="takes 12 of the 10 tokens"):
        endless("x", notation="LC-R", max_length=10)
    assert endless("x" * 52, notation="LC-R", constrained=False)


@pytest.mark.parametrize("text", ["Straße № 5 🙂", "<eos><pad>", "\ud800", ""])
def test_any_text_is_brought_into_the_alphabet(trained, text):
    ids = trained.preprocess(text, "HLXL")["input_ids"][0]
    assert ids[0] == trained.tokenizer.bos_token_id
    assert (ids[1:] >= len(trained.tokenizer.all_special_tokens)).all()


def test_nothing_is_warned_of(trained):
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    library = logging.getLogger("transformers")
    library.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pipe = HLXPipeline(model=trained.model, tokenizer=load_tokenizer(), device="cpu", notation="LC-R")
            pipe(TEXTS, batch_size=2)
            pipe(TEXTS[0], max_new_tokens=5)
            pipe(TEXTS[0], max_length=70, num_beams=2)
    finally:
        library.removeHandler(handler)
    assert [record.getMessage() for record in records] == []


def test_transformers_finds_the_pipeline_of_a_folder(folder):
    translate = transformers_pipeline("text2text-generation", model=str(folder), trust_remote_code=True, device="cpu")
    text, target, translation = LINES[0]
    assert translate(text, notation=target) == [{"generated_text": translation}]
    assert type(translate.model) is HLXForCausalLM  # the installed class, not the folder's copy


def test_a_folder_works_where_this_package_cannot_be_imported(folder):
    run = subprocess.run([sys.executable, str(STANDALONE), str(folder)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [translation for _, _, translation in LINES[:2]]


def test_a_saved_pipeline_is_a_model_folder(trained, tmp_path):
    trained.save_pretrained(tmp_path)
    translate = transformers_pipeline("text2text-generation", model=str(tmp_path), trust_remote_code=True, device="cpu")
    assert translate(TEXTS[1], notation="LC-R") == trained(TEXTS[1], notation="LC-R")
