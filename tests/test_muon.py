"""Muon: which weights it takes, and in what precision it makes their updates."""

import pytest
import torch
from pytorch_optimizer import Muon

from hlx_hf import HLXConfig, HLXForCausalLM
from hlx_hf.training import parse_arguments
from hlx_hf.training.muon import FullPrecisionMuon, MuonFactory

SHAPES = ((12, 4), (4, 4), (4, 16))


@pytest.fixture
def arguments(tmp_path):
    path = tmp_path / "phase.yaml"
    path.write_text(f"output_dir: {tmp_path}\nuse_cpu: true\nlearning_rate: 2.0e-3\nadam_beta2: 0.98\n")
    return parse_arguments(path, [])


def test_muon_takes_the_matrices_of_the_layers_and_adamw_all_others(arguments):
    model = HLXForCausalLM(HLXConfig.from_preset("tiny"))
    by_muon, by_adamw = MuonFactory()(model, arguments).param_groups
    assert len(by_muon["params"]) == 4 * model.config.num_hidden_layers
    assert sum(map(torch.numel, by_muon["params"] + by_adamw["params"])) == model.num_parameters()
    assert (by_muon["use_muon"], by_adamw["use_muon"]) == (True, False)
    assert (by_muon["lr"], by_adamw["lr"], by_adamw["betas"]) == (2e-3, 2e-3, (0.9, 0.98))


@pytest.mark.parametrize("slow", [True, False])
def test_a_cpu_that_is_slow_in_bf16_has_updates_in_full_precision(slow, arguments, monkeypatch):
    monkeypatch.setattr("hlx_hf.training.muon.has_slow_bf16", lambda _: slow)
    optimizer = MuonFactory()(HLXForCausalLM(HLXConfig.from_preset("tiny")), arguments)
    assert isinstance(optimizer, FullPrecisionMuon) is slow


def updates(optimizer_class):
    torch.manual_seed(0)
    weights = [torch.nn.Parameter(torch.zeros(shape)) for shape in SHAPES]
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    group = {"params": weights, "lr": 1.0, "use_muon": True, "use_adjusted_lr": True}
    optimizer_class([group]).step()
    return [weight.detach() for weight in weights]


def test_full_precision_changes_no_more_than_the_rounding_of_an_update():
    for precise, usual in zip(updates(FullPrecisionMuon), updates(Muon), strict=True):
        torch.testing.assert_close(precise, usual, rtol=0.05, atol=0.02)
        assert not torch.equal(precise, usual)
