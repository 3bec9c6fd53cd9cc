"""Puts a trained model into the package: its weights, how it was trained, what it can do, and its card.

    python recipes/ship.py runs/english_tiny_programs/english_tiny_programs_epoch120 english
    python recipes/ship.py runs/engine_tiny_looped/engine_tiny_looped_epoch42 hlx_only
    python recipes/ship.py --cards    # writes cards, pictures and the figures of README.md anew, from the results

Tests the model on every split first, which takes half an hour or so, and leaves the results beside the weights;
greedily, and where its users have it search, in that way too. If a test fails, the package stays as it was. The tests
of the package hold a shipped model to the results. An earlier training that it goes on from need not be on this
machine: what is on record of it stays.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from itertools import chain, islice
from pathlib import Path

from huggingface_hub import ModelCard
from transformers import GenerationConfig

from hlx_hf import HLXConfig
from hlx_hf.corpus.generator.selection import EVERYDAY, TRAINING
from hlx_hf.corpus.generator.sentences import SentenceGenerator
from hlx_hf.corpus.generator.stream import CHUNK_SIZE
from hlx_hf.corpus.splits import reserved_sentences
from hlx_hf.decoding.coverage import Lexicon
from hlx_hf.evaluation.card import add_results
from hlx_hf.evaluation.plot import plot_splits
from hlx_hf.evaluation.report import COMPREHENSION, HLX_TO_HLX, REPORT_SPLITS, scores_of, share_of
from hlx_hf.files import EVALUATION_RESULTS, SEARCH_RESULTS, TRAINER_STATE, TRAINING_RECORD
from hlx_hf.inference import MODELS, SHIPPED_MODELS
from hlx_hf.training import PhaseArguments, parse_arguments
from hlx_hf.training.card import make_card
from hlx_hf.training.hardware import count_parameters

RECIPES = Path(__file__).parent
TEMPLATE = RECIPES.parent / "model_cards" / "template.md"
OVERVIEW = RECIPES.parent / "README.md"  # has a table with a row for each split
CONFIGS = RECIPES / "configs"
LAST_RUNS = {"english": "english_tiny_programs", "hlx_only": "engine_tiny_looped"}
"""The configuration of the training that each model is the result of; it names the result that it goes on from."""

NUM_BEAMS = {"english": 6}  # answers that a model looks for if nothing else is said; the others decode greedily
SEARCH_BATCH_SIZE = 8  # more would not fit into the caches of a CPU
LEXICON_SENTENCES = 60_000  # of each way to draw them
MODEL_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
PICTURE = "evaluation.png"
LOGGED_POINTS = 40  # of the loss, from the first to the last
SPLITS = {  # of what the training of each was for
    "english": tuple(split for split in REPORT_SPLITS if split != HLX_TO_HLX),
    "hlx_only": (HLX_TO_HLX, COMPREHENSION),
}


def main() -> None:
    """Copies a model, tests it, and puts it into the package if no test fails; or writes the cards alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "result", type=Path, nargs="?", help="folder that a recipe saved its result in, or a checkpoint"
    )
    parser.add_argument("name", nargs="?", choices=SHIPPED_MODELS, help="what the package calls the model")
    parser.add_argument("--cards", action="store_true", help="write what is made of the results anew, and no more")
    arguments = parser.parse_args()
    if arguments.cards:
        for name in SHIPPED_MODELS:
            present(name)
        present_figures()
        return
    if arguments.name is None:
        parser.error("name the folder of the result, and what the package calls the model")
    missing = [name for name in (*MODEL_FILES, TRAINER_STATE) if not (arguments.result / name).is_file()]
    if missing:
        parser.error(f"{arguments.result} is not the result of a recipe: it has no {missing[0]}")
    folder = MODELS / arguments.name
    try:
        settings = settings_of(arguments.name)[-1]
        runs = [*earlier_runs(arguments.name, folder / TRAINING_RECORD), summary(arguments.result, settings)]
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is not there, and there is no record of it: train it first")

    with tempfile.TemporaryDirectory() as parent:
        aside = Path(parent) / arguments.name  # by which the reports call the model
        write_model(arguments.result, aside, runs)
        evaluate(aside)
        shutil.copytree(aside, folder, dirs_exist_ok=True)
    present(arguments.name)
    present_figures()


def write_model(result: Path, folder: Path, runs: list[dict]) -> None:
    """Makes a folder of the model that bears its name: what its users load, and the record of its trainings."""
    folder.mkdir()
    for name in MODEL_FILES:
        shutil.copyfile(result / name, folder / name)
    if folder.name in NUM_BEAMS:
        lexicon().save(folder)
        generation_config = GenerationConfig.from_pretrained(folder)
        generation_config.num_beams = NUM_BEAMS[folder.name]
        generation_config.save_pretrained(folder)
    with (folder / "model.safetensors").open("rb") as weights:
        checksum = hashlib.file_digest(weights, "sha256").hexdigest()
    training = {"sha256": checksum, "runs": runs}
    (folder / TRAINING_RECORD).write_text(json.dumps(training, indent=2) + "\n")


def evaluate(folder: Path) -> None:
    """Leaves the results of all tests in the folder of a model; ends the process if one fails."""
    command = [sys.executable, RECIPES / "evaluation.py", "--model", folder, "--splits", *SPLITS[folder.name]]
    tests = [command]
    if folder.name in NUM_BEAMS:
        options = ("--to_hlx_only", "--num_beams", NUM_BEAMS[folder.name], "--batch_size", SEARCH_BATCH_SIZE)
        tests.append([*command, *options, "--output", folder / SEARCH_RESULTS])
    processes = [subprocess.Popen(list(map(str, test))) for test in tests]  # side by side, for each takes one core
    exit_codes = [process.wait() for process in processes]
    if any(exit_codes):
        sys.exit("error: a test has failed, see above")


def lexicon() -> Lexicon:
    """The words of sentences as an English model is trained on."""
    excluded = reserved_sentences()
    generators = [
        SentenceGenerator(f"lexicon {name}", selection, excluded)
        for name, selection in {"training": TRAINING, "everyday": EVERYDAY}.items()
    ]
    return Lexicon.of(chain.from_iterable(islice(generator, LEXICON_SENTENCES) for generator in generators))


def earlier_runs(name: str, record: Path) -> list[dict]:
    """Summaries of the trainings that the last one behind a model goes on from, in their order.

    Raises:
        FileNotFoundError: the result of one is neither on this machine nor in the record.
    """
    settings = settings_of(name)
    results = [Path(later.model_name_or_path) for later in settings[1:]]
    recorded = json.loads(record.read_text())["runs"] if record.is_file() else []
    return [
        recorded[number] if number < len(recorded) and not (result / TRAINER_STATE).is_file() else summary(result, own)
        for number, (result, own) in enumerate(zip(results, settings, strict=False))
    ]


def settings_of(name: str) -> list[PhaseArguments]:
    """The settings of the trainings behind a model, in their order: each goes on from the result of the one before."""
    settings = [parse_arguments(CONFIGS / f"{LAST_RUNS[name]}.yaml", [])]
    while start := settings[0].model_name_or_path:
        run = Path(start).parent.name  # whose output_dir is named after its configuration
        settings.insert(0, parse_arguments(CONFIGS / f"{run}.yaml", []))
    return settings


def summary(result: Path, settings: PhaseArguments) -> dict:
    """What the `trainer_state.json` of a training on generated examples says: its length, and the loss on the way."""
    state = json.loads((result / TRAINER_STATE).read_text())
    logged = [entry for entry in state["log_history"] if "loss" in entry]
    every = max(1, len(logged) // LOGGED_POINTS)
    kept = [*logged[:-1:every], logged[-1]]
    examples = round(state["epoch"] * settings.chunks_per_epoch * CHUNK_SIZE)
    return {
        "steps": state["global_step"],
        "epochs": round(state["epoch"], 3),
        "batch_size": round(examples / state["global_step"]),  # of a step, of all processes together
        "examples": examples,
        "loss": {entry["step"]: float(entry["loss"]) for entry in kept},
    }


def present(name: str) -> None:
    """Writes the card of a model of the package and, where it searches, a picture of what came of the splits."""
    folder = MODELS / name
    card_of(name).save(folder / "README.md")
    if name in NUM_BEAMS:
        ways = {"search, as the pipeline answers": SEARCH_RESULTS, "greedy decoding": EVALUATION_RESULTS}
        reports = {way: json.loads((folder / file).read_text(encoding="utf-8")) for way, file in ways.items()}
        plot_splits(reports, folder / PICTURE, f"{name}, {reports['greedy decoding']['parameters']:,} parameters")


def present_figures() -> None:
    """Writes what came of each split into the table of the first page, and what scores are worth below it."""
    OVERVIEW.write_text(with_figures(OVERVIEW.read_text(encoding="utf-8")), encoding="utf-8")


def with_figures(page: str) -> str:
    """A page with what came of each split in the row of its table that begins with the split's name, and of the scores.

    The cells are the right values of the English model by search and greedily, and how much of its English it puts
    back; one notation into another is asked of the engine alone, which does not search.
    """
    searched, greedy, engine = (
        json.loads((MODELS / name / file).read_text(encoding="utf-8"))["splits"]
        for name, file in (
            ("english", SEARCH_RESULTS),
            ("english", EVALUATION_RESULTS),
            ("hlx_only", EVALUATION_RESULTS),
        )
    )
    greedy[HLX_TO_HLX] = engine[HLX_TO_HLX]

    def right(results: dict, split: str) -> str:
        if split not in results:
            return ""
        scores, rows = scores_of(split, results[split])
        return share_of(scores["overall"], rows)

    def with_cells(row: re.Match) -> str:
        split = row["split"]
        back = greedy.get(split, {}).get("to_english", {}).get("round_trip")
        cells = right(searched, split), right(greedy, split), share_of(back["overall"], back["rows"]) if back else ""
        return row["head"] + "".join(f" {cell} |" if cell else " |" for cell in cells)

    def shares(split: str) -> tuple[str, str]:
        """The mean score of a split's answers by search, and how many of them are right."""
        scores, _ = scores_of(split, searched[split])
        return f"{scores['calibration']['mean_score']:.0%}", f"{scores['overall']['exact_accuracy']:.0%}"

    chosen = searched["everyday"]["to_hlx"]["calibration"]["accuracy_at_90_coverage"]
    (requests, right_requests), (phrasing, right_phrasing) = shares("requests"), shares("new_phrasing")
    worth = (
        f"Of the 90% of `everyday` with the highest scores {chosen:.0%} are right. Scores of `requests` are {requests} "
        f"on average, and {right_requests} of these answers are right; for `new_phrasing` it is {phrasing} and "
        f"{right_phrasing}."
    )
    page = re.sub(r"Of the 90% of `everyday`.*?\n\n", textwrap.fill(worth, 120) + "\n\n", page, flags=re.DOTALL)
    return re.sub(r"^(?P<head>\| `(?P<split>\w+)`: [^|]+\|).*$", with_cells, page, flags=re.MULTILINE)


def card_of(name: str) -> ModelCard:
    """The card of a model of the package, of its configuration and what is beside its weights."""
    folder = MODELS / name
    training, report = (
        json.loads((folder / file).read_text(encoding="utf-8")) for file in (TRAINING_RECORD, EVALUATION_RESULTS)
    )
    runs = training["runs"]
    outcome = {
        "parameters": f"{count_parameters(HLXConfig.from_pretrained(folder)):,}",
        "epochs": " and then ".join(f"{run['epochs']:g}" for run in runs),
        "examples": f"{sum(run['examples'] for run in runs):,}",
        "loss at the end": f"{list(runs[-1]['loss'].values())[-1]:.4f}",
    }
    settings = settings_of(name)
    title = f"hlx-{Path(settings[0].output_dir).name.replace('_', '-')}"
    card = make_card(settings[-1], title, outcome, has_plot=False, template=TEMPLATE, shipped_as=name)
    add_results(card, report)
    if name in NUM_BEAMS:
        table = Path(SEARCH_RESULTS).with_suffix(".md")
        search = f"a search of {NUM_BEAMS[name]} beams, as the pipeline answers"
        card.text += f"\nThat is greedy decoding. What comes of {search}, is in [{table}]({table}).\n"
    return card


if __name__ == "__main__":
    main()
