"""English for HLX that the model itself understands as that HLX.

What a model says of a value is put back into HLX by the same model. Where another value comes of it, it is said
otherwise: a pipeline step by step, anything in the next likeliest words, until the value comes back. Words that the
reader of a translation can tell the source from are what "reconstruction" has long chosen translations by (Tu et al.
2017, arXiv:1611.01874).
"""

from collections.abc import Callable, Sequence

from ..contracts import PIPELINE, operation_of
from ..formats import convert, dumps, loads, notation_of
from ..lines_hlx import line_prompt
from .steps import LAST, Answer, Translate

WORDINGS = 6  # of a value that is not understood at first


def in_words(
    texts: Sequence[str],
    notation: str,
    say: Translate,
    say_variously: Callable[[list[str]], Sequence[Sequence[Answer]]],
    understand: Translate,
    positions: int,
) -> list[Answer]:
    """English for texts of HLX: the first found that is understood, or else the likeliest.

    Args:
        texts: of HLX; what is none, or could be several values, is put into words unchecked.
        notation: which `understand` writes.
        say: what a model makes of texts in English.
        say_variously: some wordings of each, the likeliest first.
        understand: what the model makes of English.
        positions: of the model, which words and HLX have to fit into together.
    """
    answers = list(say(list(texts)))
    unclear = {row: meaning for row, text in enumerate(texts) if (meaning := _canonical(text, notation)) is not None}

    def try_out(wordings: dict[int, Answer]) -> None:
        """Takes those that are understood."""
        fitting = {
            row: wording
            for row, wording in wordings.items()
            if len(line_prompt(wording.text, notation)) + len(unclear[row]) + 2 <= positions  # and <bos> and <eos>
        }
        back = understand([wording.text for wording in fitting.values()])
        for (row, wording), answer in zip(fitting.items(), back, strict=True):
            if answer.text == unclear[row]:
                answers[row] = wording
                del unclear[row]

    try_out({row: answers[row] for row in unclear})
    pipelines = {
        row: [dumps(step, notation) for index, step in value.fields.items() if index]
        for row, value in ((row, loads(meaning, notation)) for row, meaning in unclear.items())
        if operation_of(value) == PIPELINE
    }
    said = iter(say([step for steps in pipelines.values() for step in steps]))
    try_out({row: _strung([next(said) for _ in steps]) for row, steps in pipelines.items()})
    various = dict(zip(unclear, say_variously([texts[row] for row in unclear]), strict=True))
    for place in range(WORDINGS):
        try_out({row: various[row][place] for row in list(unclear) if place < len(various[row])})
    return answers


def _canonical(text: str, notation: str) -> str | None:
    """A text of HLX as a notation has it; None if it is not clear what it means."""
    try:
        return convert(text, notation_of(text), notation)
    except ValueError:
        return None


def _strung(steps: Sequence[Answer]) -> Answer:
    """Imperatives as one sentence."""
    first, *others = (step.text for step in steps)
    text = LAST[0].join([first, *(other[:1].lower() + other[1:] for other in others)])
    return Answer(text, sum(step.score for step in steps), sum(step.weight for step in steps))
