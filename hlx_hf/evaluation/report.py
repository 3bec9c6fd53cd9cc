"""One report of all that a model is tested on, and its table in Markdown."""

import time
from collections.abc import Iterable, Sequence

from tqdm.auto import tqdm

from ..corpus import TEST_SPLITS, load_corpus
from ..lines_hlx import NOTATIONS
from .comprehension import run_comprehension
from .generation import BATCH_SIZE, Translate
from .intervals import CONFIDENCE, wilson_interval
from .provenance import provenance
from .splits import AnswerBook, score_between_notations, score_to_english, score_to_hlx

COMPREHENSION = "comprehension"
HLX_TO_HLX = "hlx_to_hlx"
ALL_VARIANTS = "all_variants"
QUESTIONS = "questions"
ENGLISH_SPLITS = (*TEST_SPLITS, COMPREHENSION)
REPORT_SPLITS = (*ENGLISH_SPLITS, HLX_TO_HLX, ALL_VARIANTS)
"""What a model is tested on if nothing is named."""


def run_evaluation(
    translate: Translate,
    model_name: str,
    splits: Iterable[str] = REPORT_SPLITS,
    limit: int | None = None,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    learned: Sequence[str] | None = None,
    to_english: bool = True,
) -> dict:
    """Tests a model on splits, in all notations and both directions.

    Args:
        translate: the model.
        model_name: what the report calls it.
        splits: "comprehension", "hlx_to_hlx", or corpora with the columns of `all_variants`.
        limit: how many rows of each split to ask, all if None. The comprehension test is always asked in full.
        seed: of the choice of rows.
        batch_size: how many texts the model is given at a time.
        learned: the notations that it has learned, all of them if None.
        to_english: whether HLX is put into English, too.

    Returns:
        `model`, `created`, `seconds`, `versions`, `limit` and `seed`; and `splits`, by name: the results of
        `run_comprehension` for "comprehension", `between_notations` for "hlx_to_hlx", and for every other split the
        scores of `to_hlx`, and, save for "questions", of `to_english` (`round_trip` and `same_words`) for its rows with
        words.
    """
    started = time.perf_counter()
    ask = AnswerBook(translate, batch_size, learned)
    results = {}
    for split in tqdm(splits, desc="testing", unit="split", disable=None):
        if split == COMPREHENSION:
            results[split] = run_comprehension(translate, model_name, batch_size)
            continue
        corpus = load_corpus(split)
        if limit is not None:
            corpus = corpus.shuffle(seed=seed).take(min(limit, len(corpus)))
        if split == HLX_TO_HLX:
            results[split] = {"between_notations": score_between_notations(ask, corpus)}
            continue
        results[split] = {"to_hlx": score_to_hlx(ask, corpus)}
        if not to_english or split == QUESTIONS:  # an answer has no question that it could be put back into
            continue
        # noise such as "?!" has a value, and nothing that the value could be put into
        worded = corpus.filter(lambda english: any(map(str.isalnum, english)), input_columns="english")
        if len(worded):
            results[split]["to_english"] = score_to_english(ask, worded)
    return {
        **provenance(model_name, time.perf_counter() - started),
        "limit": limit,
        "seed": seed,
        "splits": results,
    }


def evaluation_table(report: dict) -> str:
    """A report of `run_evaluation` in Markdown: a row for each split, and a table of the directions of HLX to HLX."""
    lines = [
        f"| split | n | {' | '.join(NOTATIONS)} | all | operation | valid | to English and back | same words |",
        f"|---|---:|{'---:|' * len(NOTATIONS)}---:|---:|---:|---:|---:|",
    ]
    lines += [_row(split, result) for split, result in report["splits"].items()]
    lines += [
        "",
        f"Shares of right values, and in brackets the {CONFIDENCE:.0%} Wilson interval for n rows. An answer in HLX is",
        "right if it reads as the right value in the notation that was asked for. English is right if the model itself",
        "puts it back into the value that it was made from; `same words` is English that is the corpus' own.",
    ]
    lines += _calibration(report["splits"])
    if HLX_TO_HLX in report["splits"]:
        lines += ["", *_directions(report["splits"][HLX_TO_HLX]["between_notations"])]
    return "\n".join(lines)


def scores_of(split: str, result: dict) -> tuple[dict, int]:
    """The scores of a split's answers in HLX, and the number of its rows."""
    if split == COMPREHENSION:
        return result["scores"], len(result["tests"])
    scores = result.get("to_hlx") or result["between_notations"]
    return scores, scores["rows"]


def share_of(cell: dict, rows: int) -> str:
    """The share of right answers, and its interval in brackets."""
    low, high = wilson_interval(cell["exact_accuracy"], rows)
    return f"{cell['exact_accuracy']:.1%} ({low:.1%}–{high:.1%})"


def _row(split: str, result: dict) -> str:
    back = same_words = "–"
    scores, rows = scores_of(split, result)
    if "to_english" in result:
        round_trip = result["to_english"]["round_trip"]
        back = share_of(round_trip["overall"], round_trip["rows"])
        same_words = f"{result['to_english']['same_words']['overall']['exact_accuracy']:.1%}"
    overall = scores["overall"]
    operation = "–" if overall["operation_accuracy"] is None else f"{overall['operation_accuracy']:.1%}"
    cells = [f"{scores['by_notation'][notation]['exact_accuracy']:.1%}" for notation in NOTATIONS]
    cells += [share_of(overall, rows), operation, f"{overall['valid_share']:.1%}", back, same_words]
    return f"| {split} | {rows} | {' | '.join(cells)} |"


def _calibration(splits: dict[str, dict]) -> list[str]:
    found = {split: result.get("to_hlx") or result.get("between_notations", {}) for split, result in splits.items()}
    found = {split: scores["calibration"] for split, scores in found.items() if "calibration" in scores}
    if not found:
        return []
    return [
        "",
        "| split | mean score | expected calibration error | right at 90% coverage | least score there |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {split} | {' | '.join(f'{share:.1%}' for share in scores.values())} |"
            for split, scores in found.items()
        ),
        "",
        "A score is how probable the model finds its answer. Right at 90% coverage is the share of right answers",
        "among the 90% with the highest scores; with the least of these as `abstain_below`, the others are null.",
    ]


def _directions(scores: dict) -> list[str]:
    lines = [f"| from ↓ to → | {' | '.join(NOTATIONS)} |", f"|---|{'---:|' * len(NOTATIONS)}"]
    for source in NOTATIONS:
        cells = [scores["by_direction"].get(f"{source} to {target}") for target in NOTATIONS]
        shares = ["" if cell is None else f"{cell['exact_accuracy']:.1%}" for cell in cells]
        lines.append(f"| {source} | {' | '.join(shares)} |")
    return lines
