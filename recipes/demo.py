"""The whole plan at tiny scale: phases 1 to 4 in their order on the real corpora, then what came of it.

    python recipes/demo.py                    # `make demo` sets the environment up first
    python recipes/demo.py --output runs/mine --sentences my_sentences.txt

The deep reasoning phase runs on the tiny preset, for fewer epochs than the plan's. Run again, it goes on where it was
stopped, and once all phases are finished only tests and translates. Ends with status 1 if the English model knows less
of its corpus than the README promises.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from transformers.utils import logging

from hlx_hf import load_corpus, pipeline
from hlx_hf.evaluation import comprehension_table, recall_all_variants, recall_hlx_only
from hlx_hf.files import COMPREHENSION_RESULTS, TRAINER_STATE
from hlx_hf.lines_hlx import NOTATIONS
from hlx_hf.training import parse_arguments

RECIPES = Path(os.path.relpath(Path(__file__).parent))
# What the demo overrides in the tiny configurations: fewer epochs of deep reasoning, and a learning rate at which
# the engine knows its corpus after the plan's 100 epochs.
SETTINGS = {
    "baseline": {"num_train_epochs": 30},
    "deep_reasoning": {"num_train_epochs": 70},
    "hlx_only": {"num_train_epochs": 100, "learning_rate": 2e-3, "adam_beta2": 0.99},
}
PROMISED_RECALL = 0.95
SHIPPED = "english"  # the package's model, of the same size, tested beside those of the demo
# named one by one, or accelerate warns that it took its defaults, and takes a single thread
LAUNCHER = ["--num_processes=1", "--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no"]
LAUNCHER += [f"--num_cpu_threads_per_process={os.cpu_count()}"]

# whatever environment is on the PATH
PROGRAMS = {
    "python": [sys.executable],
    "accelerate launch": [sys.executable, "-m", "accelerate.commands.launch"],
}


def main() -> None:
    """Runs the phases, then prints what was learned, what was forgotten, and five translations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("runs/demo"), help="folder of all results")
    parser.add_argument(
        "--sentences", type=Path, default=RECIPES / "demo_sentences.txt", help="file of sentences to translate"
    )
    arguments = parser.parse_args()
    logging.disable_progress_bar()  # of reading weights
    output = arguments.output
    started = time.perf_counter()

    baseline = train("baseline", output)
    expert = train("deep_reasoning", output, model_name_or_path=baseline)
    shipped = test_comprehension(SHIPPED, output / f"{SHIPPED}_{COMPREHENSION_RESULTS}")
    before = test_comprehension(expert, expert / COMPREHENSION_RESULTS)
    engine = train("hlx_only", output)
    after = test_comprehension(engine, engine / COMPREHENSION_RESULTS)

    heading("English comprehension after generated sentences, after the corpus, and after HLX alone")
    print(comprehension_table({"the package's model": shipped, "the demo's model": before, "the demo's engine": after}))

    heading("The 164 English sentences of the corpus, put into exactly their HLX (memory, not understanding)")
    recall = recall_all_variants(pipeline(expert))
    forgotten = recall_all_variants(pipeline(engine))
    print("| English to | the demo's model | the demo's engine |\n|---|---:|---:|")
    for notation, share in recall.items():
        print(f"| {notation} | {share:.1%} | {forgotten[notation]:.1%} |")

    heading("What the demo's engine knows of its own corpus")
    engine_recall = recall_hlx_only(pipeline(engine))
    for task, share in engine_recall.items():
        print(f"{task:<9}{share:.1%}")

    heading(f"The sentences of {os.path.relpath(arguments.sentences)}, which you can change")
    translate_sentences(expert, arguments.sentences)

    seconds = time.perf_counter() - started
    summary = {
        "english_model": str(expert),
        "hlx_only_engine": str(engine),
        "english_recall": recall,
        "english_recall_of_hlx_only_engine": forgotten,
        "hlx_only_recall": engine_recall,
        "seconds": round(seconds, 1),
    }
    (output / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(f"\n{seconds / 60:.1f} minutes; models and results are in {output}")
    if recall["all"] < PROMISED_RECALL:
        sys.exit(f"the English model knows {recall['all']:.1%} of its corpus, less than {PROMISED_RECALL:.0%}")


def train(phase: str, output: Path, **overrides: object) -> Path:
    """Runs the recipe of a phase, or what is left of it, and returns the folder of its result."""
    settings = {**SETTINGS[phase], "output_dir": output / phase, "resume_from_checkpoint": "last", **overrides}
    options = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    recipe, config = RECIPES / f"{phase}.py", RECIPES / "configs" / f"{phase}_tiny.yaml"
    result = parse_arguments(config, options).final_dir
    if (result / TRAINER_STATE).exists():  # the last file that a phase writes
        heading(f"{phase}: finished before, {result} is kept (delete {output} to start over)")
    else:
        run("accelerate launch", *LAUNCHER, recipe, "--config", config, *options)
    return result


def test_comprehension(model: Path | str, results: Path) -> dict:
    """Runs phase 3 on a model and returns its results."""
    run("python", RECIPES / "comprehension.py", "--model", model, "--output", results)
    return json.loads(results.read_text())


def run(program: str, *words: object) -> None:
    """Shows a command as a user would type it, and runs it in the environment of this process."""
    arguments = list(map(str, words))
    heading(f"$ {program} {' '.join(arguments)}")
    subprocess.run([*PROGRAMS[program], *arguments], check=True)


def heading(text: str) -> None:
    """A line that is found again in a long log."""
    print(f"\n{text}\n", flush=True)


def translate_sentences(model: Path, path: Path) -> None:
    """Prints each sentence of a file in the four notations, and whether the model was trained on it."""
    translate = pipeline(model)
    known = set(load_corpus("all_variants")["english"])
    for sentence in filter(None, map(str.strip, path.read_text().splitlines())):
        print(f"{sentence}   ({'in the corpus' if sentence in known else 'never seen'})")
        for notation in NOTATIONS:
            print(f"  {notation:<5} {translate(sentence, notation=notation)[0]['generated_text']}")


if __name__ == "__main__":
    main()
