"""Whether a model knows when it is right: its scores beside how often they are."""

from collections.abc import Sequence

import numpy as np

BINS = 15
COVERAGE = 0.9


def calibration(scores: Sequence[float], right: Sequence[bool]) -> dict[str, float]:
    """How well scores tell right answers from wrong ones.

    Args:
        scores: from 0 to 1, one for each answer.
        right: whether that answer is.

    Returns:
        `mean_score`; `expected_calibration_error` (Naeini et al., 2015; Guo et al., 2017, "On calibration of modern
        neural networks"): the mean distance of score and share of right answers over `BINS` bins of equal width,
        each weighted by its answers; `accuracy_at_90_coverage`: the share of right ones among the 90 % of answers
        with the highest scores; and `least_score`, that of the last answer among these.
    """
    scores, right = np.asarray(scores, float), np.asarray(right, float)
    bins = (scores * BINS).astype(int).clip(max=BINS - 1)
    error = sum(abs((scores - right)[bins == number].sum()) for number in range(BINS)) / len(scores)
    kept = np.argsort(-scores, kind="stable")[: max(1, round(COVERAGE * len(scores)))]
    return {
        "mean_score": float(scores.mean()),
        "expected_calibration_error": float(error),
        "accuracy_at_90_coverage": float(right[kept].mean()),
        "least_score": float(scores[kept[-1]]),
    }
