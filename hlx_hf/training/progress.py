"""The progress bar of a phase: epoch, loss, the last gate, and the time left."""

from tqdm.auto import tqdm
from transformers import ProgressCallback, TrainerControl, TrainerState

from .arguments import PhaseArguments

GATE_FIGURES = ("exact", "valid", "empty", "parroted", "repetition", "malformed")


class PhaseProgress(ProgressCallback):
    """transformers' bar, with the loss and the last gate behind it instead of a line for every log."""

    def on_train_begin(self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        self.current_step = state.global_step
        self.loss, self.gate = "", ""
        if state.is_world_process_zero:
            # steps of an earlier run took none of this one's time, by which the time left is told
            self.training_bar = tqdm(total=state.max_steps, initial=state.global_step, dynamic_ncols=True)

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
