"""How well a model puts English into HLX: an `evaluate` metric that compares values, not texts."""

import json
import math
import unicodedata
from collections import Counter, defaultdict
from typing import Any, NamedTuple

import datasets
import evaluate

from hlx_hf.contracts import operation_of
from hlx_hf.formats import HLXError, dumps, loads
from hlx_hf.lines_hlx import ENGLISH, NOTATIONS

_DESCRIPTION = """\
English comprehension compares what a model wrote with what it was asked for. HLX is read before it is compared, so
that only its value counts, not its spelling. Each share is given over all rows, by level and by notation, beside the
ways in which outputs failed.
"""

_KWARGS_DESCRIPTION = """
Args:
    predictions (list of str): what the model wrote.
    references (list of str or list of list of str): what is right, in the row's notation; one text, or several.
    levels (list of int or str): the group that each row is counted in. 1 and "1" are the same level.
    notations (list of str): "HLXL", "LC-R", "LC-T" or "LC-B", or "English" where HLX was to be put into words.
    prompts (list of str, optional): what the model was given. Without it no output is found to be parroted.

Returns:
    overall (dict): exact_accuracy, operation_accuracy (None where no row has an operation) and valid_share, from 0.0
        to 1.0; count and operation_count, the rows that they are shares of; failures, a count for each way to fail.
    by_level, by_notation (dict of dict): the same for the rows of each level, its name a string, and each notation.
    outcomes (list of str): for each row "exact", or the way in which it failed: "empty", "parroted", "repetition",
        "malformed" or "wrong_value".

Raises:
    ValueError: there are no rows, or a row cannot be scored, such as one whose reference is not in its notation.

Examples:
    >>> metric = evaluate.load("hlx_hf/metrics/english_comprehension")
    >>> results = metric.compute(
    ...     predictions=['{C:1000, 0="open", 1=@door}', '{C:1000,0="open",1=@window}', "Shut the door"],
    ...     references=['{C:1000,0="open",1=@door}', '{C:1000,0="open",1=@door}', '{C:1000,0="close",1=@door}'],
    ...     levels=[1, 1, 2],
    ...     notations=["LC-T", "LC-T", "LC-T"],
    ...     prompts=["Open the door", "Open the door", "Shut the door"],
    ... )
    >>> results["outcomes"]
    ['exact', 'wrong_value', 'parroted']
    >>> results["by_level"]["1"]["exact_accuracy"], results["by_level"]["1"]["operation_accuracy"]
    (0.5, 1.0)
"""

_CITATION = """\
@misc{hlx_hf,
    title = {HLX on the Hugging Face stack},
    author = {{The hlx_hf authors}},
    howpublished = {Python package}
}
"""

FAILURES = ("empty", "parroted", "repetition", "malformed", "wrong_value")

# An output has collapsed if it ends in one unit over and over, over this much of it. Blanks do not count.
MAX_UNIT_LENGTH = 32  # characters
MIN_REPEATS = 4
MIN_REPEATED_LENGTH = 8  # characters: "0000" alone is no sign
MIN_REPEATED_SHARE = 0.5  # of the output, which may have begun well

SENTENCE_ENDS = ".!?"
# Unicode normalisation takes quadratic time on hostile text, and no sentence is this long: the rest stays as it is.
MAX_NORMALISED_LENGTH = 10_000  # characters


class _Cell(datasets.Value):
    """A column that takes a string or a list in each row, and lone surrogates, which Arrow's own strings cannot.

    `datasets.Json` would take them too, but gives a string that is JSON, such as "42", back as its value.
    """

    def encode_example(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


class _Grade(NamedTuple):
    outcome: str
    valid: bool
    operation_right: bool | None  # None: the row has no operation


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _KWARGS_DESCRIPTION)
class EnglishComprehension(evaluate.Metric):
    """English comprehension."""

    def _info(self) -> evaluate.MetricInfo:
        inputs = ("predictions", "references", "levels", "notations")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_KWARGS_DESCRIPTION,
            features=datasets.Features({name: _Cell("binary") for name in inputs}),
        )

    def _compute(self, predictions, references, levels, notations, prompts=None) -> dict[str, Any]:
        count = len(predictions)
        if count == 0:
            raise ValueError("there are no predictions to score")
        prompts = [""] * count if prompts is None else prompts
        if len(prompts) != count:
            raise ValueError(f"there are {count} predictions and {len(prompts)} prompts; give each row one, or no row")
        columns = [
            [json.loads(cell or "null") for cell in column] for column in (predictions, references, levels, notations)
        ]
        _, _, levels, notations = columns
        grades = []
        for row, cells in enumerate(zip(*columns, prompts, strict=True)):
            try:
                grades.append(_grade(*cells))
            except ValueError as error:
                raise ValueError(f"row {row}: {error}") from error
        return {
            "overall": _scores(grades),
            "by_level": _scores_by(map(str, levels), grades),
            "by_notation": _scores_by(notations, grades),
            "outcomes": [grade.outcome for grade in grades],
        }


def _scores_by(keys, grades: list[_Grade]) -> dict[str, dict]:
    groups = defaultdict(list)
    for key, grade in zip(keys, grades, strict=True):
        groups[key].append(grade)
    return {key: _scores(group) for key, group in groups.items()}


def _scores(grades: list[_Grade]) -> dict[str, Any]:
    outcomes = Counter(grade.outcome for grade in grades)
    operations = [grade.operation_right for grade in grades if grade.operation_right is not None]
    return {
        "exact_accuracy": outcomes["exact"] / len(grades),
        "operation_accuracy": sum(operations) / len(operations) if operations else None,
        "valid_share": sum(grade.valid for grade in grades) / len(grades),
        "count": len(grades),
        "operation_count": len(operations),
        "failures": {failure: outcomes[failure] for failure in FAILURES},
    }


def _grade(prediction: str, references: str | list[str], level: int | str, notation: str, prompt: str) -> _Grade:
    accepted = [references] if isinstance(references, str) else references
    if not isinstance(accepted, list) or not accepted or not all(isinstance(text, str) for text in accepted):
        raise ValueError(f"references are a string, or a list of one or more, not {references!r:.80}")
    for what, text in (("prediction", prediction), ("prompt", prompt)):
        if not isinstance(text, str):
            raise ValueError(f"a {what} is a string, not {text!r:.80}")
    if not isinstance(level, int | str):
        raise ValueError(f"a level is an int or a string, not {level!r:.80}")
    if notation not in NOTATIONS and notation != ENGLISH:
        raise ValueError(f"unknown notation {notation!r:.80}; the known ones are {', '.join((*NOTATIONS, ENGLISH))}")
    grade = _grade_english if notation == ENGLISH else _grade_hlx
    return grade(prediction, accepted, notation, prompt)


def _grade_hlx(prediction: str, references: list[str], notation: str, prompt: str) -> _Grade:
    accepted = [_reference_value(reference, notation) for reference in references]
    operations = [operation_of(value) for value in accepted]
    has_operation = None not in operations
    try:
        value = loads(prediction, notation)
    except HLXError:
        outcome = _symptom(prediction, prompt) or "malformed"
        return _Grade(outcome, valid=False, operation_right=False if has_operation else None)
    # to Python 1 == 1.0 == True, and the keys of a dict have no order; canonical texts tell them apart
    exact = dumps(value, "HLXL") in [dumps(reference, "HLXL") for reference in accepted]
    operation_right = operation_of(value) in operations if has_operation else None
    return _Grade("exact" if exact else "wrong_value", valid=True, operation_right=operation_right)


def _reference_value(reference: str, notation: str) -> Any:
    try:
        return loads(reference, notation)
    except HLXError as error:
        raise ValueError(f"the reference {reference!r:.200} is not {notation}: {error}") from error


def _grade_english(prediction: str, references: list[str], notation: str, prompt: str) -> _Grade:
    accepted = [_plain_sentence(reference) for reference in references]
    if "" in accepted:
        raise ValueError(f"the reference {references[accepted.index('')]!r:.200} has no words")
    outcome = "exact" if _plain_sentence(prediction) in accepted else _symptom(prediction, prompt) or "wrong_value"
    return _Grade(outcome, valid=outcome != "empty", operation_right=None)


def _plain_sentence(text: str) -> str:
    """What two sentences share if they differ in blanks, case, final punctuation and Unicode form alone."""
    head, tail = text[:MAX_NORMALISED_LENGTH], text[MAX_NORMALISED_LENGTH:]
    return _fold(unicodedata.normalize("NFKC", head) + tail).rstrip(SENTENCE_ENDS + " ")


def _symptom(prediction: str, prompt: str) -> str | None:
    """What an output looks like that is not right, in the order of how surely it tells why."""
    start = _fold(prompt)
    if not prediction.strip():
        return "empty"
    if start and _fold(prediction).startswith(start):
        return "parroted"
    if _ends_in_repetition("".join(prediction.split())):
        return "repetition"
    return None


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _ends_in_repetition(text: str) -> bool:
    for unit_length in range(1, MAX_UNIT_LENGTH + 1):
        least = max(MIN_REPEATS * unit_length, MIN_REPEATED_LENGTH, len(text) * MIN_REPEATED_SHARE)
        tail = text[-math.ceil(least) :]
        # a text repeats a unit where it equals itself moved on by one
        if len(tail) >= least and tail[unit_length:] == tail[:-unit_length]:
            return True
    return False
