"""The configurations of accelerate: two processes train as one does, and one goes on from what two have saved."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config import load_config_from_file
from accelerate.commands.launch import launch_command_parser
from torch.testing import assert_close

from hlx_hf import HLXForCausalLM
from hlx_hf.training import parse_arguments, run_phase

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / "recipes" / "accelerate"
CARD = ROOT / "model_cards" / "template.md"
RECIPE = ["recipes/baseline.py", "--config", "recipes/configs/baseline_tiny.yaml"]
STEPS = 4
# learning starts at once, and a checkpoint lies half-way
SETTINGS = ["--max_steps", STEPS, "--save_strategy", "steps", "--save_steps", 2, "--logging_strategy", "steps"]
SETTINGS += ["--logging_steps", 1, "--disable_tqdm", "true", "--warmup_steps", 0]
# With its usual epsilon Adam makes a whole step of a gradient that is nothing but rounding.
SETTINGS += ["--adam_epsilon", 1e-5]
ON_CPU = ["--use_cpu", "true"]
GENERATED = ["--corpus", "generated", "--tasks", "convert"]
STEP_BATCH_SIZE = 8


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def launch(config, *options, processes, output, settings=()):
    """Runs `accelerate launch` on a recipe, with the batch of a step dealt out to the processes."""
    launcher = ["--config_file", CONFIGS / config, "--num_processes", processes, *options]
    batch = ["--per_device_train_batch_size", STEP_BATCH_SIZE // processes, "--output_dir", output]
    words = [*launcher, *RECIPE, *SETTINGS, *batch, *settings]
    run([sys.executable, "-m", "accelerate.commands.launch", *words], {**os.environ, "OMP_NUM_THREADS": "1"})


def run(words, environment):
    command = list(map(str, words))
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def one_process(tmp_path):
    """Trains in this process, and returns the folder of the result."""

    def train(*settings):
        batch = ["--per_device_train_batch_size", STEP_BATCH_SIZE, "--output_dir", tmp_path / "one"]
        words = map(str, [*SETTINGS, *ON_CPU, *batch, *settings])
        return run_phase(parse_arguments(ROOT / RECIPE[2], list(words)), CARD)

    return train


def assert_same_training(folder, expected):
    runs = [json.loads((path / "trainer_state.json").read_text())["log_history"] for path in (folder, expected)]
    losses, expected_losses = ([entry["loss"] for entry in run if "loss" in entry] for run in runs)
    assert len(losses) == STEPS
    assert losses == pytest.approx(expected_losses, abs=1e-4)
    model, expected_model = map(HLXForCausalLM.from_pretrained, (folder, expected))
    for new, old in zip(model.parameters(), expected_model.parameters(), strict=True):
        assert_close(new, old, atol=1e-4, rtol=0)


def assert_whole_folder(folder, expected):
    assert {path.name for path in folder.iterdir()} == {path.name for path in expected.iterdir()}
    assert json.loads((folder / "config.json").read_text())["auto_map"] == {
        "AutoConfig": "configuration_hlx.HLXConfig",
        "AutoModelForCausalLM": "modeling_hlx.HLXForCausalLM",
    }


def test_ddp_has_the_losses_of_one_process_which_goes_on_from_its_checkpoint(one_process, tmp_path):
    expected = one_process(*GENERATED)
    port = ["--main_process_port", free_port()]
    launch("ddp.yaml", *port, processes=2, output=tmp_path / "two", settings=[*GENERATED, *ON_CPU])
    result = tmp_path / "two" / expected.name
    assert_same_training(result, expected)
    assert_whole_folder(result, expected)

    resumed = one_process(*GENERATED, "--resume_from_checkpoint", tmp_path / "two" / "checkpoint-2")
    assert_same_training(resumed, result)


def test_fsdp2_has_the_losses_of_one_process_and_one_goes_on_from_its_checkpoint(one_process, tmp_path):
    expected = one_process()
    fsdp = ["fsdp2.yaml", "--main_process_port", free_port(), "tests/fsdp_on_cpu.py"]
    launch(*fsdp, processes=2, output=tmp_path / "two")
    result = tmp_path / "two" / expected.name
    assert_same_training(result, expected)
    assert_whole_folder(result, expected)

    resume = ["--resume_from_checkpoint", tmp_path / "two" / "checkpoint-2"]
    launch(*fsdp, processes=1, output=tmp_path / "resumed", settings=resume)
    assert_same_training(tmp_path / "resumed" / expected.name, result)


def test_a_slurm_job_on_two_nodes_has_the_losses_of_one_process(one_process, tmp_path):
    expected = one_process()
    for name, lines in {
        "scontrol": "echo 127.0.0.1; sleep 0.1; echo 127.0.0.2",  # the machines of the job, slowly
        "srun": 'SLURM_NODEID=1 "$@" &\nSLURM_NODEID=0 "$@" && wait $!',  # on all of them
    }.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MAIN_PROCESS_PORT": str(free_port()),
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_NNODES": "2",
        "SLURM_GPUS_ON_NODE": "1",
        "SLURM_CPUS_PER_TASK": "1",
    }
    batch = ["--per_device_train_batch_size", STEP_BATCH_SIZE // 2, "--output_dir", tmp_path / "two"]
    run(["recipes/accelerate/slurm.sh", *RECIPE, *SETTINGS, *ON_CPU, *batch], environment)
    assert_same_training(tmp_path / "two" / expected.name, expected)


@pytest.mark.parametrize(
    ("name", "distributed_type"),
    [
        ("one_gpu", "NO"),
        ("ddp", "MULTI_GPU"),
        ("fsdp2", "FSDP"),
        ("zero3", "DEEPSPEED"),
        ("nodes", "MULTI_GPU"),
    ],
)
def test_accelerate_knows_every_key_of_a_configuration(name, distributed_type):
    config = load_config_from_file(str(CONFIGS / f"{name}.yaml"))  # raises where it does not
    assert config.distributed_type == distributed_type
    assert config.mixed_precision == "no"  # precision has one home, the recipe's settings
    settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    nested = {**settings.get("fsdp_config", {}), **settings.get("deepspeed_config", {})}
    known = vars(launch_command_parser().parse_args(["recipe.py"]))
    assert nested.keys() <= known.keys()
