"""Milliseconds of a request to the package's English model, greedily and with searches of several beams.

python recipes/benchmarks/search.py
python recipes/benchmarks/search.py --beams 2 4 8 --count 100
"""

from functools import partial

from reporting import Figure, benchmark_parser, print_report, time_runs

import hlx_hf

SPLIT = "everyday"


def main() -> None:
    """Asks the same sentences one by one with each number of beams, and prints the report."""
    parser = benchmark_parser(__doc__)
    parser.add_argument("--beams", type=int, nargs="+", default=[3, 6], help="beside greedy decoding; default: 3 6")
    parser.add_argument("--count", type=int, default=50, help="sentences; default: %(default)s")
    options = parser.parse_args()
    sentences = hlx_hf.load_corpus(SPLIT)["english"][: options.count]
    translate = hlx_hf.pipeline(notation="LC-R")

    def ask(beams: int) -> None:
        for sentence in sentences:
            translate(sentence, num_beams=beams)

    seconds = {beams: time_runs(partial(ask, beams), options.repeats) for beams in (1, *options.beams)}
    rows = [
        {
            "beams": beams,
            "ms a request": Figure.of([1000 * run / len(sentences) for run in runs]),
            "times greedy": Figure.of([run / greedy for run, greedy in zip(runs, seconds[1], strict=True)]),
        }
        for beams, runs in seconds.items()
    ]
    print_report("search", rows, options, unit="ms")


if __name__ == "__main__":
    main()
