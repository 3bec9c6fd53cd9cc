"""The search for the likeliest answers to several prompts, a token at a time; greedy decoding is that of one beam.

The search is that of `generate(num_beams=...)` in transformers, with the sum of log-probabilities as the score of an
answer: it goes on from the likeliest beginnings, and ends when none of them is likelier than the answers found.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .decoding import Constraint


class Candidate(NamedTuple):
    """An answer, or the beginning of one.

    Attributes:
        tokens: the ids that follow the prompt.
        log_probability: in nats, among all that the constraint allows.
    """

    tokens: list[int]
    log_probability: float


class Choice(NamedTuple):
    """A token that a beginning may go on with.

    Attributes:
        row: of the beginning.
        token: its id.
        log_probability: of the beginning with it.
    """

    row: int
    token: int
    log_probability: float


class Search:
    """What has been found, and the beginnings that it goes on from, a row each.

    Args:
        room: how many tokens the answer to each prompt may have, `<eos>` included.
        eos_token_id: of the token that ends an answer.
        constraints: what the answer to each prompt is to be; anything if None.
        num_beams: how many answers to each prompt to look for.

    Attributes:
        found: the answers to each prompt, the likeliest first.
        begun: the beginnings; those of a prompt are neighbours, the likeliest first.
        prompt_of: the prompt that each of them answers.
    """

    def __init__(
        self,
        room: Sequence[int],
        eos_token_id: int,
        constraints: Sequence[Constraint] | None = None,
        num_beams: int = 1,
    ):
        self.room = room
        self.eos_token_id = eos_token_id
        self.constraints = constraints
        self.num_beams = num_beams
        self.found: list[list[Candidate]] = [[] for _ in room]
        self.begun = [Candidate([], 0.0)] * len(room)
        self.prompt_of = list(range(len(room)))
        self._states = [constraint.start for constraint in constraints or ()]
        self._allow()

    @property
    def forced(self) -> list[Choice] | None:
        """The only way to go on, where no beginning has another."""
        if not self._allowed or any(tokens.only is None for tokens in self._allowed):
            return None
        return [Choice(row, tokens.only, self.begun[row].log_probability) for row, tokens in enumerate(self._allowed)]

    def likeliest(self, scores: np.ndarray) -> list[Choice]:
        """The likeliest ways to go on with each prompt, of which enough go on even if all others end.

        Args:
            scores: of the tokens that may follow each beginning, of shape (rows, vocabulary).
        """
        scores = np.nan_to_num(scores)  # finite, and so above those of all that are ruled out
        if self._allowed:
            forbidden = np.ones(scores.shape, bool)
            for row, tokens in zip(forbidden, self._allowed, strict=True):
                row[tokens.ids] = False
            scores[forbidden] = -np.inf
        before = np.array([beginning.log_probability for beginning in self.begun])
        log_probabilities = _log_softmax(scores) + before[:, None]
        rows, vocabulary = scores.shape
        starts = [row for row in range(rows) if not row or self.prompt_of[row] != self.prompt_of[row - 1]]
        choices = []
        for start, stop in zip(starts, [*starts[1:], rows], strict=True):
            each = log_probabilities[start:stop].ravel()
            order = (-each).argsort(kind="stable")[: 2 * self.num_beams]
            choices += [
                Choice(start + index // vocabulary, index % vocabulary, log_probability)
                for index, log_probability in zip(order.tolist(), each[order].tolist(), strict=True)
                if log_probability > -np.inf
            ]
        return choices

    def go_on(self, choices: list[Choice]) -> list[int]:
        """Takes the best of the ways to go on with each prompt, which come in their order.

        Returns:
            The rows, as they were, of the beginnings that there are now.
        """
        written = len(self.begun[0].tokens) + 1
        ranks, going_on = Counter(), Counter()
        kept = []
        for choice in choices:
            prompt = self.prompt_of[choice.row]
            ranks[prompt] += 1
            if choice.token == self.eos_token_id or written == self.room[prompt]:
                if ranks[prompt] <= self.num_beams:
                    self.found[prompt].append(self._chosen(choice))
            elif going_on[prompt] < self.num_beams:
                going_on[prompt] += 1
                kept.append(choice)
        for answers in self.found:
            answers.sort(key=lambda answer: -answer.log_probability)
            del answers[self.num_beams :]
        kept = list(filter(self._may_win, kept))
        self.begun = [self._chosen(choice) for choice in kept]
        if self.constraints:
            self._states = [
                self.constraints[self.prompt_of[row]].after(self._states[row], token) for row, token, _ in kept
            ]
        self.prompt_of = [self.prompt_of[choice.row] for choice in kept]
        self._allow()
        return [choice.row for choice in kept]

    def _allow(self) -> None:
        """Asks the constraints which tokens may come next."""
        self._allowed = [
            self.constraints[prompt].allowed(state, self.room[prompt] - len(beginning.tokens))
            for prompt, state, beginning in zip(self.prompt_of, self._states, self.begun, strict=False)
        ]

    def _chosen(self, choice: Choice) -> Candidate:
        return Candidate([*self.begun[choice.row].tokens, choice.token], choice.log_probability)

    def _may_win(self, choice: Choice) -> bool:
        """Whether a beginning, which can only become less likely, may be that of one of the answers."""
        answers = self.found[self.prompt_of[choice.row]]
        return len(answers) < self.num_beams or choice.log_probability > answers[-1].log_probability


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
