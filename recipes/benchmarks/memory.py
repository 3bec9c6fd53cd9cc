"""Peak memory of training the 1B preset, batch 8 of 512 tokens, a checkpoint and the saved result included.

    python recipes/benchmarks/memory.py                  # every configuration on a GPU: what the device has reserved
    python recipes/benchmarks/memory.py --cpu --json     # deep_reasoning_1b_8gb on a CPU: what the process has resident

Each configuration is trained in a process of its own, from fresh weights, in the steps of its recipe, on a GPU with its
quality gate. On a CPU that is one step, takes minutes, and writes 4 GB into the folder for temporary files. GB are 10^9
bytes.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from reporting import Figure, benchmark_parser, print_report
from transformers.utils import logging

from hlx_hf import HLXConfig, load_tokenizer
from hlx_hf.corpus.tasks import CorpusLine
from hlx_hf.training import HardwareError, PhaseArguments, make_trainer, parse_arguments
from hlx_hf.training.examples import LineDataset
from hlx_hf.training.hardware import bytes_per_parameter, check_memory, count_parameters

CONFIGS = Path(__file__).parents[1] / "configs"
CONFIGURATIONS = ("deep_reasoning_1b", "deep_reasoning_1b_8gb")
CPU_CONFIGURATIONS = ("deep_reasoning_1b_8gb",)  # a CPU has no fp16 training
BATCH_SIZE = 8
LENGTH = 512
GPU_STEPS = 3  # the first makes what the optimizer keeps, the others are as all that follow
GB = 1e9


def main() -> None:
    """Measures each configuration and prints the report."""
    parser = benchmark_parser(__doc__, repeats=1)
    parser.add_argument("--cpu", action="store_true", help="measure resident memory, of what a CPU can train")
    parser.add_argument("--preset", default="1b", help="size of the model; default: 1b")
    parser.add_argument("--measure", choices=CONFIGURATIONS, help="measure one, and print nothing but its bytes")
    options = parser.parse_args()
    if not options.cpu and not torch.cuda.is_available():
        sys.exit("error: there is no GPU to measure; --cpu measures one step of the 8 GB configuration without one")
    if options.measure:
        print(measure(options.measure, options.preset, options.cpu))
        return

    config = HLXConfig.from_preset(options.preset)
    rows, peaks = [], {}
    for name in CPU_CONFIGURATIONS if options.cpu else CONFIGURATIONS:
        kept = bytes_per_parameter(arguments_of(name, options.preset, options.cpu, tempfile.gettempdir()))
        row = {"configuration": name, "bytes a parameter": round(kept, 2), "peak GB": None}
        row["GB of them"] = round(kept * count_parameters(config) / GB, 2)
        try:
            peak = Figure.of(measure_in_process(name, options) / GB for _ in range(options.repeats))
        except subprocess.CalledProcessError:
            print(f"{name}: no figure, for its training ended with the error above", file=sys.stderr)
        else:
            row["peak GB"], peaks[name] = peak, round(peak.median, 2)
        rows.append(row)
    kind = "resident on a CPU" if options.cpu else "reserved on a GPU"
    facts = {"preset": options.preset, "batch": [BATCH_SIZE, LENGTH], "memory": kind, "peak_gb": peaks}
    print_report(f"memory {kind}, {options.preset}, batch {BATCH_SIZE} of {LENGTH} tokens", rows, options, **facts)


def measure_in_process(name: str, options: argparse.Namespace) -> int:
    """The bytes that a process of its own took, since no process gives back all that it had."""
    command = [sys.executable, __file__, "--measure", name, "--preset", options.preset]
    done = subprocess.run(command + ["--cpu"] * options.cpu, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[-1])


def arguments_of(name: str, preset: str, cpu: bool, folder: str) -> PhaseArguments:
    """The settings of a configuration, for fresh weights and a few steps, the last of which ends an epoch."""
    epochs = 1 if cpu else GPU_STEPS
    options = ["--preset", preset, "--num_train_epochs", str(epochs), "--save_every_epochs", str(epochs)]
    options += ["--output_dir", folder, "--disable_tqdm", "true", "--use_cpu", str(cpu)]
    if cpu:  # a quality gate has the model write some ten thousand tokens, for which a CPU takes half an hour
        options += ["--gate_epochs", "0"]
    arguments = parse_arguments(CONFIGS / f"{name}.yaml", options)
    arguments.model_name_or_path = None
    return arguments


def measure(name: str, preset: str, cpu: bool) -> int:
    """Trains one configuration for some steps, saves it, and returns the most bytes that it took."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()  # of writing weights
    config, tokenizer = HLXConfig.from_preset(preset), load_tokenizer()
    with tempfile.TemporaryDirectory(prefix="hlx-memory-") as folder:
        arguments = arguments_of(name, preset, cpu, folder)
        try:
            check_memory(arguments, config)
        except HardwareError as error:
            sys.exit(f"error: {error}")
        # a string in quotes, between <bos> and <eos>
        line = CorpusLine("LC-R", "a" * (LENGTH - 4), None)
        dataset = LineDataset([line] * BATCH_SIZE, {"complete": 1}, tokenizer, LENGTH)
        trainer = make_trainer(arguments, config, dataset, tokenizer)
        trainer.train()
        trainer.save_model(str(arguments.final_dir))
    if cpu:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return torch.cuda.max_memory_reserved()


if __name__ == "__main__":
    main()
