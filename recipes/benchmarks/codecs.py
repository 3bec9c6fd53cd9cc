"""How fast texts are read, written and made into tokens.

    python recipes/benchmarks/codecs.py
    python recipes/benchmarks/codecs.py --repeats 3 --json

The values are those of `all_variants` and `hlx_to_hlx`: once each as a text of its own, as models write them, and once
all in one array, as a file would hold them. A megabyte is 10^6 bytes of UTF-8, or of the wire form. `encode` is the
tokenizer as transformers calls it, which makes lists of ids, and `encode_batch_fast` that of tokenizers below it.
"""

from collections.abc import Callable

from reporting import Figure, benchmark_parser, print_report, time_runs
from transformers import PreTrainedTokenizerBase

from hlx_hf import dumps, from_bytes, load_corpus, load_tokenizer, loads, to_bytes
from hlx_hf.formats import Value
from hlx_hf.lines_hlx import NOTATIONS

CORPORA = ("all_variants", "hlx_to_hlx")
WIRE = "wire form"


def main() -> None:
    """Measures every form, and prints the report."""
    options = benchmark_parser(__doc__).parse_args()
    values = [loads(text, "HLXL") for name in CORPORA for text in load_corpus(name)["hlxl"]]
    tokenizer = load_tokenizer()
    tokenizer.model_max_length = 10**9  # no model is to read the array, and the tokenizer would warn of that
    rows = []
    for texts, group in ((f"{len(values)} values", values), ("one array", [values])):
        for notation in NOTATIONS:
            rows.append({"texts": texts, **measure_notation(group, notation, tokenizer, options.repeats)})
        rows.append({"texts": texts, **measure_wire(group, options.repeats)})
    print_report("codecs", rows, options, unit="MB/s")


def measure_notation(values: list[Value], notation: str, tokenizer: PreTrainedTokenizerBase, repeats: int) -> dict:
    """A row of the table: reading, writing and tokens of one notation."""
    texts = [dumps(value, notation) for value in values]
    tokens = tokenizer(texts)["input_ids"]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6

    def rate(work: Callable[[], object]) -> Figure:
        return Figure.of(megabytes / seconds for seconds in time_runs(work, repeats))

    return {
        "form": notation,
        "MB": round(megabytes, 3),
        "read": rate(lambda: [loads(text, notation) for text in texts]),
        "write": rate(lambda: [dumps(value, notation) for value in values]),
        "encode": rate(lambda: tokenizer(texts)),
        "encode_batch_fast": rate(lambda: tokenizer.backend_tokenizer.encode_batch_fast(texts)),
        "decode": rate(lambda: tokenizer.batch_decode(tokens)),
    }


def measure_wire(values: list[Value], repeats: int) -> dict:
    """A row of the table: reading and writing of the wire form, which has no tokens."""
    blocks = [to_bytes(value) for value in values]
    megabytes = sum(map(len, blocks)) / 1e6

    def rate(work: Callable[[], object]) -> Figure:
        return Figure.of(megabytes / seconds for seconds in time_runs(work, repeats))

    return {
        "form": WIRE,
        "MB": round(megabytes, 3),
        "read": rate(lambda: [from_bytes(block) for block in blocks]),
        "write": rate(lambda: [to_bytes(value) for value in values]),
        "encode": None,
        "encode_batch_fast": None,
        "decode": None,
    }


if __name__ == "__main__":
    main()
