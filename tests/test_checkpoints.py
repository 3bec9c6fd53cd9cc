"""Checkpoints: whole or not there, found again, and refused or passed over where a part is missing."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hlx_hf import HLXForCausalLM
from hlx_hf.files import TRAINING_LOCK, hold
from hlx_hf.hub import noted
from hlx_hf.training import parse_arguments, run_phase
from hlx_hf.training.checkpoints import checkpoint_fault, newest_checkpoint

ROOT = Path(__file__).parents[1]
CARD = ROOT / "model_cards" / "template.md"
# Trains, and is killed when part METHOD of checkpoint STEP is about to be written
KILLED = """
import os, signal, sys
from hlx_hf.training import parse_arguments, run_phase
from hlx_hf.training.trainer import PhaseTrainer
method, step, card, config, *options = sys.argv[1:]
write = getattr(PhaseTrainer, method)
def write_or_die(trainer, *arguments):
    if trainer.state.global_step == int(step):
        os.kill(os.getpid(), signal.SIGKILL)
    return write(trainer, *arguments)
setattr(PhaseTrainer, method, write_or_die)
run_phase(parse_arguments(config, options), card)
"""
PARTS = ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"]
GO_ON = ["--resume_from_checkpoint", "last"]


def write_config(folder):
    """A phase of three epochs of two steps, with a checkpoint after each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.md").write_text(
        'English: Open settings\nHLXL: {1000: {@0: "open", @1: &h_settings}}\n\n'
        'English: Close the door\nHLXL: {1000: {@0: "close", @1: &h_door}}\n'
    )
    path = folder / "phase.yaml"
    path.write_text(
        f"output_dir: {folder}/run\ndata_files: [{folder}/corpus.md]\nnum_train_epochs: 3\nsave_every_epochs: 1\n"
        'save_strategy: "no"\nper_device_train_batch_size: 4\nlearning_rate: 1.0e-3\nuse_cpu: true\n'
        "gate_epochs: [0]\nfinal_name: result\ndisable_tqdm: true\n"
    )
    return path


def train(config, *options):
    return run_phase(parse_arguments(config, list(map(str, options))), CARD)


def assert_same_weights(folder, expected):
    weights, expected_weights = (HLXForCausalLM.from_pretrained(path).state_dict() for path in (folder, expected))
    assert all(torch.equal(weights[name], expected_weights[name]) for name in expected_weights)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def written(folder):
    """Which file each is, and when it was last written to; to read one changes neither."""
    stats = {path.name: path.stat() for path in folder.iterdir()}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The output_dir of an undisturbed run."""
    return train(write_config(tmp_path_factory.mktemp("undisturbed"))).parent


@pytest.fixture
def checkpoints(finished, tmp_path):
    """A copy of its checkpoints, without the result."""
    for step in (2, 4, 6):
        shutil.copytree(finished / f"checkpoint-{step}", tmp_path / "run" / f"checkpoint-{step}")
    return tmp_path / "run"


def test_a_finished_run_leaves_whole_checkpoints_and_nothing_aside(finished):
    expected = ["_lock", "_progress.json", "checkpoint-2", "checkpoint-4", "checkpoint-6", "gates.json", "result"]
    assert names(finished) == expected
    assert [checkpoint_fault(finished / f"checkpoint-{step}") for step in (2, 4, 6)] == [None] * 3
    assert newest_checkpoint(finished) == finished / "checkpoint-6"


@pytest.mark.parametrize(("method", "step"), [("_save_rng_state", 4), ("_save_optimizer_and_scheduler", 6)])
def test_a_run_killed_in_mid_save_goes_on_from_the_checkpoint_before(method, step, finished, tmp_path, capsys):
    config = write_config(tmp_path)
    words = [sys.executable, "-c", KILLED, method, str(step), CARD, config]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    killed = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert "_aside_checkpoint" in names(tmp_path / "run")
    assert newest_checkpoint(tmp_path / "run") == tmp_path / "run" / f"checkpoint-{step - 2}"

    result = train(config, *GO_ON)
    assert f"going on from {tmp_path}/run/checkpoint-{step - 2}\n" in capsys.readouterr().out
    assert_same_weights(result, finished / "result")
    assert names(tmp_path / "run") == names(finished)


@pytest.mark.parametrize("damage", ["missing", "cut off"])
@pytest.mark.parametrize("part", PARTS)
def test_a_checkpoint_that_lacks_a_part_is_passed_over_and_refused_by_name(part, damage, checkpoints, tmp_path):
    path = checkpoints / "checkpoint-6" / part
    if damage == "missing":
        path.unlink()
        fault = f"it has no {part}"
    else:
        path.write_bytes(path.read_bytes()[:-100])
        fault = f"its {part} is cut off"
    assert checkpoint_fault(checkpoints / "checkpoint-6") == fault
    assert newest_checkpoint(checkpoints) == checkpoints / "checkpoint-4"
    with pytest.raises(SystemExit, match=rf"checkpoint-6 is no whole checkpoint \({fault}\)"):
        train(write_config(tmp_path), "--resume_from_checkpoint", checkpoints / "checkpoint-6")


def test_a_checkpoint_of_several_files_of_weights_has_all_of_them(checkpoints):
    folder = checkpoints / "checkpoint-6"
    first, second = (folder / f"model-0000{number}-of-00002.safetensors" for number in (1, 2))
    (folder / "model.safetensors").rename(first)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": first.name, "b": second.name}})
    )
    assert checkpoint_fault(folder) == f"it has no {second.name}"
    second.write_bytes(first.read_bytes()[:-100])
    assert checkpoint_fault(folder) == f"its {second.name} is cut off"
    shutil.copyfile(first, second)
    assert checkpoint_fault(folder) is None


def test_a_scaled_loss_wants_its_scale(checkpoints):
    assert checkpoint_fault(checkpoints / "checkpoint-6", scales_loss=True) == "it has no scaler.pt"


@pytest.mark.parametrize("changed", [False, True])
def test_a_run_that_goes_on_with_another_corpus_says_so(changed, checkpoints, tmp_path, caplog):
    config = write_config(tmp_path)
    if changed:
        corpus = tmp_path / "corpus.md"
        corpus.write_text(corpus.read_text().replace("door", "gate"))
    train(config, "--resume_from_checkpoint", checkpoints / "checkpoint-4")
    assert ("checkpoint-4 was saved with other corpora" in caplog.text) == changed


def test_checkpoints_are_taken_by_their_number(checkpoints):
    (checkpoints / "checkpoint-6").rename(checkpoints / "checkpoint-10")
    assert newest_checkpoint(checkpoints) == checkpoints / "checkpoint-10"
    assert newest_checkpoint(checkpoints / "nowhere") is None


def test_the_oldest_checkpoints_go(tmp_path):
    assert "checkpoint-6" in names(train(write_config(tmp_path), "--save_total_limit", 1).parent)
    assert [path.name for path in (tmp_path / "run").glob("*checkpoint-*")] == ["checkpoint-6"]


@pytest.mark.parametrize("pushes", [False, True])
def test_a_run_that_goes_on_and_has_its_result_does_no_more_than_push_it(pushes, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    made = written(tmp_path / "run" / "result")
    result = train(write_config(tmp_path), *GO_ON, "--push_to_hub", pushes, "--hub_patience", 0)
    assert written(result) == made
    orders = [json.loads(path.read_text()) for path in noted(tmp_path / "run")]
    assert [(order["folder"], order["tag"], order["message"]) for order in orders] == (
        [("result", "result", "result: 3 epochs")] if pushes else []
    )


def test_a_run_killed_after_its_last_step_has_no_loss_and_speed_to_tell(checkpoints, tmp_path):
    result = train(write_config(tmp_path), *GO_ON)
    assert "mean training loss" not in (result / "README.md").read_text()
    assert "tokens_per_second" not in (result / "trainer_state.json").read_text()


def test_a_second_run_waits_for_the_one_that_writes_the_folder(tmp_path):
    config = write_config(tmp_path)
    recipe = [sys.executable, ROOT / "recipes" / "baseline.py", "--config", config, *GO_ON]
    with hold(tmp_path / "run" / TRAINING_LOCK):
        process = subprocess.Popen(
            recipe, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert process.stdout.readline() == f"{tmp_path}/run: waiting for the run that writes into it\n"
        assert names(tmp_path / "run") == ["_lock"]
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert (tmp_path / "run" / "result").is_dir()
