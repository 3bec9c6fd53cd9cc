"""What the benchmarks print: a table for people, and one JSON object for machines as the last line."""

import json
import platform
from importlib.metadata import version
from typing import Any

import torch

PACKAGES = ("hlx_hf", "torch", "transformers")


def print_report(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Prints a Markdown table; the first column is text, the others are figures."""
    print(f"{title}\n")
    for row in (columns, ("---", *["---:"] * (len(columns) - 1)), *rows):
        print(f"| {' | '.join(row)} |")


def print_json(figures: dict[str, Any]) -> None:
    """Prints the figures as one line of JSON, with the machine and the versions that they are from."""
    print(json.dumps({**figures, "machine": machine(), "versions": {name: version(name) for name in PACKAGES}}))


def machine() -> dict[str, Any]:
    """The GPU if there is one, and else the CPU and its threads."""
    if torch.cuda.is_available():
        return {"device": torch.cuda.get_device_name()}
    return {"device": cpu_name(), "threads": torch.get_num_threads()}


def cpu_name() -> str:
    """The processor as Linux names it, or its architecture elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
