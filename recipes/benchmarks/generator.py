"""How many sentences with their values the generator draws a second, on one core.

python recipes/benchmarks/generator.py
python recipes/benchmarks/generator.py --count 2000 --repeats 3 --json
"""

from itertools import islice

from reporting import Figure, benchmark_parser, print_report, time_runs

from hlx_hf.corpus.generator.selection import EVERYDAY, PLAIN_WORDING, QUESTIONS, TRAINING
from hlx_hf.corpus.generator.sentences import SentenceGenerator
from hlx_hf.corpus.splits import reserved_sentences

SELECTIONS = {
    "all wordings": TRAINING,
    "everyday": EVERYDAY,
    "plain, as English is asked for": PLAIN_WORDING,
    "questions": QUESTIONS,
}


def main() -> None:
    """Measures every selection that a training draws from, and prints the report."""
    parser = benchmark_parser(__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="pairs of each run (default: %(default)s)")
    options = parser.parse_args()
    rows = []
    for name, selection in SELECTIONS.items():
        pairs = SentenceGenerator(0, selection, reserved_sentences())
        seconds = time_runs(lambda pairs=pairs: sum(1 for _ in islice(pairs, options.count)), options.repeats)
        rows.append({"selection": name, "pairs/s": Figure.of(options.count / run for run in seconds)})
    print_report("generator", rows, options, unit="pairs/s", count=options.count)


if __name__ == "__main__":
    main()
