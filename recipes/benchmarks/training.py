"""Real tokens a second of training, padding not counted, beside a plain loop; on a GPU the 1B preset's share of peak.

    python recipes/benchmarks/training.py            # the tiny preset on a CPU, the 1B preset on a GPU
    python recipes/benchmarks/training.py --json --repeats 9 --batch_size 32

On a CPU both train the tiny preset on the English lines of `all_variants`, in turn, on the same threads: the recipe
through the Trainer in batches of like length, in bf16 where the CPU has instructions for it, without checkpoints and
quality gates, the plain loop in fp32 with `nn.TransformerEncoder`, every line padded to 256 tokens, in batches of 16.
The plain loop is as fast as it can be made without touching that: no dropout, a causal flag instead of a padding mask,
and batches that were made before the clock starts.

On a GPU the 1B preset trains on rows of 512 tokens. What activation checkpointing computes twice would count once.
"""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import torch
from reporting import Figure, benchmark_parser, print_report
from torch import nn
from torch.nn import functional as F
from transformers import TrainerCallback
from transformers.utils import logging

from hlx_hf import HLXConfig, load_corpus, load_tokenizer
from hlx_hf.corpus.tasks import CorpusLine, corpus_lines
from hlx_hf.training import make_trainer, parse_arguments
from hlx_hf.training.examples import LineDataset
from hlx_hf.training.hardware import count_parameters

CONFIGS = Path(__file__).parents[1] / "configs"
PLAIN_LENGTH, PLAIN_BATCH_SIZE, PLAIN_STEPS = 256, 16, 20
CPU_BATCH_SIZE = 32  # of the recipes that trained the package's models
GPU_BATCH_SIZE, GPU_STEPS, GPU_LENGTH = 32, 30, 512
WARMUP_STEPS = 5
PEAK_FLOPS = {"NVIDIA H100 80GB HBM3": 989e12, "NVIDIA H200": 989e12}  # dense bf16


class PlainModel(nn.Module):
    """The same architecture out of torch's own modules."""

    def __init__(self, config: HLXConfig):
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        layer = nn.TransformerEncoderLayer(
            config.hidden_size,
            config.num_attention_heads,
            config.intermediate_size,
            dropout=0.0,
            activation="relu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, config.num_hidden_layers, enable_nested_tensor=False)
        self.output = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        length = input_ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        hidden = self.tokens(input_ids) + self.positions(torch.arange(length))
        return self.output(self.layers(hidden, mask=mask, is_causal=True))


class PlainLoop:
    """A training loop as one would write it first."""

    def __init__(self, config: HLXConfig, dataset: LineDataset):
        self.model = PlainModel(config)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        rows = torch.full((len(dataset), PLAIN_LENGTH), config.pad_token_id)
        for row, example in zip(rows, dataset, strict=True):
            row[: len(example["input_ids"])] = torch.tensor(example["input_ids"])
        self.batches = rows.split(PLAIN_BATCH_SIZE)[:PLAIN_STEPS]
        self.real_tokens = sum(int((batch != config.pad_token_id).sum()) for batch in self.batches)

    def measure(self) -> float:
        """Real tokens a second of one round."""
        started = time.perf_counter()
        for batch in self.batches:
            logits = self.model(batch)
            loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), batch[:, 1:].flatten())
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return self.real_tokens / (time.perf_counter() - started)


class StepClock(TrainerCallback):
    """Seconds from the end of step `WARMUP_STEPS` to the end of the last."""

    def on_step_end(self, args, state, control, **kwargs):
        """Starts the clock once, when all that is queued is done."""
        if state.global_step == WARMUP_STEPS:
            self.started = self._now()

    def on_train_end(self, args, state, control, **kwargs):
        """Stops it."""
        self.seconds = self._now() - self.started

    def _now(self) -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()


class Measured(NamedTuple):
    """What a training by a configuration came to."""

    rate: float  # real tokens a second
    real_share: float  # of all tokens that were computed
    precision: str


def measure_recipe(name: str, dataset: LineDataset, options: list[str]) -> Measured:
    """Trains by a configuration."""
    tokenizer = load_tokenizer()
    with tempfile.TemporaryDirectory() as folder:
        options = [*options, "--output_dir", folder, "--disable_tqdm", "true"]
        options += ["--save_every_epochs", "1000000", "--gate_epochs", "0"]  # training alone
        arguments = parse_arguments(CONFIGS / f"{name}.yaml", options)
        trainer = make_trainer(arguments, HLXConfig.from_preset(arguments.preset), dataset, tokenizer)
        clock, counts = StepClock(), []
        collate = trainer.data_collator

        def counting(examples: list[dict]) -> dict[str, torch.Tensor]:
            batch = collate(examples)
            counts.append((sum(len(example["input_ids"]) for example in examples), batch["input_ids"].numel()))
            return batch

        trainer.data_collator = counting
        trainer.add_callback(clock)
        trainer.train()
    real, computed = (sum(column) for column in zip(*counts[WARMUP_STEPS:], strict=True))
    return Measured(real / clock.seconds, real / computed, "bf16" if arguments.bf16 else "fp32")


def measure_on_cpu(repeats: int, batch_size: int) -> tuple[list[dict], dict[str, float]]:
    """Rows and figures of runs in which the recipe and the plain loop take turns."""
    dataset = LineDataset(corpus_lines(load_corpus("all_variants")), {"to_hlx": 1}, load_tokenizer(), PLAIN_LENGTH)
    plain = PlainLoop(HLXConfig.from_preset("tiny"), dataset)
    options = ["--num_train_epochs", "2", "--use_cpu", "true", "--bf16", "true"]
    options += ["--per_device_train_batch_size", str(batch_size), "--logging_strategy", "no"]
    plain_rates, recipe = [], []
    for _ in range(repeats):
        plain_rates.append(plain.measure())
        recipe.append(measure_recipe("baseline_tiny", dataset, options))
    ratio = Figure.of(run.rate / plain_rate for run, plain_rate in zip(recipe, plain_rates, strict=True))
    real, plain_real = Figure.of(run.rate for run in recipe), Figure.of(plain_rates)
    plain_share = plain.real_tokens / sum(map(torch.numel, plain.batches))
    rows = [
        {
            "loop": "plain",
            "precision": "fp32",
            "real tokens a second": plain_real,
            "times": 1.0,
            "real share": round(plain_share, 3),
        },
        {
            "loop": "recipe",
            "precision": recipe[0].precision,
            "real tokens a second": real,
            "times": ratio,
            "real share": round(min(run.real_share for run in recipe), 3),
        },
    ]
    figures = {"real_tokens_per_s": real.median, "plain_loop_real_tokens_per_s": plain_real.median}
    return rows, {**figures, "ratio": ratio.median, "preset": "tiny", "batch_size": batch_size}


def measure_on_gpu(repeats: int, batch_size: int) -> tuple[list[dict], dict[str, float]]:
    """Rows and figures of the 1B preset on whole rows, and the share of the GPU's peak where that is known."""
    config = HLXConfig.from_preset("1b")
    line = CorpusLine("LC-R", "a" * (GPU_LENGTH - 4), None)  # a string in quotes, between <bos> and <eos>
    dataset = LineDataset([line] * (batch_size * GPU_STEPS), {"complete": 1}, load_tokenizer(), GPU_LENGTH)
    options = ["--num_train_epochs", "1", "--per_device_train_batch_size", str(batch_size)]
    rate = Figure.of(measure_recipe("baseline_1b_80gb", dataset, options).rate for _ in range(repeats))
    figures = {"real_tokens_per_s": rate.median, "preset": "1b", "batch_size": batch_size}
    peak = PEAK_FLOPS.get(torch.cuda.get_device_name())
    if peak is not None:
        figures["mfu"] = rate.median * flops_per_token(config, GPU_LENGTH) / peak
    return [{"loop": "recipe", "real tokens a second": rate, "share of peak": figures.get("mfu")}], figures


def flops_per_token(config: HLXConfig, length: int) -> float:
    """FLOPs of a token forward and backward, as Chowdhery et al. count them (2022, "PaLM", appendix B)."""
    attention = 12 * config.num_hidden_layers * config.hidden_size * length
    return 6 * count_parameters(config) + attention


def main() -> None:
    """Measures what this machine has, and prints the report."""
    parser = benchmark_parser(__doc__, repeats=5)
    parser.add_argument("--batch_size", type=int, help=f"lines; {CPU_BATCH_SIZE} on a CPU, {GPU_BATCH_SIZE} on a GPU")
    options = parser.parse_args()
    logging.set_verbosity_error()
    if torch.cuda.is_available():
        rows, figures = measure_on_gpu(options.repeats, options.batch_size or GPU_BATCH_SIZE)
    else:
        rows, figures = measure_on_cpu(options.repeats, options.batch_size or CPU_BATCH_SIZE)
    print_report(f"training, {figures['preset']} preset", rows, options, **figures)


if __name__ == "__main__":
    main()
