"""Checkpoints of the prototype, which is built here from `torch.nn`, as model folders of this project."""

import importlib
import json
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from transformers import AutoModelForCausalLM, AutoTokenizer

import hlx_hf
from hlx_hf.lines_hlx import NOTATIONS
from hlx_hf.prototype import build_model

TOKENS = hlx_hf.load_tokenizer().convert_ids_to_tokens(range(115))
TINY = {"width": 128, "heads": 4, "layers": 2, "feed_forward": 512}
ODD = {"width": 48, "heads": 6, "layers": 3, "feed_forward": 40, "positions": 20}  # the sizes of no preset


class Prototype(nn.Module):
    """The architecture in the modules of `torch.nn`, whose names are those of the checkpoints."""

    def __init__(self, width, heads, layers, feed_forward, tokens=115, positions=512):
        super().__init__()
        self.token_embedding = nn.Embedding(tokens, width)
        self.position_embedding = nn.Embedding(positions, width)
        layer = nn.TransformerEncoderLayer(width, heads, feed_forward, batch_first=True, norm_first=True)
        self.transformer = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.output_projection = nn.Linear(width, tokens)
        for parameter in self.parameters():
            parameter.data += 0.05 * torch.randn(parameter.shape)  # no bias zero, no two layers alike

    def forward(self, input_ids):
        length = input_ids.shape[1]
        hidden_states = self.token_embedding(input_ids) + self.position_embedding.weight[:length]
        causal = nn.Transformer.generate_square_subsequent_mask(length)
        return self.output_projection(self.transformer(hidden_states, mask=causal, is_causal=True))


@pytest.fixture
def checkpoint(tmp_path):
    """Saves what it is given and returns the path."""

    def save(contents):
        torch.save(contents, tmp_path / "checkpoint.pt")
        return tmp_path / "checkpoint.pt"

    return save


def prototype(**sizes):
    torch.manual_seed(0)
    return Prototype(**sizes).eval()


@pytest.fixture
def convert(monkeypatch):
    """Runs the command in this process, which saves each test the start of another."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["convert", *map(str, arguments)])
        runpy.run_module("hlx_hf.convert", run_name="__main__")

    return run


@pytest.fixture
def refused(convert):
    """Runs the command and returns the one sentence that it exits with."""

    def run(*arguments):
        with pytest.raises(SystemExit) as exit_:
            convert(*arguments)
        assert exit_.value.code.startswith("error: ")
        assert "\n" not in exit_.value.code
        return exit_.value.code

    return run


def process(*arguments):
    """The command as a user starts it."""
    command = [sys.executable, "-m", "hlx_hf.convert", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120)


def assert_same_logits(model, expected, rows=None):
    """Compares a model with the prototype, whose tokens are the `rows` of its vocabulary if that is another."""
    ids = torch.randint(0, 115, (3, 20), generator=torch.Generator().manual_seed(1))
    rows = torch.arange(115) if rows is None else rows
    with torch.no_grad():
        assert_close(model(ids).logits, expected(rows[ids])[..., rows], atol=1e-5, rtol=0)


def test_a_checkpoint_becomes_a_model_folder_with_the_same_logits(checkpoint, tmp_path):
    source = prototype(**TINY)
    path = checkpoint({"model_state_dict": source.state_dict(), "epoch": 30, "optimizer_state_dict": {"state": {}}})
    run = process(path, tmp_path / "model")
    assert (run.returncode, run.stderr) == (0, "")
    assert "epoch 30" in run.stdout
    assert "491,635 parameters" in run.stdout
    assert_same_logits(AutoModelForCausalLM.from_pretrained(tmp_path / "model"), source)
    assert AutoTokenizer.from_pretrained(tmp_path / "model").convert_ids_to_tokens(range(115)) == TOKENS

    hlx_hf.HLXForCausalLM(hlx_hf.HLXConfig()).save_pretrained(tmp_path / "usual")
    hlx_hf.load_tokenizer().save_pretrained(tmp_path / "usual")
    usual, found = ({path.name for path in (tmp_path / name).iterdir()} for name in ("usual", "model"))
    assert found == usual
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        assert (tmp_path / "model" / name).read_text() == (tmp_path / "usual" / name).read_text()


def test_the_state_dict_itself_with_sizes_of_its_own_and_heads_that_are_named(checkpoint, convert, tmp_path):
    source = prototype(**ODD)
    convert(checkpoint(source.state_dict()), tmp_path / "model", "--heads", 6)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert (model.config.num_attention_heads, model.config.max_position_embeddings) == (6, 20)
    assert AutoTokenizer.from_pretrained(tmp_path / "model").model_max_length == 20
    assert_same_logits(model, source)


def test_heads_are_those_of_the_preset_with_the_same_sizes():
    source = prototype(width=320, heads=5, layers=8, feed_forward=1280, tokens=30, positions=100)
    assert build_model(source.state_dict()).config.num_attention_heads == 5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_are_float32_whatever_they_were_saved_in(dtype):
    source = prototype(**ODD).to(dtype)
    model = build_model(source.state_dict(), heads=6)
    assert model.dtype == torch.float32
    assert_same_logits(model, source.float())


def write_mapping(path, mapping):
    path.write_text(json.dumps(mapping), encoding="utf-8")
    return path


def test_a_larger_vocabulary_is_mapped_by_character(checkpoint, convert, tmp_path, capsys):
    source = prototype(**TINY, tokens=130)
    rows = torch.randperm(130, generator=torch.Generator().manual_seed(2))
    mapping = {token: int(row) for token, row in zip([*TOKENS, "é", "<mask>"], rows, strict=False)}
    path = write_mapping(tmp_path / "mapping.json", mapping)
    convert(checkpoint(source.state_dict()), tmp_path / "model", "--mapping", path)
    assert "untrained" not in capsys.readouterr().out
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert model.config.vocab_size == 115
    assert_same_logits(model, source, rows[:115])


def test_tokens_that_a_mapping_lacks_are_named_and_never_the_likeliest(checkpoint, convert, tmp_path, capsys):
    source = prototype(**TINY, tokens=113)
    path = write_mapping(tmp_path / "mapping.json", {token: row for row, token in enumerate(TOKENS[2:])})
    convert(checkpoint(source.state_dict()), tmp_path / "model", "--mapping", path)
    assert "untrained, for the mapping lacks them: '<pad>' '<bos>'\n" in capsys.readouterr().out
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    ids = torch.randint(2, 115, (3, 20), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits, with_unknown = model(ids).logits, model(ids % 2).logits
        assert_close(logits[..., 2:], source(ids - 2), atol=1e-5, rtol=0)
    for scores in (logits, with_unknown):
        assert_close(scores[..., 0], scores[..., 2:].mean(dim=-1), atol=1e-5, rtol=0)
        assert (scores.argmax(dim=-1) > 1).all()


def test_another_vocabulary_without_a_mapping_is_refused_with_both_sizes(checkpoint, refused, tmp_path):
    message = refused(checkpoint(prototype(**TINY, tokens=97).state_dict()), tmp_path / "model")
    assert all(text in message for text in ("97 tokens", "115", "--mapping FILE"))
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ('{"a": 0, "b": 115}', "'b' is mapped to row 115, and the checkpoint has rows 0 to 114"),
        ('{"a": -1}', "'a' is mapped to row -1"),
        ('{"a": 3, "b": 3}', "'a' and 'b' are both mapped to row 3"),
        ('{"a": "3"}', "mapping.json: 'a' is mapped to '3', which is no row number"),
        ('{"a": true}', "'a' is mapped to True"),
        ('["a", "b"]', "mapping.json holds no JSON object of characters to rows"),
        ('{"é": 1}', "none of the tokens of HLX"),
        ('{"a": 1', "mapping.json is no JSON"),
        (None, "mapping.json"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(checkpoint, refused, tmp_path, mapping, message):
    if mapping is not None:
        (tmp_path / "mapping.json").write_text(mapping, encoding="utf-8")
    path = checkpoint(prototype(**TINY).state_dict())
    assert message in refused(path, tmp_path / "model", "--mapping", tmp_path / "mapping.json")


LAYER = "transformer.layers.1."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_embedding.weight": None}, "token_embedding.weight is missing"),
        ({f"{LAYER}norm2.bias": None}, f"{LAYER}norm2.bias is missing"),
        ({"transformer.norm.weight": torch.ones(48)}, "transformer.norm.weight is no weight of the prototype"),
        ({f"{LAYER}linear2.weight": torch.ones(48, 41)}, f"{LAYER}linear2.weight has the shape (48, 41)"),
        ({"position_embedding.weight": torch.ones(20)}, "position_embedding.weight has the shape (20,)"),
        ({"output_projection.bias": torch.ones(114)}, "output_projection.bias has the shape (114,)"),
        ({"output_projection.bias": torch.ones(115, dtype=torch.int64)}, "'output_projection.bias' is no tensor of"),
        ({"name": "HLX"}, "'name' is no tensor"),
    ],
)
def test_a_weight_that_is_missing_foreign_or_damaged_is_named(checkpoint, refused, tmp_path, changes, message):
    weights = {**prototype(**ODD).state_dict(), **changes}
    path = checkpoint({name: tensor for name, tensor in weights.items() if tensor is not None})
    assert message in refused(path, tmp_path / "model", "--heads", 6)


def test_heads_that_nothing_says_or_that_do_not_fit_are_refused(checkpoint, convert, refused, tmp_path):
    path = checkpoint(prototype(**ODD).state_dict())
    assert "--heads" in refused(path, tmp_path / "model")
    assert "48 is no multiple of num_attention_heads 5" in refused(path, tmp_path / "model", "--heads", 5)
    with pytest.raises(SystemExit, match="2"):
        convert(path, tmp_path / "model", "--heads", 0)


class Trap:
    """Runs code in whoever unpickles it."""

    def __reduce__(self):
        return Path.touch, (Path("trapped"),)


def test_files_that_are_no_checkpoint_are_refused_and_run_no_code(checkpoint, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no checkpoint at nowhere.pt" in refused("nowhere.pt", "model")
    assert "no checkpoint at ." in refused(".", "model")
    path = checkpoint(prototype(**TINY).state_dict())
    whole = path.read_bytes()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("notes.txt", "no tensors")
    for contents in (b"", b"HLX", whole[: len(whole) // 2], (tmp_path / "other.zip").read_bytes()):
        path.write_bytes(contents)
        assert "checkpoint.pt is no PyTorch checkpoint" in refused(path, "model")
    assert "checkpoint.pt is no PyTorch checkpoint" in refused(checkpoint({"model_state_dict": Trap()}), "model")
    assert "holds a list" in refused(checkpoint([1, 2]), "model")
    assert "holds a Tensor" in refused(checkpoint({"model_state_dict": torch.ones(3)}), "model")
    assert not (tmp_path / "trapped").exists()
    assert not (tmp_path / "model").exists()


def test_a_refusal_is_one_line_and_exit_code_1(checkpoint):
    path = checkpoint(prototype(**TINY).state_dict())
    run = process(path, path)  # a file where the folder should be
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert "checkpoint.pt" in run.stderr


def test_the_function_convert_is_not_hidden_by_the_command():
    with pytest.raises(ImportError, match=r"python -m hlx_hf\.convert"):
        importlib.import_module("hlx_hf.convert")
    for target in NOTATIONS:
        assert hlx_hf.loads(hlx_hf.convert("{C:14,0=42}", "LC-T", target), target) == hlx_hf.Contract(14, {0: 42})
