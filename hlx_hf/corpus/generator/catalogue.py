"""The catalogue: hand-written ways to ask for each operation and contract, with slots that the generator fills.

The YAML files of `data/catalogue` hold, for an operation's name, a contract's id, or a name of `PLAIN`:

    sort:
      do:                                                    # imperatives; they can be framed, and be steps
        - order {1} by {2:property}, highest first | 3=&h_desc
        - sort them by {2:property} | 3=&h_asc               # {1} is left open
      say:                                                   # whole utterances of other shapes
        - which {1:nouns} come first by {2:property}? | 3=&h_asc

`{N:kind}` is the field @N, drawn by a kind of `kinds.KINDS`; of `{N:kind head}` the wording has the last word, as in
`dispatch the {1:noun kernel} over {2}`. What follows the bar are fields that the wording decides, in HLXL. What an
operation works on may be left open: it is what the step before worked on, or `&h_items`. For the names of `PLAIN` the
field 0 is the value itself.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from zlib import crc32

from ...contracts import CONTRACTS, ITEMS, OPERATION, OPERATIONS, PIPELINE, worked_on
from ...formats import Contract, Handle, HLXError, Value, loads
from ..yaml_files import read_yaml
from .kinds import DEFAULT_KINDS, KINDS, NAME_FORMS, Draw
from .kinds.names import with_head
from .words import CATALOGUE, Vocabulary

PLAIN = ("value", "contract", "null", "question")  # entries whose field 0 is no field but the value itself
NAMING_KINDS = {kind for kind, (_, forms) in KINDS.items() if forms is NAME_FORMS} | {"adjective"}
NAMELESS_KINDS = {  # may hold no name
    *("boolean", "bytes", "literal", "items", "rows", "code", "array_code", "single", "arguments", "code_arguments")
}

_SAME_VALUES = {
    **dict.fromkeys(("settings", "owned", "code", "object_code"), "pairs"),
    "nested_with": "nested",
    "array_code": "items",
}

HELD_OUT_FORM_SHARE = 4  # one argument in so many has a form that training never gives it
EVERYDAY_FIRST_FORM = 0.3  # share of an everyday sentence's names and numbers that are plain, beside the usual share

_SLOT = re.compile(r"\{(\d)(?::(\w+)(?: (\w+))?)?\}")
_OTHER_THING = re.compile(r"\bthe (rest|result|last|latest|others?)\b")
_LONG_WORD = re.compile(r"[a-z]{5,}")


class CatalogueError(ValueError):
    """A line of the catalogue does not fit the format or the tables of contracts."""


@dataclass(frozen=True)
class Slot:
    """A place in a line, the kind that fills it, and the form, if any, that its argument never has in training."""

    index: int
    kind: str
    draw: Draw
    forms: tuple[str, ...]  # of training, each as often as its share in a hundred
    held_out_form: str | None
    head: str | None = None  # the last word of its names, which is the wording's

    def fill(self, rng: random.Random, words: Vocabulary, held_out: bool) -> tuple[str, Value]:
        """English and the value it means."""
        if held_out:
            form = self.held_out_form
        elif words.everyday and rng.random() < EVERYDAY_FIRST_FORM:
            form = self.forms[0]
        else:
            form = self.forms[int(rng.random() * len(self.forms))]
        english, value = self.draw(rng, words, form)
        return with_head(english, value, self.head) if self.head else (english, value)

    def without(self, form: str) -> "Slot":
        """The same slot, but never in this form."""
        return replace(self, forms=tuple(other for other in self.forms if other != form))


@dataclass(frozen=True)
class Line:
    """One way to say something: `literals[0] slots[0] literals[1] ...`."""

    key: str | int
    literals: tuple[str, ...]
    slots: tuple[Slot, ...]
    fields: dict[int, Value]  # those that the wording decides, and None for the others, in order
    open_index: int | None  # the field that is left open
    handle_index: int | None  # the field that a later step can refer to

    @property
    def skeleton(self) -> str:
        """The line with its slots blanked."""
        return "{}".join(self.literals)

    def fill(
        self,
        rng: random.Random,
        words: Vocabulary,
        *,
        held_out_slot: Slot | None = None,
        antecedent: Handle = ITEMS,
        typo: bool = False,
    ) -> tuple[str, Value]:
        """Draws what stands in the slots.

        Args:
            rng: of the draws.
            words: to draw from.
            held_out_slot: the one of `slots` that takes the form it never has in training.
            antecedent: what an open field means.
            typo: whether one of the line's own words is misspelled.
        """
        literals = _with_typo(self.literals, rng) if typo else self.literals
        fields = dict(self.fields)
        if self.open_index is not None:
            fields[self.open_index] = antecedent
        parts = [literals[0]]
        for slot, literal in zip(self.slots, literals[1:], strict=True):
            english, fields[slot.index] = slot.fill(rng, words, slot is held_out_slot)
            parts += (english, literal)
        value = fields[0] if self.key in PLAIN else Contract(self.key if type(self.key) is int else OPERATION, fields)
        return "".join(parts), value


@dataclass(frozen=True)
class Entry:
    """All the lines of an operation with one list of arguments, or of a contract."""

    key: str | int
    do: tuple[Line, ...]
    say: tuple[Line, ...]

    @cached_property
    def open_lines(self) -> list[Line]:
        """The imperatives that leave open what they work on."""
        return [line for line in self.do if line.open_index is not None]

    @cached_property
    def topic_lines(self) -> list[Line]:
        """Those of them that can be about a thing named before: "the rest" is another thing."""
        return [line for line in self.open_lines if not _OTHER_THING.search(line.skeleton)]

    @cached_property
    def thing_slot(self) -> Slot | None:
        """Where the imperatives name the thing that they work on."""
        index = worked_on(self.key)
        slots = (slot for line in self.do for slot in line.slots)
        return next((slot for slot in slots if slot.index == index and slot.kind == DEFAULT_KINDS["h"]), None)


class Catalogue:
    """The entries by family, and the lines that serve as steps of pipelines.

    Args:
        entries: by an operation's name, a contract's id, or a name of `PLAIN`.
    """

    def __init__(self, entries: dict[str | int, list[Entry]]):
        self.entries = entries
        self.operations = [entry for key in OPERATIONS for entry in entries.get(key, ())]
        # steps of pipelines, by entry: those that name a thing, and those that go on with it
        self.first_steps = _nonempty(
            [line for line in entry.do if line.handle_index is not None] for entry in self.operations
        )
        self.open_steps = _nonempty(entry.open_lines for entry in self.operations)
        self.reading_steps = [line for entry in entries.get("read", ()) for line in entry.do]  # of a file, not a thing

    @classmethod
    def read(cls, files: Iterable[Path]) -> "Catalogue":
        """Reads and checks YAML files.

        Raises:
            CatalogueError: lines that do not fit; the message names file, entry and line of each.
        """
        entries: dict[str | int, list[Entry]] = {}
        problems = []
        for path in files:
            for key, entry in read_yaml(path).items():
                if key in entries:
                    problems.append(f"{path.name}: {key}: has lines in another file too")
                by_arguments: dict[int, tuple[list[Line], list[Line]]] = {}
                for shape, texts in enumerate((entry.get("do", ()), entry.get("say", ()))):
                    for text in texts:
                        try:
                            line = compile_line(key, str(text))
                        except (CatalogueError, HLXError) as error:
                            problems.append(f"{path.name}: {key}: {text!r}: {error}")
                        else:
                            by_arguments.setdefault(len(line.fields), ([], []))[shape].append(line)
                entries[key] = [Entry(key, tuple(do), tuple(say)) for do, say in by_arguments.values()]
        if problems:
            raise CatalogueError("the catalogue has problems:\n" + "\n".join(problems))
        return cls(entries)

    def plain(self) -> "Catalogue":
        """The first wording alone of everything that can be meant."""
        return Catalogue(
            {
                key: [Entry(key, _first_wordings((*entry.do, *entry.say)), ()) for entry in entries]
                for key, entries in self.entries.items()
            }
        )

    def lines(self) -> Iterator[Line]:
        """Every line."""
        for entries in self.entries.values():
            for entry in entries:
                yield from entry.do
                yield from entry.say


def compile_line(key: str | int, text: str) -> Line:
    """A line of an entry.

    Raises:
        CatalogueError: it does not fit the format, or the tables of contracts.
        HLXError: a field that the wording decides is no HLXL.
    """
    wording, _, constants = text.partition(" | ")
    fields: dict[int, Value] = {}
    for constant in filter(None, constants.split("; ")):
        index, _, hlxl = constant.partition("=")
        fields[int(index)] = loads(hlxl, "HLXL")
    pieces = _SLOT.split(wording)  # literal, index, kind, head, literal, ...
    literals, indices = tuple(pieces[0::4]), list(map(int, pieces[1::4]))
    mentioned = [*fields, *indices]
    if len(set(mentioned)) < len(mentioned):
        raise CatalogueError("a field is given twice")
    if "{" in "".join(literals) or "}" in "".join(literals):
        raise CatalogueError("a slot is written {1}, {1:kind} or {1:kind head}")
    kinds = _kinds_of_fields(key, max(mentioned, default=0))
    open_index = None
    if key == "null":
        fields[0], mentioned = None, [0]
    elif key in OPERATIONS:
        fields[0] = key
        open_index = worked_on(key)
    missing = [index for index in kinds if index not in mentioned]
    if missing and missing != [open_index]:
        raise CatalogueError(f"nothing says what @{missing[0]} is")
    slots = tuple(
        _slot(key, index, kind or kinds.get(index), head)
        for index, kind, head in zip(indices, pieces[2::4], pieces[3::4], strict=True)
    )
    named = open_index if kinds.get(open_index) == "thing" else None
    order = sorted({*mentioned, *missing, *fields})
    return Line(
        key=key,
        literals=literals,
        slots=slots,
        fields={index: fields.get(index) for index in order},
        open_index=open_index if missing else None,
        handle_index=named if not missing else None,
    )


def _slot(key: str | int, index: int, kind: str | None, head: str | None) -> Slot:
    if kind == "action":
        return Slot(index, kind, action, ("plain",), None)
    if kind not in KINDS:
        raise CatalogueError(f"there is no kind of slot {kind!r} (KINDS has them all)")
    draw, shares = KINDS[kind]
    others = list(shares)[1:]  # the first form is never held out
    checksum = crc32(f"{key} {index}".encode())
    held_out = None
    if others and checksum // len(others) % HELD_OUT_FORM_SHARE == 0:
        held_out = others[checksum % len(others)]
    unfit = {held_out}
    if head:
        if shares is not NAME_FORMS or held_out == "compound":
            raise CatalogueError(f"@{index}, a {kind}, has no names of two nouns in training, so its slot has no head")
        unfit.add("identifier")  # user kernel, but not userTable kernel
    forms = tuple(form for form, share in shares.items() if form not in unfit for _ in range(share))
    return Slot(index, kind, draw, forms, held_out, head)


def _nonempty(groups: Iterable[list[Line]]) -> list[list[Line]]:
    return [lines for lines in groups if lines]


def _first_wordings(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The first of the lines that differ in wording alone."""
    first: dict[tuple, Line] = {}
    for line in lines:
        kinds = sorted((slot.index, _what_it_draws(slot.kind)) for slot in line.slots)
        first.setdefault((repr(line.fields), line.open_index, tuple(kinds)), line)
    return tuple(first.values())


def _what_it_draws(kind: str) -> str:
    """What kinds have in common that draw the same values in other words."""
    return "name" if kind in NAMING_KINDS else _SAME_VALUES.get(kind, kind)


def _kinds_of_fields(key: str | int, highest: int) -> dict[int, str | None]:
    """The fields that a line is to give, each with the kind that fills a slot which names none.

    Of an operation's lists of arguments the shortest counts that has index `highest`.
    """
    if key in PLAIN:
        return {0: None}
    if key in CONTRACTS and key != OPERATION:
        types = CONTRACTS[key].fields.values()
        return {index: "thing" if type_ is Handle else None for index, type_ in enumerate(types)}
    fitting = [signature for signature in OPERATIONS.get(key, ()) if len(signature) >= highest]
    if not fitting or key == PIPELINE:
        raise CatalogueError(f"there is no operation {key!r} with {highest} arguments, and no contract id {key}")
    return {index: DEFAULT_KINDS[letter] for index, letter in enumerate(min(fitting, key=len), start=1)}


def _with_typo(literals: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    """One long word of the literals with two letters swapped, one dropped, or one doubled."""
    places = [(i, match) for i, literal in enumerate(literals) for match in _LONG_WORD.finditer(literal)]
    if not places:
        return literals
    i, match = places[int(rng.random() * len(places))]
    word = match.group()
    at = 1 + int(rng.random() * (len(word) - 2))
    damage = int(rng.random() * 3)
    changed = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
    )[damage]
    literal = literals[i][: match.start()] + changed + literals[i][match.end() :]
    return (*literals[:i], literal, *literals[i + 1 :])


@cache
def load_catalogue() -> Catalogue:
    """The package's own catalogue, read once a process."""
    return Catalogue.read(sorted(CATALOGUE.glob("*.yaml")))


@cache
def load_plain_catalogue() -> Catalogue:
    """The first wordings of the package's own catalogue."""
    return load_catalogue().plain()


def action(rng: random.Random, words: Vocabulary, form: str) -> tuple[str, Value]:
    """An imperative inside another sentence: an operation that names its thing, a call, or an assignment."""
    draw = rng.random()
    if draw < 0.45:
        return KINDS["call" if draw < 0.27 else "assignment"][0](rng, words, form)
    steps = load_catalogue().first_steps
    lines = steps[int(rng.random() * len(steps))]
    return lines[int(rng.random() * len(lines))].fill(rng, words)
