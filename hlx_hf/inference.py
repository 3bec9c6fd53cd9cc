"""The pipeline for people who have the package: no code is taken from the model's folder."""

from typing import Any

from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from .modeling_hlx import HLXForCausalLM
from .pipeline_hlx import HLXPipeline


def pipeline(
    model: str | HLXForCausalLM,
    *,
    tokenizer: PreTrainedTokenizerBase | None = None,
    revision: str = "main",
    **kwargs: Any,
) -> HLXPipeline:
    """A pipeline on a saved model, on a GPU where there is one.

    >>> translate = pipeline("runs/demo/model")  # doctest: +SKIP
    >>> translate("Search for documents", notation="LC-R")  # doctest: +SKIP

    Args:
        model: folder or Hub id of an HLX model, or the model itself, which then needs its `tokenizer`.
        tokenizer: by default the one in the model's folder.
        revision: of a Hub repo: branch, tag or commit.
        kwargs: `device`, `notation`, `batch_size`, and arguments of `generate`, as defaults for every call.

    Raises:
        OSError: there is no model of that name.
        ValueError: a model is given without its tokenizer.
    """
    if isinstance(model, HLXForCausalLM):
        if tokenizer is None:
            raise ValueError("a model object comes without a tokenizer: give one with tokenizer=, or name the folder")
    else:
        tokenizer = tokenizer or PreTrainedTokenizerFast.from_pretrained(model, revision=revision)
        model = HLXForCausalLM.from_pretrained(model, revision=revision)
    return HLXPipeline(model=model.eval(), tokenizer=tokenizer, task="text2text-generation", **kwargs)
