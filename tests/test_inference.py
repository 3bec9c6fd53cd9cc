import json
import subprocess
import sys

import pytest
import torch
from hlx_models import LINES, trained_model

import hlx_hf
from hlx_hf import HLXForCausalLM, load_tokenizer

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
    pipe = hlx_hf.pipeline(folder, device="cpu", notation=TARGET, max_new_tokens=3)
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
        with pytest.raises(OSError, match=f"no model at {name}"):
            hlx_hf.pipeline(name)


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
