"""The catalogue: hand-written ways to ask for each operation and contract, with slots that the generator fills.

The YAML files of `data/catalogue` hold, for an operation's name, a contract's id, or a name of `PLAIN`, what `lines`
reads:

    sort:
      do:                                                    # imperatives; they can be framed, and be steps
        - order {1} by {2:property} in descending order | 3=&h_desc
        - sort them by {2:property} | 3=&h_asc               # {1} is left open
      say:                                                   # whole utterances of other shapes
        - which {1:nouns} come first by {2:property}? | 3=&h_asc
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ...contracts import OPERATIONS, worked_on
from ...formats import HLXError, Value
from ..yaml_files import read_yaml
from .kinds import DEFAULT_KINDS, KINDS, NAME_FORMS, ONE_FORM
from .lines import CatalogueError, Line, Slot, compile_line
from .vocabulary import CATALOGUE, Vocabulary

NAMING_KINDS = {kind for kind, (_, forms) in KINDS.items() if forms is NAME_FORMS} | {"adjective"}
UNTOLD_KINDS = {"superlative", "extreme", "span", "dozen", "own_result"}  # whose values do not tell the words
NAMELESS_KINDS = {  # may hold no name
    *("boolean", "bytes", "literal", "items", "rows", "code", "array_code", "single", "arguments", "code_arguments"),
    *("superlative", "extreme", "span"),
}

_SAME_VALUES = {
    **dict.fromkeys(("settings", "owned", "code", "object_code"), "pairs"),
    "nested_with": "nested",
    "array_code": "items",
    "code_name": "identifier",
    "code_parameters": "parameters",
    "code_arguments": "arguments",
    **dict.fromkeys(("condition", "bare_variable"), "variable"),
    **dict.fromkeys(("term", "computation"), "expression"),
    **dict.fromkeys(("call", "callee", "code_call", "assignment", "statement"), "action"),
    **dict.fromkeys(("calls", "assignments", "variable_settings", "commands"), "statements"),
}

_OTHER_THING = re.compile(r"\bthe (rest|result|last|latest|others?)\b")


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
                            line = compile_line(key, str(text), SLOT_KINDS)
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


def _nonempty(groups: Iterable[list[Line]]) -> list[list[Line]]:
    return [lines for lines in groups if lines]


def _first_wordings(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The first of the lines that differ in wording alone, but for those of which the value tells no wording."""
    first: dict[tuple, Line] = {}
    for line in lines:
        if any(slot.head or slot.kind in UNTOLD_KINDS for slot in line.slots):
            continue
        kinds = sorted((slot.index, _what_it_draws(slot.kind)) for slot in line.slots)
        first.setdefault((repr(line.fields), line.open_index, tuple(kinds)), line)
    return tuple(first.values())


def _what_it_draws(kind: str) -> str:
    """What kinds have in common that draw the same values in other words."""
    return "name" if kind in NAMING_KINDS else _SAME_VALUES.get(kind, kind)


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
    steps = (load_plain_catalogue() if words.plain else load_catalogue()).first_steps
    lines = steps[int(rng.random() * len(steps))]
    return lines[int(rng.random() * len(lines))].fill(rng, words)


SLOT_KINDS = KINDS | {"action": (action, ONE_FORM)}
"""Those of `KINDS`, and whole imperatives, which are drawn from the catalogue itself."""
