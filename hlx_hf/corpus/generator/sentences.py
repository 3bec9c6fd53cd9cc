"""Draws pairs of an English sentence and its HLX value from the catalogue."""

import random
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ...contracts import ITEMS, make_pipeline
from ...decoding.steps import BETWEEN, LAST, OPENINGS, PIPES
from ...formats import Handle, Value
from ...lines_hlx import NOTATIONS
from ..yaml_files import read_yaml
from .catalogue import NAMELESS_KINDS, Entry, load_catalogue, load_plain_catalogue
from .inventions import invented_name, is_new_number
from .lines import Line, Slot, compile_line
from .questions import evaluation_question, questions_about
from .selection import EVEN_LEANING, EVERYDAY_LEANING, TRAINING, Selection
from .shapes import BREAK, load_shapes
from .typing_style import as_typed, capitalized, fingerprint
from .vocabulary import Vocabulary, everyday_vocabulary, plain_vocabulary, vocabulary

FRAMES = Path(__file__).parents[1] / "data" / "frames.yaml"

_CONTRACTS = {
    "program": (100, 101, 102, 103, 104, 105, 106, 107),
    "literal": (14, 15, 16, 20, 21, 22),
    "shader": (900, 901, 902),
}
# Steps that people string together most, and how much oftener each is drawn in everyday pipelines.
COMMON_STEPS = frozenset("filter sort group map limit skip unique reverse search show".split())
COMMON_STEP_WEIGHT = 6
PARTICIPLE_STEPS = COMMON_STEPS - {"search", "show"}  # what is found or shown is there without saying so
REFERRING_SHARE = 0.82  # of a pipeline's later steps, those which go on with what an earlier one named
REFERRING_SHARE_AFTER_READING = 0.3  # "read users.csv and sort the users by name"
# Shares are added up here, so that a draw between 0 and 1 falls below the first of the ways that is meant.
BARE, TOPIC, FRAMED, GERUND = accumulate((0.4, 0.05, 0.29, 0.12))  # imperatives of operations; the rest are passives
NAMED_START, OPEN_START = accumulate((0.9, 0.06))  # pipelines, by what the first step works on; the rest read a file
OPENING, FRAMED_PIPELINE = accumulate((0.1, 0.2))  # "first, ..."; "could you ...?"
TWO_PHRASES, PHRASE, PUNCTUATION = accumulate((0.1, 0.35, 0.25))  # what asks for nothing; the rest is gibberish
NOUN_PHRASE_SHARE = 0.08  # of pipelines
CHOSEN_SHARE, NAMED_SHARE = 0.5, 0.3  # of noun phrases, for what they begin with; the others have steps alone
PIPED_SHARE = 0.06  # of other pipelines
TYPO_SHARE = 0.02
IID_SHARE = 64  # one sentence in so many is kept for the test split `iid`

# "the unpaid bills", which stand for a step where others follow; and bills that no adjective could choose
CHOSEN = compile_line("filter", "the {2:adjective} {1:nouns}")
UNADORNED = next(slot for slot in CHOSEN.slots if slot.index == CHOSEN.handle_index).without("adjectival")

_PUNCTUATION = ".,;:!?-_*#@~()/&%+'\"<>"


class Pair(NamedTuple):
    """A sentence and what it means."""

    english: str
    value: Value


class SentenceGenerator:
    """An endless iterator of pairs, the same for the same seed.

    Args:
        seed: anything that `random.Random` takes; strings such as "0 7" tell shards apart.
        selection: what to draw.
        excluded: sentences never to draw, as `fingerprint` gives them.
    """

    def __init__(self, seed: int | str, selection: Selection = TRAINING, excluded: frozenset[str] = frozenset()):
        self.rng = random.Random(seed)
        self.selection = selection
        self.excluded = excluded
        self.words = _words_for(selection)
        self.leaning = EVERYDAY_LEANING if selection.everyday else EVEN_LEANING
        self.plain = selection.plain_wording
        self.catalogue = load_plain_catalogue() if self.plain else load_catalogue()
        self.first_steps = self._steps(self.catalogue.first_steps)
        self.open_steps = self._steps(self.catalogue.open_steps)
        self.shapes = load_shapes()
        self.participles = [
            lines for shapes in self.shapes if (lines := shapes.participles) and lines[0].key in PARTICIPLE_STEPS
        ]
        self.frames = load_frames()
        self._is_new = False
        self._families = [getattr(self, f"_{name}") for name, _ in selection.families]
        self._cumulative_shares = list(accumulate(share for _, share in selection.families))

    def __iter__(self) -> "SentenceGenerator":
        return self

    def __next__(self) -> Pair:
        held_out_sentences = self.selection.held_out_sentences
        while True:
            (family,) = self.rng.choices(self._families, cum_weights=self._cumulative_shares)
            self._is_new = not (self.selection.held_out_words or self.selection.held_out_forms)
            sentence, value = family()
            if not self._is_new:
                continue
            english = capitalized(sentence) if self.plain else as_typed(sentence, self.rng)
            known = fingerprint(english)
            if (crc32(known.encode()) % IID_SHARE == 0) == held_out_sentences and known not in self.excluded:
                return Pair(english, value)

    # The families

    def _operation(self) -> tuple[str, Value]:
        number = int(self.rng.random() * len(self.catalogue.operations))
        entry = self.catalogue.operations[number]
        if entry.say and (not entry.do or self.rng.random() > self.leaning.imperatives):
            return self._fill(self._pick_wording(entry.say))
        draw = self.rng.random() ** self.leaning.bare
        if draw < BARE or self.plain:
            return self._fill(self._pick_wording(entry.do))
        if draw < TOPIC and entry.topic_lines and entry.thing_slot:
            return self._topic(entry)
        if draw < FRAMED:
            english, value = self._fill(self._pick_wording(entry.do))
            return self._frame(english), value
        if draw < GERUND and (gerunds := self.shapes[number].gerunds):
            english, value = self._fill(self._pick_wording(gerunds))
            return self._pick_wording(self.frames["gerund"]).replace("{doing}", english), value
        if passives := self.shapes[number].passives:
            english, value = self._fill(self._pick_wording(passives))
            thing, done = english.split(BREAK)
            frames = self.frames["passive_object"]  # "have them sorted"; "they should be sorted"
            if thing != "them":
                frames = frames + self.frames["passive"]
            return self._pick_wording(frames).replace("{thing}", thing).replace("{done}", done), value
        return self._fill(self._pick_wording(entry.do))

    def _topic(self, entry: Entry) -> tuple[str, Value]:
        """What is worked on comes first: "here are the orders, sort them by date"."""
        thing, antecedent = self._fill_slot(entry.thing_slot)
        english, value = self._fill(self._pick_wording(entry.topic_lines), antecedent)
        return self._pick_wording(self.frames["topic"]).replace("{thing}", thing).replace("{do}", english), value

    def _pipeline(self) -> tuple[str, Value]:
        fewest, most = self.selection.steps
        count = fewest + int(self.rng.random() ** self.leaning.short * (most - fewest + 1))
        if not self.plain and self.rng.random() < NOUN_PHRASE_SHARE:
            return self._noun_phrase(count)
        antecedent, refers = ITEMS, REFERRING_SHARE
        draw = self.rng.random()
        if draw < NAMED_START:
            english, step = self._fill(line := self._pick_wording(self._pick(self.first_steps)))
            antecedent = step.fields[line.handle_index]
        elif draw < OPEN_START:
            english, step = self._fill(self._pick_wording(self._pick(self.open_steps)))
        else:
            english, step = self._fill(self._pick_wording(self.catalogue.reading_steps))
            refers = REFERRING_SHARE_AFTER_READING
        parts, steps = [english], [step]
        while len(steps) < count:
            if self.rng.random() < refers:
                line = self._pick_wording(self._pick(self.open_steps))
                english, step = self._fill(line, antecedent)
            else:
                line = self._pick_wording(self._pick(self.first_steps))
                english, step = self._fill(line)
                antecedent, refers = step.fields[line.handle_index], REFERRING_SHARE
            parts.append(english)
            steps.append(step)
        draw = 1.0 if self.plain else self.rng.random()
        english = self._joined(parts, pipes=draw > 1 - PIPED_SHARE)
        if draw < OPENING:
            english = self._pick_wording(OPENINGS) + english
        elif draw < FRAMED_PIPELINE:
            english = self._frame(english)
        return english, make_pipeline(steps)

    def _noun_phrase(self, count: int) -> tuple[str, Value]:
        """What comes out of the steps: "I'd like the unpaid bills, sorted by date, limited to 5"."""
        head, steps, antecedent = "", [], ITEMS
        draw = self.rng.random()
        if draw < CHOSEN_SHARE:
            english, step = self._fill(CHOSEN)
            antecedent = step.fields[CHOSEN.handle_index]
            steps.append(step)
            head = self._in_noun_phrase(english) + self._pick((", ", ", ", " "))
        elif draw < CHOSEN_SHARE + NAMED_SHARE:
            noun, antecedent = self._fill_slot(UNADORNED)
            head = self._in_noun_phrase(f"the {noun}") + " "
        participles = []
        for lines in self.rng.sample(self.participles, count - len(steps)):
            english, step = self._fill(self._pick_wording(lines), antecedent)
            participles.append(english)
            steps.append(step)
        return head + self._joined(participles), make_pipeline(steps)

    def _in_noun_phrase(self, thing: str) -> str:
        return self._pick_wording(self.frames["noun_phrase"]).replace("{thing}", thing)

    def _joined(self, parts: list[str], pipes: bool = False) -> str:
        """Parts of a sentence that say one step each; all joined alike if plain or by pipes."""
        if self.plain or pipes:
            return (LAST[0] if self.plain else self._pick(PIPES)).join(parts)
        if len(parts) == 1:
            return parts[0]
        joints = [*(self._pick_wording(BETWEEN) for _ in parts[2:]), self._pick_wording(LAST), ""]
        return "".join(f"{part}{joint}" for part, joint in zip(parts, joints, strict=True))

    def _program(self) -> tuple[str, Value]:
        return self._contract("program")

    def _literal(self) -> tuple[str, Value]:
        return self._contract("literal")

    def _shader(self) -> tuple[str, Value]:
        return self._contract("shader")

    def _contract(self, family: str) -> tuple[str, Value]:
        return self._entry(self._pick(_CONTRACTS[family]))

    def _value(self) -> tuple[str, Value]:
        return self._entry("value")

    def _numbered(self) -> tuple[str, Value]:
        return self._entry("contract")

    def _null(self) -> tuple[str, Value]:
        draw = self.rng.random()
        if draw < TWO_PHRASES:  # hello, how are you?
            (first, _), (second, _) = self._entry("null"), self._entry("null")
            return f"{first.rstrip('?')}, {second}", None
        if draw < PHRASE:
            return self._entry("null")
        if draw < PUNCTUATION:
            count = int(self.rng.random() * 9)
            marks = [self._pick(_PUNCTUATION) for _ in range(1 + int(self.rng.random() * 3))]
            return "".join(self._pick([*marks, " "]) for _ in range(count)).strip(), None
        gibberish = [invented_name(self.rng, self.words.held_out) for _ in range(1 + int(self.rng.random() * 4))]
        return " ".join(gibberish), None

    def _fact(self) -> tuple[str, Value]:
        return self._entry("question")

    def _reading(self) -> tuple[str, Value]:
        family = self._pick((self._operation, self._pipeline, self._program, self._value, self._numbered))
        _, value = family()
        return self._pick(questions_about(value, self._pick(NOTATIONS)))

    def _evaluation(self) -> tuple[str, Value]:
        while True:
            question, answer = evaluation_question(self.rng)
            if not (isinstance(answer, int) and is_new_number(answer)):
                return question, answer

    def _entry(self, key: str | int) -> tuple[str, Value]:
        entry = self._pick(self.catalogue.entries[key])
        if self.selection.everyday:
            lines = self._pick([lines for lines in (entry.do, entry.say) if lines])
            line = self._pick_wording(lines)
        else:
            is_imperative = self.rng.random() * (len(entry.do) + len(entry.say)) < len(entry.do)
            lines = entry.do if is_imperative else entry.say
            line = self._pick(lines)
        english, value = self._fill(line)
        if lines is entry.do and not self.plain and self.rng.random() ** self.leaning.bare > BARE:
            english = self._frame(english)
        return english, value

    # Their parts

    def _steps(self, groups: list[list[Line]]) -> list[list[Line]]:
        """The lines of pipelines' steps by operation, an operation as many times as it is likely."""
        weight = COMMON_STEP_WEIGHT if self.selection.everyday else 1
        return [lines for lines in groups for _ in range(weight if lines[0].key in COMMON_STEPS else 1)]

    def _fill(self, line: Line, antecedent: Handle = ITEMS) -> tuple[str, Value]:
        held_out_slot = None
        if self.selection.held_out_forms:
            candidates = [slot for slot in line.slots if slot.held_out_form and not slot.head]
            if candidates and not self._is_new:  # one is enough: the rest is to be as in training
                held_out_slot = self._pick(candidates)
                self._is_new = True
        elif any(slot.kind not in NAMELESS_KINDS for slot in line.slots):
            self._is_new = True
        typo = not self.plain and self.rng.random() < TYPO_SHARE
        return line.fill(self.rng, self.words, held_out_slot=held_out_slot, antecedent=antecedent, typo=typo)

    def _fill_slot(self, slot: Slot) -> tuple[str, Value]:
        """What stands in a slot whose sentence is no line."""
        self._is_new |= self.selection.held_out_words
        return slot.fill(self.rng, self.words, held_out=False)

    def _frame(self, imperative: str) -> str:
        return self._pick_wording(self.frames["frames"]).replace("{do}", imperative)

    def _pick(self, sequence):
        return sequence[int(self.rng.random() * len(sequence))]

    def _pick_wording(self, sequence):
        """One of a list whose first items are the commonest."""
        return sequence[int(self.rng.random() ** self.leaning.wordings * len(sequence))]


def _words_for(selection: Selection) -> Vocabulary:
    if selection.plain_wording:
        return plain_vocabulary()  # none are held out of it
    return everyday_vocabulary() if selection.everyday else vocabulary(selection.held_out_words)


@cache
def load_frames() -> dict[str, list[str]]:
    """What stands around imperatives, by the list of `data/frames.yaml` that it is in."""
    return read_yaml(FRAMES)
