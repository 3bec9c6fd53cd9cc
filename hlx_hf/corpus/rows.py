"""The rows of the corpora: from Markdown blocks, and from the English comprehension test."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..contracts import operation_of
from ..formats import Value, dumps, loads
from ..lines_hlx import NOTATIONS
from .generator.sentences import Pair
from .markdown import Block, read_markdown
from .yaml_files import read_yaml

DATA = Path(__file__).with_name("data")
ALL_VARIANTS = str(DATA / "all_variants.md")
NEW_PHRASING = str(DATA / "new_phrasing.md")
REQUESTS = str(DATA / "requests.md")
COMPREHENSION = DATA / "comprehension.yaml"

MAX_PROBLEMS_SHOWN = 20

Row = dict[str, Any]


def read_corpus(paths: list[str]) -> list[Block]:
    """The blocks of several Markdown files, one after another.

    Raises:
        ValueError: there is no file, or a file has a problem; the message lists them as `file:line: message`.
    """
    if not paths:
        raise ValueError("no Markdown file: the patterns of data_files match none")
    blocks, problems = [], []
    for path in paths:
        file_blocks, file_problems = read_markdown(path)
        blocks += file_blocks
        problems += file_problems
    if problems:
        shown = [str(problem) for problem in problems[:MAX_PROBLEMS_SHOWN]]
        if len(problems) > len(shown):
            shown.append(f"... and {len(problems) - len(shown)} more")
        raise ValueError("the corpus has problems:\n" + "\n".join(shown))
    return blocks


def all_variants_rows(pairs: Iterable[Block | Pair]) -> Iterator[Row]:
    """A row for each sentence: its English, and its value in the four notations."""
    for pair in pairs:
        yield {"english": pair.english, **texts_of(pair.value)}


def texts_of(value: Value) -> Row:
    """A value in the four notations, by column."""
    return {column_of(notation): dumps(value, notation) for notation in NOTATIONS}


def hlx_only_rows(blocks: Iterable[Block]) -> Iterator[Row]:
    """Four rows for each block, its value in each notation; the sentence is left out."""
    for block in blocks:
        for notation in NOTATIONS:
            yield {"notation": notation, "text": dumps(block.value, notation)}


def comprehension_rows() -> Iterator[Row]:
    """A row for each prompt of the English comprehension test, the references in the notation it asks for."""
    for level in read_yaml(COMPREHENSION):
        for test in level["tests"]:
            values = [loads(reference, "HLXL") for reference in test["references"]]
            yield {
                "level": level["level"],
                "level_name": level["name"],
                "prompt": test["prompt"],
                "notation": test["notation"],
                "references": [dumps(value, test["notation"]) for value in values],
                "operation": operation_of(values[0]) or "",
            }


def column_of(notation: str) -> str:
    """The column that holds texts of `notation`: "LC-R" is `lc_r`."""
    return notation.lower().replace("-", "_")
