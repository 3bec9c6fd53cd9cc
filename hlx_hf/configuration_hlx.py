"""The configuration of HLX models, and the sizes they come in.

`save_pretrained` copies this file beside the weights: it imports nothing but transformers.
"""

import copy
from typing import Any

from transformers import PretrainedConfig

# What a preset changes in the defaults of `HLXConfig`, which are the tiny model.
PRESETS: dict[str, dict[str, int]] = {
    "tiny": {},
    "10m": {"hidden_size": 320, "num_hidden_layers": 8, "num_attention_heads": 5, "intermediate_size": 1280},
    "100m": {"hidden_size": 768, "num_hidden_layers": 14, "num_attention_heads": 12, "intermediate_size": 3072},
    "1b": {"hidden_size": 2048, "num_hidden_layers": 20, "num_attention_heads": 16, "intermediate_size": 8192},
}

# Tells `transformers.pipeline` which class of a saved folder serves the task.
CUSTOM_PIPELINES = {
    "text2text-generation": {"impl": "pipeline_hlx.HLXPipeline", "pt": ["AutoModelForCausalLM"], "type": "text"}
}


class HLXConfig(PretrainedConfig):
    """Sizes of an HLX model; the defaults are the tiny one.

    Args:
        vocab_size: tokens of the tokenizer.
        hidden_size: width of the residual stream.
        num_hidden_layers: transformer layers that a token passes.
        num_hidden_groups: how many of them have weights of their own, all if None. The others have those of the layer
            so many before them, over and over (a looped transformer, as in Dehghani et al., 2019, "Universal
            transformers"; the name is that of ALBERT's configuration).
        num_attention_heads: heads of a layer; each is `hidden_size / num_attention_heads` wide.
        intermediate_size: width of the feed-forward part.
        max_position_embeddings: tokens of the longest sequence, `<bos>` included.
        layer_norm_eps: added to the variance in LayerNorm.
        initializer_range: standard deviation of fresh token embeddings, and height of the waves that positions
            begin as. Fresh matrices have one over the root of their inputs, and fresh biases are zero.
        use_cache: whether keys and values are kept from one generated token to the next.
        bos_token_id: id of `<bos>`, which begins every line.
        eos_token_id: id of `<eos>`, which ends every line.
        pad_token_id: id of `<pad>`.
        notations: those that the model has learned, all four if None. Pipelines put its answers into the others.
        grounded: whether its corpus named nothing but what the request does, and had no contracts that the tables rule
            out, so that pipelines leave it none either.
        prompt_end_token_ids: tokens that end a prompt, whose tokens all see each other, so that only what follows is
            causal (a prefix language model: Raffel et al., 2020); None, as in the presets, for attention that is
            causal throughout. A prompt then has to come in one piece, in `input_ids`.
        tie_word_embeddings: always False, for the output projection has weights of its own.

    Raises:
        ValueError: `hidden_size` does not divide into the heads, the groups are not from one to the number of layers,
            or the embeddings are to be tied.
    """

    model_type = "hlx"

    def __init__(
        self,
        vocab_size: int = 115,
        hidden_size: int = 128,
        num_hidden_layers: int = 2,
        num_hidden_groups: int | None = None,
        num_attention_heads: int = 4,
        intermediate_size: int = 512,
        max_position_embeddings: int = 512,
        layer_norm_eps: float = 1e-5,
        initializer_range: float = 0.3,
        use_cache: bool = True,
        bos_token_id: int = 1,
        eos_token_id: int = 2,
        pad_token_id: int = 0,
        notations: list[str] | None = None,
        grounded: bool = False,
        prompt_end_token_ids: list[int] | None = None,
        tie_word_embeddings: bool = False,
        **kwargs: Any,
    ):
        if hidden_size % num_attention_heads:
            raise ValueError(
                f"hidden_size {hidden_size} is no multiple of num_attention_heads {num_attention_heads}: "
                "every head takes an equal share of it"
            )
        if num_hidden_groups is not None and not 1 <= num_hidden_groups <= num_hidden_layers:
            raise ValueError(
                f"num_hidden_groups {num_hidden_groups} is not from 1 to num_hidden_layers {num_hidden_layers}: "
                "it says how many of the layers have weights of their own"
            )
        if tie_word_embeddings:
            raise ValueError("tie_word_embeddings must be False: the output projection of HLX has weights of its own")
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_hidden_groups = num_hidden_groups
        self.num_attention_heads = num_attention_heads
        self.intermediate_size = intermediate_size
        self.max_position_embeddings = max_position_embeddings
        self.layer_norm_eps = layer_norm_eps
        self.initializer_range = initializer_range
        self.use_cache = use_cache
        self.notations = notations
        self.grounded = grounded
        self.prompt_end_token_ids = prompt_end_token_ids
        kwargs["custom_pipelines"] = copy.deepcopy(CUSTOM_PIPELINES)
        super().__init__(
            bos_token_id=bos_token_id,
            eos_token_id=eos_token_id,
            pad_token_id=pad_token_id,
            tie_word_embeddings=tie_word_embeddings,
            **kwargs,
        )

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> "HLXConfig":
        """The configuration of a preset of `PRESETS`.

        Args:
            name: "tiny" (491,635 parameters), "10m" (10,101,235), "100m" (99,800,179) or "1b" (1,008,685,171).
            **overrides: fields that are to differ from the preset.

        Raises:
            TypeError: there is no such field.
            ValueError: there is no such preset.
        """
        if name not in PRESETS:
            raise ValueError(f"unknown preset {name!r}; the known ones are {', '.join(PRESETS)}")
        config = cls(**PRESETS[name])
        unknown = [field for field in overrides if not hasattr(config, field)]
        if unknown:
            raise TypeError(f"HLXConfig has no field {unknown[0]!r}; presets differ in {', '.join(PRESETS['1b'])}")
        return cls(**{**PRESETS[name], **overrides})

    def to_dict(self) -> dict[str, Any]:
        # `transformers.pipeline` puts classes into the attribute, which JSON could not hold.
        return {**super().to_dict(), "custom_pipelines": copy.deepcopy(CUSTOM_PIPELINES)}


HLXConfig.register_for_auto_class()
