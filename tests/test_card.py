"""Model cards: metadata that the Hub takes and gives back, results, and limitations that fit the phase."""

import importlib.util
import json
import re
import shutil
import struct
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard import metadata_load
from huggingface_hub.repocard_data import model_index_to_eval_results

from hlx_hf.evaluation.card import HEADING, add_results, eval_results
from hlx_hf.inference import MODELS, SHIPPED_MODELS
from hlx_hf.training import parse_arguments
from hlx_hf.training.card import make_card

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "model_cards" / "template.md"
CONFIGS = ROOT / "recipes" / "configs"
VALIDATE = "import sys; from huggingface_hub import ModelCard; ModelCard.load(sys.argv[1]).validate()"


def card_of(config: str, *options: str) -> ModelCard:
    arguments = parse_arguments(CONFIGS / f"{config}.yaml", ["--use_cpu", "true", *options])
    return make_card(arguments, "result", {"epochs": "30"}, has_plot=True, template=TEMPLATE)


def report_of(name: str) -> dict:
    return json.loads((MODELS / name / "evaluation.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ship():
    spec = importlib.util.spec_from_file_location("ship", ROOT / "recipes" / "ship.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_the_card_of_a_shipped_model_is_what_ship_makes_of_its_files(ship, name):
    assert str(ship.card_of(name)) == (MODELS / name / "README.md").read_text(), "run: python recipes/ship.py --cards"


def test_the_figures_on_the_first_page_are_those_of_the_results(ship):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert ship.with_figures(page) == page, "run: python recipes/ship.py --cards"
    figure = re.search(r"\d+\.\d% \(.+?\)", page).group()
    assert ship.with_figures(page.replace(figure, "?", 1)) == page


def test_a_shipped_model_that_searches_has_a_picture_of_its_results(ship, tmp_path, monkeypatch):
    for name in SHIPPED_MODELS:
        shutil.copytree(MODELS / name, tmp_path / name, ignore=shutil.ignore_patterns("*.png", "*.safetensors"))
    shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.setattr(ship, "MODELS", tmp_path)
    monkeypatch.setattr(ship, "OVERVIEW", tmp_path / "README.md")
    monkeypatch.setattr(sys, "argv", ["ship.py", "--cards"])
    ship.main()
    (picture,) = tmp_path.rglob("*.png")
    assert picture.parent.name == "english"
    height, width = struct.unpack(">II", picture.read_bytes()[16:24])[::-1]  # PNG's header
    assert width > height > 40 * len(report_of("english")["splits"])


def test_a_model_comes_into_the_package_once_its_tests_have_run_through(ship, tmp_path, monkeypatch):
    package, result = tmp_path / "package", tmp_path / "result"
    shipped = shutil.copytree(MODELS / "hlx_only", package / "hlx_only")
    before = {path.name: path.read_bytes() for path in shipped.iterdir()}
    shutil.copytree(shipped, result)
    (result / "model.safetensors").write_bytes(b"other weights")
    state = {"global_step": 9, "epoch": 3.0, "log_history": [{"step": 9, "loss": 0.5}]}
    (result / "trainer_state.json").write_text(json.dumps(state))
    shutil.copytree(MODELS / "english", package / "english", ignore=shutil.ignore_patterns("*.png", "*.safetensors"))
    overview = shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.setattr(ship, "MODELS", package)
    monkeypatch.setattr(ship, "OVERVIEW", Path(overview))
    monkeypatch.setattr(sys, "argv", ["ship.py", str(result), "hlx_only"])

    monkeypatch.setattr(sys, "executable", shutil.which("false"))  # in place of the tests, which take minutes
    with pytest.raises(SystemExit, match="a test has failed"):
        ship.main()
    assert {path.name: path.read_bytes() for path in shipped.iterdir()} == before

    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    ship.main()
    assert (shipped / "model.safetensors").read_bytes() == b"other weights"
    assert json.loads((shipped / "training.json").read_text())["runs"][-1]["steps"] == 9
    assert (shipped / "evaluation.json").read_bytes() == before["evaluation.json"]
    assert "| loss at the end | 0.5000 |" in (shipped / "README.md").read_text()


@pytest.mark.parametrize("name", SHIPPED_MODELS)
def test_the_metadata_comes_back_with_every_result(name):
    metadata = metadata_load(MODELS / name / "README.md")
    assert ModelCardData(**metadata).to_dict() == metadata
    assert metadata["pipeline_tag"] == "text-generation"
    assert metadata["license"] == "apache-2.0"
    assert metadata.get("language") == ("en" if name == "english" else None)
    _, results = model_index_to_eval_results(metadata["model-index"])
    assert results == eval_results(report_of(name))
    assert {result.dataset_config for result in results} == set(report_of(name)["splits"])


def test_the_hub_takes_the_cards(hub, tmp_path):
    card_of("baseline_tiny").save(tmp_path / "README.md")
    for card in (tmp_path / "README.md", *MODELS.glob("*/README.md")):
        hub.run("-c", VALIDATE, card)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("language: en", "language: English", "must not be 'English'"),
        ("pipeline_tag: text-generation", "pipeline_tag: hlx", "must not be 'hlx'"),
        ("type: hlx-corpora", "type: HLX corpora", "must be the name of a dataset"),
    ],
)
def test_the_hub_finds_a_wrong_card(hub, tmp_path, right, wrong, message):
    text = (MODELS / "english" / "README.md").read_text()
    assert right in text
    (tmp_path / "README.md").write_text(text.replace(right, wrong, 1))
    with pytest.raises(RuntimeError, match=message):
        hub.run("-c", VALIDATE, tmp_path / "README.md")


def test_the_results_are_the_last_section_and_replaced_by_newer_ones(tmp_path):
    card = card_of("english_tiny")
    assert HEADING not in str(card)
    card.save(tmp_path / "README.md")
    for name in ("hlx_only", "english"):
        card = ModelCard.load(tmp_path / "README.md")
        add_results(card, report_of(name))
        card.save(tmp_path / "README.md")
    assert metadata_load(tmp_path / "README.md")["model-index"][0]["name"] == "result"
    assert str(card).count(HEADING) == 1
    assert "| all_variants | 164 |" in card.text
    assert card.data.eval_results == eval_results(report_of("english"))


@pytest.mark.parametrize(
    ("config", "said", "unsaid"),
    [
        ("baseline_tiny", ["knows it by heart", "its sentences"], ["never read English", "catalogue"]),
        ("hlx_only_tiny", ["knows it by heart", "its values", "never read English"], ["catalogue"]),
        ("english_tiny", ["catalogue", "cannot"], ["by heart", "never read English"]),
        ("engine_tiny", ["drawn at random", "never read English"], ["by heart", "catalogue"]),
    ],
)
def test_the_limitations_are_those_of_the_phase(config, said, unsaid):
    text = card_of(config).text
    assert [words for words in said if words not in text] == []
    assert [words for words in unsaid if words in text] == []
    assert "expect nothing of the answers" not in text
    assert "ended after 2 steps" in card_of(config, "--max_steps", "2").text


def test_a_card_says_no_local_path(tmp_path):
    start = tmp_path / "start"
    start.mkdir()
    card = card_of("baseline_tiny", "--data_files", str(tmp_path / "own.md"), "--model_name_or_path", str(start))
    assert str(tmp_path) not in str(card)
    assert "| corpus | own.md |" in card.text
    assert "| started from | start |" in card.text
    assert card.data.base_model is None
    assert card.data.datasets is None
    assert card_of("baseline_tiny", "--model_name_or_path", "user/model").data.base_model == "user/model"
    assert card_of("baseline_tiny", "--model_name_or_path", "runs/gone/model").data.base_model is None
