"""Phase 2: deep reasoning, from the result of the baseline: English to HLX and back, HLX to HLX, questions about HLX.

    accelerate launch recipes/deep_reasoning.py                                          # 1b, a GPU
    accelerate launch recipes/deep_reasoning.py --config recipes/configs/deep_reasoning_tiny.yaml
    accelerate launch recipes/deep_reasoning.py --config recipes/configs/deep_reasoning_tiny.yaml --max_steps 2  # smoke

The tiny configuration wants the result of `recipes/baseline.py --config recipes/configs/baseline_tiny.yaml`.

Every setting of the YAML file can be given on the command line under the same name; `--help` lists them.
"""

from pathlib import Path

from hlx_hf.training import parse_arguments, run_phase

CONFIG = Path(__file__).parent / "configs" / "deep_reasoning_1b.yaml"
CARD = Path(__file__).parents[1] / "model_cards" / "template.md"


def main() -> None:
    """Goes on from the baseline and saves `hlx_1b_deep_reasoning_FINAL_epoch200`, or what the settings name."""
    run_phase(parse_arguments(CONFIG), CARD)


if __name__ == "__main__":
    main()
