"""Whether this machine can do what a phase's settings ask, told before anything is loaded."""

import psutil
import torch

from ..configuration_hlx import HLXConfig
from ..modeling_hlx import HLXForCausalLM
from .arguments import PhaseArguments

GIB = 2**30
# fp32 weights, their gradients and the two moments of AdamW; mixed precision keeps the same fp32 masters
BYTES_PER_PARAMETER = 16
TINY_INSTEAD = "train the tiny preset with --config recipes/configs/baseline_tiny.yaml (or its siblings)"


class HardwareError(RuntimeError):
    """The settings ask for more than the machine has; the message says what to use instead."""


def check_precision(arguments: PhaseArguments) -> None:
    """Raises `HardwareError` where the Trainer would silently train in another precision."""
    if arguments.device.type == "cpu" and arguments.fp16:
        raise HardwareError(
            f"fp16 training needs a GPU and this machine offers none: {TINY_INSTEAD}, "
            "or pass --fp16 false to train in fp32."
        )


def check_memory(arguments: PhaseArguments, config: HLXConfig) -> None:
    """Raises `HardwareError` where the weights of `config` and what training keeps of each do not fit."""
    device = arguments.device.type
    needed = count_parameters(config) * BYTES_PER_PARAMETER
    available = torch.cuda.mem_get_info()[0] if device == "cuda" else psutil.virtual_memory().available
    if device in ("cuda", "cpu") and needed > available:
        raise HardwareError(
            f"training these weights keeps at least {needed / GIB:.1f} GiB (weights, gradients and the optimizer's "
            f"two moments, {BYTES_PER_PARAMETER} bytes a parameter) and {available / GIB:.1f} GiB of "
            f"{'GPU memory' if device == 'cuda' else 'memory'} are free: {TINY_INSTEAD}, or use a larger machine."
        )


def count_parameters(config: HLXConfig) -> int:
    """Parameters of a model of this configuration, counted without allocating them."""
    with torch.device("meta"):
        return HLXForCausalLM(config).num_parameters()
