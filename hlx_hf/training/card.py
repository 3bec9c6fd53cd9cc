"""The model card of a phase's result."""

from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.utils import HFValidationError, validate_repo_id

from .. import __version__
from ..corpus.tasks import ENGLISH_TASKS
from ..evaluation.card import DATASET, TASK
from ..files import PLOT
from .arguments import GENERATED, PhaseArguments
from .trainer import PhaseTrainer


def make_card(
    arguments: PhaseArguments,
    name: str,
    outcome: dict[str, str],
    has_plot: bool,
    template: Path,
    shipped_as: str | None = None,
) -> ModelCard:
    """Fills the template; of local files and folders that the run was given it says the last names alone.

    Args:
        arguments: of the run.
        name: of the model.
        outcome: what the run came to, rows for the card's table of the training.
        has_plot: whether the folder of the model has a picture of the training.
        template: Jinja template of the card.
        shipped_as: what the package calls the model, if it comes with it.
    """
    start = arguments.model_name_or_path
    is_local = start is not None and _is_folder(start)
    reads_english = not ENGLISH_TASKS.isdisjoint(arguments.task_weights)
    own_corpora = [Path(file).name for file in arguments.data_files or ()]
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag=TASK,
        license="apache-2.0",
        language="en" if reads_english else None,
        tags=["hlx", "semantic-parsing"],
        datasets=None if own_corpora else [DATASET],
        base_model=None if is_local else start,
        model_name=name,
    )
    settings = {
        "corpus": ", ".join(own_corpora or [arguments.corpus]),
        "tasks and weights": ", ".join(arguments.tasks),
        "started from": "fresh weights" if start is None else Path(start).name if is_local else start,
        "batch size": arguments.step_batch_size,
        "learning rate": arguments.learning_rate,
        "precision": _precision(arguments),
        "seed": arguments.seed,
    }
    return ModelCard.from_template(
        data,
        template_path=str(template),
        rows={**settings, **outcome},
        reads_english=reads_english,
        learned=arguments.learned_notations,
        converts="convert" in arguments.task_weights,
        by_heart=arguments.corpus != GENERATED,
        last_step=arguments.max_steps if arguments.max_steps > 0 else None,
        plot=PLOT if has_plot else None,
        version=__version__,
        shipped_as=shipped_as,
    )


def write_card(
    folder: Path,
    trainer: PhaseTrainer,
    arguments: PhaseArguments,
    metrics: dict,
    line_count: int,
    has_plot: bool,
    template: Path,
) -> None:
    """Writes the card of a run into the folder of its result.

    Args:
        folder: of the result.
        trainer: after its training.
        arguments: of the run.
        metrics: of the training, as `Trainer.train` returns them.
        line_count: lines of the corpus, or examples of an epoch where they are generated.
        has_plot: whether the folder has a picture of the training.
        template: Jinja template of the card.
    """
    outcome = {
        "parameters": f"{trainer.model.num_parameters():,}",
        "epochs": f"{trainer.state.epoch:g}",
        "examples of an epoch": f"{line_count:,}",
    }
    if trainer.steps_trained:
        steps = trainer.state.global_step
        # loss and time of what came before the checkpoint that a run goes on from are not known
        part = "" if trainer.steps_trained == steps else f" (the last {trainer.steps_trained:,} of {steps:,} steps)"
        outcome["mean training loss"] = f"{metrics['train_loss']:.4f}{part}"
        outcome["training time"] = f"{metrics['train_runtime']:.0f} s{part}"
    card = make_card(arguments, arguments.final_dir.name, outcome, has_plot, template)
    card.save(str(folder / "README.md"))


def _is_folder(start: str) -> bool:
    """Whether weights came from a folder, also if that is gone by now; otherwise they came from the Hub."""
    try:
        validate_repo_id(start)
    except HFValidationError:
        return True
    return Path(start).exists()


def _precision(arguments: PhaseArguments) -> str:
    if arguments.fp16:
        return "fp16"
    return "bf16" if arguments.bf16 or arguments.low_memory else "fp32"
