"""How far a phase has come: a bar for who watches, and a file for other processes."""

import json
import os
import sys
import time
from pathlib import Path

from tqdm.auto import tqdm
from transformers import ProgressCallback, TrainerCallback, TrainerControl, TrainerState

from ..files import PROGRESS, write_whole
from .arguments import PhaseArguments

FILE_SECONDS = 1  # between two versions of the file
LOG_FILE_SECONDS = 30  # between two lines of a bar that nobody watches on a terminal
GATE_FIGURES = ("exact", "valid", "empty", "parroted", "repetition", "malformed")


class PhaseProgress(ProgressCallback):
    """transformers' bar, with the loss and the last gate behind it instead of a line for every log."""

    def on_train_begin(self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        self.current_step = state.global_step
        self.loss, self.gate = "", ""
        if state.is_world_process_zero:
            # steps of an earlier run took none of this one's time, by which the time left is told
            seconds = 0.1 if sys.stderr.isatty() else LOG_FILE_SECONDS
            self.training_bar = tqdm(
                total=state.max_steps, initial=state.global_step, dynamic_ncols=True, mininterval=seconds
            )

    def on_epoch_begin(self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        if state.is_world_process_zero:
            self.training_bar.set_description(f"epoch {int(state.epoch) + 1}/{state.num_train_epochs}", refresh=False)

    def on_log(
        self,
        args: PhaseArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs,
    ) -> None:
        if not state.is_world_process_zero or self.training_bar is None:
            return
        if "loss" in logs:
            self.loss = f"loss {logs['loss']:.3g}"
        if "gate_exact" in logs:
            self.gate = f"exact {logs['gate_exact']:.0%}, valid {logs['gate_valid']:.0%}"
            shares = ", ".join(f"{name} {logs[f'gate_{name}']:.0%}" for name in GATE_FIGURES)
            self.training_bar.write(f"gate of epoch {logs['epoch']:g}: loss {logs['gate_train_loss']:.3g}, {shares}")
        self.training_bar.set_postfix_str(", ".join(filter(None, (self.loss, self.gate))))


class ProgressFile(TrainerCallback):
    """Keeps `_progress.json` in the output_dir: how far this process has come, and since when it has been training."""

    def on_train_begin(self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        self.started = {"started_at": time.time(), "first_step": state.global_step}
        # of a run that goes on, the last one that it has logged
        self.loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
        self._write(args, state)

    def on_log(
        self,
        args: PhaseArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs,
    ) -> None:
        self.loss = logs.get("loss", self.loss)

    def on_step_end(self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        if time.time() - self.written_at >= FILE_SECONDS:
            self._write(args, state)

    def on_train_end(self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        self._write(args, state)

    def _write(self, args: PhaseArguments, state: TrainerState) -> None:
        self.written_at = time.time()
        if state.is_world_process_zero:
            progress = {
                "process": os.getpid(),
                **self.started,
                "written_at": self.written_at,
                "step": state.global_step,
                "steps": state.max_steps,
                "epoch": state.epoch or 0,
                "epochs": state.num_train_epochs,
                "loss": self.loss,
            }
            write_whole(Path(args.output_dir) / PROGRESS, json.dumps(progress) + "\n")
