"""HLX models in numpy, without torch or transformers: a fresh process answers in a fraction of a second.

Reads from the bottom up: the weights, the network, the translator.
"""

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize
from tokenizers import Tokenizer

from .bridges import into_asked, into_learned
from .decoding import Constraint, Schema
from .decoding.coverage import COVERAGE_PENALTY, Lexicon
from .decoding.deliberation import SIDE_BY_SIDE, Deliberation
from .decoding.steps import Answer
from .formats import dumps
from .lines_hlx import (
    ENGLISH,
    NOTATIONS,
    check_abstention,
    check_search,
    line_prompt,
    request_of,
    request_prompt,
    written_notation,
)
from .search import Candidate, Search

WEIGHTS = "model*.safetensors"  # one file, or the parts of a large model
COUNTS = ("batch_size", "max_new_tokens", "num_beams")  # options of a `Translator` that count something
OPTIONS = (
    *("notation", *COUNTS, "coverage_penalty"),
    *("constrained", "grounded", "schema", "stepwise", "verified", "return_scores", "abstain_below"),
)
GENERATION_CONFIG = "generation_config.json"


def read_config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """The settings of a model folder, or those of another JSON file in it.

    Raises:
        OSError: there are none.
        ValueError: the file is damaged.
    """
    path = folder / name
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(config, dict):
        raise ValueError(f"{path} is damaged: it holds no object")
    return config


def _read_tokenizer(path: Path) -> Tokenizer:
    text = path.read_text(encoding="utf-8")
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the class that tokenizers raises
        raise ValueError(f"{path} is damaged: {error}") from error


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


class Network:
    """What `HLXForCausalLM` computes, in float32 on the CPU.

    Args:
        config: the contents of a `config.json`.
        weights: the tensors, by the names that they have in `HLXForCausalLM`.
    """

    def __init__(self, config: dict[str, Any], weights: dict[str, np.ndarray]):
        self.config = config
        self.weights = weights

    def new_cache(self, rows: int, length: int) -> np.ndarray:
        """Room for keys and values, of shape (layers, 2, rows, heads, length, head width)."""
        heads = self.config["num_attention_heads"]
        shape = (self.config["num_hidden_layers"], 2, rows, heads, length, self.config["hidden_size"] // heads)
        return np.empty(shape, np.float32)

    def logits(self, tokens: np.ndarray, padding: np.ndarray, cache: np.ndarray, seen: int = 0) -> np.ndarray:
        """Scores of the tokens that may follow each one.

        Args:
            tokens: ids, of shape (rows, length).
            padding: how many columns at the left of each row hold no token, of shape (rows,).
            cache: as `new_cache` makes it; the keys and values of these tokens are written to it.
            seen: how many columns, padding included, the cache holds already.

        Returns:
            Of shape (rows, length, vocabulary); those in columns of padding mean nothing.
        """
        rows, length = tokens.shape
        stop = seen + length
        columns = np.arange(seen, stop)
        positions = (columns - padding[:, None]).clip(min=0)
        hidden = self.weights["model.embed_tokens.weight"][tokens]
        hidden = hidden + self.weights["model.embed_positions.weight"][positions]

        # A token sees those up to itself, a token of the prompt the whole of it, and none sees padding
        keys = np.arange(stop)
        visible = keys <= columns[:, None]
        if not seen and (ends := self.config.get("prompt_end_token_ids")):
            is_end = np.isin(tokens, ends)
            prompt_lengths = np.where(is_end.any(axis=1), is_end.argmax(axis=1) + 1, 0)
            in_prompt = columns < prompt_lengths[:, None]
            visible = visible | (in_prompt[:, :, None] & in_prompt[:, None])
        visible = visible & (keys >= padding[:, None, None])
        mask = np.where(visible, 0, np.finfo(np.float32).min)[:, None]
        for layer, (all_keys, all_values) in enumerate(cache):
            name = f"model.layers.{layer}"
            projected = self._linear(self._norm(hidden, f"{name}.norm1"), f"{name}.self_attn.in_proj")
            by_head = projected.reshape(rows, length, 3, self.config["num_attention_heads"], -1)
            query, all_keys[:, :, seen:stop], all_values[:, :, seen:stop] = by_head.transpose(2, 0, 3, 1, 4)
            scores = query @ all_keys[:, :, :stop].swapaxes(-1, -2) * query.shape[-1] ** -0.5 + mask
            attended = (_softmax(scores) @ all_values[:, :, :stop]).swapaxes(1, 2).reshape(hidden.shape)
            hidden = hidden + self._linear(attended, f"{name}.self_attn.out_proj")
            inner = np.maximum(self._linear(self._norm(hidden, f"{name}.norm2"), f"{name}.linear1"), 0)
            hidden = hidden + self._linear(inner, f"{name}.linear2")
        return self._linear(hidden, "lm_head")

    def generate(
        self,
        prompts: list[list[int]],
        max_new_tokens: int | None = None,
        constraints: Sequence[Constraint] | None = None,
        num_beams: int = 1,
    ) -> list[list[Candidate]]:
        """Appends tokens to `<eos>` or to the model's last position: the likeliest each time, or those of a search.

        Where a constraint leaves no choice, the network is not asked.

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
        width = lengths.max()
        if width >= limit:
            raise ValueError(
                f"the prompt takes {width} of the {limit} tokens that it shares with its answer: shorten the text"
            )
        room = np.minimum(limit - lengths, max_new_tokens or limit)
        for constraint, left in zip(constraints or (), room, strict=False):
            constraint.check_room(left)
        unseen = np.array([[0] * (width - len(prompt)) + prompt for prompt in prompts])
        cache, seen = self.new_cache(len(prompts) * num_beams, width + room.max()), 0
        search = Search(room, self.config["eos_token_id"], constraints, num_beams)
        while search.begun:
            choices = search.forced
            if choices is None:
                padding = (width - lengths)[search.prompt_of]
                scores = self.logits(unseen, padding, cache[:, :, : len(search.begun)], seen)[:, -1]
                seen, unseen = seen + unseen.shape[1], unseen[:, :0]
                choices = search.likeliest(scores)
            rows = search.go_on(choices)
            new = np.array([beginning.tokens[-1:] for beginning in search.begun], unseen.dtype).reshape(-1, 1)
            unseen = np.concatenate([unseen[rows], new], axis=1)
            moved = [new_row for new_row, row in enumerate(rows) if new_row != row]
            if moved:
                cache[:, :, moved, :, :seen] = cache[:, :, [rows[new_row] for new_row in moved], :, :seen]
        return search.found

    def _linear(self, states: np.ndarray, name: str) -> np.ndarray:
        return states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _norm(self, states: np.ndarray, name: str) -> np.ndarray:
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.config["layer_norm_eps"])
        return centred / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


class Translator:
    """Translates with a model folder as `HLXPipeline` does, on the CPU only, and without samples.

    Args:
        folder: what `save_pretrained` of an HLX model and its tokenizer wrote.
        **defaults: what every call is to have, of `OPTIONS`.

    Raises:
        OSError: a file is missing.
        TypeError: a default is unknown.
        ValueError: a file is damaged, or a default is below 1.
    """

    def __init__(self, folder: str | os.PathLike, **defaults: Any):
        self.folder = Path(folder)
        self.defaults = self._options(defaults)
        self.network = Network(read_config(self.folder), read_weights(self.folder))
        self.tokenizer = _read_tokenizer(self.folder / "tokenizer.json")
        self.tokenizer.encode_special_tokens = True  # as the text that they are; tokenizer.json does not say so
        try:
            self.network.generate([[0]], max_new_tokens=1)  # which takes every setting and every tensor
        except KeyError as error:
            raise ValueError(f"{self.folder} is damaged: config.json or the weights lack {error}") from error
        except (IndexError, ValueError) as error:
            raise ValueError(f"{self.folder} is damaged: config.json does not fit the weights: {error}") from error
        has_settings = (self.folder / GENERATION_CONFIG).is_file()
        settings = read_config(self.folder, GENERATION_CONFIG) if has_settings else {}
        self._num_beams = settings.get("num_beams") or 1
        if not (isinstance(self._num_beams, int) and self._num_beams >= 1):
            raise ValueError(f"{self.folder / GENERATION_CONFIG} is damaged: num_beams is {self._num_beams!r}")
        self._lexicon = Lexicon.read(self.folder)
        self._alphabet = self.tokenizer.get_vocab()
        self._constraints: dict[tuple[str, Schema | None], Constraint] = {}

    def __call__(self, inputs: str | list[str], notation: str | None = None, **options: Any) -> list[dict[str, Any]]:
        """Translates one text or many.

        Args:
            inputs: a text, or a list of texts, brought into the alphabet as `HLXPipeline` does.
            notation: what to translate into: "HLXL", "LC-R", "LC-T", "LC-B", or "English" for HLX in any notation.
            **options: `batch_size`, 1 if not given, and 8 at least with `stepwise` or `verified`, which ask for more
                than the texts; `max_new_tokens`, as many as the model has positions for, counted in the notation that
                it writes, or any number for a pipeline that is made of parts; `num_beams`, how many answers to look
                for, which is greedy decoding with 1; if not given, it is 1 for English, and otherwise as
                generation_config.json has it; `coverage_penalty`, by how many nats an answer falls behind for each word
                of the text that it leaves unsaid, where the model has a lexicon, and `COVERAGE_PENALTY` if not given;
                `stepwise`, whether parts of a text of several steps are translated on their own as well, and
                `verified`, whether English is put back into HLX and said otherwise where another value comes of it,
                both of them True if not given for a model with a lexicon, and neither done where answers are not
                constrained or have a schema;
                `constrained=False` to let the model write whatever it likes, where answers in a notation are canonical
                texts otherwise; `grounded`, whether these name what the text does alone, in contracts that
                `hlx_hf.contracts` knows, as the model's configuration has it if not given; `schema`, an
                `hlx_hf.decoding.Schema`, which says what contract the answer is; `return_scores` and `abstain_below`,
                as `HLXPipeline` has them.

        Returns:
            For each text, in order, `{"generated_text": answer}`, with its `score` if asked for.

        Raises:
            TypeError: an option is unknown, or a text no str.
            ValueError: no notation, or an unknown one; a number below 1, or a penalty below 0; a prompt that leaves no
                room for an answer; a schema where decoding is not constrained; or `abstain_below` where the answer is
                in English.
        """
        options = {**self.defaults, **self._options({"notation": notation, **options})}
        texts = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if not texts:
            return []
        notation, learned = options.get("notation"), self.network.config.get("notations")
        written = written_notation(notation, learned)
        if written == ENGLISH:
            texts = [into_learned(text, learned) for text in texts]
        least = options.get("abstain_below", 0)
        check_abstention(least, notation)
        requests = [request_of(request_prompt(text, written, self._alphabet)) for text in texts]
        deliberates = options.get("constrained") is not False and not options.get("schema")
        stepwise, verified = (
            deliberates and options.get(name, bool(self._lexicon)) for name in ("stepwise", "verified")
        )
        if stepwise or verified:
            options["batch_size"] = max(options.get("batch_size", 1), SIDE_BY_SIDE)

        def find(target: str, texts: list[str], **more: Any) -> list[list[Answer]]:
            return self._find(texts, target, {**options, **more})

        searches = options.get("num_beams", self._num_beams) > 1
        deliberation = Deliberation(find, searches, stepwise, unlimited={"max_new_tokens": None})
        limit = options.get("max_new_tokens")
        rooms = limit and [limit] * len(requests)
        if written != ENGLISH:
            answers = deliberation.into_hlx(written, requests, rooms)
        elif verified:
            positions = self.network.config["max_position_embeddings"]
            answers = deliberation.into_english((learned or NOTATIONS)[0], requests, positions, rooms)
        else:
            answers = deliberation.translate(ENGLISH, requests)
        results = []
        for text, log_score, _ in answers:
            score = math.exp(log_score)
            answer = dumps(None, notation) if score < least else into_asked(text, written, notation)
            result = {"generated_text": answer}
            results.append({**result, "score": score} if options.get("return_scores") else result)
        return results

    def _find(self, requests: list[str], notation: str, options: dict[str, Any]) -> list[list[Answer]]:
        """The answers to each request, in the alphabet, in a notation that the model has learned, the best first."""
        prompts = [line_prompt(request, notation) for request in requests]
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(prompts)]
        constraint = self._constraint(notation, options.get("constrained"), options.get("schema"))
        grounded = options.get("grounded", self.network.config.get("grounded", False))
        num_beams = options.get("num_beams", 1 if notation == ENGLISH else self._num_beams)
        penalty = options.get("coverage_penalty", COVERAGE_PENALTY) if constraint and self._lexicon else 0
        size = options.get("batch_size", 1)
        answers = []
        for start in range(0, len(tokens), size):
            batch = slice(start, start + size)
            constraints = constraint and [
                constraint.grounded_in(request) if grounded else constraint for request in requests[batch]
            ]
            found = self.network.generate(tokens[batch], options.get("max_new_tokens"), constraints, num_beams)
            for request, candidates in zip(requests[batch], found, strict=True):
                texts = self.tokenizer.decode_batch([candidate.tokens for candidate in candidates])
                scores = [candidate.log_probability for candidate in candidates]
                if penalty:
                    ranks = self._lexicon.rank(request, texts, scores, notation, penalty)
                    answers.append([Answer(texts[index], score, weight) for index, score, weight in ranks])
                else:
                    answers.append(list(map(Answer, texts, scores, scores)))
        return answers

    def _constraint(self, notation: str, constrained: bool | None, schema: Schema | None) -> Constraint | None:
        if notation == ENGLISH or constrained is False:
            if schema is not None:
                what = notation if notation == ENGLISH else "constrained=False"
                raise ValueError(f"a schema is for constrained decoding into a notation, not for {what}")
            return None
        if (notation, schema) not in self._constraints:
            end = self.network.config["eos_token_id"]
            self._constraints[notation, schema] = Constraint(notation, schema, self._alphabet, end)
        return self._constraints[notation, schema]

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in options if name not in OPTIONS]
        if unknown:
            raise TypeError(
                f"{', '.join(unknown)}: a Translator has only {', '.join(OPTIONS[:-1])} and {OPTIONS[-1]}; "
                f"hlx_hf.pipeline({str(self.folder)!r}, device='cpu') has all options of generate"
            )
        for name in options.keys() & set(COUNTS):
            if options[name] is not None and options[name] < 1:
                raise ValueError(f"{name} must be at least 1, not {options[name]}")
        check_search(1, options.get("coverage_penalty") or 0)
        return {name: value for name, value in options.items() if value is not None}
