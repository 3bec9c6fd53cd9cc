"""Quality gates: after some epochs the model is asked questions, and a run that has gone wrong is stopped.

What was seen is written to `gates.json`. A run is stopped at once where its loss is no number or diverges, and after an
epoch of `gate_epochs` where an answer's figure misses one of `gate_limits`.
"""

import json
from collections.abc import Callable
from pathlib import Path

from accelerate.utils import broadcast_object_list
from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainerControl, TrainerState

from ..files import GATES, write_whole
from ..modeling_hlx import HLXForCausalLM
from .arguments import PhaseArguments
from .limits import FIGURES
from .loss_watch import LossWatch
from .measures import draw_questions, measure

EXIT_CODE = 3  # of a run that was stopped; 1 is an error of settings or machine, and 2 of the command line
LOWER_RATE = "try a lower learning_rate or a longer warmup_steps"


class QualityGates(TrainerCallback):
    """Watches the loss of every step, asks the model after some epochs, and stops the run where it has to.

    Training is not disturbed: with gates and without, a run ends with the same weights. With several processes the
    first one asks its own copy of the model; where weights are sharded it has none, and only the loss is watched.

    Args:
        arguments: epochs, limits and grace.
        tokenizer: of the model.
        log: takes figures by name, as `Trainer.log` does.

    Attributes:
        stopped: why the run was stopped, or None.
    """

    def __init__(
        self, arguments: PhaseArguments, tokenizer: PreTrainedTokenizerBase, log: Callable[[dict[str, float]], None]
    ):
        self.tokenizer = tokenizer
        self.log = log
        self.loss = LossWatch()
        asks = max(arguments.gate_epochs, default=0) > 0 and not arguments.is_sharded
        self.questions = draw_questions(arguments) if asks else []
        self.path = Path(arguments.output_dir) / GATES
        self.gates: list[dict] = []
        self.stopped: str | None = None

    def on_train_begin(
        self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs
    ) -> TrainerControl:
        """Starts `gates.json`, with the gates so far of a run that goes on."""
        if state.global_step and self.path.is_file():
            earlier = json.loads(self.path.read_text(encoding="utf-8"))["gates"]
            self.gates = [gate for gate in earlier if gate["step"] <= state.global_step]
        self._write(state)  # over what a run before this one has left
        return control

    def on_step_end(
        self, args: PhaseArguments, state: TrainerState, control: TrainerControl, **kwargs
    ) -> TrainerControl:
        """Looks at the loss of the step."""
        wrong = self.loss.end_step()
        if wrong:
            self._stop(f"{wrong}; {LOWER_RATE}", state, control)
        return control

    def on_epoch_end(
        self,
        args: PhaseArguments,
        state: TrainerState,
        control: TrainerControl,
        model: HLXForCausalLM | None = None,
        **kwargs,
    ) -> TrainerControl:
        """Asks the model if the epoch just finished has a gate."""
        epoch = round(state.epoch)
        whole = abs(state.epoch - epoch) < 1e-6  # max_steps can end one early
        if not whole or epoch not in args.gate_epochs or not self.questions or self.stopped:
            return control

        # One process asks, and all go by what it saw
        gate = [self._ask(args, state, epoch, model) if state.is_world_process_zero else None]
        (gate,) = broadcast_object_list(gate)
        self.gates.append(gate)
        should_log = control.should_log
        self.log({f"gate_{name}": gate[name] for name in ("train_loss", *FIGURES)})
        control.should_log = should_log  # of the loss; logging has reset it
        if gate["missed"] and not gate["in_grace"]:
            self._stop("; ".join(gate["missed"]), state, control)
        self._write(state)
        return control

    def _ask(self, args: PhaseArguments, state: TrainerState, epoch: int, model: HLXForCausalLM) -> dict:
        figures = measure(model, self.tokenizer, self.questions)
        misses = [limit.miss(figures, epoch) for limit in args.limits]
        return {
            "epoch": epoch,
            "step": state.global_step,
            "missed": [miss for miss in misses if miss],
            "in_grace": state.global_step < args.gate_grace_steps,
            "train_loss": self.loss.mean,
            **figures,
        }

    def _stop(self, reason: str, state: TrainerState, control: TrainerControl) -> None:
        self.stopped = f"stopped after step {state.global_step} (epoch {state.epoch:.4g}): {reason}"
        control.should_training_stop = True
        control.should_save = True
        self._write(state)

    def _write(self, state: TrainerState) -> None:
        if state.is_world_process_zero:
            found = {"stopped": self.stopped, "gates": self.gates}
            write_whole(self.path, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
