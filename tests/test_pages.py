"""The pages: what they name exists, and their examples print what they say."""

import doctest
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
# but for corpora, the template of cards, and what is written about a model when it is tested
DATA = re.compile(r"hlx_hf/corpus/data/|hlx_hf/models/\w+/|model_cards/template.md")
PAGES = [ROOT / path for path in TRACKED if path.endswith(".md") and not DATA.match(path)]
FOLDERS = "recipes|tests|dataset_scripts|hlx_hf|tokenizer|model_cards"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_page_names_is_there(page):
    text = page.read_text()
    missing = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (page.parent / link).exists()]
    paths = set(re.findall(rf"(?<![\w/.-])(?:{FOLDERS})/[\w/.-]*\w", text))
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_print_what_the_page_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_there_is_a_page_for_every_part():
    parts = {path.parent.relative_to(ROOT).as_posix() for path in PAGES}
    assert {".", "hlx_hf/formats", "tokenizer", "dataset_scripts", "hlx_hf/metrics/english_comprehension"} <= parts
    assert {"recipes", "model_cards", "tests", "hlx_hf", "hlx_hf/decoding"} <= parts
