"""Requests of several steps: how English strings steps together, and a pipeline from answers to parts of a request.

A small model gets a step right far more often than five in a row, and has seen no more than a few in a row. So once it
reads a request as a pipeline, the request is cut where steps may be joined, passages of one or two clauses are
translated on their own, and what their values are together is an answer, too. "Least-to-most prompting" (Zhou et al.
2022, arXiv:2205.10625) goes the same way with large models.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, combinations, islice
from typing import NamedTuple

from ..contracts import ITEMS, OPERATION, PIPELINE, make_pipeline, operation_of, worked_on
from ..formats import Contract, Handle, HLXError, Value, dumps, loads
from .coverage import QUOTATION

# What stands between and before steps; the first of each are the commonest.
BETWEEN = (
    *(", ", ", then ", " and then ", " then ", "; ", ", after that ", ". then ", ", next ", ", and then ", " and "),
    *("; then ", ". next, ", ". after that, ", " and after that ", ", afterwards "),
)
LAST = (  # before the last one
    *(", then ", " and ", " and then ", ", and ", ", and then ", " then ", ", after that ", " and after that "),
    *("; then ", ", and finally ", ", next ", " and afterwards ", ". then ", ". after that, ", "; ", ", "),
    *(", afterwards ", ". finally, ", " and finally ", ", finally ", ", lastly ", " and lastly ", ". next, ", ". now "),
    *(". also ", "; and ", ", and after that ", ", and next ", "; next, ", "; finally, ", ", but then "),
    *("; after that, ", ", and in the end ", ". lastly, ", ". once done, ", ", and once that is done, ", ", and last "),
    *(" and also ", ". and then ", ". "),
)
PIPES = (" | ", " -> ", " => ")  # between all steps alike, as in a shell
OPENINGS = (
    *("first ", "first, ", "first of all, ", "start by doing this: ", "to begin with, ", "to start, ", "please first "),
    *("begin: ", "at first, ", "step by step: ", "in order: ", "please do this: ", "one after another: "),
    *("here is what to do: ", "as a first step, "),
)

MOST_CLAUSES = 2  # of a passage: one step may be worded with a joint in it, as "in one go, close the files" is


def _any_of(joints: Iterable[str]) -> str:
    """Any of them, the longest first, with any blanks, and a comma where people may set one."""
    patterns = [r"\s+".join(map(re.escape, joint.split(" "))) for joint in sorted(set(joints), key=len)[::-1]]
    return "|".join(re.sub(r"(?<=\w)(\\s\+)$", r",?\1", pattern) for pattern in patterns)


_JOINT = re.compile(rf"(?<!\s)(?:{_any_of((*BETWEEN, *LAST, *PIPES))})", re.IGNORECASE)
_OPENING = re.compile(rf"\s*(?:{_any_of(OPENINGS)})(?!\s*\d)", re.IGNORECASE)  # the first 10 are none


_BRACKETS = re.compile(r"\[[^][]*\]|\{[^{}]*\}")


def _masked(request: str) -> str:
    """The request with other characters for what is in quotes or brackets: no comma there joins steps."""
    before, masked = "", _mask(QUOTATION, request)
    while masked != before:  # from the innermost brackets to the outermost
        before, masked = masked, _mask(_BRACKETS, masked)
    return masked


def _mask(pattern: re.Pattern, text: str) -> str:
    return pattern.sub(lambda found: "_" * len(found[0]), text)


class Answer(NamedTuple):
    """What a model makes of a text.

    Attributes:
        text: of HLX, or English.
        score: the logarithm of its score, in nats.
        weight: the logarithm of its probability, in nats, less the penalty for words that it leaves unsaid; what it is
            chosen by.
    """

    text: str
    score: float
    weight: float


Translate = Callable[[list[str]], Sequence[Answer]]


class Division:
    """The passages of a request that may be one step or more.

    Args:
        request: English.

    Attributes:
        clauses: the texts between joints.
        passages: the texts, each of `MOST_CLAUSES` clauses at most and none of them the whole; empty if the request is
            one clause.
    """

    def __init__(self, request: str):
        opening = _OPENING.match(request)
        start = opening.end() if opening else 0
        joints = [joint.span() for joint in _JOINT.finditer(_masked(request), start)]
        starts = [start, *(stop for _, stop in joints)]
        stops = [*(start for start, _ in joints), len(request)]
        self.clauses = [request[start:stop] for start, stop in zip(starts, stops, strict=True)]
        self._bounds = [
            (first, last)
            for first, last in combinations(range(len(starts) + 1), 2)
            if last - first <= min(MOST_CLAUSES, len(starts) - 1)
        ]
        self.passages = [request[starts[first] : stops[last - 1]] for first, last in self._bounds]

    def likeliest(self, answers: Sequence[Answer], notation: str) -> Answer | None:
        """The pipeline that answers to passages make, of those that make up the whole request.

        Args:
            answers: to each of `passages`.
            notation: of the answers.

        Returns:
            The one of most weight, that and its score as if its parts were independent; None if they make no pipeline.
        """
        best: dict[int, list[tuple[Value, Answer]]] = {0: []}  # by how many clauses are dealt with
        values = [_value(answer.text, notation) for answer in answers]
        steps = {
            bounds: (value, answer)
            for bounds, value, answer in zip(self._bounds, values, answers, strict=True)
            if steps_of(value)
        }
        for last in range(1, len(self.clauses) + 1):
            ways = [
                [*best[first], steps[first, last]] for first in range(last) if first in best and (first, last) in steps
            ]
            if ways:
                best[last] = max(ways, key=lambda way: sum(part.weight for _, part in way))
        chosen = best.get(len(self.clauses), [])
        if len(chosen) < 2:
            return None
        values, parts = zip(*chosen, strict=True)
        try:
            text = dumps(pipeline_of(values), notation)
        except HLXError:  # too many steps for a contract
            return None
        return Answer(text, sum(part.score for part in parts), sum(part.weight for part in parts))


def step_by_step(
    requests: Sequence[str],
    notation: str,
    translate: Translate,
    translate_greedily: Translate | None = None,
    rooms: Sequence[int] | None = None,
) -> list[Answer]:
    """Answers to requests; those to pipelines are made from answers to their passages where that is likelier.

    Likelier than what the whole comes to greedily, which is as good a measure as what a search makes of it, and takes a
    fraction of the time.

    Args:
        requests: English.
        notation: of the answers.
        translate: what a model makes of texts.
        translate_greedily: the same without a search, if it searches.
        rooms: how many tokens the answer to each request may have, `<eos>` included; any number if None.
    """
    divisions = [Division(request) for request in requests]
    divided = [row for row, division in enumerate(divisions) if division.passages]
    first = (translate_greedily or translate)([requests[row] for row in divided])
    answers = dict(zip(divided, first, strict=True))
    pipelines = [row for row in divided if operation_of(_value(answers[row].text, notation)) == PIPELINE]
    settled = pipelines if translate_greedily else divided
    others = [row for row in range(len(requests)) if row not in settled]
    answers |= zip(others, translate([requests[row] for row in others]), strict=True)
    parts = iter(translate([passage for row in pipelines for passage in divisions[row].passages]))
    to_search = []
    for row in pipelines:
        found = islice(parts, len(divisions[row].passages))
        made = divisions[row].likeliest(list(found), notation)
        has_room = made and (rooms is None or len(made.text) < rooms[row])  # a character is a token
        if has_room and made.weight > answers[row].weight:
            answers[row] = made
        else:
            to_search.append(row)
    if translate_greedily:
        answers |= zip(to_search, translate([requests[row] for row in to_search]), strict=True)
    return [answers[row] for row in range(len(requests))]


def _value(text: str, notation: str) -> Value:
    try:
        return loads(text, notation)
    except HLXError:  # it was stopped early
        return None


def steps_of(value: Value) -> list[Contract]:
    """Those of a pipeline, or an operation alone; none if it is neither."""
    name = operation_of(value)
    steps = list(value.fields.values())[1:] if name == PIPELINE else [value]
    return steps if name and all(map(operation_of, steps)) else []


def pipeline_of(values: Iterable[Value]) -> Contract:
    """One pipeline of operations and of the steps of pipelines.

    A step that leaves open what it works on goes on with what the step before worked on.
    """
    steps, thing = [], ITEMS
    for step in chain.from_iterable(map(steps_of, values)):
        index = worked_on(operation_of(step))
        named = step.fields.get(index)
        if named == ITEMS:
            step = Contract(OPERATION, {**step.fields, index: thing})
        elif isinstance(named, Handle):
            thing = named
        steps.append(step)
    return make_pipeline(steps)
