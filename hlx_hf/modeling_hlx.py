"""The HLX model: a causal transformer with pre-norm layers, learned positions and no final norm.

On request, attention goes both ways within the prompt, and only what the model writes is causal.

In this order: attention, layer, model, head. The modules of a layer have the names, and their weights the
layout, of `torch.nn.TransformerEncoderLayer`. Runs on transformers 5 and 4.57; `save_pretrained` copies this file
beside the weights, so it imports nothing of the package but its flat neighbours.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch import nn
from torch.nn import functional as F
from transformers import Cache, DynamicCache, GenerationMixin, PreTrainedModel
from transformers.masking_utils import create_causal_mask
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.utils import can_return_tuple

from .configuration_hlx import HLXConfig

if TYPE_CHECKING:
    # `save_pretrained` copies what a file imports: so every model folder has the pipeline. What that imports in turn
    # is named here too, for transformers 4 follows the imports of a local folder one step only.
    from .lines_hlx import line_prompt  # noqa: F401
    from .pipeline_hlx import HLXPipeline  # noqa: F401

# `create_causal_mask` has other arguments there.
TRANSFORMERS_4 = transformers.__version__.startswith("4.")


def eager_attention_forward(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention written out, which also gives the weights.

    Args:
        module: unused; the other implementations take their settings from it.
        query: of shape (batch, heads, queries, head width).
        key: of shape (batch, heads, keys, head width).
        value: of shape (batch, heads, keys, head width).
        attention_mask: added to the scores, of shape (batch or 1, 1, queries, keys).
        scaling: factor of the scores.

    Returns:
        The output, of shape (batch, queries, heads, head width), and the weights, (batch, heads, queries, keys).
    """
    scores = (query * scaling) @ key.transpose(-2, -1)  # fewer products than with the scores scaled
    if attention_mask is not None:
        # of one dtype, or autocast would carry on in fp32; its least number would become infinite
        scores = scores + attention_mask.clamp(min=torch.finfo(scores.dtype).min).to(scores.dtype)
    weights = F.softmax(scores, dim=-1).to(query.dtype)  # summed in fp32 whatever the dtype
    return (weights @ value).transpose(1, 2).contiguous(), weights


class HLXAttention(nn.Module):
    """Multi-head self-attention, causal save where a prompt is seen as a whole."""

    def __init__(self, config: HLXConfig, layer_idx: int):
        super().__init__()
        self.config = config
        self.layer_idx = layer_idx
        self.head_dim = config.hidden_size // config.num_attention_heads
        # The implementations of transformers read these from the module.
        self.scaling = self.head_dim**-0.5
        self.is_causal = True
        self.num_key_value_groups = 1
        self.in_proj = nn.Linear(config.hidden_size, 3 * config.hidden_size)  # query, key and value, in this order
        self.out_proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(
        self,
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None,
        past_key_values: Cache | None,
        cache_position: torch.Tensor,
        layer_idx: int,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        self.layer_idx = layer_idx  # paged attention reads it, and a layer may be passed more than once
        shape = (*hidden_states.shape[:-1], -1, self.head_dim)
        query, key, value = (
            projection.view(shape).transpose(1, 2) for projection in self.in_proj(hidden_states).chunk(3, dim=-1)
        )
        if past_key_values is not None:
            # transformers 4 writes static caches at `cache_position`; 5 keeps count itself
            key, value = past_key_values.update(key, value, layer_idx, {"cache_position": cache_position})

        attend: Callable = eager_attention_forward
        if self.config._attn_implementation != "eager":
            attend = ALL_ATTENTION_FUNCTIONS[self.config._attn_implementation]
        output, weights = attend(self, query, key, value, attention_mask, dropout=0.0, scaling=self.scaling, **kwargs)
        return self.out_proj(output.reshape(hidden_states.shape)), weights


class HLXLayer(GradientCheckpointingLayer):
    """Attention and a feed-forward part, each behind a norm and added to what came in."""

    def __init__(self, config: HLXConfig, layer_idx: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.self_attn = HLXAttention(config, layer_idx)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.linear1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.linear2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(
        self, hidden_states: torch.Tensor, wanted_tokens: torch.Tensor | None = None, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        attended, weights = self.self_attn(self.norm1(hidden_states), **kwargs)
        hidden_states = hidden_states + attended
        if wanted_tokens is not None:
            hidden_states = hidden_states[wanted_tokens]
        hidden_states = hidden_states + self.linear2(F.relu(self.linear1(self.norm2(hidden_states))))
        return hidden_states, weights


class PositionEmbedding(nn.Embedding):
    """Learned positions that begin as sinusoids.

    From there one step to the left is the same rotation at every position, so that "the token before" is learned for
    all of them at once; from random vectors each position has to learn it for itself.
    """


def sinusoids(positions: int, width: int) -> torch.Tensor:
    """Sines and cosines in turn, of wavelengths from 2 pi to 10,000 * 2 pi (Vaswani et al., 2017).

    Returns:
        Of shape (positions, width).
    """
    frequencies = 10_000.0 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(positions)[:, None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]


def prompt_numbers(
    input_ids: torch.LongTensor, position_ids: torch.LongTensor | None, end_token_ids: list[int]
) -> torch.LongTensor:
    """Which prompt of its row each token belongs to.

    The first end token of a sequence is the last one of its prompt; a sequence without any has no prompt.

    Args:
        input_ids: of shape (batch, length).
        position_ids: of shape (batch, length), rising within a sequence; each row is one sequence if None.
        end_token_ids: the tokens that end a prompt.

    Returns:
        Of shape (batch, length), -1 for tokens of no prompt.
    """
    length = input_ids.shape[1]
    columns = torch.arange(length, device=input_ids.device).expand_as(input_ids)
    sequences = torch.zeros_like(input_ids)
    if position_ids is not None:
        sequences[:, 1:] = (position_ids[:, 1:] <= position_ids[:, :-1]).cumsum(dim=-1)
    is_end = torch.zeros_like(input_ids, dtype=torch.bool)
    for token in end_token_ids:  # a tensor of them would be copied to the device in every step
        is_end = is_end | (input_ids == token)
    ends = columns.masked_fill(~is_end, length)
    first_ends = torch.full_like(input_ids, length).scatter_reduce(1, sequences, ends, "amin").gather(1, sequences)
    return sequences.masked_fill((columns > first_ends) | (first_ends == length), -1)


def _within(prompts: torch.LongTensor) -> Callable[..., torch.Tensor]:
    """What transformers 5 makes of `block_sequence_ids`, for 4, as a function of indices of one element each."""
    length = prompts.shape[1]

    def is_allowed(row: torch.Tensor, _head: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        prompt = prompts[row, query]
        # a static cache has more keys than there are tokens
        return (prompt >= 0) & (key < length) & (prompt == prompts[row, key.clamp(max=length - 1)])

    return is_allowed


def _cached_tokens(past_key_values: Cache | None) -> int | torch.Tensor:
    return 0 if past_key_values is None else past_key_values.get_seq_length()


class HLXPreTrainedModel(PreTrainedModel):
    """What transformers has to know of HLX models, and how fresh weights begin."""

    config_class = HLXConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ("HLXLayer",)
    _skip_keys_device_placement = ("past_key_values",)
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _can_compile_fullgraph = True

    @classmethod
    def _can_set_attn_implementation(cls) -> bool:
        return True  # transformers would guess it from this file's text, and 4 and 5 look for different words

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            # what every layer puts out keeps the size of what it takes in, at any width
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
            nn.init.zeros_(module.bias)
        elif isinstance(module, PositionEmbedding):
            if not getattr(module.weight, "_is_hf_initialized", False):  # read from a file
                module.weight.data.copy_(sinusoids(*module.weight.shape) * self.config.initializer_range)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.initializer_range)


class HLXModel(HLXPreTrainedModel):
    """Embeddings and layers, without a norm after the last."""

    def __init__(self, config: HLXConfig):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.embed_positions = PositionEmbedding(config.max_position_embeddings, config.hidden_size)
        groups = config.num_hidden_groups or config.num_hidden_layers
        self.layers = nn.ModuleList(HLXLayer(config, layer_idx) for layer_idx in range(groups))
        self.gradient_checkpointing = False
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.LongTensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: torch.Tensor | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        cache_position: torch.LongTensor | None = None,
        wanted_tokens: torch.BoolTensor | None = None,
        **kwargs: Any,
    ) -> BaseModelOutputWithPast:
        """Runs the layers.

        Args:
            input_ids: of shape (batch, length).
            attention_mask: 1 for tokens and 0 for padding, of shape (batch, tokens in the cache + length).
            position_ids: of shape (batch, length); from the mask if None, so that padding takes no position.
            past_key_values: keys and values of the tokens before these; new ones are appended to it.
            inputs_embeds: of shape (batch, length, hidden size), in place of `input_ids`; not where the configuration
                has `prompt_end_token_ids`.
            use_cache: whether to begin a cache; `config.use_cache`, and never in training, if None.
            output_attentions: whether to return the attention weights; needs the eager implementation.
            output_hidden_states: whether to return the embeddings and the output of every layer.
            cache_position: of shape (length,), where in the cache these tokens stand; transformers 4 passes it.
            wanted_tokens: of shape (batch, length), the tokens whose last hidden state is wanted, all if None. It is
                then of shape (tokens wanted, hidden size), and the last feed-forward part is computed for them alone.
            **kwargs: go to the attention implementation.

        Raises:
            ValueError: a sequence has more tokens than the model has positions; or the configuration has
                `prompt_end_token_ids`, and there are no ids, or the attention implementation knows no such mask.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("pass either input_ids or inputs_embeds")
        if output_attentions is None:
            output_attentions = self.config.output_attentions
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states
        if output_attentions and self.config._attn_implementation != "eager":
            raise ValueError(
                f"attention weights are not given by {self.config._attn_implementation!r}: "
                "load the model with attn_implementation='eager'"
            )
        if inputs_embeds is None:
            inputs_embeds = self.embed_tokens(input_ids)

        # Where the tokens stand, in the cache and each in its own sequence
        if cache_position is None:
            seen = _cached_tokens(past_key_values)
            cache_position = torch.arange(inputs_embeds.shape[1], device=inputs_embeds.device) + seen
        # Only positions that were passed can mark sequences that share a row; looking for them waits for the device.
        given_positions = position_ids
        if position_ids is None:
            if attention_mask is None or attention_mask.ndim != 2:
                position_ids = cache_position.unsqueeze(0)
            else:
                position_ids = (attention_mask.long().cumsum(dim=-1) - 1).clamp(min=0)[:, cache_position]
        self._check_positions(position_ids)

        # The mask comes before the cache: only where there is no cache does transformers keep packed sequences apart.
        prompts = None
        # a cache may have to be counted on the device; a token on its own has nobody to see in any case
        is_long = inputs_embeds.shape[1] > 1
        if self.config.prompt_end_token_ids and is_long and not _cached_tokens(past_key_values):
            prompts = self._prompts(input_ids, given_positions)
        causal_mask = self._causal_mask(
            inputs_embeds, attention_mask, past_key_values, given_positions, cache_position, prompts
        )
        if use_cache is None:
            use_cache = self.config.use_cache and not self.training
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)

        hidden_states = inputs_embeds + self.embed_positions(position_ids)
        all_hidden_states, all_weights = [hidden_states], []
        last = self.config.num_hidden_layers - 1
        for layer_idx in range(last + 1):
            hidden_states, weights = self.layers[layer_idx % len(self.layers)](
                hidden_states,
                wanted_tokens=wanted_tokens if layer_idx == last else None,
                attention_mask=causal_mask,
                position_ids=position_ids,
                past_key_values=past_key_values,
                cache_position=cache_position,
                layer_idx=layer_idx,
                **kwargs,
            )
            if output_hidden_states:
                all_hidden_states.append(hidden_states)
            if output_attentions:
                all_weights.append(weights)

        return BaseModelOutputWithPast(
            last_hidden_state=hidden_states,
            past_key_values=past_key_values,
            hidden_states=tuple(all_hidden_states) if output_hidden_states else None,
            attentions=tuple(all_weights) if output_attentions else None,
        )

    def _prompts(self, input_ids: torch.LongTensor | None, position_ids: torch.LongTensor | None) -> torch.LongTensor:
        """`prompt_numbers`, for attention that goes both ways within a prompt."""
        if input_ids is None:
            raise ValueError("this model finds the end of a prompt by its token: pass input_ids, not inputs_embeds")
        if "flash" in self.config._attn_implementation:
            raise ValueError(
                f"{self.config._attn_implementation!r} has no mask for attention both ways within a prompt: "
                "load the model with attn_implementation='sdpa'"
            )
        return prompt_numbers(input_ids, position_ids, self.config.prompt_end_token_ids)

    def _check_positions(self, position_ids: torch.LongTensor) -> None:
        if torch.compiler.is_compiling():  # a compiled graph cannot branch on values
            return
        # Reading a value waits for the device, which no training step should do: there the shape has to be enough.
        on_device_in_training = self.training and position_ids.device.type != "cpu"
        length = position_ids.shape[-1] if on_device_in_training else int(position_ids.max()) + 1
        limit = self.config.max_position_embeddings
        if length > limit:
            raise ValueError(f"a sequence of {length} tokens is too long for this model, which has {limit} positions")

    def _causal_mask(
        self,
        inputs_embeds: torch.Tensor,
        attention_mask: torch.Tensor | None,
        past_key_values: Cache | None,
        position_ids: torch.LongTensor | None,
        cache_position: torch.LongTensor,
        prompts: torch.LongTensor | None = None,
    ) -> torch.Tensor | None:
        """`create_causal_mask`, three of whose arguments are other ones in transformers 4."""
        if TRANSFORMERS_4:
            within = None if prompts is None else _within(prompts)
            arguments = {"input_embeds": inputs_embeds, "cache_position": cache_position, "or_mask_function": within}
        else:
            arguments = {"inputs_embeds": inputs_embeds, "block_sequence_ids": prompts}
        return create_causal_mask(
            config=self.config,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            position_ids=position_ids,
            **arguments,
        )


class HLXForCausalLM(HLXPreTrainedModel, GenerationMixin):
    """The model and its output projection, which shares no weights with the embedding."""

    def __init__(self, config: HLXConfig):
        super().__init__(config)
        self.model = HLXModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.LongTensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.LongTensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Scores of the tokens that may follow each one.

        Args:
            input_ids: as for `HLXModel`, like all that is not named here.
            attention_mask: as for `HLXModel`.
            position_ids: as for `HLXModel`.
            past_key_values: as for `HLXModel`.
            inputs_embeds: as for `HLXModel`.
            labels: the input ids again, with -100 where no loss is wanted; the shift by one token is made here.
            use_cache: as for `HLXModel`.
            logits_to_keep: how many tokens at the end, or which ones, get logits; 0 is all. A mask of shape
                (batch, length) chooses in each row: logits are then of shape (tokens kept, vocabulary), and the loss
                is that of these tokens.
            **kwargs: go to `HLXModel` and to the loss, which divides by `num_items_in_batch` where that is given
                and by the number of labels otherwise.

        Returns:
            `loss` if there are labels; `logits`, of shape (batch, tokens kept, vocabulary); `past_key_values`.
        """
        is_mask = isinstance(logits_to_keep, torch.Tensor) and logits_to_keep.ndim == 2
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            return_dict=True,
            wanted_tokens=logits_to_keep if is_mask else None,
            **kwargs,
        )
        hidden_states = outputs.last_hidden_state
        if is_mask and labels is not None:
            kwargs["shift_labels"] = F.pad(labels[:, 1:], (0, 1), value=-100)[logits_to_keep]
        elif not is_mask:
            kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
            hidden_states = hidden_states[:, kept]
        logits = self.lm_head(hidden_states)
        loss = None
        if labels is not None:
            loss = self.loss_function(logits=logits, labels=labels, vocab_size=self.config.vocab_size, **kwargs)
        return CausalLMOutputWithPast(
            loss=loss,
            logits=logits,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )

    def prepare_inputs_for_generation(
        self, input_ids: torch.LongTensor, attention_mask: torch.LongTensor | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        inputs = super().prepare_inputs_for_generation(input_ids, attention_mask=attention_mask, **kwargs)
        if TRANSFORMERS_4 and self.config.prompt_end_token_ids:
            # there, a static cache comes with a mask that is made already, and causal throughout
            inputs["attention_mask"] = attention_mask
        return inputs


HLXForCausalLM.register_for_auto_class("AutoModelForCausalLM")
