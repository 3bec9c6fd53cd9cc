"""HLX on the Hugging Face stack: notations, tokenizer, corpora, models, training, evaluation, inference.

Importing the package is cheap: each public name brings its module in when it is first used, and the
Auto classes of transformers learn the model type once they are imported themselves.
"""

import importlib

from wrapt import when_imported

__version__ = "0.1.0"

_HOME = {
    "Contract": "formats",
    "HLXError": "formats",
    "Handle": "formats",
    "convert": "formats",
    "dumps": "formats",
    "from_bytes": "formats",
    "loads": "formats",
    "to_bytes": "formats",
    "load_tokenizer": "tokenization_hlx",
    "to_alphabet": "tokenization_hlx",
    "load_corpus": "corpus",
    "HLXConfig": "configuration_hlx",
    "HLXForCausalLM": "modeling_hlx",
    "HLXPipeline": "pipeline_hlx",
    "load_metric": "evaluation",
    "pipeline": "inference",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)


@when_imported("transformers.models.auto.configuration_auto")
def _register_config(auto) -> None:
    from .configuration_hlx import HLXConfig

    auto.AutoConfig.register(HLXConfig.model_type, HLXConfig)


@when_imported("transformers.models.auto.modeling_auto")
def _register_model(auto) -> None:
    from .configuration_hlx import HLXConfig
    from .modeling_hlx import HLXForCausalLM

    auto.AutoModelForCausalLM.register(HLXConfig, HLXForCausalLM)
