"""The test splits: what each of them holds that training never sees.

| split | what is new in it |
|---|---|
| `iid` | nothing but the sentences: one in `IID_SHARE` of all that the catalogue makes is kept for it |
| `everyday` | the same, of sentences as most people word them |
| `requests` | the sentences, written by hand and from the specification of HLX alone, as people may ask |
| `new_names` | every dictionary word, made-up name, text and number above twenty |
| `new_pairs` | an argument is worded in a form, such as two words, in which training never words it |
| `new_phrasing` | all of the wording: sentences written by hand, apart from the catalogue |
| `longer` | pipelines of more steps |
| `questions` | as in `iid`, the sentences, all of which ask something about a text of HLX |
| `hlx_to_hlx` | values alone, of words as new as those of `new_names`; one value in `TEST_SHARE` is kept for it |

Training leaves out every sentence of `all_variants`, `comprehension`, `new_phrasing` and `requests` besides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

from ..formats import Value, dumps
from ..lines_hlx import NOTATIONS
from .generator.selection import EVERYDAY, FAMILIES, NEW_QUESTIONS, TRAINING, Selection
from .generator.sentences import Pair, SentenceGenerator
from .generator.typing_style import fingerprint
from .generator.values import ValueGenerator
from .rows import (
    ALL_VARIANTS,
    NEW_PHRASING,
    REQUESTS,
    Row,
    all_variants_rows,
    comprehension_rows,
    read_corpus,
    texts_of,
)

GENERATED_SPLITS = {
    "iid": replace(TRAINING, held_out_sentences=True),
    "everyday": replace(EVERYDAY, held_out_sentences=True),
    "new_names": replace(TRAINING, held_out_words=True),
    "new_pairs": replace(TRAINING, held_out_forms=True),
    "longer": replace(TRAINING, steps=(5, 6), families=(("pipeline", FAMILIES["pipeline"]),)),
    "questions": NEW_QUESTIONS,
}
WRITTEN_SPLITS = {"requests": REQUESTS, "new_phrasing": NEW_PHRASING}
TEST_SPLITS = ("iid", "everyday", "requests", "new_names", "new_pairs", "new_phrasing", "longer", "questions")
SPLIT_SIZE = 1000  # rows of a generated split
MAX_CHARACTERS = 480  # of a sentence and its longest text, so that models of 512 positions can be asked


def generated_pairs(split: str) -> Iterator[Pair]:
    """The rows of a generated split, each sentence once, always the same."""
    selection: Selection = GENERATED_SPLITS[split]
    excluded = reserved_sentences()
    if split == "everyday":  # short as its sentences are, some are in the other split that is only kept from training
        excluded |= {fingerprint(pair.english) for pair in generated_pairs("iid")}
    seen = set()
    pairs = (pair for pair in SentenceGenerator(split, selection, excluded) if _fits(pair))
    distinct = (pair for pair in pairs if not (pair.english in seen or seen.add(pair.english)))
    return islice(distinct, SPLIT_SIZE)


def generated_values() -> Iterator[Value]:
    """The values of `hlx_to_hlx`, each once, always the same."""
    seen = set()
    values = ValueGenerator("hlx_to_hlx", held_out=True)
    distinct = (value for value in values if not ((text := dumps(value, "HLXL")) in seen or seen.add(text)))
    return islice(distinct, SPLIT_SIZE)


def test_rows(name: str) -> Iterator[Row]:
    """The rows of a test: a split, `hlx_to_hlx` or the English comprehension test."""
    if name == "comprehension":
        return comprehension_rows()
    if name == "hlx_to_hlx":
        return map(texts_of, generated_values())
    if name in WRITTEN_SPLITS:
        return all_variants_rows(read_corpus([WRITTEN_SPLITS[name]]))
    return all_variants_rows(generated_pairs(name))


@cache
def reserved_sentences() -> frozenset[str]:
    """Fingerprints of the sentences that are written down, none of which the generator draws."""
    blocks = read_corpus([ALL_VARIANTS, *WRITTEN_SPLITS.values()])
    prompts: Iterable[str] = (row["prompt"] for row in comprehension_rows())
    return frozenset(map(fingerprint, [*(block.english for block in blocks), *prompts]))


def _fits(pair: Pair) -> bool:
    return len(pair.english) + max(len(dumps(pair.value, notation)) for notation in NOTATIONS) <= MAX_CHARACTERS
