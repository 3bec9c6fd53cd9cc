"""Reads corpora that are written as Markdown.

A block is a run of adjacent lines, each a label and what it says:

    English: Search for documents
    HLXL: {1000: {@0: "search", @1: &h_documents}}
    LC-R: 🜊1000🜁0 "search"🜁1 ⟁documents🜂

The English line comes first and may be left out, and one notation is enough, since each of them means
the whole value. A new block begins at an English line and at a label that the block already has; a
line without a label ends a block that has a notation, and is otherwise passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..formats import HLXError, Value, dumps, loads
from ..lines_hlx import ENGLISH, NOTATIONS

_LABELLED_LINE = re.compile(rf"[ \t]*(?P<label>{'|'.join((ENGLISH, *NOTATIONS))}):[ \t]*(?P<text>.*)")


@dataclass(frozen=True)
class Block:
    """A sentence and the value it means.

    Attributes:
        english: the sentence; None where the block has none.
        value: what the block's notations mean, all alike.
        path, line: where the block begins; lines are counted from 1.
    """

    english: str | None
    value: Value
    path: str
    line: int


@dataclass(frozen=True)
class Problem:
    """What keeps a block, or a whole file, from being read, and the line to look at."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class _Line:
    number: int
    label: str
    text: str
    column: int  # where `text` begins, counted from 1


class _BlockError(Exception):
    def __init__(self, line: int, message: str):
        super().__init__(message)
        self.line = line


def read_markdown(path: str) -> tuple[list[Block], list[Problem]]:
    """The blocks of a UTF-8 file, with or without a byte order mark, and what is wrong with it.

    Every labelled line is part of a block or of a problem; a file without any is a problem, too.

    Raises:
        OSError: the file cannot be read.
    """
    data = Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [], [Problem(path, line, f"is not UTF-8 (byte 0x{data[error.start]:02x})")]
    blocks, problems = [], []
    for lines in _runs(text):
        try:
            english, value = _read_block(lines)
            blocks.append(Block(english, value, path, lines[0].number))
        except _BlockError as error:
            problems.append(Problem(path, error.line, str(error)))
    if not blocks and not problems:
        problems.append(Problem(path, 1, f"has no block: no line begins with {ENGLISH}: or {NOTATIONS[0]}:"))
    return blocks, problems


def _runs(text: str) -> Iterator[list[_Line]]:
    """The labelled lines of each block."""
    run: list[_Line] = []
    below_value = False  # whether the run began right below another
    # not splitlines(), which cuts at characters that a string of HLX may hold
    for number, line in enumerate(text.split("\n"), start=1):
        match = _LABELLED_LINE.fullmatch(line)
        # a sentence still waits for its value behind blank lines and code fences, unless it stands right below
        # a value: then it may have been meant for that one, and is not given to the next
        ended = not match and (any(earlier.label != ENGLISH for earlier in run) or (run and below_value))
        if ended or (run and match and match["label"] in (ENGLISH, *(earlier.label for earlier in run))):
            below_value = match is not None
            yield run
            run = []
        elif not run:
            below_value = False
        if match:
            run.append(_Line(number, match["label"], match["text"].rstrip(" \t\r"), match.start("text") + 1))
    if run:
        yield run


def _read_block(lines: list[_Line]) -> tuple[str | None, Value]:
    english = None
    values: dict[str, list[_Line]] = {}  # each value, as HLXL, to the lines that say it
    value = None
    for line in lines:
        if not line.text and line.label != ENGLISH:  # the empty sentence is one, too: it asks for nothing
            raise _BlockError(line.number, f"{line.label} has nothing behind its label")
        if line.label == ENGLISH:
            english = line.text
            continue
        value = _read_notation(line)
        values.setdefault(dumps(value, NOTATIONS[0]), []).append(line)
    if not values:
        raise _BlockError(lines[0].number, f"{ENGLISH} without a value; add a line of {' or '.join(NOTATIONS)}")
    if len(values) > 1:
        said = "; ".join(f"{', '.join(line.label for line in same)}: {text}" for text, same in values.items())
        dissenter = list(values.values())[1][0]
        raise _BlockError(dissenter.number, f"the notations disagree; in {NOTATIONS[0]} they say {said}")
    return english, value


def _read_notation(line: _Line) -> Value:
    try:
        return loads(line.text, line.label)
    except HLXError as error:
        where = f"column {line.column + error.column - 1}"
        raise _BlockError(line.number, f"{line.label} is malformed: {error.code}: {error.message} ({where})") from None
