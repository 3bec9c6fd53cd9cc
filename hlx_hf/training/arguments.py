"""The settings of a training phase: `TrainingArguments` and a few fields, from YAML, then from the command line."""

import argparse
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml
from accelerate.utils import parse_flag_from_env
from transformers import HfArgumentParser, TrainingArguments
from transformers.utils import is_torchao_available

from ..corpus import TRAINING_CORPORA
from ..corpus.generator.selection import TRAINING
from ..corpus.generator.stream import CHUNK_SIZE
from ..corpus.tasks import TASKS
from ..hints import nearest_hint
from ..lines_hlx import NOTATIONS
from .limits import DEFAULT_LIMITS, parse_limit

GENERATED = "generated"  # in place of a corpus' name: sentences and values drawn anew in every epoch


@dataclass
class PhaseArguments(TrainingArguments):
    """`TrainingArguments`, and what a phase trains on which lines."""

    preset: str = field(default="tiny", metadata={"help": "Size of fresh weights, where no model is given."})
    model_name_or_path: str | None = field(
        default=None, metadata={"help": "Folder or Hub id of the weights to go on from, instead of fresh ones."}
    )
    corpus: str = field(
        default="all_variants",
        metadata={"help": "Configuration of the corpora to train on, or `generated` for sentences drawn without end."},
    )
    chunks_per_epoch: int = field(
        default=16,
        metadata={"help": f"Length of an epoch on the generated corpus, in chunks of {CHUNK_SIZE} examples."},
    )
    everyday_share: float = field(
        default=0.0,
        metadata={"help": "Share of the generated sentences that are worded as most people ask, in everyday words."},
    )
    most_steps: int = field(
        default=TRAINING.steps[1],
        metadata={"help": "Steps of the longest generated pipelines that are put into HLX; with 2, no end is taught."},
    )
    notations: list[str] | None = field(
        default=None,
        metadata={
            "help": "Notations of the lines to train on; those that the model has learned which the run goes on from, "
            "or all four, if not given."
        },
    )
    data_files: list[str] | None = field(
        default=None, metadata={"help": "Markdown corpora of your own, instead of the package's."}
    )
    tasks: list[str] = field(
        default_factory=lambda: ["to_hlx=1"],
        metadata={"help": "Tasks to draw from, each with its weight: to_hlx=2 convert=1 answer=1."},
    )
    bidirectional_prompt: bool | None = field(
        default=None,
        metadata={
            "help": "Let the tokens of a prompt see all of it, and not only what stands before them; "
            "as the model has it that the run goes on from if not given."
        },
    )
    num_loops: int | None = field(
        default=None,
        metadata={
            "help": "How often a token passes the layers, one round after another with the same weights; "
            "as the model has it that the run goes on from if not given."
        },
    )
    muon: bool = field(
        default=False,
        metadata={"help": "Muon for the matrices of the layers and AdamW for the rest, instead of `optim`."},
    )
    low_memory: bool = field(
        default=False,
        metadata={"help": "bf16 weights and an AdamW of 3 bytes inside the backward pass, instead of `optim`."},
    )
    save_every_epochs: int = field(default=10, metadata={"help": "Epochs between two checkpoints."})
    gate_epochs: list[int] = field(
        default_factory=lambda: [1, 5, 10, 20, 50, 100, 150, 200],
        metadata={"help": "Epochs after which the model is asked some questions, a quality gate; 0 for none."},
    )
    gate_limits: list[str] = field(
        default_factory=lambda: list(DEFAULT_LIMITS),
        metadata={
            "help": "What answers at a gate must keep to, such as min_exact=0.1, or from epoch 5 on min_exact=0.1@5."
        },
    )
    gate_grace_steps: int = field(default=60, metadata={"help": "Steps before which a missed gate stops nothing."})
    hub_patience: float = field(
        default=600, metadata={"help": "Seconds that a finished run waits for a Hub that has not taken everything yet."}
    )
    final_name: str = field(
        default="final_epoch{epoch}",
        metadata={"help": "Name of the folder in output_dir that the result is saved to; {epoch} is the last one."},
    )

    def __post_init__(self):
        if self.activation_checkpointing is None:
            self.activation_checkpointing = self.gradient_checkpointing  # its new name in transformers 5.23
        super().__post_init__()
        if self.device.type == "cpu":
            self.dataloader_pin_memory = False  # nothing to copy to, and a warning at every start
        # a generated batch is padded to its own longest line, so that one process cannot join those of all and deal
        # them out: each makes the stream and takes its share
        self.accelerator_config.dispatch_batches = False
        if self.ddp_find_unused_parameters is None:
            self.ddp_find_unused_parameters = False  # there are none, and looking for them takes time
        if self.data_seed is None:
            self.data_seed = self.seed
        if self.hub_private_repo is None:
            self.hub_private_repo = True
        self._read_lists()
        self._check_corpus()
        for name in ("chunks_per_epoch", "num_loops", "save_every_epochs"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        if self.dataloader_persistent_workers:
            raise ValueError(
                "dataloader_persistent_workers keeps workers that hear of no epoch but the first: leave it out"
            )
        if self.low_memory:
            self._check_low_memory()

    def _read_lists(self) -> None:
        # YAML may have one value in place of a list
        for name in ("tasks", "notations", "gate_limits"):
            if isinstance(value := getattr(self, name), str):
                setattr(self, name, value.split())
        if isinstance(self.data_files, str):
            self.data_files = [self.data_files]
        if isinstance(self.gate_epochs, int):
            self.gate_epochs = [self.gate_epochs]
        self.task_weights = dict(map(_task_weight, self.tasks))
        self.limits = list(map(parse_limit, self.gate_limits))

    def _check_corpus(self) -> None:
        corpora = (*TRAINING_CORPORA, GENERATED)
        if self.corpus not in corpora:
            raise ValueError(
                f"corpus is one of {', '.join(corpora)}, not {self.corpus}{nearest_hint(self.corpus, corpora)}"
            )
        for name, values, known in (("tasks", self.task_weights, TASKS), ("notations", self.notations, NOTATIONS)):
            if values is None:
                continue
            unknown = [value for value in values if value not in known]
            if unknown or not values:
                raise ValueError(f"{name} are some of {', '.join(known)}, not {', '.join(unknown) or 'none'}")
        if self.corpus == GENERATED and self.data_files:
            raise ValueError(
                f"corpus {GENERATED} is drawn and not read from data_files, here {', '.join(self.data_files)}: "
                "leave one of the two out"
            )
        if not 0 <= self.everyday_share <= 1:
            raise ValueError(f"everyday_share is from 0 to 1, not {self.everyday_share}")
        fewest, most = TRAINING.steps
        if not fewest <= self.most_steps <= most:
            raise ValueError(
                f"most_steps is from {fewest} to {most}, the steps of the pipelines in training, not {self.most_steps}"
            )

    def _check_low_memory(self) -> None:
        if not is_torchao_available():
            raise ValueError("low_memory needs torchao: pip install torchao")
        if self.fp16 or self.bf16 or self.muon:
            raise ValueError("low_memory has its own precision and optimizer: leave fp16, bf16 and muon out")
        if self.gradient_accumulation_steps > 1:
            raise ValueError(
                "low_memory updates each weight as soon as it has a gradient, and so cannot sum gradients over "
                f"{self.gradient_accumulation_steps} batches: set gradient_accumulation_steps to 1"
            )
        if self.world_size > 1 or self.n_gpu > 1:
            raise ValueError(
                "low_memory updates each weight before its gradient is shared among processes, so it runs on one GPU "
                f"alone, not on {max(self.world_size, self.n_gpu)}"
            )

    @property
    def is_sharded(self) -> bool:
        """Whether each process holds only its share of the weights, as FSDP and DeepSpeed have it."""
        return any(map(parse_flag_from_env, ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")))

    @property
    def learned_notations(self) -> list[str] | None:
        """Those that the model will have learned, as `HLXConfig` has it: None if these are all four."""
        return None if set(self.notations or NOTATIONS) == set(NOTATIONS) else self.notations

    @property
    def step_batch_size(self) -> int:
        """Examples of an optimizer step, on all devices together."""
        return self.train_batch_size * self.gradient_accumulation_steps * self.world_size

    @property
    def goes_on(self) -> bool:
        """Whether the run takes up what is in its output_dir: a result, else the newest checkpoint."""
        return (self.resume_from_checkpoint or "").lower() in ("true", "last")

    @property
    def final_dir(self) -> Path:
        """Where the result of the phase is saved; a run cut short by `max_steps` does not go by the result's name."""
        if self.max_steps > 0:
            return Path(self.output_dir) / f"after_{self.max_steps}_steps"
        return Path(self.output_dir) / self.final_name.format(epoch=int(self.num_train_epochs))


def _task_weight(text: str) -> tuple[str, float]:
    name, _, weight = text.partition("=")
    try:
        number = float(weight or 1)
    except ValueError:
        number = -1
    if not 0 < number < float("inf"):
        raise ValueError(f"a task is given as name=weight with a positive weight, not {text!r}")
    return name, number


def parse_arguments(default_config: str | Path, argv: list[str] | None = None) -> PhaseArguments:
    """The settings of a YAML file, `--config FILE` or `default_config`, with the command line's on top.

    Raises:
        SystemExit: a setting is unknown, and the message names the nearest known one; or one cannot be, or the file is
            no YAML.
    """
    parser = HfArgumentParser(PhaseArguments, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--config", type=Path, default=default_config, help="YAML file of settings under these names")
    argv = sys.argv[1:] if argv is None else argv
    config = parser.parse_known_args([word for word in argv if word not in ("-h", "--help")])[0].config
    known = [setting.name for setting in fields(PhaseArguments) if setting.init]
    if not config.is_file():
        parser.error(f"there is no configuration {config}")
    try:
        settings = yaml.safe_load(config.read_text()) or {}
    except yaml.YAMLError as error:
        parser.error(f"{config} is no YAML: {' '.join(str(error).split())}")
    if not isinstance(settings, dict):
        parser.error(f"{config} has no settings, which are lines such as `seed: 1`")
    for name in settings:
        if name not in known:
            parser.error(f"{config}: unknown setting {name!r}{nearest_hint(name, known)}")
    parser.set_defaults(**settings)
    namespace, unknown = parser.parse_known_args(argv)
    if unknown:
        name = unknown[0].lstrip("-").partition("=")[0]
        parser.error(f"unknown setting {unknown[0]!r}{nearest_hint(name, known)}")
    values = vars(namespace)
    values.pop("config")
    try:
        return PhaseArguments(**values)
    except ValueError as error:
        parser.error(str(error))
