"""What the grammar costs in decoding, and the forward passes that it saves.

    python recipes/benchmarks/constrained_decoding.py
    python recipes/benchmarks/constrained_decoding.py --model english --repeats 5 --json

Times a token in torch and in numpy, without the constraint, with it, and its masks alone, in turns; and counts in the
right answers of `all_variants` the tokens for which the model need not be asked.
"""

import tempfile
import time
from collections.abc import Callable
from functools import cache
from statistics import median

import numpy as np
import torch
from reporting import Figure, benchmark_parser, print_report, table

from hlx_hf import HLXConfig, HLXForCausalLM, HLXPipeline, Schema, Translator, load_corpus, load_tokenizer, loads
from hlx_hf.contracts import ARGUMENT_TYPES, operation_of
from hlx_hf.corpus.rows import column_of
from hlx_hf.decoding import Constraint
from hlx_hf.decoding.generation import ConstrainedLogitsProcessor
from hlx_hf.formats import Contract
from hlx_hf.inference import find_model
from hlx_hf.lines_hlx import NOTATIONS

NOTATION = "LC-R"  # that is timed
ANSWER_TOKENS = 100  # of each answer that is timed
TEXTS = ("Filter active users", "Sort users by name", "Show the documents", "Get the first 10 users")
ROWS = 40  # of the corpus, whose masks are timed
ROOM = 512  # tokens, more than any of them takes

SCHEMAS: dict[str, Callable[[Contract], Schema | None]] = {
    "notation given": lambda _: None,
    "contract id given": lambda value: Schema(id=value.id),
    "operation given": lambda value: Schema(operation=operation_of(value)),
    "kinds given": lambda value: Schema(operation=operation_of(value), kinds=kinds(value)),
}


def main() -> None:
    """Measures and prints."""
    parser = benchmark_parser(__doc__, repeats=5)
    parser.add_argument("--model", help="name or folder of a model; the tiny preset with fresh weights if not given")
    options = parser.parse_args()
    texts = {notation: load_corpus("all_variants")[column_of(notation)] for notation in NOTATIONS}
    with tempfile.TemporaryDirectory() as fresh:
        folder = find_model(options.model) if options.model else save_fresh(fresh)
        model = HLXForCausalLM.from_pretrained(folder)
        pipe = HLXPipeline(model=model, tokenizer=load_tokenizer(), device="cpu")
        answers = texts[NOTATION][:ROWS]
        rows = [
            {"decoding in": runtime, **time_tokens(translate, masks, answers, options.repeats)}
            for runtime, translate, masks in (("torch", pipe, torch_masks), ("numpy", Translator(folder), numpy_masks))
        ]
    saved = saved_passes(texts)
    print("Forward passes that the grammar saves\n")
    print(
        table(
            [{"known": known, **{name: f"{share:.1%}" for name, share in row.items()}} for known, row in saved.items()]
        )
    )
    print(f"\nMicroseconds a token of {NOTATION}\n")
    print_report("constrained_decoding", rows, options, unit="µs", model=options.model or "fresh", passes_saved=saved)


def save_fresh(folder: str) -> str:
    """Saves the tiny preset, without training."""
    torch.manual_seed(0)
    HLXForCausalLM(HLXConfig.from_preset("tiny")).save_pretrained(folder)
    load_tokenizer().save_pretrained(folder)
    return folder


def time_tokens(translate: Callable, masks: Callable, answers: list[str], repeats: int) -> dict:
    """Microseconds a token, one text at a time: without the constraint, with it, its masks alone and their share."""
    constraint = new_constraint(None)
    ids = [[*map(constraint.vocabulary.get, answer), constraint.eos_token_id] for answer in answers]
    runs: dict[str, list[float]] = {"without": [], "with": [], "masks alone": []}
    for run in range(repeats + 1):
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for text in TEXTS:
            for name, constrained in (("without", False), ("with", True)):
                start = time.perf_counter()
                (answer,) = translate(
                    text, NOTATION, constrained=constrained, max_new_tokens=ANSWER_TOKENS, num_beams=1
                )
                seconds[name].append((time.perf_counter() - start) / (len(answer["generated_text"]) + 1))
        for tokens in ids:
            start = time.perf_counter()
            masks(constraint, tokens)
            seconds["masks alone"].append((time.perf_counter() - start) / len(tokens))
        if run > 0:  # the first warms up
            for name, found in seconds.items():
                runs[name].append(median(found) * 1e6)
    figures = {name: Figure.of(found) for name, found in runs.items()}
    alone = figures["masks alone"].median
    return {**figures, "share of masks": f"{alone / (figures['without'].median + alone):.1%}"}


def new_constraint(schema: Schema | None, notation: str = NOTATION) -> Constraint:
    """The constraint of a notation or schema."""
    tokenizer = load_tokenizer()
    return Constraint(notation, schema, tokenizer.get_vocab(), tokenizer.eos_token_id)


def torch_masks(constraint: Constraint, ids: list[int]) -> None:
    """What the logits processor does in the course of an answer."""
    tokens, scores = torch.tensor([ids]), torch.zeros(1, constraint.size)
    processor = ConstrainedLogitsProcessor([constraint], 0, [ROOM])
    for length in range(len(ids)):
        processor(tokens[:, :length], scores)


def numpy_masks(constraint: Constraint, ids: list[int]) -> None:
    """What `Search` does for the constraint in the course of an answer."""
    scores = np.zeros((1, constraint.size), np.float32)
    state = constraint.start
    for token in ids:
        forbidden = np.ones(scores.shape, bool)
        forbidden[0][constraint.allowed(state, ROOM).ids] = False
        scores[forbidden] = -np.inf
        state = constraint.after(state, token)


def saved_passes(texts: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """The share of the tokens of operations that have no alternative, by what is known of them, and by notation."""
    shares: dict[str, dict[str, float]] = {}
    for known, schema_of in SCHEMAS.items():
        for notation in NOTATIONS:
            constraint_of = cache(lambda schema, notation=notation: new_constraint(schema, notation))
            only = tokens = 0
            for text in texts[notation]:
                value = loads(text, notation)
                if operation_of(value) is not None:
                    constraint = constraint_of(schema_of(value))
                    only += only_tokens(constraint, text)
                    tokens += len(text) + 1
            shares.setdefault(known, {})[notation] = only / tokens
    return shares


def only_tokens(constraint: Constraint, text: str) -> int:
    """How many tokens of the text have no alternative."""
    state, found = constraint.start, 0
    for token in (*map(constraint.vocabulary.get, text), constraint.eos_token_id):
        found += constraint.allowed(state, ROOM).only == token
        state = constraint.after(state, token)
    return found


def kinds(operation: Contract) -> tuple[str, ...]:
    """What kind of argument each is, as in the tables of operations."""
    names = {type_: name for name, type_ in ARGUMENT_TYPES.items()} | {list: "l"}
    return tuple(names[type(value)] for index, value in operation.fields.items() if index)


if __name__ == "__main__":
    main()
