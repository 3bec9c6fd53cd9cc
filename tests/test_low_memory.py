"""Training at 5 bytes a parameter: updates inside the backward pass, and a loss as low as plain AdamW's."""

import json
from pathlib import Path

import pytest
import torch
from hlx_models import line_batch, small_model
from torch import nn
from torch.testing import assert_close

from hlx_hf import HLXConfig, HLXForCausalLM
from hlx_hf.training import HardwareError, parse_arguments, run_phase
from hlx_hf.training.hardware import check_memory
from hlx_hf.training.low_memory import BLOCK_SIZE, LowMemoryAdamWFactory, update_in_backward

ROOT = Path(__file__).parents[1]
CARD = ROOT / "model_cards" / "template.md"
CONFIG_8GB = ROOT / "recipes" / "configs" / "deep_reasoning_1b_8gb.yaml"


class WatchedSGD(torch.optim.SGD):
    """Writes down how many gradients there are whenever it is asked for a step."""

    gradients: tuple[int, ...] = ()

    def step(self, closure=None):
        weights = self.param_groups[0]["params"]
        self.gradients += (sum(weight.grad is not None for weight in weights),)
        return super().step(closure)


@pytest.fixture
def phase(tmp_path):
    """Runs a phase of the tiny preset in its own folder, and returns the result and the losses on the way."""
    path = tmp_path / "phase.yaml"
    path.write_text(
        'corpus: all_variants\nsave_strategy: "no"\nper_device_train_batch_size: 8\nlearning_rate: 2.0e-3\n'
        "adam_beta2: 0.99\nwarmup_steps: 5\nuse_cpu: true\ngradient_checkpointing: true\n"
        "logging_steps: 1\ndisable_tqdm: true\n"
    )

    def run(name, *options):
        arguments = parse_arguments(path, ["--output_dir", str(tmp_path / name), *options])
        final = run_phase(arguments, CARD)
        history = json.loads((final / "trainer_state.json").read_text())["log_history"]
        return final, [float(entry["loss"]) for entry in history if "loss" in entry]

    return run


@pytest.mark.parametrize("checkpointing", [False, True])
def test_updates_in_the_backward_pass_are_those_after_it_and_keep_one_gradient(checkpointing):
    inside, after = small_model(max_position_embeddings=128), small_model(max_position_embeddings=128)
    batch = line_batch()
    if checkpointing:
        inside.train().activation_checkpointing_enable()
    optimizer = WatchedSGD(inside.parameters(), lr=0.1)
    update_in_backward(inside, optimizer, max_grad_norm=0)
    plain = torch.optim.SGD(after.parameters(), lr=0.1)
    for _ in range(2):
        inside(**batch).loss.backward()
        after(**batch).loss.backward()
        plain.step()
        plain.zero_grad()
    assert optimizer.gradients == (1,) * 2 * len(list(inside.parameters()))
    for weight, expected in zip(inside.parameters(), after.parameters(), strict=True):
        assert weight.grad is None
        assert_close(weight, expected)


def test_the_gradient_of_each_weight_is_clipped_by_itself():
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    before = [weight.detach().clone() for weight in model.parameters()]
    update_in_backward(model, torch.optim.SGD(model.parameters(), lr=1.0), max_grad_norm=0.5)
    (model(torch.ones(4, 8)) * 100).sum().backward()
    for weight, old in zip(model.parameters(), before, strict=True):
        assert_close((weight - old).norm(), torch.tensor(0.5), atol=1e-4, rtol=0)


def test_updates_too_small_for_bf16_add_up(tmp_path):
    path = tmp_path / "phase.yaml"
    path.write_text(f"output_dir: {tmp_path}\nuse_cpu: true\nlow_memory: true\nlearning_rate: 1.0e-4\n")
    model = nn.Linear(64, 64, bias=False, dtype=torch.bfloat16)
    nn.init.ones_(model.weight)  # the next bf16 number is 0.4% away, 40 times the learning rate
    optimizer = LowMemoryAdamWFactory()(model, parse_arguments(path, []))
    for _ in range(20):
        model(torch.ones(1, 64, dtype=torch.bfloat16)).sum().backward()
    assert 0.0015 < 1 - model.weight.float().mean() < 0.0025
    moments = optimizer.state[model.weight]
    assert (moments["exp_avg"].codes.dtype, moments["exp_avg"].block_size) == (torch.uint8, BLOCK_SIZE)
    assert moments["exp_avg_sq"].dtype == torch.bfloat16


def test_the_loss_falls_as_it_does_with_plain_adamw(phase):
    low, low_losses = phase("low", "--max_steps", "40", "--low_memory", "true")
    plain, plain_losses = phase("plain", "--max_steps", "40")
    assert len(low_losses) == len(plain_losses) == 40
    for start in (0, 10, 20, 30):
        assert_close(sum(low_losses[start : start + 10]), sum(plain_losses[start : start + 10]), rtol=0.02, atol=0)
    assert sum(low_losses[-10:]) < 0.75 * sum(low_losses[:10])
    assert HLXForCausalLM.from_pretrained(low).dtype == torch.bfloat16
    assert (low / "model.safetensors").stat().st_size < 0.51 * (plain / "model.safetensors").stat().st_size
    assert "| precision | bf16 |" in (low / "README.md").read_text()


def test_layers_that_are_passed_again_are_refused(phase):
    with pytest.raises(SystemExit, match=r"error: low_memory updates each weight .*: set num_loops to 1"):
        phase("looped", "--low_memory", "true", "--num_loops", "2")


def test_a_resumed_run_ends_with_the_weights_of_an_undisturbed_one(phase, tmp_path):
    (tmp_path / "corpus.md").write_text("LC-R: 🜊14🜁0 42🜂\n\nLC-T: {C:14,0=43}\n")
    options = ["--data_files", str(tmp_path / "corpus.md"), "--tasks", "complete", "--low_memory", "true"]
    options += ["--num_train_epochs", "6", "--save_every_epochs", "3"]
    whole = HLXForCausalLM.from_pretrained(phase("run", *options)[0])
    checkpoint = tmp_path / "run" / "checkpoint-3"
    resumed = HLXForCausalLM.from_pretrained(phase("again", *options, "--resume_from_checkpoint", str(checkpoint))[0])
    halfway = HLXForCausalLM.from_pretrained(checkpoint)
    for new, old, earlier in zip(resumed.parameters(), whole.parameters(), halfway.parameters(), strict=True):
        assert torch.equal(new, old)
        assert not torch.equal(new, earlier)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gradient_accumulation_steps", "4"], "cannot sum gradients over 4 batches"),
        (["--muon", "true"], "leave fp16, bf16 and muon out"),
        (["--fp16", "true"], "leave fp16, bf16 and muon out"),
    ],
)
def test_what_goes_against_it_is_refused(options, message, capsys):
    with pytest.raises(SystemExit):
        parse_arguments(CONFIG_8GB, options)
    assert message in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for the memory of a CPU")
def test_the_1b_preset_is_refused_only_where_it_cannot_fit(monkeypatch):
    config = HLXConfig.from_preset("1b")

    def check(gibibytes, *options):
        memory = type("Memory", (), {"available": gibibytes * 2**30})
        monkeypatch.setattr("hlx_hf.training.hardware.psutil.virtual_memory", memory)
        check_memory(parse_arguments(CONFIG_8GB, list(options)), config)

    check(5)
    with pytest.raises(HardwareError, match=r"at least 4\.7 GiB .* 5\.02 bytes a parameter\) and 4\.0 GiB"):
        check(4)
    with pytest.raises(HardwareError, match=r"at least 15\.0 GiB .* 16 bytes a parameter.* --low_memory true"):
        check(8, "--low_memory", "false")
    check(10, "--low_memory", "false", "--optim", "adamw_torch_8bit")
