"""Tells whether the generator could have made a sentence: the catalogue's lines and frames, read backwards."""

import re
from collections.abc import Iterator
from functools import cache

from hlx_hf import Contract
from hlx_hf.contracts import CONTRACTS, OPERATION, PIPELINE, operation_of
from hlx_hf.corpus.generator.catalogue import load_catalogue
from hlx_hf.corpus.generator.lines import PLAIN, Line
from hlx_hf.corpus.generator.sentences import load_frames
from hlx_hf.corpus.generator.shapes import BREAK, load_shapes
from hlx_hf.corpus.generator.typing_style import fingerprint
from hlx_hf.decoding.steps import Division
from hlx_hf.formats import Value

NAMES = {"thing", "things", "noun", "nouns", "property", "adjective", "function", "reference", "identifier", "number"}
# a name is at most two words, with words such as "the" and "all my" before them
NAME = r"(?:(?:the|my|all|our|these|those|this|that|your|a|an) )*[\w.-]+(?: [\w-]+)?"

ORDER = "(?:most |least )?[a-z]+"  # newest, most recent
PATTERNS = {  # of kinds
    **dict.fromkeys(NAMES, NAME),
    **dict.fromkeys(("superlative", "extreme"), ORDER),
    "span": f"{ORDER} to {ORDER}",
}


def could_be_generated(english: str, value: Value) -> bool:
    """Whether a line for this operation or contract, framed or not, can be filled so that it reads as the sentence.

    That of a pipeline is cut where steps are joined, and then it is whether this holds of each of its steps.
    """
    if operation_of(value) == PIPELINE:
        _, *steps = value.fields.values()
        clauses = Division(english).clauses
        return len(clauses) == len(steps) and all(map(could_be_generated, clauses, steps))
    if isinstance(value, Contract) and value.id in CONTRACTS:
        keys = (value.fields[0] if value.id == OPERATION else value.id,)
    else:
        keys = PLAIN
    return any(
        pattern.fullmatch(core)
        for shape, core in _cores(fingerprint(english))
        for key in keys
        for pattern in _patterns().get((shape, key), ())
    )


def _cores(sentence: str) -> Iterator[tuple[str, str]]:
    """The sentence itself, and what stands in each frame that fits it, with the shape that the frame takes."""
    yield "frames", sentence
    for shape, pattern in _frame_patterns():
        if (found := pattern.fullmatch(sentence)) and shape == "topic":
            yield shape, found.group("do")
        elif found:
            yield (
                shape,
                BREAK.join(found.group(name) for name in ("do", "doing", "thing", "done") if name in found.groupdict()),
            )


@cache
def _frame_patterns() -> list[tuple[str, re.Pattern]]:
    return [
        (
            "passive" if shape.startswith("passive") else shape,
            re.compile(_regex(fingerprint(frame), thing=NAME if shape == "topic" else ".+")),
        )
        for shape in ("frames", "topic", "gerund", "passive", "passive_object")
        for frame in load_frames()[shape]
    ]


def _regex(frame: str, thing: str) -> str:
    any_words = re.sub(r"\\\{(do|doing|done)\\\}", r"(?P<\1>.+)", re.escape(frame))
    return any_words.replace(r"\{thing\}", f"(?P<thing>{thing})")


@cache
def _patterns() -> dict[tuple[str, str | int], list[re.Pattern]]:
    patterns: dict = {}
    shapes = load_shapes()
    lines = [("frames", line) for line in load_catalogue().lines()]
    lines += [("topic", line) for entry in load_catalogue().operations for line in entry.topic_lines]
    lines += [("gerund", line) for entry in shapes for line in entry.gerunds]
    lines += [("passive", line) for entry in shapes for line in entry.passives]
    for shape, line in lines:
        if sum(map(len, line.literals)) > 3:  # "{0}" alone would fit every sentence
            patterns.setdefault((shape, line.key), []).append(_line_pattern(line))
    return patterns


def _line_pattern(line: Line) -> re.Pattern:
    literals = [literal.lower() for literal in line.literals]
    literals[-1] = literals[-1].rstrip(".!? ")
    slots = [PATTERNS.get(slot.kind, ".+") + (f" {slot.head}" if slot.head else "") for slot in line.slots]
    return re.compile("".join(re.escape(a) + b for a, b in zip(literals, [*slots, ""], strict=True)))
