"""The benchmarks as a user starts them, and the report that they share."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hlx_hf.lines_hlx import NOTATIONS

BENCHMARKS = Path(__file__).parents[1] / "recipes" / "benchmarks"


@pytest.fixture
def reporting(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import reporting

    return reporting


def benchmark(name, *options):
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)


def test_codecs_measures_every_form_and_ends_with_one_json_object():
    run = benchmark("codecs", "--repeats", 2, "--json")
    assert (run.returncode, run.stderr) == (0, "")
    *text, last = run.stdout.splitlines()
    report = json.loads(last)
    assert (report["benchmark"], report["repeats"], report["unit"]) == ("codecs", 2, "MB/s")
    assert report["machine"]["cores"] >= 1
    assert {"hlx_hf", "tokenizers"} <= report["versions"].keys()

    one_by_one, together = report["results"][:5], report["results"][5:]
    for rows in (one_by_one, together):
        assert [row["form"] for row in rows] == [*NOTATIONS, "wire form"]
        for row in rows:
            figures = [cell for cell in row.values() if isinstance(cell, dict)]
            assert len(figures) == (2 if row["form"] == "wire form" else 5)
            assert all(0 < cell["low"] <= cell["median"] <= cell["high"] for cell in figures)
            assert all(cell["runs"] == 2 for cell in figures)
    # the array has the same values, and only commas more
    assert all(1 <= whole["MB"] / apart["MB"] < 1.1 for apart, whole in zip(one_by_one, together, strict=True))

    table = [line for line in text if line.startswith("|")]
    assert len(table) == 2 + len(report["results"])
    assert table[0].split(" | ")[1:3] == ["form", "MB"]


def test_a_figure_is_the_median_with_its_spread(reporting):
    figure = reporting.Figure.of([3.0, 1.0, 200.0])
    assert (figure.median, figure.low, figure.high, figure.runs) == (3.0, 1.0, 200.0, 3)
    assert str(figure) == "3 (1–200)"


def test_each_run_is_timed_but_the_first(reporting):
    calls = []
    seconds = reporting.time_runs(lambda: calls.append(None), 4)
    assert (len(calls), len(seconds)) == (5, 4)
    assert all(run >= 0 for run in seconds)


def test_a_table_has_numbers_on_the_right_and_a_dash_for_what_is_not_measured(reporting):
    rows = [{"form": "LC-R", "MB": 0.1}, {"form": "LC-T", "MB": None}]
    assert reporting.table(rows) == "| form | MB |\n| --- | ---: |\n| LC-R | 0.1 |\n| LC-T | – |"


def test_no_runs_at_all_are_refused(reporting, capsys):
    with pytest.raises(SystemExit, match="2"):
        reporting.benchmark_parser("").parse_args(["--repeats", "0"])
    assert "--repeats: must be at least 1, not 0" in capsys.readouterr().err


def test_training_is_measured_beside_the_plain_loop_and_pads_little():
    run = benchmark("training", "--repeats", 1, "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    plain, recipe = report["results"]
    assert report["ratio"] == pytest.approx(report["real_tokens_per_s"] / report["plain_loop_real_tokens_per_s"])
    assert plain["real share"] < 0.35
    assert recipe["real share"] > 0.95


def test_memory_measures_a_step_without_a_gpu_and_says_what_it_is():
    run = benchmark("memory", "--cpu", "--preset", "tiny", "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    assert report["memory"] == "resident on a CPU"
    assert 0.1 < report["peak_gb"]["deep_reasoning_1b_8gb"] < 3


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure")
def test_without_a_gpu_memory_says_so():
    run = benchmark("memory")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error: there is no GPU to measure; --cpu")
