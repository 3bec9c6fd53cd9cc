"""Phase 1: the baseline, English to HLX from fresh weights.

    accelerate launch recipes/baseline.py                                                # 1b, a GPU
    accelerate launch recipes/baseline.py --config recipes/configs/baseline_tiny.yaml    # tiny, a CPU will do
    accelerate launch recipes/baseline.py --config recipes/configs/baseline_tiny.yaml --max_steps 2   # smoke

Every setting of the YAML file can be given on the command line under the same name; `--help` lists them.
"""

from pathlib import Path

from hlx_hf.training import parse_arguments, run_phase

CONFIG = Path(__file__).parent / "configs" / "baseline_1b.yaml"
CARD = Path(__file__).parents[1] / "model_cards" / "template.md"


def main() -> None:
    """Trains on all variants and saves `checkpoint_1b_baseline_epoch30`, or what the settings name."""
    run_phase(parse_arguments(CONFIG), CARD)


if __name__ == "__main__":
    main()
