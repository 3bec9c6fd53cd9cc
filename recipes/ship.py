"""Puts a trained model into the package: its weights, how it was trained, and what it can do.

    python recipes/ship.py runs/english_tiny/english_tiny_epoch96 english
    python recipes/ship.py runs/engine_tiny/engine_tiny_epoch96 hlx_only

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

from hlx_hf.evaluation.report import COMPREHENSION, HLX_TO_HLX, REPORT_SPLITS
from hlx_hf.inference import MODELS, SHIPPED_MODELS

RECIPES = Path(__file__).parent
MODEL_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
TRAINING = "training.json"
LOGGED_POINTS = 40  # of the loss, from the first to the last
SPLITS = {
    "english": (*REPORT_SPLITS, "all_variants"),
    "hlx_only": (HLX_TO_HLX, COMPREHENSION),
}


def main() -> None:
    """Copies, tests, and writes down how the training went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="folder that a recipe saved its result in, or a checkpoint")
    parser.add_argument("name", choices=SHIPPED_MODELS, help="what the package calls the model")
    arguments = parser.parse_args()
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


if __name__ == "__main__":
    main()
