"""HLX on the Hugging Face stack: notations, tokenizer, corpora, models, training, evaluation, inference.

Importing the package is cheap: each public name brings its module in when it is first used, and the
Auto classes of transformers learn the model type once they are imported themselves.
"""

import importlib
import logging

from wrapt import when_imported

__version__ = "0.1.0"

# transformers imports torchao wherever it is installed, which then warns of CUDA libraries that nothing here uses.
for _name in ("torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_HOME = {
    "Contract": "formats",
    "HLXError": "formats",
    "Handle": "formats",
    "convert": "formats",
    "dumps": "formats",
    "from_bytes": "formats",
    "loads": "formats",
    "notation_of": "formats",
    "to_bytes": "formats",
    "load_tokenizer": "tokenization_hlx",
    "to_alphabet": "tokenization_hlx",
    "load_corpus": "corpus",
    "HLXConfig": "configuration_hlx",
    "HLXForCausalLM": "modeling_hlx",
    "HLXPipeline": "pipeline_hlx",
    "load_metric": "evaluation",
    "Schema": "decoding",
    "Translator": "runtime",
    "pipeline": "inference",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)


# Whichever of the two is imported first brings the other in, and the class is registered once both are there.


@when_imported(f"{__name__}.configuration_hlx")
def _register_config(module) -> None:
    auto = importlib.import_module("transformers.models.auto.configuration_auto")
    auto.AutoConfig.register(module.HLXConfig.model_type, module.HLXConfig)


@when_imported(f"{__name__}.modeling_hlx")
def _register_model(module) -> None:
    auto = importlib.import_module("transformers.models.auto.modeling_auto")
    auto.AutoModelForCausalLM.register(module.HLXConfig, module.HLXForCausalLM)


@when_imported("transformers.models.auto.configuration_auto")
def _load_config(_) -> None:
    importlib.import_module(f"{__name__}.configuration_hlx")


@when_imported("transformers.models.auto.modeling_auto")
def _load_model(_) -> None:
    importlib.import_module(f"{__name__}.modeling_hlx")
