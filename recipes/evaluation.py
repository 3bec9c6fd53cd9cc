"""All test splits on any checkpoint, in four notations and both directions; or on any general language model.

    python recipes/evaluation.py --model english --splits iid new_names --limit 200
    python recipes/evaluation.py --model runs/english_tiny/english_tiny_epoch265
    python recipes/evaluation.py --general HuggingFaceTB/SmolLM2-135M-Instruct --shots 24 --limit 100

A general model is a folder, a repository of the Hub, or a GGUF file (`pip install ".[general]"`). It is shown
examples of `all_variants` in its prompt, and scored in the same way. An HLX model answers within the grammar of the
notation, as it does for its users, or freely with `--unconstrained`; and greedily, whatever they have it do, unless
`--num_beams` has it search. Requests of several steps go by their parts where they do so for its users, or never with
`--no-stepwise`. Prints a Markdown table, and writes it beside the full results, as .md and .json. In the
folder of a model they are put into its card, too.
"""

import argparse
import json
import sys
from pathlib import Path

from huggingface_hub import ModelCard
from transformers.utils import logging

from hlx_hf import load_corpus
from hlx_hf.evaluation import evaluation_table, load_few_shot, run_evaluation
from hlx_hf.evaluation.card import add_results
from hlx_hf.evaluation.few_shot import BATCH_SIZE as FEW_SHOT_BATCH_SIZE
from hlx_hf.evaluation.generation import BATCH_SIZE, Translate, load_model
from hlx_hf.evaluation.report import ALL_VARIANTS, ENGLISH_SPLITS, HLX_TO_HLX, REPORT_SPLITS
from hlx_hf.files import EVALUATION_RESULTS, write_whole

CARD = "README.md"


def main() -> None:
    """Tests one model, prints the table and writes the results."""
    arguments = parse_arguments()
    logging.disable_progress_bar()  # of reading weights
    name = arguments.model or arguments.general
    splits = arguments.splits or (REPORT_SPLITS if arguments.model else ENGLISH_SPLITS)
    batch_size = arguments.batch_size or (BATCH_SIZE if arguments.model else FEW_SHOT_BATCH_SIZE)
    try:
        translate, learned, facts = load(arguments)
        settings = (arguments.limit, arguments.seed, batch_size, learned, not arguments.to_hlx_only)
        report = {**facts, **run_evaluation(translate, name, splits, *settings)}
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")

    in_folder = arguments.model and Path(name).is_dir()
    output = arguments.output or (
        Path(name) / EVALUATION_RESULTS if in_folder else Path(f"{Path(name).name}_{EVALUATION_RESULTS}")
    )
    title = f"{Path(name).name}, {report['parameters']:,} parameters"
    if arguments.general:
        title += f", {arguments.shots} examples in the prompt"
    if arguments.unconstrained:
        title += ", unconstrained"
    if arguments.num_beams > 1:
        title += f", {arguments.num_beams} beams"
    if arguments.no_stepwise:
        title += ", not step by step"
    table = f"{title}\n\n{evaluation_table(report)}\n"
    write_whole(output.with_suffix(".md"), table)
    write_whole(output, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if in_folder and output.parent == Path(name) and (Path(name) / CARD).is_file():
        card = ModelCard.load(Path(name) / CARD)
        add_results(card, report)
        card.save(Path(name) / CARD)
    print(table)
    print(f"results: {output}")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument("--model", help="name, folder or Hub id of an HLX model")
    models.add_argument("--general", help="folder, Hub id or GGUF file of a general language model")
    parser.add_argument("--shots", type=int, default=24, help="examples in a general model's prompt; default: 24")
    parser.add_argument("--splits", nargs="+", choices=REPORT_SPLITS, help="all test splits if left out")
    parser.add_argument("--limit", type=int, help="rows of each split, drawn at random; all if left out")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of rows and examples")
    parser.add_argument("--batch_size", type=int, help=f"{BATCH_SIZE}, or {FEW_SHOT_BATCH_SIZE} for a general model")
    parser.add_argument("--to_hlx_only", action="store_true", help="leave HLX to English out")
    parser.add_argument("--num_beams", type=int, default=1, help="answers that an HLX model looks for; default: 1")
    parser.add_argument("--no-stepwise", action="store_true", help="translate requests of several steps as a whole")
    parser.add_argument("--unconstrained", action="store_true", help="let an HLX model write what is no HLX")
    parser.add_argument(
        "--output", type=Path, help=f"file of the results; {EVALUATION_RESULTS} in an HLX model's folder"
    )
    arguments = parser.parse_args()
    if arguments.general and HLX_TO_HLX in (arguments.splits or ()):
        parser.error(f"{HLX_TO_HLX} is for HLX models: a general model is shown English and HLX")
    if arguments.general and ALL_VARIANTS in (arguments.splits or ()):
        parser.error(f"{ALL_VARIANTS} is where the examples in a general model's prompt come from")
    for option in ("shots", "limit", "batch_size", "num_beams"):
        if getattr(arguments, option) is not None and getattr(arguments, option) < 1:
            parser.error(f"--{option} must be at least 1, not {getattr(arguments, option)}")
    if arguments.general and arguments.unconstrained:
        parser.error("--unconstrained is for HLX models: a general one is never constrained")
    if arguments.general and (arguments.num_beams > 1 or arguments.no_stepwise):
        parser.error("--num_beams and --no-stepwise are for HLX models: a general one is decoded greedily as it is")
    if arguments.output and arguments.output.suffix == ".md":
        parser.error("--output is the JSON file; the table is written beside it as .md")
    return arguments


def load(arguments: argparse.Namespace) -> tuple[Translate, list[str] | None, dict]:
    """The model, the notations that it has learned (None: all), and what the report says of it.

    That is `parameters`, and the `shots` of a general one, or what one of ours was told: whether it is `constrained`,
    `num_beams`, and that it is not `stepwise` if so.
    """
    if arguments.general:
        examples = load_corpus(ALL_VARIANTS).shuffle(seed=arguments.seed).take(arguments.shots)
        few_shot = load_few_shot(arguments.general, examples)
        return few_shot, None, {"parameters": few_shot.model.num_parameters(), "shots": arguments.shots}
    facts = {"constrained": not arguments.unconstrained, "num_beams": arguments.num_beams}
    if arguments.no_stepwise:
        facts["stepwise"] = False
    translate, learned, parameters = load_model(arguments.model, **facts)
    return translate, learned, {"parameters": parameters, **facts}


if __name__ == "__main__":
    main()
