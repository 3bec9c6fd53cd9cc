"""Seconds from a command to its answer: a new process each time, imports and weights included.

python recipes/benchmarks/cold_start.py
python recipes/benchmarks/cold_start.py --repeats 3 --json
"""

import subprocess
import sys

from reporting import Figure, benchmark_parser, print_report, time_runs

SENTENCE = "Search for documents"
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    f'hlx translate "{SENTENCE}" --to LC-R': ("-m", "hlx_hf.cli", "translate", SENTENCE, "--to", "LC-R"),
    "hlx_hf.pipeline()": ("-c", f"import hlx_hf; print(hlx_hf.pipeline()({SENTENCE!r}, notation='LC-R'))"),
    'hlx_hf.pipeline(device="cpu"), in torch': (
        "-c",
        f"import hlx_hf; print(hlx_hf.pipeline(device='cpu')({SENTENCE!r}, notation='LC-R'))",
    ),
}


def main() -> None:
    """Measures every command, and prints the report."""
    options = benchmark_parser(__doc__).parse_args()
    rows = []
    for name, arguments in COMMANDS.items():
        command = [sys.executable, *arguments]

        def run(command: list[str] = command) -> None:
            subprocess.run(command, check=True, capture_output=True)

        rows.append({"command": name, "seconds": Figure.of(time_runs(run, options.repeats))})
    print_report("cold_start", rows, options, unit="s")


if __name__ == "__main__":
    main()
