"""The test splits: nothing of what they test is in training."""

import re
from functools import cache
from itertools import islice

import pytest
from catalogue_matching import could_be_generated

from hlx_hf import Contract, Handle, dumps, load_corpus, loads
from hlx_hf.contracts import PIPELINE, operation_of, schema_problem
from hlx_hf.corpus import TEST_SPLITS
from hlx_hf.corpus.generator.catalogue import load_catalogue
from hlx_hf.corpus.generator.inventions import ALWAYS_IN_TRAINING
from hlx_hf.corpus.generator.selection import EVERYDAY, TRAINING
from hlx_hf.corpus.generator.sentences import SentenceGenerator
from hlx_hf.corpus.generator.typing_style import fingerprint
from hlx_hf.corpus.generator.values import ValueGenerator
from hlx_hf.corpus.generator.vocabulary import is_held_out, vocabulary
from hlx_hf.corpus.markdown import read_markdown
from hlx_hf.corpus.rows import NEW_PHRASING, REQUESTS
from hlx_hf.corpus.splits import GENERATED_SPLITS, reserved_sentences

TRAINING_SAMPLE = 40_000


@pytest.fixture(scope="module")
def training():
    """Of both selections that trainings draw from."""
    return [
        pair
        for selection in (TRAINING, EVERYDAY)
        for pair in islice(SentenceGenerator("a sample", selection, reserved_sentences()), TRAINING_SAMPLE // 2)
    ]


@pytest.fixture(scope="module")
def splits():
    return {
        split: [(row["english"], loads(row["hlxl"], "HLXL")) for row in load_corpus(split)] for split in TEST_SPLITS
    }


def parts_of(value):
    yield value
    if isinstance(value, Contract):
        for part in value.fields.values():
            yield from parts_of(part)
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from parts_of(part)


def names_of(value):
    """The names, texts and numbers of a value that its words decide."""
    found = set()
    for part in parts_of(value):
        if isinstance(part, dict):
            found.update(part)
        elif isinstance(part, (Handle, str, float)) or (type(part) is int and abs(part) >= ALWAYS_IN_TRAINING):
            found.add(part)
        elif isinstance(part, Contract):
            found.add(part.id)
    return found


@pytest.mark.parametrize("split", TEST_SPLITS)
def test_no_sentence_of_a_split_is_in_training_or_in_another_split(split, splits, training):
    sentences = {fingerprint(english) for english, _ in splits[split]}
    assert sentences.isdisjoint(fingerprint(english) for english, _ in training)
    for other in set(TEST_SPLITS) - {split}:
        assert sentences.isdisjoint(fingerprint(english) for english, _ in splits[other])


@pytest.mark.parametrize("corpus", ["all_variants", "comprehension"])
def test_no_sentence_that_is_written_down_is_drawn(corpus, training):
    column = {"all_variants": "english", "comprehension": "prompt"}[corpus]
    written = set(map(fingerprint, load_corpus(corpus)[column]))
    assert written <= reserved_sentences()
    assert written.isdisjoint(fingerprint(english) for english, _ in training)


def test_every_row_of_new_names_has_names_that_training_never_has(splits, training):
    in_training = set()
    for english, value in training:
        # "one fifth" does not show a model what 0.2 looks like
        names = (name for name in names_of(value) if not isinstance(name, float) or repr(abs(name)) in english)
        in_training |= set(map(repr, names))  # 81 is not 81.0
    for english, value in splits["new_names"]:
        assert set(map(repr, names_of(value))) - in_training, english


def test_no_value_of_hlx_to_hlx_is_in_training():
    test = set(load_corpus("hlx_to_hlx")["hlxl"])
    assert test.isdisjoint(dumps(value, "HLXL") for value in islice(ValueGenerator(0), TRAINING_SAMPLE))
    # and not for lack of short values
    assert any(len(text) < 5 for text in test)


def test_words_are_held_out_whatever_draws_them(training):
    held_out = set(vocabulary(held_out=True).singulars)
    for english, value in training:
        for name in names_of(value):
            words = re.findall("[a-z]+|[A-Z][a-z]*", name.name if isinstance(name, Handle) else str(name))
            assert held_out.isdisjoint(word.lower() for word in words) or name in names_of_wordings(), english
    assert all(map(is_held_out, held_out))


@cache
def names_of_wordings():
    """Those that the catalogue itself says: operations, and constants such as &h_sum."""
    return {name for line in load_catalogue().lines() for value in line.fields.values() for name in names_of(value)}


def test_new_pairs_asks_for_forms_that_training_never_has(splits, training):
    """Of the forms that a name alone shows: those that programs have (user_id, node7), and words of no dictionary."""
    known = {
        word for half in map(vocabulary, (False, True)) for words in (half.singulars, half.plurals) for word in words
    }
    held_out, other_kinds = {}, set()
    for line in load_catalogue().lines():
        for slot in line.slots:
            assert slot.held_out_form not in slot.forms
            if slot.held_out_form in ("identifier", "invented") and slot.kind != "function":  # functions are verbs, too
                held_out[line.key, slot.index] = slot.held_out_form
            else:
                other_kinds.add((line.key, slot.index))

    def new_forms(value):
        """The arguments of a single operation that have their held-out form."""
        for index, argument in value.fields.items() if operation_of(value) not in (None, PIPELINE) else ():
            name = argument.name if isinstance(argument, Handle) else ""
            form = "identifier" if re.search(r"[_0-9]", name) else "invented" if name.islower() else None
            if form == held_out.get((operation_of(value), index)) and form is not None and name not in known:
                yield operation_of(value), index

    assert len(held_out.keys() - other_kinds) > 8
    assert not {pair for _, value in training for pair in new_forms(value)} - other_kinds
    assert len({pair for _, value in splits["new_pairs"] for pair in new_forms(value)} - other_kinds) > 8


def test_longer_pipelines_have_more_steps_than_any_in_training(splits, training):
    def steps(value):
        return len(value.fields) - 1 if operation_of(value) == PIPELINE else 1

    longest = max(steps(value) for _, value in training)
    assert all(steps(value) > longest for _, value in splits["longer"])
    assert TRAINING.steps[1] == longest < GENERATED_SPLITS["longer"].steps[0]


def test_new_phrasing_is_in_words_and_shapes_that_the_catalogue_does_not_have():
    blocks, problems = read_markdown(NEW_PHRASING)
    assert not problems
    assert len(blocks) >= 400
    assert [block.english for block in blocks if could_be_generated(block.english, block.value)] == []
    assert [block.english for block in blocks if schema_problem(block.value)] == []


def test_requests_are_in_no_other_test_and_no_corpus():
    blocks, problems = read_markdown(REQUESTS)
    assert not problems
    assert len(blocks) > 200
    assert [block.english for block in blocks if schema_problem(block.value, other_ids=True)] == []
    others = [row["english"] for name in ("all_variants", "new_phrasing") for row in load_corpus(name)]
    others += load_corpus("comprehension")["prompt"]
    assert {fingerprint(block.english) for block in blocks}.isdisjoint(map(fingerprint, others))


@pytest.mark.parametrize(("is_pipeline", "share"), [(False, 0.7), (True, 0.6)])
def test_sentences_of_the_generator_are_recognised_as_such(is_pipeline, share):
    pairs = [pair for pair in islice(SentenceGenerator(0), 600) if operation_of(pair.value) is not None]
    found = [could_be_generated(*pair) for pair in pairs if (operation_of(pair.value) == PIPELINE) == is_pipeline]
    # not those with a misspelling, or with names in quotes, nor steps that leave open what they work on
    assert sum(found) / len(found) > share
