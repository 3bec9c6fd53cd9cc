"""Translation with a trained model, on the code of this package alone."""

import os
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from .configuration_hlx import HLXConfig
from .modeling_hlx import HLXForCausalLM
from .pipeline_hlx import HLXPipeline
from .tokenization_hlx import HLXTokenizer, load_tokenizer


def pipeline(
    model: str | os.PathLike | HLXForCausalLM,
    *,
    tokenizer: PreTrainedTokenizerBase | None = None,
    device: int | str | torch.device | None = None,
    dtype: str | torch.dtype = "auto",
    revision: str | None = None,
    **kwargs: Any,
) -> HLXPipeline:
    """Makes the pipeline of a model, and runs no code that comes with the weights.

    Args:
        model: a folder that `save_pretrained` wrote, the name of a repository on the Hub, or a model.
        tokenizer: the one beside the weights if None, and that of the package for a model that is given as such.
        device: where to run; the first accelerator if None, or the CPU where there is none.
        dtype: of the weights; "auto" is the one that they were saved in.
        revision: branch, tag or commit of the repository.
        **kwargs: what every call of the pipeline is to have: `notation`, `batch_size`, arguments of `generate`.

    Raises:
        OSError: there is no such model.
        ValueError: the model is of another kind.
    """
    if not isinstance(model, HLXForCausalLM):
        name = str(model)
        _check_is_hlx(name, revision)
        model = HLXForCausalLM.from_pretrained(name, revision=revision, dtype=dtype)
        if tokenizer is None:
            tokenizer = HLXTokenizer.from_pretrained(name, revision=revision)
    elif tokenizer is None:
        tokenizer = load_tokenizer()
    return HLXPipeline(model=model, tokenizer=tokenizer, device=device, **kwargs)


def _check_is_hlx(model: str, revision: str | None) -> None:
    problem = f"no model at {model}: it is neither a folder with a config.json nor found on the Hub"
    try:
        config, _ = HLXConfig.get_config_dict(model, revision=revision)
    except OSError as error:
        raise OSError(problem) from error
    if not config:  # what a folder without a config.json gives
        raise OSError(problem)
    if config.get("model_type") != HLXConfig.model_type:
        raise ValueError(f"{model} is a model of type {config.get('model_type')!r}, not {HLXConfig.model_type!r}")
