"""The English comprehension metric: every figure by hand, every way to fail, and every way to load it."""

import doctest
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import evaluate
import pytest

from hlx_hf import load_corpus
from hlx_hf.evaluation import load_metric
from hlx_hf.lines_hlx import NOTATIONS

ROOT = Path(__file__).parents[1]
FOLDER = "hlx_hf/metrics/english_comprehension"
NULLS = {"HLXL": "null", "LC-R": "∅", "LC-T": "NULL", "LC-B": "[_]", "English": "nothing"}
OPEN = '{1000: {@0: "open", @1: &h_door}}'
CLOSE = '{1000: {@0: "close", @1: &h_door}}'


@pytest.fixture(scope="module")
def metric():
    return load_metric()


def outcome(metric, prediction, reference, notation="HLXL", prompt=None):
    """The outcome of one row, whose scores must agree with it."""
    results = metric.compute(
        predictions=[prediction],
        references=[reference],
        levels=[1],
        notations=[notation],
        prompts=None if prompt is None else [prompt],
    )
    (found,) = results["outcomes"]
    assert results["overall"]["exact_accuracy"] == (found == "exact")
    assert {name for name, count in results["overall"]["failures"].items() if count} == {found} - {"exact"}
    return found


def test_every_figure_in_all_by_level_and_by_notation(metric):
    results = metric.compute(
        predictions=[
            OPEN,
            '{1000: {@0: "open", @1: &h_window}}',
            CLOSE,
            "🜊14🜁0 43🜂",
            '{C:1000,0="open",1',
            "",
        ],
        references=[OPEN, OPEN, OPEN, "🜊14🜁0 42🜂", '{C:1000,0="open",1=@door}', "NULL"],
        levels=[1, 1, 2, 2, 2, 3],
        notations=["HLXL", "HLXL", "HLXL", "LC-R", "LC-T", "LC-T"],
    )
    none_failed = {"empty": 0, "parroted": 0, "repetition": 0, "malformed": 0, "wrong_value": 0}

    def scores(exact, operation, valid, count, operation_count, **failures):
        return {
            "exact_accuracy": exact,
            "operation_accuracy": operation,
            "valid_share": valid,
            "count": count,
            "operation_count": operation_count,
            "failures": {**none_failed, **failures},
        }

    assert results == {
        "overall": scores(1 / 6, 2 / 4, 4 / 6, 6, 4, wrong_value=3, malformed=1, empty=1),
        "by_level": {
            "1": scores(1 / 2, 2 / 2, 2 / 2, 2, 2, wrong_value=1),
            "2": scores(0 / 3, 0 / 2, 2 / 3, 3, 2, wrong_value=2, malformed=1),
            "3": scores(0 / 1, None, 0 / 1, 1, 0, empty=1),
        },
        "by_notation": {
            "HLXL": scores(1 / 3, 2 / 3, 3 / 3, 3, 3, wrong_value=2),
            "LC-R": scores(0 / 1, None, 1 / 1, 1, 0, wrong_value=1),
            "LC-T": scores(0 / 2, 0 / 1, 0 / 2, 2, 1, malformed=1, empty=1),
        },
        "outcomes": ["exact", "wrong_value", "wrong_value", "wrong_value", "malformed", "empty"],
    }
    assert json.loads(json.dumps(results)) == results


def test_references_of_the_packages_own_test_are_all_exact(metric):
    tests = load_corpus("comprehension")
    results = metric.compute(
        predictions=[accepted[-1] for accepted in tests["references"]],
        references=tests["references"],
        levels=tests["level"],
        notations=tests["notation"],
        prompts=tests["prompt"],
    )
    shares = [results["overall"][name] for name in ("exact_accuracy", "operation_accuracy", "valid_share")]
    assert shares == [1.0, 1.0, 1.0]
    assert {level: scores["count"] for level, scores in results["by_level"].items()} == {
        "1": 5, "2": 4, "3": 5, "4": 5, "5": 4, "6": 5,
    }  # fmt: skip
    assert set(results["by_notation"]) == set(NOTATIONS)


@pytest.mark.parametrize(
    ("notation", "prediction", "reference"),
    [
        ("HLXL", ' {x :1 ,\n "y":[ ]} ', "{x: 1, y: []}"),
        ("LC-R", '🜊1000🜁0 "copy"🜁1⟁text🜂', '🜊1000🜁0 "copy"🜁1 ⟁text🜂'),
        ("LC-T", '{C:14, 0="é"}', '{C:14,0="\\u00e9"}'),
        ("LC-B", "[0x0002A]", "[0x2a]"),
        ("HLXL", "100.00E+0", "100.0"),
    ],
)
def test_another_spelling_of_a_value_is_exact(metric, notation, prediction, reference):
    assert outcome(metric, prediction, reference, notation) == "exact"


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("1", "1.0"),
        ("1", "true"),
        ("1.0", "true"),
        ("false", "0"),
        ("0.0", "-0.0"),
        ('"a"', "&h_a"),
        ('"a"', 'b"a"'),
        ("[1]", "[1.0]"),
        ("{a: 1, b: 2}", "{b: 2, a: 1}"),
        ("{14: {@0: 1}}", "{14: {@0: true}}"),
        ('"é"', '"e\\u0301"'),
    ],
)
def test_values_that_python_or_a_reader_may_take_for_one_are_told_apart(metric, prediction, reference):
    assert outcome(metric, prediction, reference) == "wrong_value"
    assert outcome(metric, reference, prediction) == "wrong_value"
    assert outcome(metric, reference, reference) == "exact"


def test_a_text_is_read_in_the_notation_of_its_row(metric):
    assert outcome(metric, "NULL", "NULL", "LC-T") == "exact"
    assert outcome(metric, "NULL", "null", "HLXL") == "malformed"


def test_any_of_several_references_will_do_and_rows_may_mix_both_shapes(metric):
    results = metric.compute(
        predictions=["2", "2", "3", "3"],
        references=["2", ["1", "2"], ["1", "2", "3"], ("1", "2")],
        levels=["a"] * 4,
        notations=["HLXL"] * 4,
    )
    assert results["outcomes"] == ["exact", "exact", "exact", "wrong_value"]


def test_operation_is_right_if_any_reference_has_it(metric):
    results = metric.compute(
        predictions=['{1000: {@0: "close"}}', '{1000: {@0: "shut"}}', '"close"', "{1000: {"],
        references=[[OPEN, CLOSE]] * 4,
        levels=[1, 2, 3, 4],
        notations=["HLXL"] * 4,
    )
    assert [scores["operation_accuracy"] for scores in results["by_level"].values()] == [1.0, 0.0, 0.0, 0.0]
    assert results["overall"]["operation_count"] == 4


@pytest.mark.parametrize("references", ["null", ['"open"', OPEN], ["42", "{14: {@0: 42}}"]])
def test_operation_is_not_counted_unless_every_reference_is_one(metric, references):
    results = metric.compute(predictions=[OPEN], references=[references], levels=[1], notations=["HLXL"])
    assert results["overall"]["operation_count"] == 0
    assert results["overall"]["operation_accuracy"] is None


def test_levels_are_ints_or_strings(metric):
    results = metric.compute(
        predictions=["1", "2", "3", "4"],
        references=["1", "1", "1", "4"],
        levels=[2, "hard", "2", 2],
        notations=["HLXL"] * 4,
    )
    assert {level: scores["count"] for level, scores in results["by_level"].items()} == {"2": 3, "hard": 1}
    assert results["by_level"]["2"]["exact_accuracy"] == 2 / 3


@pytest.mark.parametrize("prediction", ["", " ", "\n\t  \n"])
def test_empty(metric, prediction):
    assert outcome(metric, prediction, "null", prompt=prediction) == "empty"
    results = metric.compute(predictions=[prediction], references=["nothing"], levels=[1], notations=["English"])
    assert results["outcomes"] == ["empty"]
    assert results["overall"]["valid_share"] == 0.0


@pytest.mark.parametrize(
    "prediction", ["Open the door", "  OPEN the\n\tdoor ", "open the door → 🜊1000", "open the doors", "Open the door!"]
)
def test_parroted(metric, prediction):
    assert outcome(metric, prediction, OPEN, prompt="Open  the door ") == "parroted"
    assert outcome(metric, prediction, "nothing", "English", prompt="Open the door") == "parroted"


def test_parroting_needs_a_prompt_with_something_in_it(metric):
    assert outcome(metric, "Open the door", OPEN) == "malformed"
    assert outcome(metric, "Open the door", OPEN, prompt="") == "malformed"
    assert outcome(metric, "Open the door", OPEN, prompt=" \n") == "malformed"
    assert outcome(metric, "Open the", OPEN, prompt="Open the door") == "malformed"
    assert outcome(metric, "I open the door", OPEN, prompt="Open the door") == "malformed"


def test_a_prompt_that_is_itself_a_repetition_is_parroted(metric):
    assert outcome(metric, "!!!!!!!!!!!!", "null", prompt="!!!!!!!!!!!!") == "parroted"
    assert outcome(metric, "!!!!!!!!!!!!", "null", prompt="??") == "repetition"


@pytest.mark.parametrize(
    "prediction",
    [
        "[" * 8,
        "e e e e e e e e",
        "users users users users",
        "abcabcabcabca",
        '🜊1000🜁0 "filter' + "🜁1 ⟁users" * 8,
        "x" * 32 + "y" * 32,
        ("0123456789" * 4)[:32] * 4,
    ],
)
def test_repetition(metric, prediction):
    assert outcome(metric, prediction, "null") == "repetition"
    assert outcome(metric, prediction, "nothing", "English") == "repetition"


@pytest.mark.parametrize(
    "prediction",
    [
        "[" * 7,  # short of 8 characters
        "user" * 3,  # short of 4 times
        "x" * 7 + "y" * 6 + "[" * 12,  # short of half
        "".join(map(chr, range(65, 65 + 33))) * 4,  # a unit of 33 characters
        "[[[[[[[[[[[[1",
        '{1000: {@0: "filter", @1: &h_users',
    ],
)
def test_malformed_is_what_is_neither_empty_nor_parroted_nor_a_repetition(metric, prediction):
    assert outcome(metric, prediction, "null") == "malformed"
    assert outcome(metric, prediction, "nothing", "English") == "wrong_value"


def test_hlx_that_reads_is_a_wrong_value_whatever_it_looks_like(metric):
    assert outcome(metric, "1111111111111111", "42") == "wrong_value"
    assert outcome(metric, "[1, 2]", "[[1], 2]", prompt="[1, 2]") == "wrong_value"


def test_a_right_answer_is_exact_whatever_it_looks_like(metric):
    assert outcome(metric, "1111111111111111", "1111111111111111", prompt="1111111111111111") == "exact"
    assert outcome(metric, "aaaaaaaaaaaa", "AAAAAAAAAAAA", "English", prompt="aaaaaaaaaaaa") == "exact"


@pytest.mark.parametrize(
    "prediction", ["Open the door", " open  THE door.", "Open the door ?!", "Ｏｐｅｎ the door", "open the\ndoor..."]
)
def test_english_is_compared_without_blanks_case_final_punctuation_and_unicode_form(metric, prediction):
    assert outcome(metric, prediction, ["Shut it", "Open the door."], "English") == "exact"


@pytest.mark.parametrize("prediction", ["Open a door", "Open, the door", "Open thedoor", "?", OPEN])
def test_other_english_is_a_wrong_value_but_valid(metric, prediction):
    results = metric.compute(
        predictions=[prediction], references=["Open the door"], levels=[1], notations=["English"], prompts=["x"]
    )
    assert results["outcomes"] == ["wrong_value"]
    assert results["overall"]["valid_share"] == 1.0
    assert results["overall"]["operation_accuracy"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"predictions": [], "references": [], "levels": [], "notations": []}, "there are no predictions"),
        ({"references": ["1"]}, r"predictions \(2\) and references \(1\)"),
        ({"levels": [1, 2, 3]}, r"predictions \(2\) and levels \(3\)"),
        ({"prompts": ["one"]}, "2 predictions and 1 prompts"),
        ({"notations": ["HLXL", "XML"]}, "row 1: unknown notation 'XML'.*HLXL, LC-R, LC-T, LC-B, English"),
        ({"notations": ["HLXL", None]}, "row 1: unknown notation None"),
        ({"references": ["1", "[1"]}, r"row 1: the reference '\[1' is not HLXL: E_TRUNCATED"),
        ({"references": [["1", "∅"], "2"]}, "row 0: the reference '∅' is not HLXL: E_LC_PARSE"),
        ({"references": ["1", "?!"], "notations": ["HLXL", "English"]}, r"row 1: the reference '\?!' has no words"),
        ({"references": ["1", []]}, "row 1: references are"),
        ({"references": ["1", [2]]}, r"row 1: references are .* not \[2\]"),
        ({"references": [None, "2"]}, "row 0: references are"),
        ({"predictions": ["1", None]}, "row 1: a prediction is a string, not None"),
        ({"predictions": [1, "2"]}, "row 0: a prediction is a string, not 1"),
        ({"prompts": ["one", 2]}, "row 1: a prompt is a string, not 2"),
        ({"levels": [1, 2.5]}, "row 1: a level is an int or a string, not 2.5"),
    ],
)
def test_a_broken_test_is_an_error_that_says_where(metric, changed, message):
    whole = {"predictions": ["1", "2"], "references": ["1", "2"], "levels": [1, 2], "notations": ["HLXL", "HLXL"]}
    with pytest.raises(ValueError, match=message):
        metric.compute(**{**whole, **changed})
    assert metric.compute(**whole)["overall"]["exact_accuracy"] == 1.0


@pytest.mark.parametrize("notation", NULLS)
def test_no_prediction_raises_or_takes_long(metric, notation):
    hostile = [
        "[" * 1_000_000,
        "🜃" * 300_000,
        "{a:" * 300_000,
        '"' + "\\" * 1_000_000,
        'b"' + "\\x" * 500_000,
        "9" * 1_000_000,
        "1.0e" + "9" * 1_000_000,
        "a" + "\u0301\u0323" * 500_000,  # marks that Unicode normalisation sorts in quadratic time
        "\ufdfa" * 100_000,  # NFKC makes 18 characters of each
        "\n" * 1_000_000 + "x",
        "\x00",
        "\x00" * 1_000,
        "\ud800",
        '"\ud800"',
        '"\ud83d\ude00"',  # two lone surrogates are no emoji
        "\udcff" * 1_000,
    ]
    started = time.monotonic()
    results = metric.compute(
        predictions=hostile,
        references=[NULLS[notation]] * len(hostile),
        levels=[1] * len(hostile),
        notations=[notation] * len(hostile),
        prompts=hostile[::-1],
    )
    assert time.monotonic() - started < 10
    assert results["overall"]["exact_accuracy"] == 0
    if notation in NOTATIONS:
        assert results["outcomes"][-4:-1] == ["malformed"] * 3
    else:
        assert results["overall"]["valid_share"] == 1.0


def test_rows_can_be_added_one_by_one_and_in_batches(metric):
    metric.add(prediction="1", reference="1", levels=1, notations="HLXL")
    metric.add_batch(predictions=["\ud800"], references=[["1", "2"]], levels=["1"], notations=["HLXL"])
    results = metric.compute()
    assert results["outcomes"] == ["exact", "malformed"]
    assert results["by_level"]["1"]["count"] == 2


@pytest.mark.parametrize("path", [FOLDER, str(ROOT / FOLDER)], ids=["relative", "absolute"])
def test_evaluate_loads_the_folder(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    loaded = evaluate.load(path)
    assert loaded.name == "english_comprehension"
    assert "hlx_hf" in loaded.citation
    assert outcome(loaded, OPEN, OPEN) == "exact"


def test_two_metrics_at_once_keep_their_rows_apart(monkeypatch):
    monkeypatch.chdir(ROOT)
    for load in (load_metric, lambda: evaluate.load(FOLDER)):
        first, second = load(), load()
        first.add_batch(predictions=["1"], references=["1"], levels=[1], notations=["HLXL"])
        second.add_batch(predictions=["[", "2"], references=["1", "1"], levels=[1, 1], notations=["HLXL"] * 2)
        assert second.compute()["outcomes"] == ["malformed", "wrong_value"]
        assert first.compute()["outcomes"] == ["exact"]


def test_processes_in_other_folders_load_and_score_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf_home"))
    script = (
        "import sys; from hlx_hf import load_metric; n = int(sys.argv[1]); metric = load_metric();"
        "r = metric.compute(predictions=['1'] * n, references=['1'] * n, levels=[1] * n, notations=['HLXL'] * n);"
        "print(r['overall']['count'], r['overall']['exact_accuracy'])"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(count)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for count in (1, 2)
    ]
    for count, process in enumerate(started, 1):
        output, errors = process.communicate(timeout=120)
        assert output.split() == [str(count), "1.0"], errors


def test_the_examples_in_the_docstring_run(monkeypatch):
    monkeypatch.chdir(ROOT)
    module = importlib.import_module(f"{FOLDER}/english_comprehension".replace("/", "."))
    failed, attempted = doctest.testmod(module)
    assert attempted >= 4
    assert failed == 0
