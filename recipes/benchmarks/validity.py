"""Answers of a model under the grammar, a great many of them, each read: all must be canonical texts.

    python recipes/benchmarks/validity.py --model random --count 100000
    python recipes/benchmarks/validity.py --model english --count 1000

`random` is a small network of random weights, others for every batch. Prompts are random, too; notation, temperature,
limit and schema go round. Exits with 1 if an answer is not canonical.
"""

import argparse
import random
import sys
from collections import Counter
from itertools import cycle, product

import torch
from tqdm.auto import tqdm

import hlx_hf
from hlx_hf import HLXConfig, HLXForCausalLM, HLXPipeline, Schema
from hlx_hf.contracts import OPERATIONS
from hlx_hf.formats import HLXError
from hlx_hf.lines_hlx import NOTATIONS
from hlx_hf.tokenization_hlx import ALPHABET, load_tokenizer

TEMPERATURES = (0.0, 0.5, 1.0, 1.5, 2.0)
LIMITS = (4, 8, 16, 32, 64, 128)  # tokens of an answer, before those that a schema takes
SCHEMA_ROOM = 110  # tokens, enough for the shortest contract of any schema in any notation
SHOWN = 5  # answers that are not canonical


def main() -> None:
    """Asks, reads and counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="random", help="random, or what hlx_hf.pipeline takes")
    parser.add_argument("--count", type=int, default=1000, help="answers (default: %(default)s)")
    parser.add_argument("--batch_size", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    torch.manual_seed(arguments.seed)
    pipe = random_pipeline() if arguments.model == "random" else hlx_hf.pipeline(arguments.model, device="cpu")

    counts, wrong = Counter(), []
    kinds = cycle(product(TEMPERATURES, NOTATIONS, (False, True)))
    with tqdm(total=arguments.count, unit="answer") as progress:
        while progress.n < arguments.count:
            temperature, notation, with_schema = next(kinds)
            if arguments.model == "random":
                randomise(pipe.model)
            size = min(arguments.batch_size, arguments.count - progress.n)
            for answer in answers(pipe, draw, size, notation, temperature, with_schema):
                counts[notation, temperature] += 1
                if not is_canonical(answer, notation):
                    wrong.append((notation, temperature, answer))
            progress.update(size)

    print("| temperature | " + " | ".join(NOTATIONS) + " |\n|" + "---|" * (len(NOTATIONS) + 1))
    for temperature in TEMPERATURES:
        print(f"| {temperature} | " + " | ".join(str(counts[notation, temperature]) for notation in NOTATIONS) + " |")
    print(f"{arguments.count - len(wrong)} of {arguments.count} answers are canonical")
    for notation, temperature, answer in wrong[:SHOWN]:
        print(f"not canonical: {notation}, temperature {temperature}: {answer!r}")
    sys.exit(1 if wrong else 0)


def random_pipeline() -> HLXPipeline:
    """A network as small as answers of every length can have."""
    config = HLXConfig(hidden_size=32, intermediate_size=64, max_position_embeddings=320)
    return HLXPipeline(model=HLXForCausalLM(config).eval(), tokenizer=load_tokenizer(), device="cpu")


def randomise(model: HLXForCausalLM) -> None:
    """Draws every weight and bias anew."""
    for name, parameter in model.named_parameters():
        parameter.data.normal_(std=1.0 if "embed" in name else 0.2)


def answers(
    pipe: HLXPipeline, draw: random.Random, size: int, notation: str, temperature: float, with_schema: bool
) -> list[str]:
    """What the model answers to random texts."""
    texts = ["".join(draw.choices(ALPHABET, k=draw.randrange(40))) for _ in range(size)]
    schema = draw.choice([Schema(), Schema(operation=draw.choice(list(OPERATIONS)))]) if with_schema else None
    limit = draw.choice(LIMITS) + (SCHEMA_ROOM if with_schema else 0)
    settings = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {}
    outputs = pipe(texts, notation, constrained=True, schema=schema, max_new_tokens=limit, batch_size=size, **settings)
    return [output["generated_text"] for output in outputs]


def is_canonical(text: str, notation: str) -> bool:
    """Whether the reader takes the text and the writer writes it."""
    try:
        return hlx_hf.dumps(hlx_hf.loads(text, notation), notation) == text
    except HLXError:
        return False


if __name__ == "__main__":
    main()
