"""English for HLX that the model itself understands as that HLX.

What a model says of a value is put back into HLX by the same model. Where another value comes of it, it is said
otherwise: a pipeline step by step, anything in the next likeliest words, until the value comes back. Words that the
reader of a translation can tell the source from are what "reconstruction" has long chosen translations by (Tu et al.
2017, arXiv:1611.01874).
"""

from collections.abc import Callable, Sequence

from ..formats import convert, dumps, loads, notation_of
from ..lines_hlx import ENGLISH, line_prompt
from .steps import LAST, Answer, Translate, steps_of

WORDINGS = 6  # of a value that is not understood at first


def in_words(
    texts: Sequence[str],
    notation: str,
    say: Translate,
    say_variously: Callable[[list[str]], Sequence[Sequence[Answer]]],
    understand: Translate,
    positions: int,
    rooms: Sequence[int] | None = None,
) -> list[Answer]:
    """English for texts of HLX: the first found that is understood, or else what was said first.

    Args:
        texts: of HLX; what is none, or could be several values, is put into words unchecked.
        notation: which `understand` writes.
        say: what a model makes of texts in English.
        say_variously: some wordings of each, the likeliest first.
        understand: what the model makes of English.
        positions: of the model, which words and HLX have to fit into together.
        rooms: how many tokens the English for each text may have, `<eos>` included; any number if None.
    """
    answers = list(say(list(texts)))
    unclear = {row: meaning for row, text in enumerate(texts) if (meaning := _canonical(text, notation)) is not None}
    tried = set()

    def keep_understood(wordings: dict[int, Answer]) -> None:
        new = {
            row: wording
            for row, wording in wordings.items()
            if (row, wording.text) not in tried
            and _fits(wording.text, notation, unclear[row], positions)
            and (rooms is None or len(wording.text) < rooms[row])  # a character is a token
        }
        tried.update((row, wording.text) for row, wording in new.items())
        back = understand([wording.text for wording in new.values()])
        for (row, wording), answer in zip(new.items(), back, strict=True):
            if answer.text == unclear[row]:
                answers[row] = wording
                del unclear[row]

    keep_understood({row: answers[row] for row in unclear})
    pipelines = {}
    for row, meaning in unclear.items():
        steps = [dumps(step, notation) for step in steps_of(loads(meaning, notation))]
        if len(steps) > 1 and all(_fits(step, ENGLISH, "", positions) for step in steps):
            pipelines[row] = steps
    said = iter(say([step for steps in pipelines.values() for step in steps]))
    keep_understood({row: _strung([next(said) for _ in steps]) for row, steps in pipelines.items()})
    various = dict(zip(unclear, say_variously([texts[row] for row in unclear]), strict=True))
    for place in range(WORDINGS):
        keep_understood({row: various[row][place] for row in unclear if place < len(various[row])})
    return answers


def _fits(text: str, target: str, answer: str, positions: int) -> bool:
    """Whether a model has room for a request and its answer, with `<bos>` and `<eos>`."""
    return len(line_prompt(text, target)) + len(answer) + 2 <= positions


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
