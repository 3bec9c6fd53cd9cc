"""Dictionary words for generated sentences, and which words training never sees.

The words come from `wonderwords`, their plurals and the spelling of numbers from `inflect`, participles from
`lemminflect`. How common a word is, the dictionary of `symspellpy` tells, which counts the words of books.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from ...contracts import OPERATIONS
from ...decoding.names import FUNCTION_WORDS

if TYPE_CHECKING:
    import inflect

CATALOGUE = Path(__file__).parents[1] / "data" / "catalogue"
HELD_OUT_SHARE = 10  # one word, name, text or number in so many is kept for the test split `new_names`

_WORD = re.compile(r"[a-z]+")
_PRONOUN = re.compile("(any|every|no|some)(body|one|thing)")
_DICTIONARY_WORD = re.compile(r"[a-z]{3,14}")
_COMMON_WORDS = 10_000  # among which the everyday ones are
_EVERYDAY_NOUNS, _EVERYDAY_ADJECTIVES, _EVERYDAY_VERBS = 800, 250, 250


@dataclass(frozen=True)
class Vocabulary:
    """Dictionary words, those of training, the commonest of them, or those held out.

    Attributes:
        known_singulars: the nouns that wordings of the catalogue have, too; of words held out, all nouns.
        known_plurals: their plurals.
        plain: everything is worded in the one way that its value tells, without hyphens, capitals, spelled numbers and
            the like.
        variables: those that a program has here, such as the parameters of a function in its body.
    """

    held_out: bool
    everyday: bool
    singulars: Sequence[str]
    plurals: Sequence[str]
    known_singulars: Sequence[str]
    known_plurals: Sequence[str]
    adjectives: Sequence[str]
    verbs: Sequence[str]
    participles: Sequence[str]
    present_participles: Sequence[str]
    plain: bool = False
    variables: Sequence[str] = ()


def is_held_out(word: str) -> bool:
    """Whether a word, a made-up name, a text or a number's digits is kept from training; a matter of itself alone.

    Words of the catalogue are not, such as list and order: training reads them whatever its names are.
    """
    return crc32(word.encode()) % HELD_OUT_SHARE == 0 and word not in _catalogue_words()


@cache
def vocabulary(held_out: bool) -> Vocabulary:
    """The dictionary words of training, or those held out; made once a process, in about a second."""
    # imported here: only the generator needs the lists, and their modules are slow to load
    from lemminflect import getAllLemmas, getInflection
    from wonderwords import RandomWord, is_profanity

    dictionary = {
        category: {
            word for word in RandomWord().filter(include_categories=[category]) if _DICTIONARY_WORD.fullmatch(word)
        }
        for category in ("noun", "adjective", "verb")
    }
    known = set().union(*dictionary.values())

    # such as "can"; and the names of operations are in training whatever is held out
    unfit = FUNCTION_WORDS.union(OPERATIONS if held_out else ())

    def chosen(category: str) -> list[str]:
        fitting = (word for word in dictionary[category] - unfit if is_held_out(word) == held_out)
        return sorted(word for word in fitting if not is_profanity(word))

    def formed(forms: Iterable[str]) -> list[str]:
        """Plurals and participles go with their word; but some, such as "left", are words of the other half."""
        unfit = FUNCTION_WORDS.union(_catalogue_words() if held_out else ())
        fitting = (form for form in forms if _DICTIONARY_WORD.fullmatch(form) and form not in unfit)
        return [form for form in fitting if form not in known or is_held_out(form) == held_out]

    engine = _inflect_engine()
    singulars = [word for word in chosen("noun") if not engine.singular_noun(word)]
    plurals = formed(map(engine.plural_noun, singulars))
    nouns = (word for word in singulars if _is_noun_alone(word) and not _PRONOUN.fullmatch(word))
    known_singulars = sorted(_catalogue_words().intersection(nouns)) or singulars
    known_plurals = formed(map(engine.plural_noun, known_singulars))
    verbs = chosen("verb")
    return Vocabulary(
        held_out=held_out,
        everyday=False,
        singulars=singulars,
        plurals=plurals,
        known_singulars=known_singulars,
        known_plurals=known_plurals,
        adjectives=chosen("adjective"),
        verbs=verbs,
        participles=formed(form for verb in verbs for form in getInflection(verb, "VBN")[:1]),
        present_participles=formed(
            form
            for verb in verbs
            for form in getInflection(verb, "VBG")[:1]
            if verb in getAllLemmas(form).get("VERB", ())  # "acted" is among the verbs, but "acteding" is no word
        ),
    )


@cache
def plain_vocabulary() -> Vocabulary:
    """The words of training, for plain wordings."""
    return replace(vocabulary(held_out=False), plain=True)


@cache
def everyday_vocabulary() -> Vocabulary:
    """The commonest words of training; made once a process, in about a second."""
    from lemminflect import getAllLemmas, getInflection
    from wonderwords import is_profanity

    words = vocabulary(held_out=False)
    candidates = filter(_DICTIONARY_WORD.fullmatch, islice(_words_by_frequency(), _COMMON_WORDS))
    common = [word for word in candidates if not is_profanity(word)]
    singulars, verbs = set(words.singulars), set(words.verbs)
    plurals, participles = set(words.plurals), {*words.participles, *words.present_participles}

    def first(count: int, fitting: Iterable[str]) -> list[str]:
        return sorted(islice(fitting, count))

    def inflected(verbs: list[str], tag: str) -> list[str]:
        return [form for verb in verbs for form in getInflection(verb, tag)[:1] if form in participles]

    # "first" and "will" are nouns as well, but nobody's users or orders
    nouns = first(_EVERYDAY_NOUNS, (w for w in common if w in singulars and _is_noun_alone(w)))
    adjectives = (w for w in common if not is_held_out(w) and getAllLemmas(w).keys() == {"ADJ"})
    verbs = first(_EVERYDAY_VERBS, (w for w in common if w in verbs))
    engine = _inflect_engine()
    return Vocabulary(
        held_out=False,
        everyday=True,
        singulars=nouns,
        plurals=[plural for plural in map(engine.plural_noun, nouns) if plural in plurals],
        known_singulars=words.known_singulars,
        known_plurals=words.known_plurals,
        adjectives=first(_EVERYDAY_ADJECTIVES, adjectives),
        verbs=verbs,
        participles=inflected(verbs, "VBN"),
        present_participles=inflected(verbs, "VBG"),
    )


def _is_noun_alone(word: str) -> bool:
    """Whether a noun is nothing else but maybe a verb."""
    from lemminflect import getAllLemmas

    return getAllLemmas(word).keys() <= {"NOUN", "VERB"}


@cache
def _catalogue_words() -> set[str]:
    """All that wordings are made of, and the names of slots."""
    return {word for path in sorted(CATALOGUE.glob("*.yaml")) for word in _WORD.findall(path.read_text("utf-8"))}


def _words_by_frequency() -> Iterator[str]:
    """The commonest first."""
    counts = files("symspellpy") / "frequency_dictionary_en_82_765.txt"  # a word and its count in each line
    return (line.split()[0] for line in counts.read_text(encoding="utf-8-sig").splitlines())


@cache
def _inflect_engine() -> "inflect.engine":
    # As it is imported, inflect has typeguard rewrite its methods so that they check the types of what they are given,
    # which takes longer than all the words of the dictionary do without it.
    try:
        import typeguard
    except ImportError:  # an inflect that does without it
        import inflect
    else:
        typechecked, typeguard.typechecked = typeguard.typechecked, lambda target: target
        try:
            import inflect
        finally:
            typeguard.typechecked = typechecked
    return inflect.engine()


@cache
def spelled(number: int) -> str:
    """A number in words, without "and": 25 is "twenty-five"."""
    return _inflect_engine().number_to_words(number, andword="").replace(",", "")
