"""HLX models in numpy: the weights of a folder, and what they compute, on the CPU and in float32."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize

from .decoding import Constraint
from .search import Candidate, Search

WEIGHTS = "model*.safetensors"  # one file, or the parts of a large model

# What the tokens of a layer find, from its number and their queries, keys and values; all of these, and what they find,
# are of shape (rows, heads, length, head width).
Attend = Callable[[int, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a model folder, in float32 whatever they were saved in.

    Raises:
        OSError: there are none.
        ValueError: a file is damaged, or its weights are of another type than F32, F16 and BF16.
    """
    paths = sorted(folder.glob(WEIGHTS))
    if not paths:
        raise OSError(f"no weights in {folder}: it has no {WEIGHTS}")
    weights = {}
    for path in paths:
        try:
            tensors = deserialize(path.read_bytes())
            weights |= {name: _float32(tensor).reshape(tensor["shape"]) for name, tensor in tensors}
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        except KeyError as error:
            raise ValueError(f"{path} has weights of type {error}, not F32, F16 or BF16") from error
    return weights


def _float32(tensor: dict[str, Any]) -> np.ndarray:
    if tensor["dtype"] == "BF16":  # the upper half of a float32; numpy has no such type
        return (np.frombuffer(tensor["data"], "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(tensor["data"], {"F32": "<f4", "F16": "<f2"}[tensor["dtype"]]).astype(np.float32)


class Cache:
    """Keys and values of prompts, each kept once, and of the answers that go on from them, any number from one.

    Args:
        prompts: of shape (layers, 2, prompts, heads, width, head width).
        padding: how many columns at the left of each prompt hold no token, of shape (prompts,).
        answers: how many there are at most.
        room: how many tokens an answer has at most.

    Attributes:
        answers: of shape (layers, 2, answers, heads, room, head width), of which `written` tokens are filled.
        prompt_of: which of the prompts each answer goes on from, in ascending order.
    """

    def __init__(self, prompts: np.ndarray, padding: np.ndarray, answers: int, room: int):
        layers, _, count, heads, _, head_width = prompts.shape
        self.prompts, self.padding = prompts, padding
        self.answers = np.empty((layers, 2, answers, heads, room, head_width), np.float32)
        self.written = 0
        self.prompt_of = np.arange(count)
        self._look_up()

    def go_on_from(self, rows: Sequence[int]) -> None:
        """Has the answers be those that go on from these of the answers so far, whose prompts keep their order."""
        if list(rows) == list(range(len(self.prompt_of))):
            return
        moved = [new for new, old in enumerate(rows) if new != old]
        if moved:
            old = [rows[new] for new in moved]
            self.answers[:, :, moved, :, : self.written] = self.answers[:, :, old, :, : self.written]
        self.prompt_of = self.prompt_of[list(rows)]
        left = np.unique(self.prompt_of)
        if 0 < len(left) <= len(self.padding) / 2:  # copied seldom, and so little in all
            self.prompts, self.padding = self.prompts[:, :, left], self.padding[left]
            self.prompt_of = left.searchsorted(self.prompt_of)
        self._look_up()

    def _look_up(self) -> None:
        """What is the same in every layer: the place of an answer among those of its prompt, and scores of padding."""
        first = self.prompt_of.searchsorted(self.prompt_of)
        self._place = (self.prompt_of, np.arange(len(first)) - first)
        self._most = max(self._place[1], default=0) + 1
        is_padding = np.arange(self.prompts.shape[-2]) < self.padding[self.prompt_of, None]
        self._padding_scores = _hidden(is_padding)[:, None, None]

    def attend(self, layer: int, query: np.ndarray, key: np.ndarray, value: np.ndarray) -> np.ndarray:
        """An `Attend` for tokens that go on with each answer.

        Answers that go on from the same prompt look at it in one product of matrices.
        """
        rows, heads, length, _ = query.shape
        stop = self.written + length
        keys, values = self.answers[layer, :, :rows, :, :stop]
        keys[:, :, self.written :], values[:, :, self.written :] = key, value
        scores = query @ keys.swapaxes(-1, -2) + _hidden(np.arange(self.written, stop)[:, None] < np.arange(stop))

        prompt_keys, prompt_values = self.prompts[layer]

        def together(states: np.ndarray) -> np.ndarray:
            padded = np.zeros((len(self.padding), self._most, *states.shape[1:]), np.float32)
            padded[self._place] = states
            return padded.swapaxes(1, 2).reshape(len(padded), heads, self._most * length, -1)

        def apart(states: np.ndarray) -> np.ndarray:
            return states.reshape(len(states), heads, self._most, length, -1).swapaxes(1, 2)[self._place]

        prompt_scores = apart(together(query) @ prompt_keys.swapaxes(-1, -2)) + self._padding_scores
        weights = _softmax(np.concatenate([prompt_scores, scores], axis=-1))
        prompt_weights, weights = np.split(weights, [prompt_keys.shape[2]], axis=-1)
        return apart(together(prompt_weights) @ prompt_values) + weights @ values


class Network:
    """What `HLXForCausalLM` computes.

    Args:
        config: the contents of a `config.json`.
        weights: the tensors, by the names that they have in `HLXForCausalLM`.

    Raises:
        KeyError: the configuration lacks a size.
        ValueError: it has more groups of layers than layers, or the weights have more layers than groups.
    """

    def __init__(self, config: dict[str, Any], weights: dict[str, np.ndarray]):
        self.config = config
        self.weights = weights
        layers, groups = config["num_hidden_layers"], config.get("num_hidden_groups")
        self.groups = layers if groups is None else groups
        if not 1 <= self.groups <= layers:
            raise ValueError(f"num_hidden_groups {self.groups} is not from 1 to num_hidden_layers {layers}")
        if any(name.startswith(f"model.layers.{self.groups}.") for name in weights):
            raise ValueError(f"the weights have more than {self.groups} layers")

    def read(self, prompts: list[list[int]], room: int, num_beams: int = 1) -> tuple[np.ndarray, Cache]:
        """Scores of the tokens that may follow each prompt, of shape (prompts, vocabulary), and what is kept of it.

        Args:
            prompts: token ids.
            room: how many tokens there may be after a prompt.
            num_beams: how many ways to go on with each prompt there may be side by side.
        """
        lengths = np.array([len(prompt) for prompt in prompts])
        width = lengths.max()
        padding = width - lengths
        tokens = np.array([[0] * gap + prompt for gap, prompt in zip(padding.tolist(), prompts, strict=True)])

        # A token sees those up to itself, one before the end of a request the whole of it, and none sees padding
        columns = np.arange(width)
        visible = columns <= columns[:, None]
        if ends := self.config.get("prompt_end_token_ids"):
            is_end = np.isin(tokens, ends)
            end = np.where(is_end.any(axis=1), is_end.argmax(axis=1) + 1, 0)
            in_prompt = columns < end[:, None]
            visible = visible | (in_prompt[:, :, None] & in_prompt[:, None])
        hidden = _hidden(~(visible & (columns >= padding[:, None, None])))[:, None]
        heads, head_width = self.config["num_attention_heads"], self.head_width
        kept = np.empty((self.config["num_hidden_layers"], 2, len(prompts), heads, width, head_width), np.float32)

        def attend(layer: int, query: np.ndarray, key: np.ndarray, value: np.ndarray) -> np.ndarray:
            kept[layer, 0], kept[layer, 1] = key, value
            return _softmax(query @ key.swapaxes(-1, -2) + hidden) @ value

        states = self._states(tokens, (columns - padding[:, None]).clip(min=0), attend)
        return self._linear(states[:, -1], "lm_head"), Cache(kept, padding, len(prompts) * num_beams, room)

    def go_on(self, tokens: np.ndarray, cache: Cache) -> np.ndarray:
        """Scores of the tokens that may follow each answer, of shape (rows, vocabulary), once these have been added.

        Args:
            tokens: ids that go on with the answers of the cache, of shape (rows, length).
            cache: of what stands before them, which they are added to.
        """
        columns = np.arange(tokens.shape[1]) + cache.written
        lengths = cache.prompts.shape[-2] - cache.padding[cache.prompt_of]
        states = self._states(tokens, lengths[:, None] + columns, cache.attend)
        cache.written += tokens.shape[1]
        return self._linear(states[:, -1], "lm_head")

    def generate(
        self,
        prompts: list[list[int]],
        max_new_tokens: int | None = None,
        constraints: Sequence[Constraint] | None = None,
        num_beams: int = 1,
    ) -> list[list[Candidate]]:
        """Appends tokens to `<eos>` or to the model's last position: the likeliest each time, or those of a search.

        Where a constraint leaves no choice, the network is not asked again.

        Args:
            prompts: token ids; all prompts are decoded side by side.
            max_new_tokens: how many tokens to append at most.
            constraints: what the answer to each prompt is to be, and comes to an end as; anything if None.
            num_beams: how many answers to look for; decoding is greedy with one.

        Returns:
            For each prompt the answers, from one to `num_beams`, the likeliest first.

        Raises:
            ValueError: a prompt leaves no room for an answer.
        """
        limit = self.config["max_position_embeddings"]
        lengths = np.array([len(prompt) for prompt in prompts])
        if lengths.max() >= limit:
            raise ValueError(
                f"the prompt takes {lengths.max()} of the {limit} tokens that it shares with its answer: "
                "shorten the text"
            )
        room = np.minimum(limit - lengths, max_new_tokens or limit)
        for constraint, left in zip(constraints or (), room, strict=False):
            constraint.check_room(left)
        scores, cache = self.read(prompts, room.max(), num_beams)
        search = Search(room, self.config["eos_token_id"], constraints, num_beams)
        unseen = np.empty((len(prompts), 0), np.int64)
        while search.begun:
            choices = search.forced
            if choices is None:
                if unseen.size:
                    scores, unseen = self.go_on(unseen, cache), unseen[:, :0]
                choices = search.likeliest(scores)
            rows = search.go_on(choices)
            cache.go_on_from(rows)
            new = np.array([beginning.tokens[-1:] for beginning in search.begun], np.int64).reshape(-1, 1)
            unseen = np.concatenate([unseen[rows], new], axis=1)
        return search.found

    @property
    def head_width(self) -> int:
        return self.config["hidden_size"] // self.config["num_attention_heads"]

    def _states(self, tokens: np.ndarray, positions: np.ndarray, attend: Attend) -> np.ndarray:
        """What the last layer puts out, of shape (rows, length, hidden size)."""
        states = self.weights["model.embed_tokens.weight"][tokens]
        states = states + self.weights["model.embed_positions.weight"][positions]
        for layer in range(self.config["num_hidden_layers"]):
            name = f"model.layers.{layer % self.groups}"
            projected = self._linear(self._norm(states, f"{name}.norm1"), f"{name}.self_attn.in_proj")
            by_head = projected.reshape(*tokens.shape, 3, -1, self.head_width).transpose(2, 0, 3, 1, 4)
            query, key, value = by_head
            attended = attend(layer, query * self.head_width**-0.5, key, value).swapaxes(1, 2).reshape(states.shape)
            states = states + self._linear(attended, f"{name}.self_attn.out_proj")
            inner = np.maximum(self._linear(self._norm(states, f"{name}.norm2"), f"{name}.linear1"), 0)
            states = states + self._linear(inner, f"{name}.linear2")
        return states

    def _linear(self, states: np.ndarray, name: str) -> np.ndarray:
        return states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, states: np.ndarray, name: str) -> np.ndarray:
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.config["layer_norm_eps"])
        return centred / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _hidden(mask: np.ndarray) -> np.ndarray:
    """What is added to the scores of tokens, so that these are not seen."""
    return np.where(mask, np.finfo(np.float32).min, np.float32(0))
