"""What a phase adds to the Trainer's own callbacks."""

from transformers import TrainerCallback, TrainerControl, TrainerState

from .arguments import PhaseArguments


class SaveEveryEpochs(TrainerCallback):
    """A checkpoint after every `save_every_epochs` epochs, for which TrainingArguments has no setting."""

    def on_epoch_end(
        self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs
    ) -> TrainerControl:
        """Asks for a checkpoint when the epoch just finished is a multiple."""
        epoch = round(state.epoch)
        whole = abs(state.epoch - epoch) < 1e-6  # max_steps can end one early
        if whole and epoch % args.save_every_epochs == 0:
            control.should_save = True
        return control
