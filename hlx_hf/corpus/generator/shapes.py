"""Other shapes of an imperative: "opening the file" and "the file ... opened" out of "open the file"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from lemminflect import getAllLemmas, getInflection

from .catalogue import load_catalogue
from .lines import Line

BREAK = "\x1f"  # in a passive, between the thing and what is done to it
_PRONOUN = re.compile(r"(them|it|those|these|this|that|the result|the rest)\b")
_VERB = re.compile(r"[a-z]+(?![-a-z])")
THING_KINDS = {"thing", "things"}


@dataclass(frozen=True)
class Shapes:
    """The imperatives of an entry in other shapes, as far as they have them."""

    gerunds: Sequence[Line]
    passives: Sequence[Line]

    @cached_property
    def participles(self) -> list[Line]:
        """ "sorted by {2}" for "sort them by {2}": what is left of the passives of "them"."""
        them = f"them{BREAK}"
        return [
            replace(line, literals=(line.literals[0].removeprefix(them), *line.literals[1:]))
            for line in self.passives
            if line.literals[0].startswith(them)
        ]


@cache
def load_shapes() -> list[Shapes]:
    """The shapes of each entry of the catalogue's `operations`, in their order."""
    return [
        Shapes(*([shaped for line in entry.do if (shaped := shape(line))] for shape in (gerund, passive)))
        for entry in load_catalogue().operations
    ]


def gerund(line: Line) -> Line | None:
    """ "opening {1} in {2}" for "open {1} in {2}"; None if the line does not begin with a verb."""
    verb = _verb_of(line)
    if verb is None:
        return None
    first, *rest = line.literals
    return replace(line, literals=(_inflected(verb, "VBG") + first.removeprefix(verb), *rest))


def passive(line: Line) -> Line | None:
    """ "{1}BREAKopened in {2}" for "open {1} in {2}"; None if no thing stands right after the verb, or two do."""
    verb = _verb_of(line)
    if verb is None:
        return None
    done = f"{BREAK}{_inflected(verb, 'VBN')}"
    first, *rest = line.literals
    after = first.removeprefix(f"{verb} ")
    if not after and line.slots and line.slots[0].kind in THING_KINDS and not rest[0].startswith(" and "):
        return replace(line, literals=("", done + rest[0], *rest[1:]))
    pronoun = _PRONOUN.match(after)
    if pronoun and line.open_index is not None:
        return replace(line, literals=(f"{pronoun.group()}{done}{after[pronoun.end() :]}", *rest))
    return None


def _verb_of(line: Line) -> str | None:
    word = _VERB.match(line.literals[0])
    return word.group() if word and word.group() in getAllLemmas(word.group(), "VERB").get("VERB", ()) else None


def _inflected(verb: str, tag: str) -> str:
    """The form of a Penn Treebank tag, of several the one without a hyphen ("redone" and "re-done")."""
    forms = getInflection(verb, tag)
    return next((form for form in forms if "-" not in form), forms[0])
