"""The generator of sentences and values: what it draws means what it says, and shards never overlap."""

import random
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import islice

import pytest
from torch.utils.data import DataLoader

from hlx_hf import Contract, Handle, dumps, loads
from hlx_hf.contracts import CONTRACTS, ITEMS, OPERATION, OPERATIONS, PIPELINE, operation_of, schema_problem, worked_on
from hlx_hf.corpus.generator.catalogue import Catalogue, load_catalogue
from hlx_hf.corpus.generator.examples import examples_of
from hlx_hf.corpus.generator.lines import PLAIN, CatalogueError
from hlx_hf.corpus.generator.selection import EVERYDAY, PLAIN_WORDING, TRAINING
from hlx_hf.corpus.generator.sentences import PARTICIPLE_STEPS, SentenceGenerator, load_frames
from hlx_hf.corpus.generator.stream import CHUNK_SIZE, ChunkStream, stream_pairs
from hlx_hf.corpus.generator.typing_style import fingerprint
from hlx_hf.corpus.generator.values import MAX_DEPTH, ValueGenerator
from hlx_hf.corpus.generator.vocabulary import CATALOGUE, everyday_vocabulary, is_held_out, vocabulary
from hlx_hf.decoding.coverage import QUOTATION
from hlx_hf.decoding.names import is_grounded
from hlx_hf.decoding.steps import PIPES
from hlx_hf.lines_hlx import NOTATIONS

SAMPLE = 3000


@pytest.fixture(scope="module")
def pairs():
    return list(islice(SentenceGenerator(0), SAMPLE))


def write_catalogue(tmp_path, text):
    path = tmp_path / "lines.yaml"
    path.write_text(text)
    return [path]


def words_of(name):
    return re.findall(r"[a-z]+|[A-Z][a-z]*|\d+", name)


def handles_in(value):
    if isinstance(value, Handle):
        yield value
    parts = value.fields.values() if isinstance(value, Contract) else value.values() if isinstance(value, dict) else ()
    for part in value if isinstance(value, list) else parts:
        yield from handles_in(part)


# The catalogue


def test_every_operation_and_contract_has_twelve_wordings_at_the_least():
    catalogue = load_catalogue()
    contracts = {key for key in CONTRACTS if key != OPERATION}
    counts = Counter(line.key for line in catalogue.lines())
    assert (OPERATIONS.keys() - {PIPELINE}) | contracts | set(PLAIN) == counts.keys()
    few = {key: count for key, count in counts.items() if count < 12}
    assert not few


def test_flat_objects_are_put_into_english_in_one_way():
    selection = replace(PLAIN_WORDING, families=(("value", 1),))
    flat = [
        english
        for english, value in islice(SentenceGenerator(0, selection), SAMPLE)
        if isinstance(value, dict) and value and not any(isinstance(part, (dict, list)) for part in value.values())
    ]
    fixed = {english for english, count in Counter(flat).items() if count > 1}  # wordings that decide the whole value
    assert len(flat) - len(fixed) > SAMPLE // 100
    assert {" ".join(english.split()[:5]) for english in flat if english not in fixed} == {"Give me an object with"}


def test_no_two_meanings_share_a_wording():
    meanings = {}
    for line in load_catalogue().lines():
        # a slot that reads otherwise is another wording: "the number {integer}" and "the number {float}"
        wording = "{}".join(line.literals) + " ".join(f"{slot.kind} {slot.head}" for slot in line.slots)
        meaning = (line.key, repr(line.fields), tuple(slot.index for slot in line.slots))
        assert meanings.setdefault(wording, meaning) == meaning, wording


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fitler:\n  do: ['filter {1} by {2}']", "fitler"),
        ("filter:\n  do: ['filter {1}']", "nothing says what @2 is"),
        ("filter:\n  do: ['filter {1} by {2:propety}']", "propety"),
        ("filter:\n  do: ['filter {1} by {1}']", "given twice"),
        ("limit:\n  do: ['show {2} of {1} | 2=5']", "given twice"),
        ("limit:\n  do: ['limit {1} | 2=five']", "E_LC_PARSE"),
        ("limit:\n  do: ['limit {one} | 2=5']", "{1:kind}"),
        ("102:\n  say: ['the variable']", "@0"),
        ("limit:\n  do: ['limit {1} to {2:number rows}']", "no names of two nouns"),
        ("skip:\n  do: ['skip {2} of the {1:noun list}']", "no names of two nouns"),  # which are kept for new_pairs
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path, text, problem):
    with pytest.raises(CatalogueError, match=r"lines\.yaml: ") as caught:
        Catalogue.read(write_catalogue(tmp_path, text))
    assert problem in str(caught.value)


def test_an_open_argument_means_what_the_steps_before_worked_on(tmp_path):
    catalogue = Catalogue.read(write_catalogue(tmp_path, "show:\n  do: ['show them']"))
    (line,) = catalogue.lines()
    words = vocabulary(held_out=False)
    assert line.fill(random.Random(0), words) == ("show them", loads('{1000: {@0: "show", @1: &h_items}}', "HLXL"))
    _, value = line.fill(random.Random(0), words, antecedent=Handle("users"))
    assert value.fields[1] == Handle("users")


def test_the_last_word_of_a_name_may_be_that_of_the_wording(tmp_path):
    catalogue = Catalogue.read(write_catalogue(tmp_path, "close:\n  do: ['close the {1:noun window}']"))
    (line,) = catalogue.lines()
    for seed in range(SAMPLE // 100):
        english, value = line.fill(random.Random(seed), vocabulary(held_out=bool(seed % 2)))
        assert re.fullmatch("close the .+ window", english)
        assert value.fields[1].name.endswith("Window")


def topic_in(frame, sentence):
    """What stands for the thing in a sentence of `data/frames.yaml`'s list `topic`, if it is in this frame."""
    pattern = re.escape(fingerprint(frame)).replace(r"\{thing\}", "(.+?)").replace(r"\{do\}", ".+")
    found = re.fullmatch(pattern, fingerprint(sentence))
    return found and found.group(1)


@pytest.mark.parametrize("frame", load_frames()["topic"])
def test_what_is_named_first_is_what_is_worked_on(frame):
    generator = SentenceGenerator(0)
    generator.frames = generator.frames | {"topic": [frame]}
    for entry in generator.catalogue.operations:
        if entry.topic_lines and entry.thing_slot:
            sentence, value = generator._topic(entry)
            thing = value.fields[worked_on(entry.key)].name
            assert re.sub("[^a-z0-9]", "", topic_in(frame, sentence)).endswith(re.sub("[^a-z0-9]", "", thing.lower()))


def test_a_noun_phrase_has_a_step_for_what_is_chosen_and_one_for_each_participle():
    generator, beginnings = SentenceGenerator(0), Counter()
    for _ in range(SAMPLE):
        english, value = generator._noun_phrase(3)
        first, *others = list(value.fields.values())[1:]
        assert operation_of(value) == PIPELINE
        operations = {operation_of(step) for step in others}
        assert len(operations) == len(others) == 2
        assert operations <= PARTICIPLE_STEPS
        thing = first.fields[worked_on(operation_of(first))]
        assert all(step.fields[worked_on(operation_of(step))] == thing for step in others)
        chosen = operation_of(first) == "filter" and f"the {first.fields[2].name} " in english.lower()
        beginnings["chosen" if chosen else "open" if thing == ITEMS else "named"] += 1
    assert all(beginnings[beginning] > SAMPLE // 10 for beginning in ("chosen", "open", "named"))


def test_pipes_stand_between_all_steps_or_none():
    selection = replace(TRAINING, families=(("pipeline", 1),))
    piped = 0
    for english, value in islice(SentenceGenerator(0, selection), SAMPLE):
        counts = [english.count(pipe) for pipe in PIPES if pipe in english and not QUOTATION.search(english)]
        if counts:
            piped += 1
            assert counts == [len(value.fields) - 2]
    assert SAMPLE // 50 < piped < SAMPLE // 10


def test_what_is_read_is_unnamed_until_a_step_names_it():
    selection = replace(TRAINING, steps=(2, 2), families=(("pipeline", 1),))
    later = [
        value.fields[2]
        for _, value in islice(SentenceGenerator(0, selection), SAMPLE)
        if operation_of(value.fields[1]) == "read"
    ]
    unnamed = [step for step in later if step.fields.get(worked_on(operation_of(step))) == ITEMS]
    assert 0 < len(unnamed) < len(later) / 2


def test_every_value_fits_the_tables_and_every_sentence_says_its_names(pairs):
    for english, value in pairs:
        if not isinstance(value, Contract) or value.id in CONTRACTS:
            assert schema_problem(value) is None, (english, value)
        said = english.lower()
        for handle in handles_in(value):
            if handle.name not in ("items", "asc", "desc") and handle not in handles_of_wordings():
                assert all(word.lower() in said for word in words_of(handle.name)), (english, handle)


@cache
def handles_of_wordings():
    """Those that a line of the catalogue has as a constant, such as &h_sum for "add up"."""
    fields = (value for line in load_catalogue().lines() for value in line.fields.values())
    return {value for value in fields if isinstance(value, Handle)}


def test_the_same_seed_gives_the_same_sentences_and_another_gives_others(pairs):
    assert list(islice(SentenceGenerator(0), 200)) == pairs[:200]
    assert set(map(str, islice(SentenceGenerator(1), 200))).isdisjoint(map(str, pairs[:50]))


def test_operations_are_drawn_evenly(pairs):
    counts = Counter(filter(None, (operation_of(value) for _, value in pairs)))
    assert counts.keys() == OPERATIONS.keys()
    del counts[PIPELINE]
    # an operation with two lists of arguments counts twice
    assert max(counts.values()) / min(counts.values()) < 8


def test_everyday_sentences_are_of_the_commonest_wordings_and_words(pairs):
    everyday = list(islice(SentenceGenerator(0, EVERYDAY), SAMPLE))
    words, all_words = everyday_vocabulary(), vocabulary(held_out=False)
    assert set(words.singulars) < set(all_words.singulars)
    assert set(words.plurals) < set(all_words.plurals)
    assert not any(map(is_held_out, words.adjectives))

    def share(pairs, start):
        filters = [english for english, value in pairs if operation_of(value) == "filter"]
        return sum(english.lower().startswith(start) for english in filters) / len(filters)

    assert share(everyday, "filter ") > 2 * share(pairs, "filter ")
    assert len({fingerprint(english) for english, _ in everyday}) > 0.9 * SAMPLE


def test_excluded_sentences_are_never_drawn(pairs):
    excluded = frozenset(fingerprint(english) for english, _ in pairs)
    drawn = {fingerprint(english) for english, _ in islice(SentenceGenerator(0, TRAINING, excluded), SAMPLE)}
    assert drawn.isdisjoint(excluded)


def test_plain_wording_says_a_value_in_one_way():
    wordings = {}
    for english, value in islice(SentenceGenerator(0, PLAIN_WORDING), SAMPLE):
        if operation_of(value) == "upload":
            first, second = (handle.name for handle in handles_in(value))
            if re.fullmatch("[a-z]+", first) and re.fullmatch("[a-z]+", second) and "items" not in (first, second):
                shape = re.sub(f"{first}|{second}|\\b(the|my|all|our|these|those|this|that|your) ", "", english)
                wordings.setdefault(shape.lower().split()[0], english)
    assert len(wordings) == 1


def test_values_are_of_every_kind_and_as_deep_as_said():
    values = list(islice(ValueGenerator(0), SAMPLE))
    depths = Counter(map(depth_of, values))
    assert max(depths) >= MAX_DEPTH
    kinds = {type(part) for value in values for part in parts_of(value)}
    assert kinds == {type(None), bool, int, float, str, bytes, Handle, list, dict, Contract}
    for value in values:
        for notation in NOTATIONS:
            assert loads(dumps(value, notation), notation) == value


def parts_of(value):
    yield value
    for part in children_of(value):
        yield from parts_of(part)


def children_of(value):
    if isinstance(value, Contract):
        return value.fields.values()
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def depth_of(value):
    inside = [depth_of(part) for part in children_of(value)]
    return (1 if isinstance(value, (list, dict, Contract)) else 0) + max(inside, default=0)


# Streams


def numbered(number):
    return [(number, place) for place in range(3)]


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_workers_share_an_epoch_without_overlap(workers):
    stream = ChunkStream(numbered, chunks_per_epoch=8)
    loader = DataLoader(stream, batch_size=None, num_workers=workers)
    assert sorted(map(tuple, loader)) == [(number, place) for number in range(8) for place in range(3)]
    stream.set_epoch(2)
    assert {number for number, _ in loader} == set(range(16, 24))


def test_processes_share_a_stream_without_overlap():
    shares = [list(ChunkStream(numbered, 8, process_index=index, process_count=3)) for index in range(3)]
    together = [item for share in shares for item in share]
    assert sorted(together) == list(ChunkStream(numbered, 8))


def test_pairs_are_the_same_however_many_processes_draw_them():
    one = list(islice(stream_pairs(seed=3), 2 * CHUNK_SIZE))
    halves = [list(islice(stream_pairs(3, process_index=index, process_count=2), CHUNK_SIZE)) for index in range(2)]
    assert halves[0] + halves[1] == one
    assert len(set(map(str, one))) > 0.95 * len(one)


def test_the_catalogue_is_one_file_a_subject():
    keys = [key for path in CATALOGUE.glob("*.yaml") for key in Catalogue.read([path]).entries]
    assert len(keys) == len(set(keys))


def test_dictionary_words_belong_to_training_or_are_held_out():
    training, held_out = vocabulary(held_out=False), vocabulary(held_out=True)
    for name in ("singulars", "plurals", "adjectives", "verbs"):
        assert set(getattr(training, name)).isdisjoint(getattr(held_out, name))
    assert all(map(is_held_out, held_out.singulars))
    assert {"list", "order", "table"} < set(training.singulars)  # as all words of the catalogue


def test_there_are_examples_of_everything_that_can_be_asked_for():
    examples = list(examples_of())
    operations = {operation_of(value) for _, value in examples}
    assert operations >= OPERATIONS.keys()
    assert {value.id for _, value in examples if isinstance(value, Contract)} >= CONTRACTS.keys()
    for english, value in examples:
        assert is_grounded(value, english)
    assert len(list(examples_of(["open"], count=3))) == 3
    with pytest.raises(ValueError, match="at least 1 sentence"):
        next(examples_of(count=0))
