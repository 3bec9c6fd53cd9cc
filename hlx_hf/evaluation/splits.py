"""What a model makes of a test split: English into each notation, HLX into English and back, HLX into HLX.

Every answer is scored by the `english_comprehension` metric, so it counts where it reads as the right value in the
notation that was asked for.
"""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import NamedTuple

from datasets import Dataset

from ..bridges import into_asked, into_learned
from ..corpus.rows import column_of
from ..formats import HLXError, dumps, loads
from ..lines_hlx import ENGLISH, NOTATIONS, written_notation
from .calibration import calibration
from .generation import BATCH_SIZE, Translate, ask
from .intervals import wilson_interval
from .metric import load_metric

MAX_MISTAKES = 20  # texts of each task that a mistake is kept of, to be looked at


class Answer(NamedTuple):
    """What a model wrote, and its score where the model gives one."""

    text: str
    score: float | None


class AnswerBook:
    """The answers of one model, each asked for once.

    Questions recur: a sentence that a model puts into its right words is one that it is asked about in another task.

    Args:
        translate: the model.
        batch_size: how many texts it is given at a time.
        learned: the notations that it has learned, all of them if None. Asked for another, it would write one of these
            and convert it; the question is the same, and so is only asked once.
    """

    def __init__(self, translate: Translate, batch_size: int = BATCH_SIZE, learned: Sequence[str] | None = None):
        self.translate = translate
        self.batch_size = batch_size
        self.learned = learned
        self._answers: dict[tuple[str, str], Answer] = {}

    def __call__(self, texts: Iterable[str], notations: Iterable[str]) -> list[Answer]:
        """What the model answers to each text, asked for in the notation beside it ("English" included)."""
        asked = list(notations)
        questions = [self._question(text, notation) for text, notation in zip(texts, asked, strict=True)]
        unanswered = [question for question in dict.fromkeys(questions) if question not in self._answers]
        if unanswered:
            new = ask(self.translate, *zip(*unanswered, strict=True), batch_size=self.batch_size)
            answers = [Answer(output["generated_text"], output.get("score")) for output in new]
            self._answers |= zip(unanswered, answers, strict=True)
        found = []
        for question, notation in zip(questions, asked, strict=True):
            answer, (_, written) = self._answers[question], question
            found.append(answer._replace(text=into_asked(answer.text, written, notation)))
        return found

    def _question(self, text: str, notation: str) -> tuple[str, str]:
        """What the model itself is given: the text, and the notation that it writes."""
        if notation == ENGLISH:
            text = into_learned(text, self.learned)
        return text, written_notation(notation, self.learned)


class _Case(NamedTuple):
    """One question: what is given, what it is to become, and the right answer."""

    direction: str
    text: str
    notation: str
    reference: str


def score_to_hlx(ask: AnswerBook, corpus: Dataset) -> dict:
    """English into each of the four notations.

    Args:
        ask: the model.
        corpus: columns `english` and the four notations, as `all_variants` has them.

    Returns:
        `rows`, how many the corpus has; `overall`, `by_direction` and `by_notation`: the metric's shares, counts and
        failures, and `interval`, the 95 % interval of `exact_accuracy`; and `mistakes`, the first answer that is not
        exact to each of the first `MAX_MISTAKES` texts that have one. Answers about one row are not independent, so
        each interval is that of as many trials as there are rows. Where the model gives scores, `calibration` of all
        answers.
    """
    cases = [
        _Case(f"{ENGLISH} to {notation}", row["english"], notation, row[column_of(notation)])
        for row in corpus
        for notation in NOTATIONS
    ]
    outputs = ask((case.text for case in cases), (case.notation for case in cases))
    return _score(cases, outputs, len(corpus))


def score_between_notations(ask: AnswerBook, corpus: Dataset) -> dict:
    """Each notation into each other one, in 12 directions.

    Args:
        ask: the model.
        corpus: the columns of the four notations, as `hlx_to_hlx` has them.

    Returns:
        As `score_to_hlx` does.
    """
    cases = [
        _Case(f"{source} to {target}", row[column_of(source)], target, row[column_of(target)])
        for row in corpus
        for source, target in permutations(NOTATIONS, 2)
    ]
    outputs = ask((case.text for case in cases), (case.notation for case in cases))
    return _score(cases, outputs, len(corpus))


def score_to_english(ask: AnswerBook, corpus: Dataset) -> dict[str, dict]:
    """Each notation into English, and the model's own English back into that notation.

    Many wordings of a value are right, so words are no measure: the model has to understand its own. HLX that comes
    back where English was asked for is not put to it again, and counts as a mistake.

    Args:
        ask: the model.
        corpus: as for `score_to_hlx`, its English never without words.

    Returns:
        `round_trip`, which is exact where the value comes back, and `same_words`, where the English is the corpus' own;
        each as `score_to_hlx` returns it.
    """
    there = [
        _Case(f"{notation} to {ENGLISH}", row[column_of(notation)], ENGLISH, row["english"])
        for row in corpus
        for notation in NOTATIONS
    ]
    notations = list(NOTATIONS) * len(corpus)
    words = ask((case.text for case in there), (ENGLISH for _ in there))
    english = [
        "" if _is_hlx_of(answer.text, case.text, notation) else answer.text
        for answer, case, notation in zip(words, there, notations, strict=True)
    ]
    back = [
        _Case(f"{notation} to {ENGLISH} and back", answer, notation, case.text)
        for answer, case, notation in zip(english, there, notations, strict=True)
    ]
    outputs = [
        output if case.text else Answer("", output.score)
        for output, case in zip(ask(english, notations), back, strict=True)
    ]
    return {"round_trip": _score(back, outputs, len(corpus)), "same_words": _score(there, words, len(corpus))}


def _is_hlx_of(answer: str, text: str, notation: str) -> bool:
    """Whether an answer is the value of `text` in some notation."""
    canonical = dumps(loads(text, notation), NOTATIONS[0])
    for candidate in NOTATIONS:
        try:
            if dumps(loads(answer, candidate), NOTATIONS[0]) == canonical:
                return True
        except HLXError:
            continue
    return False


def _score(cases: list[_Case], outputs: list[Answer], rows: int) -> dict:
    directions, prompts, notations, references = zip(*cases, strict=True)
    scores = load_metric().compute(
        predictions=[output.text for output in outputs],
        references=list(references),
        levels=list(directions),
        notations=list(notations),
        prompts=list(prompts),
    )
    outcomes = scores.pop("outcomes")
    scores["by_direction"] = scores.pop("by_level")
    for cell in (scores["overall"], *scores["by_direction"].values(), *scores["by_notation"].values()):
        cell["interval"] = wilson_interval(cell["exact_accuracy"], rows)
    if all(output.score is not None for output in outputs):
        right = [outcome == "exact" for outcome in outcomes]
        scores["calibration"] = calibration([output.score for output in outputs], right)
    mistakes: dict[str, dict] = {}
    for case, output, outcome in zip(cases, outputs, outcomes, strict=True):
        if outcome != "exact":
            mistake = {**case._asdict(), "output": output.text, "score": output.score, "outcome": outcome}
            mistakes.setdefault(case.text, mistake)
    return {"rows": rows, **scores, "mistakes": list(mistakes.values())[:MAX_MISTAKES]}
