"""Checkpoints of the PyTorch prototype as `HLXForCausalLM`: the same weights under other names.

A checkpoint says all but one thing itself: sizes are those of its tensors, and only the number of heads is not, for
heads share one matrix. The matching preset has it, or the caller.
"""

import json
import os
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import torch

from .configuration_hlx import PRESETS, HLXConfig
from .modeling_hlx import HLXForCausalLM

# parts of a weight's name: in `HLXForCausalLM`, and in the prototype
RENAMED_PARTS = {
    "model.embed_tokens.": "token_embedding.",
    "model.embed_positions.": "position_embedding.",
    "model.layers.": "transformer.layers.",
    "in_proj.": "in_proj_",
    "lm_head.": "output_projection.",
}
TOKEN_WEIGHTS = ("token_embedding.weight", "output_projection.weight", "output_projection.bias")
"""The weights of the prototype that have a row for each token."""

Weights = dict[str, torch.Tensor]


class Prototype(NamedTuple):
    """What a checkpoint holds: `weights` by the prototype's names, and the epoch it was saved after, if it says so."""

    weights: Weights
    epoch: int | None


def read_prototype(path: str | os.PathLike) -> Prototype:
    """Reads a checkpoint: a state dict, or a dict that has it as `model_state_dict`. Runs no code of the file.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: the file is damaged or something else; the message says which entry is at fault.
    """
    if not Path(path).is_file():
        raise OSError(f"no checkpoint at {path}: there is no such file")
    try:
        # mapped, so that an optimizer's state beside the weights takes no memory; files before torch 1.6 are no zip
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f"{path} is no PyTorch checkpoint of plain tensors: it is damaged, of another format, or holds objects "
            "that only code could load"
        ) from error
    weights, epoch = checkpoint, None
    if isinstance(checkpoint, dict) and "model_state_dict" in checkpoint:
        weights, epoch = checkpoint["model_state_dict"], checkpoint.get("epoch")
    if not isinstance(weights, dict):
        raise ValueError(f"{path} holds a {type(weights).__name__} where a state dict was expected")
    for name, tensor in weights.items():
        if not (isinstance(name, str) and isinstance(tensor, torch.Tensor) and tensor.is_floating_point()):
            raise ValueError(f"{path} is no state dict: its entry {name!r} is no tensor of floating point numbers")
    return Prototype(weights, epoch if isinstance(epoch, int) else None)


def read_mapping(path: str | os.PathLike) -> dict[str, int]:
    """Reads a JSON object of tokens to rows.

    Raises:
        OSError: the file is missing or cannot be read.
        ValueError: the file is not of that form.
    """
    try:
        mapping = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(mapping, dict):
        raise ValueError(f'{path} holds no JSON object of characters to rows, such as {{"a": 17, "b": 18}}')
    for token, row in mapping.items():
        if type(row) is not int:  # True is an int, too
            raise ValueError(f"{path}: {token!r} is mapped to {row!r}, which is no row number")
    return mapping


def map_tokens(weights: Weights, mapping: dict[str, int], tokens: list[str]) -> tuple[Weights, list[str]]:
    """Puts the rows of a vocabulary into the order of another.

    A token that the mapping lacks gets the mean of the rows of the others: its score is their mean score, so that it is
    never the likeliest of all before training has told it from them.

    Args:
        weights: of the prototype.
        mapping: tokens to rows; what is not in `tokens` is left out.
        tokens: the vocabulary to have, in the order of its ids.

    Returns:
        The weights, and the tokens that the mapping lacks.

    Raises:
        ValueError: the mapping has none of the tokens, two with the same row, or a row that the weights do not have.
    """
    row_count = _shape(weights, TOKEN_WEIGHTS[0], 2)[0]
    token_of: dict[int, str] = {}
    for token in tokens:
        if token not in mapping:
            continue
        row = mapping[token]
        if not 0 <= row < row_count:
            raise ValueError(f"{token!r} is mapped to row {row}, and the checkpoint has rows 0 to {row_count - 1}")
        if row in token_of:
            raise ValueError(f"{token_of[row]!r} and {token!r} are both mapped to row {row}")
        token_of[row] = token
    if not token_of:
        raise ValueError("the mapping has none of the tokens of HLX as a key")

    is_mapped = torch.tensor([token in mapping for token in tokens])
    mapped = dict(weights)
    for name in TOKEN_WEIGHTS:
        shape = _shape(weights, name, 1 if name.endswith("bias") else 2)
        if shape[0] != row_count:
            raise ValueError(f"{name} has {shape[0]} rows, and {TOKEN_WEIGHTS[0]} has {row_count}")
        rows = weights[name].float()[list(token_of)]
        mapped[name] = rows.mean(dim=0).expand(len(tokens), *rows.shape[1:]).clone()
        mapped[name][is_mapped] = rows
    return mapped, [token for token in tokens if token not in mapping]


def build_model(weights: Weights, heads: int | None = None) -> HLXForCausalLM:
    """A model with the weights of the prototype, in float32 whatever they were saved in.

    Args:
        weights: by the prototype's names.
        heads: of each layer; those of the preset with the same width, layers and feed-forward if None.

    Raises:
        ValueError: a weight is missing, unknown or of the wrong shape, or nothing says how many heads there are.
    """
    config = _config(weights, heads)
    with torch.device("meta"):  # shapes alone
        model = HLXForCausalLM(config)
    expected = model.state_dict()
    names = {_prototype_name(name): name for name in expected}
    for name in weights.keys() - names.keys():
        raise ValueError(f"{name} is no weight of the prototype with {config.num_hidden_layers} layers")
    for prototype_name, name in names.items():
        shape, needed = _shape(weights, prototype_name, expected[name].ndim), tuple(expected[name].shape)
        if shape != needed:
            raise ValueError(f"{prototype_name} has the shape {shape}, where the other weights need {needed}")
    # copied, for tensors of a file may share memory, which those of a model must not
    copies = {
        name: weights[prototype_name].detach().to(torch.float32, copy=True).contiguous()
        for prototype_name, name in names.items()
    }
    model.load_state_dict(copies, assign=True)
    return model.eval()


def _config(weights: Weights, heads: int | None) -> HLXConfig:
    vocab_size, hidden_size = _shape(weights, "token_embedding.weight", 2)
    layers = {match[1] for name in weights if (match := re.match(r"transformer\.layers\.(\d+)\.", name))}
    sizes = {
        "hidden_size": hidden_size,
        "num_hidden_layers": len(layers),
        "intermediate_size": _shape(weights, "transformer.layers.0.linear1.weight", 2)[0],
    }
    if heads is None:
        known = [HLXConfig.from_preset(name) for name in PRESETS]
        fitting = [config for config in known if all(getattr(config, name) == size for name, size in sizes.items())]
        if not fitting:
            given = ", ".join(f"{name} {size}" for name, size in sizes.items())
            raise ValueError(f"no preset has {given}: say how many heads a layer has (--heads), weights do not show it")
        heads = fitting[0].num_attention_heads
    return HLXConfig(
        vocab_size=vocab_size,
        max_position_embeddings=_shape(weights, "position_embedding.weight", 2)[0],
        num_attention_heads=heads,
        **sizes,
    )


def _shape(weights: Weights, name: str, dimensions: int) -> tuple[int, ...]:
    if name not in weights:
        raise ValueError(f"{name} is missing, which every checkpoint of the prototype has")
    shape = tuple(weights[name].shape)
    if len(shape) != dimensions or 0 in shape:
        raise ValueError(f"{name} has the shape {shape}, where {dimensions} sizes above 0 were expected")
    return shape


def _prototype_name(name: str) -> str:
    for part, prototype_part in RENAMED_PARTS.items():
        name = name.replace(part, prototype_part)
    return name
