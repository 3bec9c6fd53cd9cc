"""Words for an order: that "newest" at its beginning means a descending one, and so does "from high to low"."""

import random

from ....contracts import SORT_ORDERS
from ..words import Vocabulary
from .drawing import Drawn, pick

_ASCENDING, _DESCENDING = SORT_ORDERS
_USUAL = {
    _ASCENDING: "lowest smallest oldest earliest cheapest shortest",
    _DESCENDING: "highest largest newest latest biggest longest most_recent most_expensive",
}
_OTHERS = {
    _ASCENDING: "slowest youngest lightest worst closest nearest fewest least weakest coldest thinnest narrowest "
    "poorest shallowest softest easiest quietest soonest simplest least_important least_expensive "
    "least_recent least_popular darkest dullest coolest tiniest",
    _DESCENDING: "greatest fastest heaviest best tallest deepest richest most strongest hottest widest thickest "
    "loudest brightest most_important most_popular hardest farthest furthest busiest priciest dearest fullest "
    "warmest broadest sharpest roughest most_urgent most_used most_active",
}
USUAL_SHARE = 0.6


def _orders(words: dict) -> list[Drawn]:
    return [(word.replace("_", " "), order) for order, text in words.items() for word in text.split()]


_USUAL_ORDERS, _OTHER_ORDERS = _orders(_USUAL), _orders(_OTHERS)


def superlative(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Newest, most expensive: what an order begins with, which is the ascending or the descending one."""
    return pick(rng, _USUAL_ORDERS if rng.random() < USUAL_SHARE else _OTHER_ORDERS)


_POLES = [  # from least to most
    *("low high", "lowest highest", "small large", "smallest largest", "small big", "oldest newest", "old new"),
    *("cheapest priciest", "cheapest most_expensive", "shortest longest", "short long", "least most", "fewest most"),
    *("slowest fastest", "slow fast", "worst best", "lightest heaviest", "youngest oldest", "earliest latest"),
    *("bad good", "weakest strongest", "a z", "A Z", "bottom top", "smallest biggest", "minimum maximum"),
]


def span(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """High to low, oldest to newest, A to Z."""
    least, most = (pole.replace("_", " ") for pole in pick(rng, _POLES).split())
    if rng.random() < 0.5:
        return f"{least} to {most}", _ASCENDING
    return f"{most} to {least}", _DESCENDING
