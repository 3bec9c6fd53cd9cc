"""Puts a trained model into the package: its weights, how it was trained, what it can do, and its card.

    python recipes/ship.py runs/english_tiny/english_tiny_epoch96 english
    python recipes/ship.py runs/engine_tiny/engine_tiny_epoch96 hlx_only
    python recipes/ship.py --cards    # writes the cards of the package's models anew, from what is beside them

Tests the model on every split first, which takes some minutes, and leaves the results beside the weights. The tests of
the package hold a shipped model to them.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from huggingface_hub import ModelCard

from hlx_hf import HLXConfig
from hlx_hf.evaluation.card import add_results
from hlx_hf.evaluation.report import COMPREHENSION, HLX_TO_HLX, REPORT_SPLITS
from hlx_hf.inference import MODELS, SHIPPED_MODELS
from hlx_hf.training import parse_arguments
from hlx_hf.training.card import make_card
from hlx_hf.training.hardware import count_parameters

RECIPES = Path(__file__).parent
TEMPLATE = RECIPES.parent / "model_cards" / "template.md"
CONFIGS = {"english": RECIPES / "configs" / "english_tiny.yaml", "hlx_only": RECIPES / "configs" / "engine_tiny.yaml"}
MODEL_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
TRAINING = "training.json"
RESULTS = "evaluation.json"
LOGGED_POINTS = 40  # of the loss, from the first to the last
SPLITS = {
    "english": REPORT_SPLITS,
    "hlx_only": (HLX_TO_HLX, COMPREHENSION),
}


def main() -> None:
    """Copies, tests, and writes down how the training went; or writes the cards alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "result", type=Path, nargs="?", help="folder that a recipe saved its result in, or a checkpoint"
    )
    parser.add_argument("name", nargs="?", choices=SHIPPED_MODELS, help="what the package calls the model")
    parser.add_argument("--cards", action="store_true", help="write all cards anew and do nothing else")
    arguments = parser.parse_args()
    if arguments.cards:
        for name in SHIPPED_MODELS:
            card_of(name).save(MODELS / name / "README.md")
        return
    if arguments.name is None:
        parser.error("name the folder of the result, and what the package calls the model")
    missing = [name for name in (*MODEL_FILES, "trainer_state.json") if not (arguments.result / name).is_file()]
    if missing:
        parser.error(f"{arguments.result} is not the result of a recipe: it has no {missing[0]}")

    folder = MODELS / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODEL_FILES:
        shutil.copyfile(arguments.result / name, folder / name)
    state = json.loads((arguments.result / "trainer_state.json").read_text())
    with (folder / "model.safetensors").open("rb") as weights:
        training = {"sha256": hashlib.file_digest(weights, "sha256").hexdigest(), **summary(state)}
    (folder / TRAINING).write_text(json.dumps(training, indent=2) + "\n")
    command = [sys.executable, RECIPES / "evaluation.py", "--model", folder, "--splits", *SPLITS[arguments.name]]
    subprocess.run(list(map(str, command)), check=True)
    card_of(arguments.name).save(folder / "README.md")


def summary(state: dict) -> dict:
    """What a `trainer_state.json` says of a training: its length, and the loss at some of its steps."""
    logged = [entry for entry in state["log_history"] if "loss" in entry]
    every = max(1, len(logged) // LOGGED_POINTS)
    kept = [*logged[:-1:every], logged[-1]]
    return {
        "steps": state["global_step"],
        "epochs": round(state["epoch"], 3),
        "batch_size": state["train_batch_size"],
        "examples": state["global_step"] * state["train_batch_size"],
        "loss": {entry["step"]: float(entry["loss"]) for entry in kept},
    }


def card_of(name: str) -> ModelCard:
    """The card of a model of the package, of its configuration and what is beside its weights."""
    folder = MODELS / name
    training, report = (json.loads((folder / file).read_text(encoding="utf-8")) for file in (TRAINING, RESULTS))
    outcome = {
        "parameters": f"{count_parameters(HLXConfig.from_pretrained(folder)):,}",
        "epochs": f"{training['epochs']:g}",
        "examples": f"{training['examples']:,}",
        "loss at the end": f"{list(training['loss'].values())[-1]:.4f}",
    }
    arguments = parse_arguments(CONFIGS[name], [])
    title = f"hlx-{CONFIGS[name].stem.replace('_', '-')}"
    card = make_card(arguments, title, outcome, has_plot=False, template=TEMPLATE)
    add_results(card, report)
    return card


if __name__ == "__main__":
    main()
