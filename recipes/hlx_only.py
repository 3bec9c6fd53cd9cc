"""Phase 4: the HLX-only engine, fresh weights that never see English.

    accelerate launch recipes/hlx_only.py                    # tiny, a CPU will do
    accelerate launch recipes/hlx_only.py --max_steps 2      # smoke

Every setting of the YAML file can be given on the command line under the same name; `--help` lists them.
"""

from pathlib import Path

from hlx_hf.training import parse_arguments, run_phase

CONFIG = Path(__file__).parent / "configs" / "hlx_only_tiny.yaml"
CARD = Path(__file__).parents[1] / "model_cards" / "template.md"


def main() -> None:
    """Trains on HLX alone and saves `tiny_hlx_only_FINAL_epoch100`, or what the settings name."""
    run_phase(parse_arguments(CONFIG), CARD)


if __name__ == "__main__":
    main()
