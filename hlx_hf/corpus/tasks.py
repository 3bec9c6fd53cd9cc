"""The tasks that turn a corpus line into what a model reads and what it is to answer; some can do so in several ways.

| task | reads | answers |
|---|---|---|
| `to_hlx` | English, asked for in the line's notation | the line |
| `to_english` | the line | its English |
| `convert` | the same value in each of the other notations | the line |
| `complete` | nothing | the line, so that the model can go on from any part of it |
| `answer` | a question about the line, or about what it is | the answer, in the line's notation |
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..formats import Value, dumps, loads
from ..lines_hlx import ENGLISH, NOTATIONS, line_prompt
from ..tokenization_hlx import to_alphabet
from .generator.questions import facts_about, questions_about
from .rows import column_of


class CorpusLine(NamedTuple):
    """One value in one notation, with its English where the corpus has any."""

    notation: str
    value: Value
    english: str | None = None

    @property
    def text(self) -> str:
        """The value in the line's notation."""
        return dumps(self.value, self.notation)


class Example(NamedTuple):
    """What the model is given, and what it is to append."""

    prompt: str
    target: str


def to_hlx(line: CorpusLine) -> list[Example]:
    """English to the line's notation."""
    return [Example(line_prompt(to_alphabet(line.english), line.notation), line.text)]


def to_english(line: CorpusLine) -> list[Example]:
    """The line's notation to English."""
    return [Example(line_prompt(line.text, ENGLISH), to_alphabet(line.english))]


def convert_notation(line: CorpusLine) -> list[Example]:
    """Each other notation to the line's."""
    texts = [dumps(line.value, source) for source in NOTATIONS if source != line.notation]
    return [Example(line_prompt(text, line.notation), line.text) for text in texts]


def complete(line: CorpusLine) -> list[Example]:
    """The line from its first character on."""
    return [Example("", line.text)]


def answer(line: CorpusLine) -> list[Example]:
    """A question about the line, such as how many steps it has, or about its operation or contract id in general."""
    questions = questions_about(line.value, line.notation) + facts_about(line.value)
    return [example for question, value in questions for example in to_hlx(CorpusLine(line.notation, value, question))]


TASKS: dict[str, Callable[[CorpusLine], list[Example]]] = {
    "to_hlx": to_hlx,
    "to_english": to_english,
    "convert": convert_notation,
    "complete": complete,
    "answer": answer,
}
ENGLISH_TASKS = frozenset({"to_hlx", "to_english"})


def corpus_lines(rows: Iterable[dict]) -> list[CorpusLine]:
    """The rows of `all_variants` (a line for each notation) or of `hlx_only` as lines."""
    lines = []
    for row in rows:
        if "notation" in row:
            lines.append(CorpusLine(row["notation"], loads(row["text"], row["notation"])))
        else:
            value = loads(row[column_of(NOTATIONS[0])], NOTATIONS[0])
            lines += [CorpusLine(notation, value, row["english"]) for notation in NOTATIONS]
    return lines
