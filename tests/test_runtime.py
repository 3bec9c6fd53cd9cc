"""The runtime in numpy gives what the model in torch gives."""

import json

import numpy as np
import pytest
import torch
from hlx_models import ARROWS, LINES, small_model, trained_model
from hypothesis import given, settings
from hypothesis import strategies as st

from hlx_hf import HLXConfig, HLXForCausalLM, HLXPipeline, Translator, load_tokenizer
from hlx_hf.network import Network, read_weights

TEXTS = ["a", "a text of some more words", "two  words", "<eos> is text", "Straße № 5 🙂", "", "→ 🜊\n←"]


def network_of(model):
    return Network(model.config.to_dict(), {name: tensor.numpy() for name, tensor in model.state_dict().items()})


def last_logits(model, sequences):
    """What torch has for the token after each sequence, with padding at the left."""
    width = max(map(len, sequences))
    tokens = torch.tensor([[0] * (width - len(sequence)) + sequence for sequence in sequences])
    mask = torch.tensor([[0] * (width - len(sequence)) + [1] * len(sequence) for sequence in sequences])
    with torch.inference_mode():
        return model(input_ids=tokens, attention_mask=mask).logits[:, -1].numpy()


def save(model, folder, **options):
    model.save_pretrained(folder, **options)
    load_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """A pipeline and a translator of one model, whose answers hardly ever end before the last of 64 positions."""
    model = small_model()
    folder = save(model, tmp_path_factory.mktemp("endless"))
    return HLXPipeline(model=model, tokenizer=load_tokenizer(), device="cpu"), Translator(folder)


@pytest.mark.parametrize(
    "model",
    [
        small_model(),
        small_model(num_hidden_layers=3, num_attention_heads=2, layer_norm_eps=1e-2),
        HLXForCausalLM(HLXConfig.from_preset("tiny")).eval(),
        small_model(prompt_end_token_ids=ARROWS),
        small_model(num_hidden_layers=5, num_hidden_groups=2),
    ],
    ids=["small", "other sizes", "tiny preset", "both ways in prompts", "looped"],
)
@settings(max_examples=25)
@given(data=st.data())
def test_logits_are_those_of_torch_whichever_answers_go_on(model, data):
    prompts = data.draw(st.lists(st.lists(st.integers(0, 114), min_size=1, max_size=40), min_size=1, max_size=5))
    token = st.integers(0, 114).filter(lambda token: token not in ARROWS)  # torch would take one for the prompt's end
    network = network_of(model)
    scores, cache = network.read(prompts, room=6, num_beams=3)
    sequences = prompts
    np.testing.assert_allclose(scores, last_logits(model, sequences), rtol=0, atol=1e-4)
    for length in data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)):
        row = st.integers(0, len(sequences) - 1)
        rows = sorted(data.draw(st.lists(row, min_size=1, max_size=3 * len(prompts))))
        cache.go_on_from(rows)
        new = [data.draw(st.lists(token, min_size=length, max_size=length)) for _ in rows]
        sequences = [[*sequences[row], *tokens] for row, tokens in zip(rows, new, strict=True)]
        scores = network.go_on(np.array(new), cache)
        np.testing.assert_allclose(scores, last_logits(model, sequences), rtol=0, atol=1e-4)


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("max_new_tokens", [2, 30, 500, None])
@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_answers_are_those_of_the_pipeline(endless, batch_size, max_new_tokens, constrained):
    pipe, translator = endless
    for notation in ("LC-T", "English"):
        options = {"notation": notation, "max_new_tokens": max_new_tokens, "batch_size": batch_size}
        options["constrained"] = constrained
        assert translator(TEXTS, **options) == pipe(TEXTS, **options)


def test_an_answer_goes_on_to_the_last_position_and_no_further(endless):
    _, translator = endless
    network = Network(translator.network.config, dict(translator.network.weights))
    network.weights["lm_head.bias"] = np.where(np.arange(115) < 4, -1e9, 0).astype(np.float32)  # no special token
    assert [len(answer.tokens) for (answer,) in network.generate([[1] * 10, [1] * 63, [1]])] == [54, 1, 63]


def test_answers_of_a_trained_model(tmp_path):
    translator = Translator(save(trained_model(), tmp_path))
    for text, target, translation in LINES:
        assert translator(text, notation=target) == [{"generated_text": translation}]
    both = [{"generated_text": translation} for _, _, translation in LINES[:2]]
    assert translator([text for text, _, _ in LINES[:2]], notation="LC-R", batch_size=2) == both
    assert translator([], notation="LC-R") == []


def test_defaults_hold_where_a_call_says_nothing_else(endless):
    folder = endless[1].folder
    translator = Translator(folder, notation="LC-R", max_new_tokens=5)
    assert translator("a") == Translator(folder)("a", "LC-R", max_new_tokens=5)
    assert translator("a", notation="LC-T") == Translator(folder)("a", "LC-T", max_new_tokens=5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_of_every_dtype_and_in_parts_are_read(tmp_path, dtype):
    model = small_model().to(dtype)
    model.save_pretrained(tmp_path, max_shard_size="50KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    weights = read_weights(tmp_path)
    assert weights.keys() == model.state_dict().keys()
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(weights[name], tensor.float().numpy())


def test_bad_calls_are_errors_that_say_what_to_do(endless):
    _, translator = endless
    choices = "HLXL, LC-R, LC-T, LC-B, English"
    with pytest.raises(ValueError, match=f"'LCR'.*{choices}"):
        translator("a", notation="LCR")
    with pytest.raises(ValueError, match=choices):
        translator("a")
    with pytest.raises(ValueError, match="takes 64 of the 64 tokens"):
        translator(["a", "x" * 53], notation="LC-R", batch_size=2)
    with pytest.raises(TypeError, match=r"top_k: .* device='cpu'"):
        translator("a", notation="LC-R", top_k=2)
    with pytest.raises(TypeError, match="do_sample"):
        Translator(translator.folder, do_sample=True)
    for pipe in endless:
        with pytest.raises(TypeError, match="a str, or a list of them, not NoneType"):
            pipe(["a", None], notation="LC-R")
        with pytest.raises(TypeError, match=r"hlx_hf\.decoding\.Schema, not int"):
            pipe("a", notation="LC-R", schema=14)
        with pytest.raises(ValueError, match="max_new_tokens must be at least 1, not 0"):
            pipe("a", notation="LC-R", max_new_tokens=0)
        assert pipe([]) == []
        assert pipe(("a",), notation="LC-R", max_new_tokens=5) == pipe(["a"], notation="LC-R", max_new_tokens=5)
    for name in ("batch_size", "max_new_tokens", "num_beams"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, not 0"):
            translator("a", notation="LC-R", **{name: 0})


def test_missing_and_damaged_files_are_errors_that_name_them(tmp_path):
    with pytest.raises(OSError, match=r"config\.json"):
        Translator(tmp_path)
    save(small_model(), tmp_path)
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged"):
        Translator(tmp_path)
    small_model().double().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"model\.safetensors has weights of type 'F64'"):
        Translator(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(OSError, match="no weights"):
        Translator(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.json", "{", r"config\.json is damaged: Expecting"),
        ("config.json", "[1]", r"config\.json is damaged: it holds no object"),
        (
            "config.json",
            '{"model_type": "hlx"}',
            "is damaged: .* lack 'num_hidden_layers'",
        ),
        ("tokenizer.json", "{", r"tokenizer\.json is damaged"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, text, message):
    save(small_model(), tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        Translator(tmp_path)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"num_hidden_layers": 9}, r"the weights lack 'model\.layers\.\d\.norm1"),
        ({"num_hidden_groups": 3}, "num_hidden_groups 3 is not from 1 to num_hidden_layers 2"),
        ({"num_hidden_groups": 1}, "the weights have more than 1 layers"),
        ({"num_hidden_groups": "2"}, "does not fit the weights"),
        ({"num_attention_heads": 3}, "is damaged: .* does not fit the weights: cannot reshape"),
    ],
)
def test_weights_that_the_configuration_does_not_fit_are_an_error(tmp_path, setting, message):
    save(small_model(), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | setting))
    with pytest.raises(ValueError, match=message):
        Translator(tmp_path)


def test_curly_quotes_dashes_and_ends_of_lines_are_read_as_plain_ones(tmp_path):
    translator = Translator(save(small_model(), tmp_path))
    for curly, plain in {"“the user’s”": '"the user\'s"', "a – b": "a - b", "open\nit": "open it"}.items():
        assert translator(curly, notation="LC-R") == translator(plain, notation="LC-R")
