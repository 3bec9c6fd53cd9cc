"""Constrained decoding with transformers: a logits processor on xgrammar, and a loop that jumps ahead.

xgrammar follows the context-free part of a grammar, and masks scores where they are, on a CPU or a GPU. What context
forbids and what would not end in time, our own `Constraint` strikes from its mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
import xgrammar
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, PreTrainedModel, StoppingCriteriaList

from .constraint import Allowed, Constraint, State
from .ebnf import ebnf


@lru_cache(maxsize=64)
def compile_grammar(constraint: Constraint) -> xgrammar.CompiledGrammar:
    """The context-free part of a constraint, ready for `xgrammar.GrammarMatcher`."""
    tokens = [""] * constraint.size  # special tokens stay empty: no string of the grammar lets them through
    for token, number in constraint.vocabulary.items():
        if len(token) == 1:
            tokens[number] = token
    tokenizer = xgrammar.TokenizerInfo(
        tokens, xgrammar.VocabType.RAW, vocab_size=constraint.size, stop_token_ids=[constraint.eos_token_id]
    )
    return xgrammar.GrammarCompiler(tokenizer).compile_grammar(ebnf(constraint.start))


class Position(NamedTuple):
    """How far a text has come in the grammar."""

    state: State
    matcher: xgrammar.GrammarMatcher


class ConstrainedLogitsProcessor(LogitsProcessor):
    """Leaves the tokens of a constraint alone to choose from, in `generate(logits_processor=[...])`.

    It holds for greedy decoding, for sampling and for beams. What it leaves has finite scores, whatever the model and
    other processors say. Beams that are sampled are drawn from what it rules out where too little else is there; these
    keep a score of minus infinity, end at once, and come out as empty answers if `num_return_sequences` asks for them.

    Args:
        constraints: what the answer to each prompt is to be; they differ in their requests alone.
        prompt_length: how many tokens, padding included, stand before each answer.
        room: how many tokens the answer to each prompt may have, `<eos>` included. Where `generate` stops earlier, an
            answer is cut short.

    Raises:
        ValueError: there is no room for an answer.
    """

    def __init__(self, constraints: Sequence[Constraint], prompt_length: int, room: Sequence[int]):
        for constraint, left in zip(constraints, room, strict=True):
            constraint.check_room(left)
        self.constraints = constraints
        self.prompt_length = prompt_length
        self.room = room
        self._size = constraints[0].size
        self._grammar = compile_grammar(constraints[0].general)
        # of the rows of the last step, by their prompts and answers
        self._positions: dict[tuple[int, tuple[int, ...]], Position] = {}
        self._answers: list[tuple[int, ...]] | None = None
        self._found: list[tuple[Position, Allowed]] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The scores, with minus infinity where a token must not come next.

        Args:
            input_ids: each prompt and what has been appended to it, of shape (rows, length); where there are more rows
                than prompts, as many neighbours belong to each.
            scores: of shape (rows, vocabulary).
        """
        positions = self._look_up(input_ids)
        words = np.empty((len(positions), -(-self._size // 32)), np.int32)
        for row, (position, allowed) in enumerate(positions):
            words[row] = allowed.words
            if position.state is not None:
                position.matcher.fill_next_token_bitmask(words, row)
                words[row] &= allowed.words
        scores = scores.nan_to_num()
        xgrammar.apply_token_bitmask_inplace(scores, torch.from_numpy(words).to(scores.device))
        return scores

    def only_tokens(self, input_ids: torch.LongTensor) -> list[int] | None:
        """The next token of each row, if no row has a choice; otherwise None."""
        tokens = [allowed.only for _, allowed in self._look_up(input_ids)]
        return None if None in tokens else tokens

    def _look_up(self, input_ids: torch.LongTensor) -> list[tuple[Position, Allowed]]:
        """How far each row has come, and what may come next."""
        answers = [tuple(tokens[self.prompt_length :]) for tokens in input_ids.tolist()]
        if answers != self._answers:
            # found by their tokens, since beams change places and fork
            rows_each = len(answers) // len(self.room)
            rows = [(row // rows_each, answer) for row, answer in enumerate(answers)]
            self._positions = {row: self._position(*row, fork=len(rows) > 1) for row in rows}
            self._answers = answers
            self._found = []
            for prompt, answer in rows:
                position = self._positions[prompt, answer]
                left = self.room[prompt] - len(answer)
                self._found.append((position, self.constraints[prompt].allowed(position.state, left)))
        return self._found

    def _position(self, prompt: int, answer: tuple[int, ...], fork: bool) -> Position:
        constraint = self.constraints[prompt]
        position, known = self._positions.get((prompt, answer[:-1])), len(answer) - 1
        if position is None or not answer:
            position, known = Position(constraint.start, xgrammar.GrammarMatcher(self._grammar)), 0
        state, matcher = position
        if fork:  # other rows may go on from there, too
            matcher = matcher.fork()
        for token in answer[known:]:
            state = constraint.after(state, token)
            if state is not None:
                matcher.accept_token(token)
        return Position(state, matcher)


def jump_forward(
    model: PreTrainedModel,
    input_ids: torch.LongTensor,
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    **model_kwargs: Any,
) -> torch.LongTensor:
    """Greedy decoding or sampling for `generate(custom_generate=jump_forward)` that asks the model only where there is
    a choice: tokens that the grammar leaves alone are appended, and the model sees them when it is asked next.

    Where rows are decoded side by side, a step is left out when no row has a choice.

    Args:
        model: what is asked.
        input_ids: the prompts, of shape (rows, length).
        logits_processor: has a `ConstrainedLogitsProcessor` among others.
        stopping_criteria: when a row comes to its end.
        generation_config: `do_sample` and the id of `<pad>`, as `generate` has prepared them.
        **model_kwargs: `past_key_values`, an empty cache or none, and `attention_mask`, 0 for padding or None.

    Returns:
        Prompts and answers, of shape (rows, length), with `<pad>` behind what has come to its end.
    """
    constrained = next(entry for entry in logits_processor if isinstance(entry, ConstrainedLogitsProcessor))
    attention_mask, cache = model_kwargs["attention_mask"], model_kwargs.get("past_key_values")
    unfinished = torch.ones(len(input_ids), dtype=torch.bool, device=input_ids.device)
    seen = 0
    while unfinished.any():
        only = constrained.only_tokens(input_ids)
        if only is None:
            outputs = model(
                input_ids=input_ids[:, seen:],
                attention_mask=attention_mask,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            seen, cache = input_ids.shape[1], outputs.past_key_values
            scores = logits_processor(input_ids, outputs.logits[:, -1].float())
            if generation_config.do_sample:
                tokens = torch.multinomial(scores.softmax(dim=-1), num_samples=1)[:, 0]
            else:
                tokens = scores.argmax(dim=-1)
        else:
            tokens = torch.tensor(only, device=input_ids.device)
        tokens = tokens.where(unfinished, generation_config.pad_token_id)
        input_ids = torch.cat([input_ids, tokens[:, None]], dim=-1)
        if attention_mask is not None:
            attention_mask = torch.cat([attention_mask, torch.ones_like(attention_mask[:, :1])], dim=-1)
        unfinished &= ~stopping_criteria(input_ids, None)
    return input_ids
