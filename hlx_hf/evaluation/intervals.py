"""How far a share that was measured on a few rows can be from the share of all."""

import math
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson_interval(share: float, count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of a share.

    It stays between 0 and 1, and says something where the share is 0 or 1. The formula is that of E. B. Wilson,
    "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the American Statistical
    Association 22 (1927), 209-212.

    Args:
        share: successes by trials, from 0.0 to 1.0.
        count: how many independent trials there were, at least 1.
        confidence: how often, of many such intervals, the true share is inside.

    Returns:
        The lower and the upper end.

    Raises:
        ValueError: the share or the count is out of its range.
    """
    if not 0 <= share <= 1 or count < 1:
        raise ValueError(f"a share is from 0 to 1, of at least one row; this is {share} of {count}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    scale = 1 + z**2 / count
    centre = (share + z**2 / (2 * count)) / scale
    margin = z / scale * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    # the share lies inside, save for rounding where it is 0 or 1
    return max(0.0, min(share, centre - margin)), min(1.0, max(share, centre + margin))
