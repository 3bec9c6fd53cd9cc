"""Phase 3, and again after phase 4: the 28 English comprehension tests on any checkpoint.

    python recipes/comprehension.py --model runs/baseline_tiny/checkpoint_tiny_baseline_epoch30

Answers are constrained to the grammar of the notation, and decoded greedily, whatever the model has its users do.
Writes every prompt, output and score to `english_comprehension_results.json` in the folder of the model, in the
current one for a model of the Hub, or where `--output` says.
"""

import argparse
import json
import sys
from pathlib import Path

from transformers.utils import logging

from hlx_hf.evaluation import comprehension_table, run_comprehension
from hlx_hf.evaluation.generation import load_model
from hlx_hf.files import COMPREHENSION_RESULTS, write_whole

SETTINGS = {"constrained": True, "num_beams": 1}  # as `recipes/evaluation.py` tests a model


def main() -> None:
    """Tests one model, writes its results and prints them by level."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder or Hub id of the model")
    parser.add_argument("--output", type=Path, help=f"file of the results; {COMPREHENSION_RESULTS} by default")
    arguments = parser.parse_args()
    logging.disable_progress_bar()  # of reading weights
    folder = Path(arguments.model) if Path(arguments.model).is_dir() else Path()
    output = arguments.output or folder / COMPREHENSION_RESULTS

    try:
        translate, *_ = load_model(arguments.model, **SETTINGS)
        results = {**SETTINGS, **run_comprehension(translate, arguments.model)}
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    write_whole(output, json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    print(comprehension_table({Path(arguments.model).name: results}))
    print(f"every prompt and output: {output}")


if __name__ == "__main__":
    main()
