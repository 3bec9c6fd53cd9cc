"""Constrained generation: whatever the weights and the settings, each answer is canonical and ends within its limit."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import xgrammar
from hlx_models import LINES, small_model, trained_model
from test_decoding import ENOUGH, EOS, VOCABULARY, constraint, is_canonical
from transformers import LogitsProcessorList

from hlx_hf import HLXPipeline, Schema, Translator, dumps, load_tokenizer, loads, pipeline_hlx
from hlx_hf.contracts import operation_of
from hlx_hf.decoding.generation import ConstrainedLogitsProcessor, compile_grammar, jump_forward
from hlx_hf.decoding.names import is_grounded
from hlx_hf.lines_hlx import NOTATIONS

TEXTS = ["a", "a text of some more words", "two words", ""]
FILTER = Schema(operation="filter")


@pytest.fixture(scope="module")
def pipe():
    """A pipeline of random weights and 64 positions."""
    return HLXPipeline(model=small_model(), tokenizer=load_tokenizer(), device="cpu")


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    small_model().save_pretrained(folder)
    load_tokenizer().save_pretrained(folder)
    return Translator(folder)


def texts(answers):
    if isinstance(answers, dict):
        return [answers["generated_text"]]
    return [text for answer in answers for text in texts(answer)]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"do_sample": True},
        {"do_sample": True, "temperature": 2.0, "top_k": 0, "num_return_sequences": 8},
        {"do_sample": True, "temperature": 0.1, "repetition_penalty": 5.0},
        {"do_sample": True, "min_new_tokens": 10},
        {"num_beams": 3, "num_return_sequences": 3},
        {"num_beams": 3, "num_return_sequences": 3, "do_sample": True},
        {"num_beams": 2, "max_new_tokens": 5},
        {"max_length": 42, "do_sample": True},
        {"max_new_tokens": 4, "do_sample": True, "num_return_sequences": 8},
    ],
    ids=str,
)
def test_every_answer_of_random_weights_is_canonical(pipe, notation, options):
    torch.manual_seed(0)
    answers = texts(pipe(TEXTS, notation=notation, constrained=True, batch_size=4, **options))
    assert len(answers) == len(TEXTS) * options.get("num_return_sequences", 1)
    assert [answer for answer in answers if not is_canonical(answer, notation)] == []
    assert max(map(len, answers)) < options.get("max_new_tokens", 64)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_answer_fits_the_schema(pipe, translator, notation):
    torch.manual_seed(0)
    options = {"notation": notation, "schema": FILTER}
    answers = texts(pipe(TEXTS[:1] * 8, do_sample=True, batch_size=8, **options))
    answers += texts(pipe(TEXTS[0], num_beams=2, num_return_sequences=2, **options))
    answers += texts(translator(TEXTS[0], **options))
    for answer in answers:
        value = loads(answer, notation)
        assert operation_of(value) == "filter"
        assert len(value.fields) == 3


def test_broken_weights_change_nothing(translator):
    for number in (float("nan"), float("inf"), float("-inf")):
        model = small_model()
        model.lm_head.bias.data[::2] = number
        broken = HLXPipeline(model=model, tokenizer=load_tokenizer(), device="cpu")
        for options in ({}, {"do_sample": True}):
            assert is_canonical(texts(broken(TEXTS[0], notation="LC-R", **options))[0], "LC-R")
        weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
        network = type(translator.network)(translator.network.config, weights)
        with np.errstate(invalid="ignore"):
            ((answer, _),) = network.generate([[1, 5]], 20, [constraint("LC-R")])[0]
        assert answer[-1] == EOS


def test_the_answers_of_a_trained_model_stay_what_they_are():
    pipe = HLXPipeline(model=trained_model(), tokenizer=load_tokenizer(), device="cpu")
    for text, target, translation in LINES:
        for constrained in (None, True, False):
            assert texts(pipe(text, notation=target, constrained=constrained)) == [translation]


def counting(model):
    """The model, and a list that grows with each of its forward passes."""
    calls = []
    model.register_forward_pre_hook(lambda *_: calls.append(1))
    return model, calls


def test_tokens_without_a_choice_cost_no_forward_pass(translator, monkeypatch):
    model, calls = counting(small_model())
    pipe = HLXPipeline(model=model, tokenizer=load_tokenizer(), device="cpu")
    options = {"notation": "LC-R", "schema": FILTER, "max_new_tokens": 34}
    jumped = texts(pipe("a", **options))
    assert len(calls) < (len(jumped[0]) + 1) / 2
    calls.clear()
    assert texts(pipe("a", repetition_penalty=1.0, **options)) == jumped  # a setting that takes the loop of `generate`
    assert len(calls) == len(jumped[0]) + 1

    states, passes = translator.network._states, []
    monkeypatch.setattr(translator.network, "_states", lambda *arguments: passes.append(1) or states(*arguments))
    assert texts(translator("a", **options)) == jumped
    assert len(passes) < (len(jumped[0]) + 1) / 2


@pytest.mark.parametrize(
    "options",
    [{"constrained": True}, {"schema": FILTER}, {"grounded": True}, {"constrained": True, "max_length": 50}],
)
def test_batches_give_what_one_by_one_gives(pipe, translator, options):
    for translate in (pipe, translator) if "max_length" not in options else (pipe,):
        alone = [translate(text, notation="LC-R", **options)[0] for text in TEXTS]
        assert translate(TEXTS, notation="LC-R", batch_size=3, **options) == alone


def test_the_processor_serves_generate_itself():
    model, tokenizer = small_model(), load_tokenizer()
    inputs = tokenizer(TEXTS[:2], padding=True, return_tensors="pt")
    width = inputs["input_ids"].shape[1]
    found = []
    for settings in ({}, {"custom_generate": jump_forward}, {"use_cache": False}):
        processor = ConstrainedLogitsProcessor([constraint("LC-B")] * 2, width, [30, 30])
        tokens = model.generate(
            **inputs, max_new_tokens=30, do_sample=False, logits_processor=LogitsProcessorList([processor]), **settings
        )
        found.append(tokenizer.batch_decode(tokens[:, width:], skip_special_tokens=True))
    assert found[0] == found[1] == found[2]
    assert all(is_canonical(text, "LC-B") for text in found[0])


@pytest.mark.parametrize("schema", [None, FILTER, Schema()], ids=str)
def test_what_is_allowed_xgrammar_allows_as_well(schema):
    draw = np.random.default_rng(0)
    for notation in NOTATIONS:
        grammar = constraint(notation, schema)
        for _ in range(30):
            matcher = xgrammar.GrammarMatcher(compile_grammar(grammar))
            state, left = grammar.start, 100
            while state is not None:
                words = np.empty((1, 4), np.int32)
                matcher.fill_next_token_bitmask(words)
                theirs = np.unpackbits(words.view(np.uint8), bitorder="little")[: grammar.size].astype(bool)
                ours = grammar.allowed(state, left).ids
                assert theirs[ours].all()
                assert not theirs[[VOCABULARY["<pad>"], VOCABULARY["<bos>"], VOCABULARY["<unk>"]]].any()
                token = int(draw.choice(ours))
                assert matcher.accept_token(token)
                state, left = grammar.after(state, token), left - 1


@pytest.mark.parametrize("schema", [None, Schema(operation="open")], ids=str)
def test_grounded_answers_say_nothing_that_is_unknown(pipe, translator, schema):
    settings = {"notation": "LC-R", "schema": schema, "return_scores": True}
    for text in TEXTS:
        grounded = pipe(text, grounded=True, **settings)
        assert is_grounded(loads(grounded[0]["generated_text"], "LC-R"), text)
        (answer,) = translator(text, grounded=True, **settings)
        assert answer["generated_text"] == grounded[0]["generated_text"]
        assert answer["score"] == pytest.approx(grounded[0]["score"], rel=1e-3)
        (free,) = translator(text, grounded=False, **settings)
        if free["generated_text"] == answer["generated_text"]:
            assert free["score"] <= answer["score"]  # among no fewer that are allowed
    drawn = pipe(TEXTS, grounded=True, batch_size=4, do_sample=True, num_return_sequences=3, **settings)
    for text, answers in zip(TEXTS, drawn, strict=True):
        assert all(is_grounded(loads(answer["generated_text"], "LC-R"), text) for answer in answers)


def test_answers_are_grounded_where_the_configuration_says_so(pipe, monkeypatch):
    free, grounded = (pipe("two words", notation="LC-R", schema=FILTER, grounded=choice) for choice in (False, True))
    assert not is_grounded(loads(free[0]["generated_text"], "LC-R"), "two words")
    assert pipe("two words", notation="LC-R", schema=FILTER) == free
    monkeypatch.setattr(pipe.model.config, "grounded", True)
    assert pipe("two words", notation="LC-R", schema=FILTER) == grounded


def test_text_that_spells_a_special_token_is_no_special_token():
    (text,) = (dumps(["<eos>", "<pad>"], "LC-R"),)
    state = constraint("LC-R").start
    for character in text:
        token = VOCABULARY[character]
        assert token in constraint("LC-R").allowed(state, ENOUGH).ids
        state = constraint("LC-R").after(state, token)
    assert constraint("LC-R").allowed(state, ENOUGH).only == EOS


def test_bad_calls_are_errors_that_say_what_to_do(pipe, translator, monkeypatch):
    for translate in (pipe, translator):
        with pytest.raises(ValueError, match="1 tokens are too few for an answer: the shortest in LC-R takes 2"):
            translate("a", notation="LC-R", max_new_tokens=1)
        with pytest.raises(ValueError, match=r"a schema is for constrained decoding .* not for English"):
            translate("a", notation="English", schema=FILTER)
        with pytest.raises(ValueError, match="constrained=False"):
            translate("a", notation="LC-R", schema=FILTER, constrained=False)
    monkeypatch.setattr(pipeline_hlx, "generation", None)  # as where the extra is not installed
    for options in ({"constrained": True}, {"schema": FILTER}):
        with pytest.raises(ImportError, match="pip install xgrammar"):
            pipe("a", notation="LC-R", **options)
    assert len(texts(pipe("abc", notation="LC-R"))[0]) > 0


def test_without_xgrammar_the_pipeline_works_and_the_translator_is_constrained(tmp_path):
    small_model().save_pretrained(tmp_path)
    load_tokenizer().save_pretrained(tmp_path)
    program = f"""
import sys
sys.modules["xgrammar"] = None
import hlx_hf
answer = hlx_hf.Translator({str(tmp_path)!r})("a", notation="LC-R")[0]["generated_text"]
hlx_hf.loads(answer, "LC-R")
assert not {{"torch", "transformers"}} & sys.modules.keys()
pipe = hlx_hf.pipeline({str(tmp_path)!r}, device="cpu")
pipe("a", notation="LC-R")
try:
    pipe("a", notation="LC-R", constrained=True)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install xgrammar" in done.stdout
    assert done.stderr.count("answers may be no HLX") == 1
