"""A line of the catalogue: one way to say something, with slots for what it is about.

A line is a wording, and after a bar the fields that the wording decides, in HLXL:

    order {1} by {2:property} in descending order | 3=&h_desc

`{N:kind}` is the field @N, drawn by a kind of `kinds.KINDS`; of `{N:kind head}` the wording has the last word, as in
`dispatch the {1:noun kernel} over {2}`. What an operation works on may be left open: it is what the step before worked
on, or `&h_items`. For the names of `PLAIN` the field 0 is the value itself.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from zlib import crc32

from ...contracts import CONTRACTS, ITEMS, OPERATION, OPERATIONS, PIPELINE, worked_on
from ...formats import Contract, Handle, Value, loads
from ...hints import nearest_hint
from .kinds import DEFAULT_KINDS, KINDS, NAME_FORMS, Draw
from .kinds.names import adjective, with_head
from .vocabulary import Vocabulary

PLAIN = ("value", "contract", "null", "question")  # entries whose field 0 is no field but the value itself
PARAMETERS = (104, 1)  # the contract id and the field of a function's parameters

HELD_OUT_FORM_SHARE = 4  # one argument in so many has a form that training never gives it
ADJECTIVE_SHARE = 0.2  # of names whose last word the wording has, those that only an adjective stands before
EVERYDAY_FIRST_FORM = 0.3  # share of an everyday sentence's names and numbers that are plain, beside the usual share

_SLOT = re.compile(r"\{(\d)(?::(\w+)(?: (\w+))?)?\}")
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
        draw = adjective if self.head and rng.random() < ADJECTIVE_SHARE else self.draw
        english, value = draw(rng, words, form)
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

    @cached_property
    def parameters(self) -> Slot | None:
        """Of a function that is defined, the slot of its parameters."""
        return next((slot for slot in self.slots if (self.key, slot.index) == PARAMETERS), None)

    @cached_property
    def drawing_order(self) -> list[Slot]:
        """The slots, the parameters of a function before its body, which has them for variables."""
        return sorted(self.slots, key=lambda slot: slot is not self.parameters)

    @cached_property
    def contract_id(self) -> int | None:
        """That of the value; None where the value is the field 0."""
        if self.key in PLAIN:
            return None
        return self.key if type(self.key) is int else OPERATION

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
        said = {}
        for slot in self.drawing_order:
            said[slot.index], fields[slot.index] = slot.fill(rng, words, slot is held_out_slot)
            if slot is self.parameters:
                words = replace(words, variables=fields[slot.index])
        parts = [literals[0]]
        for slot, literal in zip(self.slots, literals[1:], strict=True):
            parts += (said[slot.index], literal)
        value = fields[0] if self.contract_id is None else Contract(self.contract_id, fields)
        return "".join(parts), value


def compile_line(key: str | int, text: str, kinds: Mapping[str, tuple[Draw, dict[str, int]]] = KINDS) -> Line:
    """A line of an entry.

    Args:
        key: an operation's name, a contract's id, or a name of `PLAIN`.
        text: the wording with its slots, and what it decides.
        kinds: of slots, as `KINDS` has them.

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
    expected = _kinds_of_fields(key, max(mentioned, default=0))
    open_index = None
    if key == "null":
        fields[0], mentioned = None, [0]
    elif key in OPERATIONS:
        fields[0] = key
        open_index = worked_on(key)
    missing = [index for index in expected if index not in mentioned]
    if missing and missing != [open_index]:
        raise CatalogueError(f"nothing says what @{missing[0]} is")
    slots = tuple(
        _slot(key, index, kind or expected.get(index), head, kinds)
        for index, kind, head in zip(indices, pieces[2::4], pieces[3::4], strict=True)
    )
    named = open_index if expected.get(open_index) == "thing" else None
    order = sorted({*mentioned, *missing, *fields})
    return Line(
        key=key,
        literals=literals,
        slots=slots,
        fields={index: fields.get(index) for index in order},
        open_index=open_index if missing else None,
        handle_index=named if not missing else None,
    )


def _slot(key: str | int, index: int, kind: str | None, head: str | None, kinds: Mapping) -> Slot:
    if kind not in kinds:
        raise CatalogueError(f"there is no kind of slot {kind!r}{nearest_hint(kind, kinds)}")
    draw, shares = kinds[kind]
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
