"""Translation with a trained model, on the code of this package alone.

Imports torch and transformers only where they are used: a shipped model answers without them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .hints import nearest_hint
from .network import WEIGHTS
from .runtime import Translator, read_config

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from .modeling_hlx import HLXForCausalLM
    from .pipeline_hlx import HLXPipeline

SHIPPED_MODELS = ("english", "hlx_only")
"""The trained models that come with the package, each a folder of `MODELS`; the first is the default."""

MODELS = Path(__file__).parent / "models"
MODEL_TYPE = "hlx"  # also in HLXConfig, whose module would bring transformers in


def pipeline(
    model: str | os.PathLike | HLXForCausalLM = SHIPPED_MODELS[0],
    *,
    tokenizer: PreTrainedTokenizerBase | None = None,
    device: int | str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    revision: str | None = None,
    **kwargs: Any,
) -> HLXPipeline | Translator:
    """Makes the pipeline of a model, and runs no code that comes with the weights.

    A shipped model for which neither tokenizer, device nor dtype is named runs in numpy: it starts in a fraction of
    a second, draws no samples, and is called like the pipeline of any other model.

    Args:
        model: a name of `SHIPPED_MODELS`, a folder that `save_pretrained` wrote, the name of a repository on the Hub,
            or a model.
        tokenizer: the one beside the weights if None, and that of the package for a model that is given as such.
        device: where to run; the first accelerator if None, or the CPU where there is none.
        dtype: of the weights; the one that they were saved in if None.
        revision: branch, tag or commit of the repository.
        **kwargs: what every call of the pipeline is to have: `notation`, `batch_size`, arguments of `generate`.

    Raises:
        OSError: there is no such model.
        TypeError: `model` is none; or one in numpy is to have arguments of `generate` other than `max_new_tokens` and
            `num_beams`.
        ValueError: the model is of another kind.
    """
    is_name = isinstance(model, str | os.PathLike)
    if is_name:
        folder = find_model(model, revision)
        if str(model) in SHIPPED_MODELS and tokenizer is None and device is None and dtype is None:
            return Translator(folder, **kwargs)

    from transformers import PreTrainedModel

    from .modeling_hlx import HLXForCausalLM
    from .pipeline_hlx import HLXPipeline
    from .tokenization_hlx import HLXTokenizer, load_tokenizer

    if is_name:
        model = HLXForCausalLM.from_pretrained(folder, dtype=dtype or "auto")
        tokenizer = tokenizer or HLXTokenizer.from_pretrained(folder)
    elif not isinstance(model, PreTrainedModel):
        raise TypeError(f"a model is a name, a folder or an HLXForCausalLM, not {type(model).__name__}")
    return HLXPipeline(model=model, tokenizer=tokenizer or load_tokenizer(), device=device, **kwargs)


def find_model(model: str | os.PathLike, revision: str | None = None) -> Path:
    """The folder of a model, which is downloaded where it is on the Hub.

    Args:
        model: a name of `SHIPPED_MODELS`, a folder, or the name of a repository on the Hub, in this order.
        revision: branch, tag or commit of the repository.

    Raises:
        OSError: there is no such model.
        ValueError: the model is of another kind, or its config.json is damaged.
    """
    folder = MODELS / model if str(model) in SHIPPED_MODELS else Path(model)
    name, hint = repr(str(model)), nearest_hint(str(model), SHIPPED_MODELS)
    no_model = OSError(f"no model at {name}: it is neither a folder with a config.json nor found on the Hub{hint}")
    if not folder.is_dir():
        from huggingface_hub import snapshot_download  # takes longer to import than a shipped model to answer
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            folder = Path(snapshot_download(str(model), revision=revision, allow_patterns=["*.json", WEIGHTS]))
        except LocalEntryNotFoundError as error:
            raise OSError(
                f"no model at {name}: it is no folder, nothing of that name has been downloaded before, "
                f"and the Hub cannot be reached{hint}"
            ) from error
        except (OSError, ValueError) as error:
            raise no_model from error
    try:
        config = read_config(folder)
    except FileNotFoundError as error:
        raise no_model from error
    if config.get("model_type") != MODEL_TYPE:
        raise ValueError(f"{model} is a model of type {config.get('model_type')!r}, not {MODEL_TYPE!r}")
    return folder
