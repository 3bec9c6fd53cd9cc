"""What the benchmarks share: their options, repeated timing, and the report.

A benchmark makes rows, dicts with the same keys, whose cells are texts, numbers, None or a `Figure`:

    options = benchmark_parser(__doc__).parse_args()
    seconds = time_runs(work, options.repeats)
    rows = [{"form": "LC-R", "MB/s": Figure.of(megabytes / run for run in seconds)}]
    print_report("codecs", rows, options)
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import torch

from hlx_hf.evaluation.provenance import provenance

GIB = 2**30
STARTED = time.perf_counter()


@dataclass(frozen=True)
class Figure:
    """The median of several runs, and the least and the greatest of them."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Figure":
        """The figure of what each run gave; at least one."""
        values = sorted(values)
        return cls(statistics.median(values), values[0], values[-1], len(values))

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g}–{self.high:.3g})"


def benchmark_parser(description: str, repeats: int = 7) -> argparse.ArgumentParser:
    """The options that every benchmark has: `json` and `repeats`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line, too")
    parser.add_argument(
        "--repeats", type=_at_least_one, default=repeats, help="runs of each measurement; default: %(default)s"
    )
    return parser


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def time_runs(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each run, after one that is not counted: caches fill, and lazy imports happen."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def print_report(benchmark: str, rows: list[dict], options: argparse.Namespace, **facts: object) -> None:
    """Prints the machine, a table in Markdown, and the same as one line of JSON if asked to.

    Args:
        benchmark: its name.
        rows: of the table; all have the same keys.
        options: those of `benchmark_parser`.
        **facts: whatever else the JSON says, such as `model`.
    """
    origin = provenance(benchmark, time.perf_counter() - STARTED)
    del origin["model"]  # a report of figures need not be about one
    report = {"benchmark": benchmark, **origin, "machine": machine(), "repeats": options.repeats, **facts}
    print(f"{benchmark}: medians of {options.repeats} runs, and in brackets the least and the greatest\n")
    print(table(rows), end="\n\n")
    print(", ".join(f"{name} {value}" for name, value in report["machine"].items() if value))
    print(", ".join(f"{name} {version}" for name, version in report["versions"].items()))
    if options.json:
        cells = [
            {name: asdict(cell) if isinstance(cell, Figure) else cell for name, cell in row.items()} for row in rows
        ]
        print(json.dumps({**report, "results": cells}, ensure_ascii=False))


def table(rows: list[dict]) -> str:
    """Rows as a table in Markdown, with what is no text on the right."""
    rules = ["---" if isinstance(cell, str) else "---:" for cell in rows[0].values()]
    lines = [list(rows[0]), rules]
    lines += [["–" if cell is None else str(cell) for cell in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine() -> dict:
    """What the figures depend on: processor, cores that this process may use, threads of torch, memory, GPUs."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in _lines(cpuinfo) if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": cores,
        "torch_threads": torch.get_num_threads(),
        "memory_gib": round(psutil.virtual_memory().total / GIB, 1),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "system": platform.platform(),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []
