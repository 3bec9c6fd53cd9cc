"""The Trainer of a phase."""

from typing import Any

import torch
from torch import nn
from transformers import ProgressCallback, Trainer

from .callbacks import SaveEveryEpochs
from .examples import LengthGroupedSampler, LineDataset
from .gates import QualityGates
from .progress import PhaseProgress


class PhaseTrainer(Trainer):
    """The Trainer, with batches of examples that are alike in length, and with quality gates."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.gates = QualityGates(self.args, self.processing_class, self.log)
        self.add_callback(SaveEveryEpochs())
        self.add_callback(self.gates)
        if not self.args.disable_tqdm:
            self.remove_callback(ProgressCallback)
            self.add_callback(PhaseProgress())

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        loss = super().training_step(model, inputs, num_items_in_batch)
        # of all processes, so that all of them stop at the same step
        self.gates.loss.add(self.accelerator.reduce(loss, reduction="mean").item())
        return loss

    def _get_train_sampler(self, train_dataset: LineDataset | None = None) -> LengthGroupedSampler:
        batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        return LengthGroupedSampler(train_dataset or self.train_dataset, batch_size)
