"""Words for an order: that "newest" at its beginning means a descending one, and so does "from high to low"."""

import random
from collections.abc import Mapping

from ....contracts import SORT_ORDERS
from ....formats import Handle
from ..vocabulary import Vocabulary, is_held_out
from .drawing import Drawn, pick

USUAL_SHARE = 0.6

_ASCENDING, _DESCENDING = SORT_ORDERS


def _orders(words: Mapping[Handle, str]) -> list[Drawn]:
    """Each of the words in training with its order; an underscore is a blank."""
    orders = [(word.replace("_", " "), order) for order, text in words.items() for word in text.split()]
    return [(english, order) for english, order in orders if not any(map(is_held_out, english.split()))]


_USUAL = _orders(
    {
        _ASCENDING: "lowest smallest oldest earliest cheapest shortest",
        _DESCENDING: "highest largest newest latest biggest longest most_recent most_expensive",
    }
)
_OTHERS = _orders(
    {
        _ASCENDING: "slowest youngest lightest worst closest nearest fewest least weakest coldest thinnest narrowest "
        "poorest shallowest softest easiest quietest soonest simplest least_important least_expensive least_recent "
        "least_popular darkest dullest coolest tiniest",
        _DESCENDING: "greatest fastest heaviest best tallest deepest richest most strongest hottest widest thickest "
        "loudest brightest most_important most_popular hardest farthest furthest busiest priciest dearest fullest "
        "warmest broadest sharpest roughest most_urgent most_used most_active",
    }
)
_EXTREMES = _orders(
    {
        _ASCENDING: "lowest smallest earliest oldest shortest worst",
        _DESCENDING: "highest biggest largest greatest latest newest longest best",
    }
)
_POLES = [  # from least to most
    *("low high", "lowest highest", "small large", "smallest largest", "small big", "oldest newest", "old new"),
    *("cheapest priciest", "cheapest most_expensive", "shortest longest", "short long", "least most", "fewest most"),
    *("slowest fastest", "slow fast", "worst best", "lightest heaviest", "earliest latest", "bad good"),
    *("weakest strongest", "a z", "A Z", "bottom top", "smallest biggest", "minimum maximum"),
]


def superlative(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Newest, most expensive: what an order begins with."""
    return pick(rng, _USUAL if rng.random() < USUAL_SHARE else _OTHERS)


def extreme(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """Highest, latest: superlatives that can stand before any property."""
    return pick(rng, _EXTREMES)


def span(rng: random.Random, words: Vocabulary, form: str) -> Drawn:
    """High to low, oldest to newest, A to Z."""
    least, most = (pole.replace("_", " ") for pole in pick(rng, _POLES).split())
    if rng.random() < 0.5:
        return f"{least} to {most}", _ASCENDING
    return f"{most} to {least}", _DESCENDING
