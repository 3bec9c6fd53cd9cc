"""How much of its own training corpus a model knows by heart. This is memory; it says nothing of new sentences.

Models are asked without the grammar of a notation, which would help the memory, and only for notations that they have
learned.
"""

from collections.abc import Iterable
from functools import partial

from ..corpus import load_corpus
from ..corpus.tasks import corpus_lines
from ..formats import convert
from ..lines_hlx import NOTATIONS
from ..pipeline_hlx import HLXPipeline
from .generation import answers, common_prefix_length, continuations


def recall_all_variants(pipe: HLXPipeline) -> dict[str, float]:
    """Share of the corpus' sentences translated to exactly the corpus' text, by notation and "all" together."""
    learned = pipe.model.config.notations or NOTATIONS
    lines = [line for line in corpus_lines(load_corpus("all_variants")) if line.notation in learned]
    expected = [line.text for line in lines]
    found = answers(
        partial(pipe, constrained=False), [line.english for line in lines], [line.notation for line in lines], expected
    )
    right = [answer == line.text for answer, line in zip(found, lines, strict=True)]
    shares = {
        notation: _share(hit for hit, line in zip(right, lines, strict=True) if line.notation == notation)
        for notation in learned
    }
    return {"all": _share(right), **shares}


def recall_hlx_only(pipe: HLXPipeline) -> dict[str, float]:
    """Shares of exactly right answers: "convert" from each other notation, and "complete".

    A line is completed from the point where it differs from every other line of the corpus, or from its middle
    where that comes later.
    """
    learned = pipe.model.config.notations or NOTATIONS
    lines = [line for line in corpus_lines(load_corpus("hlx_only")) if line.notation in learned]
    pairs = [
        (convert(line.text, line.notation, source), line.notation, line.text)
        for line in lines
        for source in NOTATIONS
        if source != line.notation
    ]
    texts, targets, expected = zip(*pairs, strict=True)
    converted = answers(partial(pipe, constrained=False), texts, targets, expected)
    wholes = sorted({line.text for line in lines})
    starts = _distinct_starts(wholes)
    rests = [whole.removeprefix(start) for whole, start in zip(wholes, starts, strict=True)]
    completed = continuations(pipe, starts, rests)
    return {
        "convert": _share(answer == text for answer, text in zip(converted, expected, strict=True)),
        "complete": _share(text == rest for text, rest in zip(completed, rests, strict=True)),
    }


def _distinct_starts(texts: list[str]) -> list[str]:
    """The shortest beginning of each text that no other of the sorted texts has, at least half of it."""
    starts = []
    for before, text, after in zip(["", *texts], texts, [*texts[1:], ""], strict=False):
        shared = max(common_prefix_length(text, other) for other in (before, after))
        starts.append(text[: max(shared + 1, len(text) // 2)])
    return starts


def _share(hits: Iterable[bool]) -> float:
    hits = list(hits)
    return sum(hits) / len(hits)
