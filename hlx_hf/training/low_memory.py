"""AdamW at 5 bytes a parameter, the weight itself included, for models that would not fit otherwise.

Weights and the second moment are bf16, the first moment has 8 bits and a scale for each block of 256 (Dettmers et al.,
2022, "8-bit optimizers via block-wise quantization"), and a gradient is used up and freed as soon as the backward pass
has made it. Imports torchao, an extra: `PhaseArguments` asks for it where it is wanted.
"""

import contextlib

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torchao.optim import AdamW8bit

from .arguments import PhaseArguments

BLOCK_SIZE = 256  # first moments that share a scale


class AdamW8bitFirstMoment(AdamW8bit):
    """Quantises one moment of the two.

    In 8 bits the small second moments of a block become 0, and what is divided by their root explodes: the tiny preset
    then learns more slowly, and without clipping has ended in NaN.
    """

    def _new_buffer(self, p: torch.Tensor, signed: bool) -> torch.Tensor:
        return super()._new_buffer(p, signed) if signed else torch.zeros_like(p)


class LowMemoryAdamWFactory:
    """Makes the optimizer of a model of bf16 weights, in the form that the Trainer takes for those that look inside.

    The optimizer is torchao's: it updates in fp32 and rounds to bf16 at random, up or down by how near each is. Rounded
    to the nearest, a weight would stand still as soon as its update is less than a 256th of it.
    """

    def __call__(self, model: nn.Module, arguments: PhaseArguments) -> Optimizer:
        """The optimizer of a model, which also registers the updates with the backward pass."""
        # those that the Trainer decays: neither biases nor norms
        matrices = [weight for weight in model.parameters() if weight.ndim == 2]
        vectors = [weight for weight in model.parameters() if weight.ndim == 1]
        optimizer = AdamW8bitFirstMoment(
            [{"params": matrices, "weight_decay": arguments.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
            lr=arguments.learning_rate,
            betas=(arguments.adam_beta1, arguments.adam_beta2),
            eps=arguments.adam_epsilon,
            block_size=BLOCK_SIZE,
            bf16_stochastic_round=True,
        )
        update_in_backward(model, optimizer, arguments.max_grad_norm)
        return optimizer


def update_in_backward(model: nn.Module, optimizer: Optimizer, max_grad_norm: float) -> None:
    """Has each weight updated when its gradient is complete, so that no two gradients are kept at a time.

    The step that the Trainer makes after the backward pass then finds no gradient and changes nothing.

    Args:
        model: its weights.
        optimizer: of these weights; its step passes over weights without a gradient.
        max_grad_norm: norm that the gradient of each weight is clipped to by itself, since that of all together is
            known only when the first are gone; 0 for none.
    """

    def update(weight: nn.Parameter) -> None:
        if max_grad_norm > 0:
            clip_grad_norm_(weight, max_grad_norm)
        with _compiled_on(weight.device):
            optimizer.step()
        weight.grad = None

    for weight in model.parameters():
        weight.register_post_accumulate_grad_hook(update)


def _compiled_on(device: torch.device) -> contextlib.AbstractContextManager:
    # torchao compiles its update, which on a CPU takes a C++ compiler, and half a minute for each shape of weights
    if device.type == "cpu":
        return torch.compiler.set_stance("force_eager")
    return contextlib.nullcontext()
