"""The recipes as a user starts them, and their configurations."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from in_process import run_script

from hlx_hf.training import parse_arguments

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "recipes" / "configs").glob("*.yaml"))
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes=1", "--num_machines=1"]
LAUNCH += ["--mixed_precision=no", "--dynamo_backend=no"]
RECIPES = sorted((ROOT / "recipes").glob("*.py"))
# Each in a fork of its own, which finds the large libraries imported and this package not.
HELPS = """
import json, os, runpy, sys, tempfile
import datasets, evaluate, torch, transformers.pipelines, transformers.trainer
assert "hlx_hf" not in sys.modules
found = {}
for recipe in sys.argv[1:]:
    with tempfile.TemporaryFile("w+") as printed:
        if (process := os.fork()) == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            sys.path[0] = os.path.dirname(recipe)
            sys.argv = [recipe, "--help"]
            runpy.run_path(recipe, run_name="__main__")
            sys.exit("it did not end by itself")
        _, status = os.waitpid(process, 0)
        printed.seek(0)
        found[recipe] = os.waitstatus_to_exitcode(status), printed.read()
print(json.dumps(found))
"""


def run(*command: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    environment = {**(environment or os.environ), "OMP_NUM_THREADS": "1"}
    words = list(map(str, command))
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_is_one_of_known_settings(config, tmp_path):
    settings = yaml.safe_load(config.read_text())
    # without a GPU TrainingArguments takes fp16, which the hardware check refuses later
    arguments = parse_arguments(config, ["--output_dir", str(tmp_path), "--use_cpu", "true"])
    assert arguments.corpus == settings["corpus"]
    assert arguments.save_every_epochs == 10
    assert "{epoch}" in settings["final_name"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("baseline_1b", (30, 8, 1e-4, True, True, "checkpoint_1b_baseline_epoch30")),
        ("deep_reasoning_1b", (200, 8, 1e-4, True, True, "hlx_1b_deep_reasoning_FINAL_epoch200")),
        ("baseline_1b_8gb", (30, 8, 1e-4, False, True, "checkpoint_1b_baseline_epoch30")),
        ("deep_reasoning_1b_8gb", (200, 8, 1e-4, False, True, "hlx_1b_deep_reasoning_FINAL_epoch200")),
        ("hlx_only_tiny", (100, 16, 5e-4, False, False, "tiny_hlx_only_FINAL_epoch100")),
    ],
)
def test_the_plan_of_the_configurations(name, expected):
    arguments = parse_arguments(ROOT / "recipes" / "configs" / f"{name}.yaml", [])
    assert expected == (
        arguments.num_train_epochs,
        arguments.per_device_train_batch_size,
        arguments.learning_rate,
        arguments.fp16,
        arguments.gradient_checkpointing,
        arguments.final_dir.name,
    )


def test_each_phase_starts_from_what_the_one_before_it_saves():
    options = ["--use_cpu", "true"]
    for scale in ("1b", "1b_8gb", "1b_80gb", "tiny"):
        baseline = parse_arguments(ROOT / "recipes" / "configs" / f"baseline_{scale}.yaml", options)
        deep = parse_arguments(ROOT / "recipes" / "configs" / f"deep_reasoning_{scale}.yaml", options)
        assert Path(deep.model_name_or_path) == baseline.final_dir


@pytest.mark.parametrize("recipe", ["baseline", "deep_reasoning", "hlx_only"])
def test_two_steps_of_each_recipe(recipe, tmp_path):
    options = ["--config", f"recipes/configs/{recipe}_tiny.yaml", "--output_dir", tmp_path, "--max_steps", 2]
    if recipe == "deep_reasoning":
        made = run_script(ROOT / "tests" / "save_tiny_model.py", tmp_path / "start")
        assert made.returncode == 0, made.stderr
        options += ["--model_name_or_path", tmp_path / "start"]
    done = run(*LAUNCH, f"recipes/{recipe}.py", *options)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert (tmp_path / "after_2_steps" / "model.safetensors").is_file()


def test_help_of_each_recipe():
    done = run(sys.executable, "-c", HELPS, *RECIPES)
    assert done.returncode == 0, done.stderr
    helps = json.loads(done.stdout)
    for recipe in RECIPES:
        code, printed = helps[str(recipe)]
        assert code == 0, printed
        assert printed.startswith(f"usage: {recipe.name}")
        assert len(printed.splitlines()) > 5  # and what it is for


def test_the_1b_recipe_says_at_once_what_this_machine_lacks():
    done = run(sys.executable, "recipes/baseline.py", "--use_cpu", "true")
    assert done.returncode == 1
    assert done.stderr.strip().startswith("error: fp16 training needs a GPU")
    assert done.stderr.strip().count("\n") == 0


def test_comprehension_writes_every_prompt_output_and_score(tmp_path):
    made = run_script(ROOT / "tests" / "save_tiny_model.py", tmp_path / "model")
    assert made.returncode == 0, made.stderr
    done = run(sys.executable, "recipes/comprehension.py", "--model", tmp_path / "model")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "model" / "english_comprehension_results.json").read_text())
    assert len(results["tests"]) == 28
    assert (results["constrained"], results["num_beams"]) == (True, 1)
    assert {"prompt", "output", "references", "outcome", "level", "notation"} <= results["tests"][0].keys()
    # random weights answer nothing right, and every failure is of one kind
    assert results["scores"]["overall"]["exact_accuracy"] == 0
    assert {"hlx_hf", "torch", "transformers"} <= results["versions"].keys()


def test_a_comparison_names_a_file_that_holds_no_results(tmp_path):
    for text in ("{", "[]", '{"tests": [], "splits": {}}'):
        (tmp_path / "other.json").write_text(text)
        done = run_script(ROOT / "recipes" / "comparison.py", tmp_path / "other.json", tmp_path / "other.json")
        assert done.returncode == 1
        assert done.stderr == f"error: {tmp_path / 'other.json'} holds no results of recipes/comprehension.py\n"


def test_the_demo_runs_its_recipes_where_it_runs_itself(monkeypatch, capsys):
    demo = runpy.run_path(str(ROOT / "recipes" / "demo.py"))
    monkeypatch.setenv("PATH", "")
    demo["run"]("python", "--version")
    assert "$ python --version" in capsys.readouterr().out
    assert demo["PROGRAMS"]["accelerate launch"] == LAUNCH[:3]  # which takes seconds to start


def test_a_pushed_result_is_a_model_folder_that_works(hub, tmp_path):
    options = ["--max_steps", 2, "--output_dir", tmp_path / "run", "--push_to_hub", "true"]
    options += ["--hub_model_id", "user/engine", "--hub_private_repo", "true"]
    done = run(*LAUNCH, "recipes/hlx_only.py", *options, environment=hub.environment)
    assert done.returncode == 0, done.stderr
    assert hub.private("user/engine")
    assert {"model.safetensors", "tokenizer.json", "pipeline_hlx.py", "README.md"} <= set(hub.files("user/engine"))
    download = "from huggingface_hub import snapshot_download; print(snapshot_download('user/engine'))"
    used = run(sys.executable, "tests/standalone_inference.py", hub.run("-c", download).strip())
    assert used.returncode == 0, used.stderr
