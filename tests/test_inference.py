import json
import shutil
import subprocess
import sys

import pytest
import torch
from hlx_models import LINES, trained_model

import hlx_hf
from hlx_hf import HLXForCausalLM, HLXPipeline, Translator, inference, load_tokenizer

TEXT, TARGET, TRANSLATION = LINES[0]
EXPECTED = [{"generated_text": TRANSLATION}]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    trained_model().save_pretrained(path)
    load_tokenizer().save_pretrained(path)
    return path


def test_a_folder_makes_a_pipeline(folder):
    for name in (folder, str(folder)):
        assert hlx_hf.pipeline(name, device="cpu")(TEXT, notation=TARGET) == EXPECTED


@pytest.fixture
def shipped(folder, monkeypatch):
    """The models that come with the package, replaced."""
    monkeypatch.setattr(inference, "MODELS", folder.parent)
    for name in inference.SHIPPED_MODELS:
        shutil.copytree(folder, folder.parent / name)


@pytest.mark.parametrize("model", [(), ("english",), ("hlx_only",)])
def test_a_shipped_model_runs_in_numpy_unless_torch_is_asked_for(shipped, model):
    quick = hlx_hf.pipeline(*model)
    assert type(quick) is Translator
    assert quick.folder.name == (model or ("english",))[0]
    assert quick(TEXT, notation=TARGET) == EXPECTED
    assert hlx_hf.pipeline(*model, notation=TARGET)([TEXT, TEXT], batch_size=2) == EXPECTED * 2
    for options in ({"device": "cpu"}, {"dtype": "float32"}, {"tokenizer": load_tokenizer()}):
        pipe = hlx_hf.pipeline(*model, **options)
        assert type(pipe) is HLXPipeline
        assert pipe(TEXT, notation=TARGET) == EXPECTED


def test_a_shipped_model_comes_before_a_folder_of_its_name(shipped, tmp_path, monkeypatch):
    (tmp_path / "elsewhere" / "english").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert hlx_hf.pipeline("english")(TEXT, notation=TARGET) == EXPECTED
    with pytest.raises(OSError, match=r"no model at '\./english'"):
        hlx_hf.pipeline("./english")


def test_a_shipped_model_answers_without_torch(folder):
    folder.rename(folder.parent / "english")
    program = f"""
import sys
from pathlib import Path
import hlx_hf
from hlx_hf import inference
inference.MODELS = Path({str(folder.parent)!r})
assert hlx_hf.pipeline()({TEXT!r}, notation={TARGET!r}) == {EXPECTED!r}
assert not {{"torch", "transformers", "huggingface_hub"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_no_code_of_the_folder_runs(folder):
    for path in folder.glob("*.py"):
        path.write_text("raise SystemExit('code of the folder ran')\n")
    pipe = hlx_hf.pipeline(folder, device="cpu")
    assert type(pipe) is hlx_hf.HLXPipeline
    assert type(pipe.model) is HLXForCausalLM
    assert pipe(TEXT, notation=TARGET) == EXPECTED


def test_a_model_makes_a_pipeline():
    for options in ({}, {"tokenizer": load_tokenizer()}):
        assert hlx_hf.pipeline(trained_model(), device="cpu", **options)(TEXT, notation=TARGET) == EXPECTED


def test_further_arguments_are_for_every_call(folder):
    pipe = hlx_hf.pipeline(folder, device="cpu", notation=TARGET, max_new_tokens=3, constrained=False)
    assert pipe(TEXT) == [{"generated_text": TRANSLATION[:3]}]


def test_weights_are_loaded_in_the_dtype_asked_for(folder):
    assert hlx_hf.pipeline(folder, device="cpu").model.dtype == torch.float32
    pipe = hlx_hf.pipeline(folder, device="cpu", dtype=torch.bfloat16)
    assert pipe.model.dtype == torch.bfloat16
    assert pipe(TEXT, notation=TARGET) == EXPECTED


def test_a_pipeline_saves_a_folder_that_every_transformers_loads(folder, tmp_path):
    hlx_hf.pipeline(folder, device="cpu").save_pretrained(tmp_path / "copy")
    saved = json.loads((tmp_path / "copy" / "tokenizer_config.json").read_text())
    assert saved["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert hlx_hf.pipeline(tmp_path / "copy", device="cpu")(TEXT, notation=TARGET) == EXPECTED


def test_what_is_no_model_is_an_error_that_names_it(tmp_path):
    for name in (tmp_path / "nowhere", tmp_path, "no-such-user/no-such-model"):
        with pytest.raises(OSError, match=f"no model at '{name}'"):
            hlx_hf.pipeline(name)


def test_what_could_be_no_model_is_an_error_that_says_what_could():
    with pytest.raises(TypeError, match="a name, a folder or an HLXForCausalLM, not NoneType"):
        hlx_hf.pipeline(None)


def test_a_model_of_another_kind_is_an_error_that_names_the_kind(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(ValueError, match="'gpt2'"):
        hlx_hf.pipeline(tmp_path)


@pytest.mark.parametrize(
    "imports",
    [
        "import hlx_hf; from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer",
        "from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer; import hlx_hf",
    ],
)
def test_auto_classes_know_the_installed_classes_in_either_order(folder, imports):
    program = f"""
{imports}
folder = {str(folder)!r}
for thing in (
    AutoConfig.from_pretrained(folder),
    AutoModelForCausalLM.from_pretrained(folder),
    AutoTokenizer.from_pretrained(folder),
):
    print(type(thing).__module__)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[:2] == ["hlx_hf.configuration_hlx", "hlx_hf.modeling_hlx"]
    assert "trust_remote_code" not in run.stdout + run.stderr
