"""Trains on generated sentences: a model that understands what it was never shown.

    accelerate launch recipes/understanding.py                                                  # English both ways
    accelerate launch recipes/understanding.py --config recipes/configs/engine_tiny.yaml        # HLX alone

Every setting of the YAML file can be given on the command line under the same name; `--help` lists them.
"""

from pathlib import Path

from hlx_hf.training import parse_arguments, run_phase

CONFIG = Path(__file__).parent / "configs" / "english_tiny.yaml"
CARD = Path(__file__).parents[1] / "model_cards" / "template.md"


def main() -> None:
    """Trains and saves the model that the package ships, or what the settings name."""
    run_phase(parse_arguments(CONFIG), CARD)


if __name__ == "__main__":
    main()
