"""Whether this machine can do what a phase's settings ask, told before anything is loaded."""

import os

import psutil
import torch
from transformers.training_args import OptimizerNames
from transformers.utils import logging

from ..configuration_hlx import HLXConfig
from ..modeling_hlx import HLXForCausalLM
from .arguments import PhaseArguments

logger = logging.get_logger(__name__)

GIB = 2**30
# fp32 weights and their gradients; mixed precision keeps the same fp32 masters
WEIGHT_AND_GRADIENT_BYTES = 8
# what optimizers keep of a parameter; of those that are not named here, nothing is taken for granted
OPTIMIZER_BYTES = {
    OptimizerNames.ADAMW_TORCH: 8,
    OptimizerNames.ADAMW_TORCH_FUSED: 8,
    OptimizerNames.ADAMW_TORCH_8BIT: 2,
    OptimizerNames.ADAMW_TORCH_4BIT: 1,
}
MUON_BYTES = 4
LOW_MEMORY_BYTES = 2 + (1 + 4 / 256) + 2  # weight, first moment with its share of a scale, second moment
LESS_MEMORY = "go by --low_memory true --fp16 false, which keeps 5 bytes a parameter, "
TINY_INSTEAD = "train the tiny preset with --config recipes/configs/baseline_tiny.yaml (or its siblings)"


class HardwareError(RuntimeError):
    """The settings ask for more than the machine has; the message says what to use instead."""


def keep_prepared_products() -> None:
    """Has oneDNN keep what it prepares for each shape of matrices, of which a CPU meets thousands in training.

    It keeps 1024, the least recently used of which make room. Only heeded before the first product of the process.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32768")


def check_precision(arguments: PhaseArguments) -> None:
    """Raises `HardwareError` where the Trainer would silently train in another precision."""
    if arguments.device.type == "cpu" and arguments.fp16:
        raise HardwareError(
            f"fp16 training needs a GPU and this machine offers none: {TINY_INSTEAD}, "
            "or pass --fp16 false to train in fp32."
        )


def has_slow_bf16(arguments: PhaseArguments) -> bool:
    """Whether the phase runs on a CPU without instructions for bf16, which takes many times as long for it as for fp32.

    Asks oneDNN, by which torch multiplies matrices on a CPU.
    """
    return arguments.device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported()


def avoid_slow_bf16(arguments: PhaseArguments) -> None:
    """Has a phase train in fp32 instead of bf16, with a warning, where that is slow."""
    if arguments.bf16 and has_slow_bf16(arguments):
        logger.warning_once("This CPU has no instructions for bf16, which would slow it down: training in fp32.")
        arguments.bf16, arguments.mixed_precision = False, "no"


def check_memory(arguments: PhaseArguments, config: HLXConfig) -> None:
    """Raises `HardwareError` where the weights of `config` and what training keeps of each do not fit."""
    device = arguments.device.type
    each = bytes_per_parameter(arguments)
    needed = count_parameters(config) * each
    available = torch.cuda.mem_get_info()[0] if device == "cuda" else psutil.virtual_memory().available
    if device in ("cuda", "cpu") and needed > available:
        raise HardwareError(
            f"training these weights keeps at least {needed / GIB:.1f} GiB (weights, gradients and what the optimizer "
            f"keeps of them, {each:.3g} bytes a parameter) and {available / GIB:.1f} GiB of "
            f"{'GPU memory' if device == 'cuda' else 'memory'} are free: {'' if arguments.low_memory else LESS_MEMORY}"
            f"{TINY_INSTEAD}, or use a larger machine."
        )


def bytes_per_parameter(arguments: PhaseArguments) -> float:
    """Bytes that a device keeps of each parameter from one training step to the next, the least that must be free."""
    if arguments.low_memory:
        return LOW_MEMORY_BYTES
    kept = MUON_BYTES if arguments.muon else OPTIMIZER_BYTES.get(arguments.optim, 0)
    return (WEIGHT_AND_GRADIENT_BYTES + kept) / (arguments.world_size if arguments.is_sharded else 1)


def count_parameters(config: HLXConfig) -> int:
    """Parameters of a model of this configuration, counted without allocating them."""
    with torch.device("meta"):
        return HLXForCausalLM(config).num_parameters()
