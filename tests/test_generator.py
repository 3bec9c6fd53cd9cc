"""The generator of sentences and values: what it draws means what it says, and shards never overlap."""

import random
import re
from collections import Counter
from functools import cache
from itertools import islice

import pytest
from torch.utils.data import DataLoader

from hlx_hf import Contract, Handle, dumps, loads
from hlx_hf.contracts import CONTRACTS, OPERATION, OPERATIONS, PIPELINE, operation_of, schema_problem
from hlx_hf.corpus.generator.catalogue import CATALOGUE, PLAIN, Catalogue, CatalogueError, load_catalogue
from hlx_hf.corpus.generator.kinds import KINDS
from hlx_hf.corpus.generator.questions import evaluation_question, facts_about, questions_about
from hlx_hf.corpus.generator.sentences import EVERYDAY, PLAIN_WORDING, TRAINING, SentenceGenerator, fingerprint
from hlx_hf.corpus.generator.stream import CHUNK_SIZE, ChunkStream, stream_pairs
from hlx_hf.corpus.generator.values import MAX_DEPTH, ValueGenerator
from hlx_hf.corpus.generator.words import everyday_vocabulary, is_held_out, vocabulary
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


def test_no_two_meanings_share_a_wording():
    meanings = {}
    for line in load_catalogue().lines():
        # a slot that reads otherwise is another wording: "the number {integer}" and "the number {float}"
        wording = "{}".join(line.literals) + " ".join(slot.kind for slot in line.slots)
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


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_a_value_of_hlx_in_every_form(kind):
    draw, forms = KINDS[kind]
    for form in forms:
        for seed in range(20):
            english, value = draw(random.Random(seed), vocabulary(held_out=bool(seed % 2)), form)
            assert english
            assert loads(dumps(value, "HLXL"), "HLXL") == value


# Sentences


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
        sorts = [english for english, value in pairs if operation_of(value) == "sort"]
        return sum(english.lower().startswith(start) for english in sorts) / len(sorts)

    assert share(everyday, "sort ") > 2 * share(pairs, "sort ")
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


PIPELINE_OF_TWO = (
    '{1000: {@0: "pipeline", @1: {1000: {@0: "skip", @1: &h_cars, @2: 1}},'
    ' @2: {1000: {@0: "sort", @1: &h_cars, @2: &h_value, @3: &h_desc}}}}'
)


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("null", {"what kind of value is {}?": '"null"'}),
        ("1.0", {"what kind of value is {}?": '"float"'}),
        ("[4, true]", {"how many items are in {}?": "2", "what is at 1 in {}?": "true"}),
        ('{x: &h_y, "{}": 5}', {"how many keys does {} have?": "2", "what is at x in {}?": "&h_y"}),
        (
            '{101: {@0: "subtract", @1: {101: {@0: "add", @1: 2, @2: 3}}, @2: 9}}',
            {
                "what does {} evaluate to?": "-4",
                "what does {} stand for?": '"arithmetic expression"',
                "what is in field 1 of {}?": '{101: {@0: "add", @1: 2, @2: 3}}',
            },
        ),
        (
            '{1000: {@0: "limit", @1: &h_cars, @2: 2}}',
            {
                "which operation is {}?": '"limit"',
                "how many arguments does {} have?": "2",
                "how many fields does {} have?": "3",
                "what is the contract id of {}?": "1000",
                "what is left of [3, 1, 2, 1] after {}?": "[3, 1]",
            },
        ),
        ('{1000: {@0: "reverse", @1: &h_cars}}', {"what does {} do to [3, 1, 2, 1]?": "[1, 2, 1, 3]"}),
        ('{1000: {@0: "unique", @1: &h_cars}}', {"what does {} make of [3, 1, 2, 1]?": "[3, 1, 2]"}),
        (
            '{1000: {@0: "sort", @1: &h_cars, @2: &h_value, @3: &h_asc}}',
            {"apply {} to [3, 1, 2, 1]": "[1, 1, 2, 3]"},
        ),
        (
            PIPELINE_OF_TWO,
            {
                "how many steps does {} have?": "2",
                "which operation comes first in {}?": '"skip"',
                "which operation comes last in {}?": '"sort"',
                "what remains of [3, 1, 2, 1] after {}?": "[2, 1, 1]",
            },
        ),
    ],
)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_questions_about_a_value_are_answered_rightly(value, answers, notation):
    value = loads(value, "HLXL")
    asked = dict(questions_about(value, notation))
    sample = dumps([3, 1, 2, 1], notation)
    for question, answer in answers.items():
        question = question.replace("{}", dumps(value, notation)).replace("[3, 1, 2, 1]", sample)
        assert dumps(asked[question], "HLXL") == answer, question


@pytest.mark.parametrize(
    "text",
    [
        '{101: {@0: "add", @1: {102: {@0: "x"}}, @2: 3}}',
        '{101: {@0: "add", @1: true, @2: 3}}',
        '{101: {@0: "divide", @1: 4, @2: 3}}',
        "{101: {@0: [1]}}",
        '{1000: {@0: "sort", @1: &h_cars, @2: &h_price, @3: &h_asc}}',
        '{1000: {@0: "limit", @1: &h_cars, @2: -2}}',
        '{1000: {@0: "limit", @1: &h_cars}}',
        '{1000: {@0: "reverse"}}',
        '{1000: {@0: "pipeline", @1: 5}}',
        '{1000: {@0: "pipeline"}}',
        "{1000: {@1: 5}}",
    ],
)
def test_nothing_is_worked_out_that_has_no_answer(text):
    questions = [question for question, _ in questions_about(loads(text, "HLXL"), "HLXL")]
    assert questions
    assert not [question for question in questions if re.search(r"evaluate|work out|what is left|make of", question)]


def test_facts_about_a_value_are_those_of_its_operation_and_its_contract():
    facts = dict(facts_about(loads('{1000: {@0: "filter", @1: &h_a, @2: &h_b}}', "HLXL")))
    assert set(facts.values()) == {"filter", 1000, "operation"}
    assert len([answer for answer in facts.values() if answer == "filter"]) >= 3
    assert facts_about(loads("{1: {}}", "HLXL")) != []  # "how many fields has a literal?", for one
    assert facts_about(True) == facts_about([1]) == []


def test_facts_fit_the_tables():
    """Those that a table decides: meanings, numbers of fields and of arguments, names of operations."""
    meanings = {schema.meaning: contract_id for contract_id, schema in CONTRACTS.items()}
    checked = 0
    for entry in load_catalogue().entries["question"]:
        for line in (*entry.do, *entry.say):
            question, answer = line.skeleton.rstrip("?"), line.fields[0]
            if found := re.fullmatch(r"what (?:is contract|does the contract id) (\d+)(?: stand for)?", question):
                expected = CONTRACTS[int(found[1])].meaning
            elif found := re.fullmatch(r"which contract id is an? (.+)", question):
                expected = meanings[found[1]]
            elif found := re.fullmatch(r"how many fields does an? (.+) have", question):
                expected = len(CONTRACTS[meanings[found[1]]].fields)
            elif found := re.fullmatch(r"how many arguments does (\w+) take", question):
                (expected,) = map(len, OPERATIONS[found[1]])
            elif re.match(r"(which operation|name the operation|tell me the operation|what do I use) ", question):
                expected = answer if answer in OPERATIONS else None
            else:
                continue
            assert answer == expected, question
            checked += 1
    assert checked > 200


def test_drawn_questions_are_answered_rightly():
    kinds = Counter()
    for seed in range(400):
        question, answer = evaluation_question(random.Random(seed))
        text = next((question[place:] for place in (question.find("{101"), question.find("{1000")) if place >= 0), None)
        if text is None:
            continue  # in another notation, whose texts are as good by the tests of the notations
        if isinstance(answer, int):
            assert answer == worked_out(text)
            kinds["evaluation"] += 1
        else:
            left = loads(re.search(r"\[[\d, ]*\]", question)[0], "HLXL")
            for name, count, order in re.findall(STEP, text):
                left = {
                    "reverse": left[::-1],
                    "unique": sorted(set(left), key=left.index),
                    "limit": left[: int(count or 0)],
                    "skip": left[int(count or 0) :],
                    "sort": sorted(left, key=lambda number, sign=-1 if order == "desc" else 1: sign * number),
                }[name]
                kinds[name] += 1
            assert answer == left, question
    assert kinds.keys() == {"evaluation", "reverse", "unique", "limit", "skip", "sort"}


STEP = r'"(reverse|unique|limit|skip|sort)", @1: &h_items(?:, @2: (\d+))?(?:, @2: &h_value, @3: &h_(asc|desc))?'


def worked_out(text):
    """The number that an expression in HLXL comes to, its innermost parts replaced by their results."""
    signs = {"add": "+", "subtract": "-", "multiply": "*"}
    while found := re.search(r'\{101: \{@0: "(\w+)", @1: (-?\d+), @2: (-?\d+)\}\}', text):
        name, left, right = found.groups()
        text = text.replace(found[0], str(eval(f"{left} {signs[name]} {right}")))
    return int(re.match(r"-?\d+", text)[0])


# Values


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
