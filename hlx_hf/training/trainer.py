"""The Trainer of a phase: its model, its optimizer, and what it does beside transformers' own."""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, PreTrainedTokenizerBase, ProgressCallback

from ..configuration_hlx import HLXConfig
from ..corpus.generator.stream import ChunkStream
from ..modeling_hlx import HLXForCausalLM
from .arguments import PhaseArguments
from .callbacks import SaveEveryEpochs
from .checkpoints import WholeCheckpoints
from .examples import IGNORED, LengthGroupedSampler, LineDataset
from .gates import QualityGates
from .hardware import avoid_slow_bf16
from .hub import PushesToHub
from .muon import MuonFactory
from .packing import collate_packed
from .progress import PhaseProgress, ProgressFile

COUNT_MULTIPLE = 256  # of the tokens with logits, for the reason of `packing.LENGTH_MULTIPLES`


class PhaseTrainer(WholeCheckpoints, PushesToHub):
    """The Trainer, with whole checkpoints, batches of like length, quality gates, and model folders under FSDP2."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.gates = QualityGates(self.args, self.processing_class, self.log)
        self._real_tokens = torch.zeros((), dtype=torch.long, device=self.args.device)
        self.add_callback(SaveEveryEpochs())
        self.add_callback(self.gates)
        self.add_callback(ProgressFile())
        if not self.args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(PhaseProgress())

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        loss = super().training_step(model, inputs, num_items_in_batch)
        self._real_tokens += (inputs["input_ids"] != self.model.config.pad_token_id).sum()  # no step waits for the sum
        # of all processes, so that all of them stop at the same step
        self.gates.loss.add(self.accelerator.reduce(loss, reduction="mean"))
        return loss

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if self.args.device.type == "cpu":
            # No logits where no label follows: half of the tokens. Elsewhere, counting them would wait for the device.
            inputs["logits_to_keep"] = tokens_to_keep(inputs["labels"])
        return super().compute_loss(model, inputs, *args, **kwargs)

    def checkpoint_folder(self) -> Path:
        folder = super().checkpoint_folder()
        # a run that a gate has stopped must not be gone on with unless its state is named
        return folder.with_name(f"stopped_at_step_{self.state.global_step}") if self.gates.stopped else folder

    @property
    def steps_trained(self) -> int:
        """Steps of this process; those before the checkpoint that it has gone on from are another's."""
        return self.state.global_step - self._initial_global_step

    def log_speed(self, seconds: float) -> None:
        """Logs the tokens a second of a training that took so long, padding not counted, of all processes together."""
        tokens = self.accelerator.reduce(self._real_tokens, reduction="sum").item()
        self.log({"train_tokens_per_second": round(tokens / seconds, 1)})

    def _get_train_sampler(self, train_dataset: LineDataset | None = None) -> LengthGroupedSampler:
        return LengthGroupedSampler(train_dataset or self.train_dataset, self.args.step_batch_size)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        # FSDP2 gives the model a class of torch's own, whose files would be saved in place of the modelling files
        model_class = type(self.model)
        model_class.__name__, model_class.__module__ = HLXForCausalLM.__name__, HLXForCausalLM.__module__
        super()._save(output_dir, state_dict)

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        if not self.gates.stopped:  # what has gone wrong is kept here, to be looked at
            super()._push_from_checkpoint(checkpoint_folder)

    def _get_grad_norm(self, model: nn.Module, grad_norm: torch.Tensor | None = None) -> torch.Tensor | None:
        if self.args.low_memory:
            return None  # the gradients are gone, and their norm would be logged as 0
        return super()._get_grad_norm(model, grad_norm)


def tokens_to_keep(labels: torch.Tensor) -> torch.Tensor:
    """A mask of the tokens that a label follows, and of some others, so that their count is one of few.

    Args:
        labels: of shape (batch, length).
    """
    kept = F.pad(labels[:, 1:] != IGNORED, (0, 1))
    missing = -int(kept.sum()) % COUNT_MULTIPLE
    others = (~kept).flatten().nonzero()[:missing]
    return kept.flatten().index_fill(0, others[:, 0], True).view_as(kept)


def make_trainer(
    arguments: PhaseArguments, config: HLXConfig, dataset: LineDataset | ChunkStream, tokenizer: PreTrainedTokenizerBase
) -> PhaseTrainer:
    """A model, fresh or read from a folder, and what trains it, as the arguments say."""
    avoid_slow_bf16(arguments)
    settings = _model_settings(arguments)
    if arguments.model_name_or_path is None:
        model = AutoModelForCausalLM.from_config(config, **settings)
    else:
        model = AutoModelForCausalLM.from_pretrained(arguments.model_name_or_path, config=config, **settings)
    return PhaseTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=partial(
            collate_packed, pad_token_id=tokenizer.pad_token_id, max_length=config.max_position_embeddings
        ),
        processing_class=tokenizer,
        optimizer_cls_and_kwargs=_optimizer(arguments),
    )


def _model_settings(arguments: PhaseArguments) -> dict[str, Any]:
    # The backward pass of fused attention in bf16 takes a CPU five times as long as plain products of matrices.
    slow_fused_attention = arguments.device.type == "cpu" and arguments.bf16
    return {
        "dtype": torch.bfloat16 if arguments.low_memory else torch.float32,
        "attn_implementation": "eager" if slow_fused_attention else "sdpa",
    }


def _optimizer(arguments: PhaseArguments) -> tuple[type, dict[str, Any]] | None:
    """Class and settings of an optimizer that the Trainer does not know under a name."""
    if arguments.muon:
        return MuonFactory, {"arguments": arguments}
    if arguments.low_memory:
        from .low_memory import LowMemoryAdamWFactory  # needs torchao, which is an extra

        return LowMemoryAdamWFactory, {"arguments": arguments}
    return None
