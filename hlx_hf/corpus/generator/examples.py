"""A few sentences of everything that can be asked for, to be looked at."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from ...contracts import PIPELINE
from ...hints import nearest_hint
from .catalogue import Entry, load_catalogue
from .selection import EVERYDAY
from .sentences import Pair, SentenceGenerator
from .typing_style import capitalized
from .vocabulary import everyday_vocabulary


def examples_of(names: Iterable[str] = (), count: int = 1) -> Iterator[Pair]:
    """Sentences in the commonest wordings of the catalogue, always the same ones.

    Args:
        names: of operations, contract ids, or "value", "contract" and "null"; all of them if there are none.
        count: sentences of each list of arguments, as far as it has wordings.

    Raises:
        ValueError: there is no such name, or nothing to show.
    """
    if count < 1:
        raise ValueError(f"at least 1 sentence of each can be shown, not {count}")
    entries = {str(name): kinds for name, kinds in load_catalogue().entries.items() if name != "question"}
    known = [*entries, PIPELINE]
    wanted = list(names) or known
    for name in wanted:
        if name not in known:
            raise ValueError(f"nothing is called {name!r}{nearest_hint(name, known)}")
    for name in wanted:
        if name == PIPELINE:
            yield from islice(SentenceGenerator(0, replace(EVERYDAY, families=((PIPELINE, 1),))), count)
        else:
            for entry in entries[name]:
                yield from _of_entry(entry, count)


def _of_entry(entry: Entry, count: int) -> Iterator[Pair]:
    words = replace(everyday_vocabulary(), plain=True)
    for number, line in enumerate((*entry.do, *entry.say)[:count]):
        line = replace(line, slots=tuple(replace(slot, forms=slot.forms[:1]) for slot in line.slots))  # single words
        english, value = line.fill(random.Random(f"{entry.key} {number}"), words)
        yield Pair(capitalized(english), value)
