"""The dataset script: what it writes is read back by `datasets`, and its check tells problems."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from datasets import load_dataset
from in_process import run_script

from hlx_hf import load_corpus
from hlx_hf.corpus import CORPORA

SCRIPT = Path(__file__).parents[1] / "dataset_scripts" / "hlx_corpora.py"
# one process makes all pushes, and another all loads: most of their time goes into their start
PUSHES = """
import runpy, sys
script = sys.argv[1]
for options in (["user/corpora"], ["user/corpora"], ["user/private", "--private"], ["user/public", "--public"]):
    sys.argv = [script, "--push-to-hub", *options]
    runpy.run_path(script, run_name="__main__")
"""
LOADS = """
from datasets import load_dataset
for name in (None, "hlx_only", "comprehension"):
    print({split: rows.num_rows for split, rows in load_dataset("user/corpora", name).items()})
"""

run = partial(run_script, SCRIPT)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    command = [sys.executable, SCRIPT, "--export", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.parametrize("name", CORPORA)
def test_an_export_is_read_back_the_same(exported, tmp_path, name):
    corpus = load_corpus(name)
    loaded = load_dataset(str(exported), name, split=corpus.split, cache_dir=str(tmp_path))
    assert loaded.features == corpus.features
    assert loaded.to_list() == corpus.to_list()


def test_all_variants_is_the_default(exported, tmp_path):
    assert load_dataset(str(exported), cache_dir=str(tmp_path))["train"].num_rows == 164


def test_the_card_says_what_there_is(exported):
    card = (exported / "README.md").read_text()
    assert "| `hlx_only` | train | 656 | notation, text |" in card
    assert "license: apache-2.0" in card


def test_own_markdown_is_exported_without_our_licence(tmp_path):
    (tmp_path / "corpus.md").write_text("English: one\nHLXL: 1\n\nLC-R: ∅\n")
    assert run("--export", tmp_path / "out", "--data-files", tmp_path / "corpus.md").returncode == 0
    loaded = load_dataset(str(tmp_path / "out"), "all_variants", split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["english"][:] == ["one", None]
    assert loaded["lc_t"][:] == ["1", "NULL"]
    assert "license" not in (tmp_path / "out" / "README.md").read_text()


def test_check_tells_problems_with_file_and_line(tmp_path):
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("English: one\nHLXL: 1\n")
    bad.write_text("English: one\nHLXL: 1\nLC-T: 2\n\nHLXL: [\n")
    done = run("--check", good)
    assert (done.returncode, done.stdout) == (0, f"{good}: blocks: 1, without English: 0, problems: 0\n")
    done = run("--check", good, bad)
    assert done.returncode == 1
    assert f"{bad}:3: the notations disagree" in done.stdout
    assert f"{bad}:5: HLXL is malformed: E_TRUNCATED" in done.stdout


def test_a_corpus_with_problems_is_not_exported(tmp_path):
    (tmp_path / "bad.md").write_text("HLXL: [\n")
    done = run("--export", tmp_path / "out", "--data-files", tmp_path / "bad.md")
    assert done.returncode == 1
    assert f"{tmp_path / 'bad.md'}:1: HLXL is malformed" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_one_action_is_asked_for(tmp_path):
    assert "one of the arguments --export --push-to-hub --check is required" in run().stderr
    assert "not allowed with argument" in run("--export", tmp_path, "--check", "corpus.md").stderr
    assert "--check names its files itself" in run("--check", "a.md", "--data-files", "b.md").stderr


def test_a_push_is_private_by_default_and_keeps_every_configuration_and_the_default(hub):
    hub.run("-c", PUSHES, SCRIPT, HF_DATASETS_CACHE=os.environ["HF_DATASETS_CACHE"])  # where the corpora are
    for repo, private in {"user/corpora": True, "user/private": True, "user/public": False}.items():
        assert hub.private(repo, "dataset") == private
        card = hub.read(repo, "README.md", "dataset").decode()
        assert card.count("default: true") == 1  # which a second push must not take away
    assert hub.run("-c", LOADS).splitlines() == ["{'train': 164}", "{'train': 656}", "{'test': 28}"]
