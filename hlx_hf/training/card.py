"""The model card of a phase's result."""

from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData
from transformers import Trainer

from .. import __version__
from .arguments import PhaseArguments
from .plots import PLOT


def write_card(
    folder: Path,
    trainer: Trainer,
    arguments: PhaseArguments,
    metrics: dict,
    line_count: int,
    has_plot: bool,
    template: Path,
) -> None:
    """Fills the template with what the run was and writes it into the folder of its result.

    Args:
        folder: of the result.
        trainer: after its training.
        arguments: of the run.
        metrics: of the training, as `Trainer.train` returns them.
        line_count: lines of the corpus, or examples of an epoch where they are generated.
        has_plot: whether the folder has a picture of the training.
        template: Jinja template of the card.
    """
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag="text-generation",
        license="apache-2.0",
        tags=["hlx", "semantic-parsing"],
        model_name=arguments.final_dir.name,
    )
    card = ModelCard.from_template(
        data,
        template_path=str(template),
        parameters=f"{trainer.model.num_parameters():,}",
        corpus=", ".join(arguments.data_files or [arguments.corpus]),
        line_count=line_count,
        tasks=", ".join(arguments.tasks),
        start=arguments.model_name_or_path or "fresh weights",
        epochs=f"{trainer.state.epoch:g}",
        batch_size=arguments.step_batch_size,
        learning_rate=arguments.learning_rate,
        precision="fp16" if arguments.fp16 else "bf16" if arguments.bf16 or arguments.low_memory else "fp32",
        seed=arguments.seed,
        train_loss=metrics["train_loss"],
        train_runtime=metrics["train_runtime"],
        plot=PLOT if has_plot else None,
        version=__version__,
    )
    card.save(str(folder / "README.md"))
