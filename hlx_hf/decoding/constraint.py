"""Which tokens a model may write next, so that its text is canonical HLX and ends in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..formats.notations import get_notation
from .names import names_in
from .rules import Rules
from .schema import MeaningfulRules, Schema, SchemaRules
from .symbols import INFINITE, Pending, advance, farthest, length, may_end, next_characters

State = Pending | None
"""What is still to be written of a text; None after the token that ends it."""

KNOWN_STATES = 1 << 16  # that are remembered, of each constraint
END = ""  # stands for that token among characters
_ONLY_END = frozenset({END})


@dataclass(frozen=True)
class Allowed:
    """Tokens that may come next.

    Attributes:
        ids: these tokens in order, of shape (tokens,).
        words: a bit for each token of the vocabulary, 32 to an int32, of shape (ceil(vocabulary / 32),).
        only: the one token that may, where there is no other.
    """

    ids: np.ndarray
    words: np.ndarray
    only: int | None


class Constraint:
    """The texts of a notation, or those of its contracts that fit a schema, a token at a time.

    Args:
        notation: "HLXL", "LC-R", "LC-T" or "LC-B".
        schema: what contract the text is to be; any value if None.
        vocabulary: the id of each token; those of one character are used.
        eos_token_id: of the token that ends a text.
        request: what the text answers, which has no names but those of `names_in`, and no contracts that the tables of
            `hlx_hf.contracts` rule out. None where it may.

    Attributes:
        start: the state before the first token.
        size: of the vocabulary.
        general: the constraint of any request.

    Raises:
        TypeError: the schema is none.
        ValueError: there is no such notation.
    """

    def __init__(
        self,
        notation: str,
        schema: Schema | None,
        vocabulary: Mapping[str, int],
        eos_token_id: int,
        request: str | None = None,
    ):
        if schema is not None and not isinstance(schema, Schema):
            raise TypeError(f"schema is an hlx_hf.decoding.Schema, not {type(schema).__name__}")
        self.notation = notation
        self.schema = schema
        self.general = self
        if request is None:
            rules = Rules(get_notation(notation))
        else:
            rules = MeaningfulRules(get_notation(notation), names_in(request))
        self.start: State = SchemaRules(schema, rules).root if schema else rules.root
        self.size = max(vocabulary.values()) + 1
        self.eos_token_id = eos_token_id
        self.vocabulary = vocabulary
        self._ids = {token: number for token, number in vocabulary.items() if len(token) == 1} | {END: eos_token_id}
        self._characters = {number: character for character, number in self._ids.items() if character != END}
        self._allowed: dict[frozenset[str], Allowed] = {}
        # texts go through the same few states again and again, such as those within a name
        self._unlimited = lru_cache(KNOWN_STATES)(self._find_unlimited)
        self._after = lru_cache(KNOWN_STATES)(self._find_after)

    def grounded_in(self, request: str) -> Constraint:
        """The same for the answer to a request, which says nothing that is unknown."""
        grounded = Constraint(self.notation, self.schema, self.vocabulary, self.eos_token_id, request)
        grounded.general = self.general
        return grounded

    def check_room(self, room: int) -> None:
        """Raises ValueError if no text ends within `room` tokens, the one that ends it included."""
        needed = length(self.start) + 1
        if room < needed:
            raise ValueError(
                f"{room} tokens are too few for an answer: the shortest in {self.notation} takes {needed}. "
                "Shorten the text, or raise the limit"
            )

    def allowed(self, state: State, left: int) -> Allowed:
        """The tokens that may come next: one at least.

        Args:
            state: as `start` and `after` give it.
            left: how many tokens may still be written, the one that ends the text included.
        """
        allowed, needed = self._unlimited(state)
        room = left - 2  # after the next character and before the end
        return allowed if needed <= room else self._tokens(self._limited(state, room))

    def after(self, state: State, token: int) -> State:
        """The state after a token; one that cannot come next ends the text."""
        return self._after(state, token)

    def _find_after(self, state: State, token: int) -> State:
        if state is None or token == self.eos_token_id:
            return None
        try:
            return advance(state, self._characters.get(token, ""))
        except ValueError:
            return None

    def _find_unlimited(self, state: State) -> tuple[Allowed, float]:
        """The tokens that may come next where there is room, and for how many characters after them there has to be."""
        if state is None:
            return self._tokens(_ONLY_END), -INFINITE
        characters = next_characters(state)
        return self._tokens(characters | _ONLY_END if may_end(state) else characters), farthest(state)

    def _limited(self, state: Pending, room: int) -> frozenset[str]:
        characters = frozenset(c for c in next_characters(state) if length(advance(state, c)) <= room)
        return characters | _ONLY_END if may_end(state) else characters

    def _tokens(self, characters: frozenset[str]) -> Allowed:
        if characters not in self._allowed:
            self._allowed[characters] = self._as_tokens(characters)
        return self._allowed[characters]

    def _as_tokens(self, characters: frozenset[str]) -> Allowed:
        ids = np.sort([self._ids[character] for character in characters])
        bits = np.zeros(-(-self.size // 32) * 32, bool)
        bits[ids] = True
        words = np.packbits(bits, bitorder="little").view(np.int32)
        return Allowed(ids, words, int(ids[0]) if len(ids) == 1 else None)
