"""The corpora: their counts, what they cover, that they are right, and that their cache is never stale."""

import os
import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import datasets
import pytest

from hlx_hf import load_corpus
from hlx_hf.contracts import ARGUMENT_TYPES, CONTRACTS, OPERATIONS, PIPELINE, operation_of, schema_problem
from hlx_hf.corpus import CORPORA, HLXCorpora
from hlx_hf.corpus.cache_key import WORD_LISTS
from hlx_hf.formats import Contract, Handle, dumps, loads
from hlx_hf.lines_hlx import ENGLISH, NOTATIONS, line_prompt, to_alphabet

COLUMNS = dict(zip(NOTATIONS, ("hlxl", "lc_r", "lc_t", "lc_b"), strict=True))
POSITIONS = 512  # of a model, for <bos>, prompt, answer and <eos>
ASCII = "".join(map(chr, range(0x20, 0x7F)))
BLOCKS = "English: one\nHLXL: 1\n\nHLXL: 2\n"


@pytest.fixture(scope="module")
def all_variants():
    return load_corpus().to_list()


@pytest.fixture(scope="module")
def values(all_variants):
    return [loads(row["hlxl"], "HLXL") for row in all_variants]


@pytest.fixture(scope="module")
def hlx_only():
    return load_corpus("hlx_only").to_list()


@pytest.fixture(scope="module")
def comprehension():
    return load_corpus("comprehension").to_list()


@pytest.fixture
def load(tmp_path):
    """Loads a corpus from Markdown, into a cache of its own."""

    def load(content: str, name: str = "all_variants", path: Path = tmp_path / "corpus.md"):
        path.write_text(content)
        return load_corpus(name, data_files=str(path), cache_dir=str(tmp_path / "cache")).to_list()

    return load


def contracts_in(value):
    if isinstance(value, Contract):
        yield value
        value = list(value.fields.values())
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from contracts_in(part)


def kinds_in(value):
    yield type(value)
    if isinstance(value, Contract):
        value = list(value.fields.values())
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from kinds_in(part)


def normal(sentence: str) -> str:
    return " ".join(sentence.lower().split())


def test_counts_columns_and_splits():
    loaded = {name: load_corpus(name) for name in CORPORA}
    assert {name: (corpus.num_rows, str(corpus.split)) for name, corpus in loaded.items()} == {
        "all_variants": (164, "train"),
        "hlx_only": (656, "train"),
        "comprehension": (28, "test"),
        "new_phrasing": (515, "test"),
        "requests": (206, "test"),
        **dict.fromkeys(("iid", "everyday", "new_names", "new_pairs", "longer"), (1000, "test")),
        **dict.fromkeys(("questions", "hlx_to_hlx"), (1000, "test")),
    }
    assert loaded["all_variants"].column_names == ["english", *COLUMNS.values()]
    assert loaded["hlx_only"].column_names == ["notation", "text"]
    assert loaded["comprehension"].column_names == [
        "level",
        "level_name",
        "prompt",
        "notation",
        "references",
        "operation",
    ]


def test_sentences_differ_and_have_no_blanks_to_spare(all_variants):
    sentences = [row["english"] for row in all_variants]
    assert len({normal(sentence) for sentence in sentences}) == len(sentences)
    assert all(sentence == " ".join(sentence.split()) for sentence in sentences)
    assert max(map(len, sentences)) <= 70


def test_the_notations_of_a_row_are_canonical_and_mean_the_same(all_variants, values):
    for row, value in zip(all_variants, values, strict=True):
        assert {notation: row[column] for notation, column in COLUMNS.items()} == {
            notation: dumps(value, notation) for notation in NOTATIONS
        }
        assert {dumps(loads(row[column], notation), "HLXL") for notation, column in COLUMNS.items()} == {row["hlxl"]}


def test_only_what_is_no_request_shares_its_value(all_variants):
    shared = [text for text, count in Counter(row["hlxl"] for row in all_variants).items() if count > 1]
    assert shared == ["null"]


def test_every_value_fits_the_tables(values):
    assert [problem for problem in map(schema_problem, values) if problem] == []


def test_every_kind_of_value_and_every_contract_id_occurs(values):
    kinds = {type(None), bool, int, float, str, bytes, Handle, list, dict, Contract}
    assert {kind for value in values for kind in kinds_in(value)} == kinds
    assert {type(value) for value in values} == kinds
    assert {contract.id for value in values for contract in contracts_in(value)} == set(CONTRACTS)


def test_every_operation_occurs_with_each_list_of_arguments(values):
    kinds = {type_: kind for kind, type_ in ARGUMENT_TYPES.items()} | {list: "l"}
    used = {
        (operation_of(contract), tuple(kinds[type(argument)] for argument in list(contract.fields.values())[1:]))
        for value in values
        for contract in contracts_in(value)
        if operation_of(contract)
    }
    steps = Counter(len(signature) for name, signature in used if name == PIPELINE)
    assert steps.keys() == {2, 3}
    assert {(name, signature) for name, signature in used if name != PIPELINE} == {
        (name, signature) for name, signatures in OPERATIONS.items() for signature in signatures if name != PIPELINE
    }
    assert sum(operation_of(value) == PIPELINE for value in values) >= 8


def test_what_a_sentence_leaves_unnamed_is_called_items(all_variants):
    by_sentence = {row["english"]: row["hlxl"] for row in all_variants}
    assert by_sentence["Get the active ones"] == '{1000: {@0: "filter", @1: &h_items, @2: &h_active}}'
    assert sum("&h_items" in text for text in by_sentence.values()) >= 4


def test_hlx_only_has_every_value_in_every_notation_and_no_sentence(all_variants, hlx_only):
    assert hlx_only == [
        {"notation": notation, "text": row[column]} for row in all_variants for notation, column in COLUMNS.items()
    ]
    sentences = {row["english"] for row in all_variants}
    assert not any(sentence in row["text"] for row in hlx_only for sentence in sentences if len(sentence) > 3)


def test_the_comprehension_levels(comprehension):
    assert Counter((row["level"], row["level_name"]) for row in comprehension) == {
        (1, "basic translation"): 5,
        (2, "complex nested operations"): 4,
        (3, "ambiguous translation"): 5,
        (4, "edge cases"): 5,
        (5, "multi-format generation"): 4,
        (6, "reasoning capability"): 5,
    }
    formats = [row for row in comprehension if row["level"] == 5]
    assert [row["notation"] for row in formats] == list(NOTATIONS)
    assert len({row["prompt"] for row in formats}) == 1
    assert all(len(row["references"]) > 1 for row in comprehension if row["level"] == 3)
    assert {row["notation"] for row in comprehension} == set(NOTATIONS)


def test_comprehension_prompts_are_new_to_who_knows_the_corpus(all_variants, comprehension, values):
    known = {normal(row["english"]) for row in all_variants}
    assert known.isdisjoint(normal(row["prompt"]) for row in comprehension)
    known_operations = {operation_of(contract) for value in values for contract in contracts_in(value)}
    for row in comprehension:
        for reference in row["references"]:
            operations = set(map(operation_of, contracts_in(loads(reference, row["notation"]))))
            assert operations <= known_operations, row["prompt"]


def test_comprehension_references_are_canonical_fit_the_tables_and_give_the_operation(comprehension):
    for row in comprehension:
        values = [loads(reference, row["notation"]) for reference in row["references"]]
        assert [dumps(value, row["notation"]) for value in values] == row["references"]
        assert len(set(row["references"])) == len(row["references"])
        assert all(schema_problem(value) is None for value in values)
        assert row["operation"] == (operation_of(values[0]) or "")
    assert sum(row["operation"] != "" for row in comprehension if row["level"] == 6) >= 3


def test_every_line_fits_the_models_positions(all_variants, comprehension):
    lines = [line_prompt(row["prompt"], row["notation"]) + text for row in comprehension for text in row["references"]]
    for row in all_variants:
        for target, column in COLUMNS.items():
            lines.append(line_prompt(row["english"], target) + row[column])
            lines.append(line_prompt(row[column], ENGLISH) + row["english"])
            lines += [line_prompt(row[source], target) + row[column] for source in COLUMNS.values()]
    assert max(map(len, lines)) <= POSITIONS - len(["<bos>", "<eos>"])


def test_sentences_and_prompts_are_in_the_alphabet(all_variants, comprehension):
    sentences = [row["english"] for row in all_variants] + [row["prompt"] for row in comprehension]
    assert [to_alphabet(sentence, ASCII) for sentence in sentences] == sentences


@pytest.mark.parametrize(("name", "nearest"), [("hlx-only", "hlx_only"), ("Comprehension", "comprehension")])
def test_an_unknown_corpus_is_an_error_that_names_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=f"all_variants, hlx_only, comprehension.*did you mean '{nearest}'"):
        load_corpus(name)


def test_own_markdown_replaces_the_sentences(load):
    assert load(BLOCKS) == [
        {"english": "one", "hlxl": "1", "lc_r": "1", "lc_t": "1", "lc_b": "[0x01]"},
        {"english": None, "hlxl": "2", "lc_r": "2", "lc_t": "2", "lc_b": "[0x02]"},
    ]
    rows = load(BLOCKS, "hlx_only")
    assert [row["text"] for row in rows] == ["1", "1", "1", "[0x01]", "2", "2", "2", "[0x02]"]
    assert [row["notation"] for row in rows] == [*NOTATIONS, *NOTATIONS]


def test_data_files_may_be_several_patterns_and_splits(tmp_path):
    for number in range(3):
        (tmp_path / f"part{number}.md").write_text(f"HLXL: {number}")
    paths = [str(tmp_path / f"part{number}.md") for number in range(3)]
    cache = str(tmp_path / "cache")
    assert load_corpus(data_files=paths, cache_dir=cache)["hlxl"][:] == ["0", "1", "2"]
    assert load_corpus(data_files=str(tmp_path / "*.md"), cache_dir=cache)["hlxl"][:] == ["0", "1", "2"]
    splits = {"train": paths[:2], "validation": paths[2]}
    assert load_corpus(data_files=splits, cache_dir=cache)["hlxl"][:] == ["0", "1"]
    assert load_corpus(data_files=splits, split="validation", cache_dir=cache)["hlxl"][:] == ["2"]


def test_problems_are_listed_with_file_and_line_up_to_twenty(load, tmp_path):
    with pytest.raises(ValueError, match="the corpus has problems") as raised:
        load(BLOCKS + "\nEnglish: alone\n" * 23)
    first, *problems, last = str(raised.value).splitlines()
    assert first == "the corpus has problems:"
    assert [problem.split(": ")[0] for problem in problems] == [
        f"{tmp_path / 'corpus.md'}:{line}" for line in range(6, 46, 2)
    ]
    assert last == "... and 3 more"


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.md"):
        load_corpus(data_files=str(tmp_path / "none.md"))
    with pytest.raises(ValueError, match="match none"):
        load_corpus(data_files=str(tmp_path / "*.md"))


def test_the_comprehension_test_takes_no_data_files(tmp_path):
    (tmp_path / "corpus.md").write_text(BLOCKS)
    with pytest.raises(ValueError, match="takes no data_files"):
        load_corpus("comprehension", data_files=str(tmp_path / "corpus.md"))


def test_a_changed_file_is_read_again_even_if_its_time_stays(load, tmp_path):
    path = tmp_path / "corpus.md"
    seen = []
    for number in (1, 2):
        path.write_text(f"HLXL: {number}")
        os.utime(path, (0, 0))
        [row] = load_corpus(data_files=str(path), cache_dir=str(tmp_path / "cache"))
        seen.append(row["hlxl"])
    assert seen == ["1", "2"]


def test_files_of_two_users_do_not_meet_in_the_cache(load, tmp_path):
    for user in ("a", "b"):
        (tmp_path / user).mkdir()
    assert load("HLXL: 1", path=tmp_path / "a" / "corpus.md")[0]["hlxl"] == "1"
    assert load("HLXL: 2", path=tmp_path / "b" / "corpus.md")[0]["hlxl"] == "2"
    assert load("HLXL: 1", path=tmp_path / "a" / "corpus.md")[0]["hlxl"] == "1"


def test_the_cache_goes_by_the_packages_code_and_data(tmp_path):
    def cache_of(name: str) -> Path:
        return Path(HLXCorpora(config_name=name, cache_dir=str(tmp_path)).cache_dir).relative_to(tmp_path)

    assert len({cache_of(name) for name in CORPORA}) == len(CORPORA)
    dataset, *_, source_hash = cache_of("all_variants").parts
    assert dataset == "hlx_corpora"
    assert re.fullmatch("-".join(["[0-9a-f]{16}", *map(version, WORD_LISTS)]), source_hash)


def test_loading_shows_no_progress_bar_and_leaves_the_setting_alone(load, capfd):
    datasets.enable_progress_bars()
    load(BLOCKS)
    assert capfd.readouterr() == ("", "")
    assert not datasets.are_progress_bars_disabled()
