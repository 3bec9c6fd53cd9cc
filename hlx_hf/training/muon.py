"""Muon for the matrices of the layers, AdamW for all other weights."""

from typing import Any

import torch
from pytorch_optimizer import Muon
from pytorch_optimizer.optimizer.utils.matrix import zero_power_via_newton_schulz_5
from torch import nn
from torch.optim import Optimizer

from .arguments import PhaseArguments
from .hardware import has_slow_bf16


class FullPrecisionMuon(Muon):
    """Muon that orthogonalises in the precision of the gradients, where its usual bf16 takes many times as long."""

    @staticmethod
    def _orthogonalize(group: dict[str, Any], updates: list[torch.Tensor]) -> list[torch.Tensor]:
        steps, weights = group["ns_steps"], group["ns_coeffs"]
        return [
            zero_power_via_newton_schulz_5(update, num_steps=steps, weights=weights, dtype=update.dtype)
            for update in updates
        ]


class MuonFactory:
    """Makes the optimizer of a model, in the form that the Trainer takes for those that look at its structure.

    Muon (Jordan et al., 2024) orthogonalises the momentum of a matrix, with updates scaled to the size of AdamW's
    (Liu et al., 2025, "Muon is scalable for LLM training"), so that both go by the same learning rate. On generated
    sentences the tiny preset needs about 0.6 of the examples that it needs with AdamW alone.
    """

    def __call__(self, model: nn.Module, arguments: PhaseArguments) -> Optimizer:
        """The optimizer of a model, with the learning rate, betas and decay of the arguments."""
        matrices, others = [], []
        for name, weight in model.named_parameters():
            # embeddings and the output projection have a row for each token, not a map from one space to another
            (matrices if weight.ndim == 2 and "layers" in name.split(".") else others).append(weight)
        shared = {"lr": arguments.learning_rate, "weight_decay": arguments.weight_decay}
        betas = (arguments.adam_beta1, arguments.adam_beta2)
        optimizer = FullPrecisionMuon if has_slow_bf16(arguments) else Muon
        return optimizer(
            [
                {"params": matrices, "use_muon": True, "use_adjusted_lr": True, **shared},
                {"params": others, "use_muon": False, "betas": betas, "eps": arguments.adam_epsilon, **shared},
            ]
        )
