"""Words of a request that an answer leaves unsaid, by which a search tells answers apart.

Whatever a request asks for is in its answer: as a name, a text or a number, or as an operation that such words are
known for. An answer to "sort the blue cars by age" without "blue" has missed something, however probable the model
finds it. A `Lexicon` knows the words; it is made of sentences whose values are known, and lies beside the weights of a
model that was trained on them.

The penalty for what an answer does not cover is that of Wu et al. 2016 ("Google's Neural Machine Translation System",
equation 14) in purpose; words are counted here, where a model of theirs adds up attention.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..contracts import CONTRACTS, OPERATION, operation_of
from ..formats import Contract, Handle, Value, loads

LEXICON = "lexicon.json"
COVERAGE_PENALTY = 3.0  # nats a word, if nothing else is said
LEAST_SENTENCES = 2  # that a word stands in, if nothing else is said
WIDESPREAD = 10  # meanings; a word that is known for more is one of any sentence, such as "please"

QUOTATION = re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<!\w)'[^']*'(?!\w)")  # what is quoted is copied as it is
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+|[0-9]+")


class Ranked(NamedTuple):
    """One of several answers to a request.

    Attributes:
        index: which of them.
        score: the logarithm of its share, in nats: of all that the answers weigh, and of the probability that they
            leave to answers unknown.
        weight: the logarithm of its probability, in nats, less the penalty for words that it leaves unsaid.
    """

    index: int
    score: float
    weight: float


class Lexicon:
    """The words that requests are known to have beside those that their answers repeat.

    Args:
        words: by the meaning that they are known for: an operation's name, a contract's id, or the type of a value
            without contracts; and by "", those of any sentence.
    """

    def __init__(self, words: Mapping[str, Iterable[str]]):
        self.words = {meaning: frozenset(known) for meaning, known in words.items()}

    def __or__(self, other: Lexicon) -> Lexicon:
        """Knows what either knows."""
        meanings = {**self.words, **other.words}
        return Lexicon({meaning: {*self.words.get(meaning, ()), *other.words.get(meaning, ())} for meaning in meanings})

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Value]], least_sentences: int = LEAST_SENTENCES) -> Lexicon:
        """The lexicon of sentences and what they mean.

        Args:
            pairs: English and its value. Where that is made of several contracts, words that no part of it is known
                for alone are put down to the whole.
            least_sentences: that a word stands in, for what they mean to be known for it.
        """
        simple: dict[str, Counter[str]] = defaultdict(Counter)
        composed = []
        for english, value in pairs:
            repeated, whole, parts = _contents(value)
            words = {word for word in _words(english) - repeated if not word.isdigit()}  # a number is said, or missed
            if parts <= {whole}:
                simple[whole].update(words)
            else:
                composed.append((words, whole, parts))
        known = _frequent(simple, least_sentences)
        rest: dict[str, Counter[str]] = defaultdict(Counter)
        for words, whole, parts in composed:
            rest[whole].update(words.difference(*(known.get(part, ()) for part in parts)))
        for whole, words in _frequent(rest, least_sentences).items():
            known[whole] = known.get(whole, set()) | words
        spread = Counter(word for words in known.values() for word in words)
        anywhere = {word for word, times in spread.items() if times > WIDESPREAD}
        return cls({"": anywhere} | {meaning: words - anywhere for meaning, words in known.items()})

    @classmethod
    def read(cls, folder: Path) -> Lexicon | None:
        """That of a model's folder; None if it has none.

        Raises:
            ValueError: the file is damaged.
        """
        path = folder / LEXICON
        if not path.is_file():
            return None
        try:
            words = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        if not (isinstance(words, dict) and all(isinstance(known, list) for known in words.values())):
            raise ValueError(f"{path} is damaged: it holds no lists of words by what they mean")
        return cls(words)

    def save(self, folder: str | os.PathLike) -> None:
        """Writes it beside a model."""
        lines = [f"{json.dumps(meaning)}: {json.dumps(sorted(words))}" for meaning, words in sorted(self.words.items())]
        Path(folder, LEXICON).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

    def unsaid(self, request: str, value: Value) -> set[str]:
        """The words of a request that an answer neither repeats nor is known for."""
        repeated, whole, parts = _contents(value)
        meanings = {"", whole, *parts}
        return _words(request).difference(repeated, *(self.words.get(meaning, ()) for meaning in meanings))

    def rank(
        self,
        request: str,
        answers: Sequence[str],
        log_probabilities: Sequence[float],
        notation: str,
        penalty: float = COVERAGE_PENALTY,
    ) -> list[Ranked]:
        """Several answers to a request by probability and coverage together.

        Args:
            request: English.
            answers: texts of HLX, each another value.
            log_probabilities: of each answer, in nats.
            notation: of the answers.
            penalty: by how many nats an answer falls behind for each word that it leaves unsaid.

        Returns:
            The best first.
        """
        known = np.array(log_probabilities, dtype=float)
        unsaid = np.array([len(self.unsaid(request, loads(answer, notation))) for answer in answers])
        weights = known - penalty * unsaid
        with np.errstate(divide="ignore"):  # nothing may be left, whose logarithm is rightly minus infinity
            unknown = np.log((1 - np.exp(known).sum()).clip(min=0))
        scores = weights - np.logaddexp.reduce([*weights, unknown])
        order = (-weights).argsort(kind="stable").tolist()
        return [Ranked(index, float(scores[index]), float(weights[index])) for index in order]


def _frequent(counts: dict[str, Counter[str]], least: int) -> dict[str, set[str]]:
    return {meaning: {word for word, times in counter.items() if times >= least} for meaning, counter in counts.items()}


def _words(text: str) -> set[str]:
    return set(_parts(QUOTATION.sub(" ", text)))


def _parts(text: str) -> list[str]:
    """The words and numbers that a text or a name is made of, in lower case: due, date of dueDate."""
    return _WORD.findall(_HUMP.sub(" ", text).lower())


def _contents(value: Value) -> tuple[set[str], str, set[str]]:
    """The words that a value has in its names, texts and numbers, its meaning, and those of all contracts in it."""
    values = list(_walk(value))
    parts = {_meaning(part) for part in values if isinstance(part, Contract)}
    return {word for part in values for word in _parts(_text(part))}, _meaning(value), parts


def _meaning(value: Value) -> str:
    return str(operation_of(value) or value.id) if isinstance(value, Contract) else type(value).__name__


def _text(part: Value) -> str:
    if isinstance(part, Handle):
        return part.name
    if isinstance(part, Contract) and part.id not in CONTRACTS:  # which is asked for by its numbers
        return " ".join(map(str, (part.id, *part.fields)))
    return str(part) if isinstance(part, str | int | float) and not isinstance(part, bool) else ""


def _walk(value: Value) -> Iterator[Value]:
    """A value and all in it, save for the names of operations."""
    yield value
    if isinstance(value, Contract):
        parts = [field for index, field in value.fields.items() if (value.id, index) != (OPERATION, 0)]
    elif isinstance(value, dict):
        parts = [*value, *value.values()]
    else:
        parts = value if isinstance(value, list) else ()
    for part in parts:
        yield from _walk(part)
