"""One phase of training, from its settings to the folder that its result is saved in."""

import shutil
import sys
from pathlib import Path
from typing import NoReturn

from transformers import PreTrainedTokenizerBase, set_seed
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import logging

from ..configuration_hlx import HLXConfig
from ..corpus import load_corpus
from ..corpus.generator.stream import ChunkStream
from ..corpus.tasks import corpus_lines
from ..hub import download_checkpoint
from ..tokenization_hlx import load_tokenizer
from .arguments import GENERATED, PhaseArguments
from .card import write_card
from .examples import LineDataset
from .gates import EXIT_CODE, GATES
from .hardware import HardwareError, check_memory, check_precision
from .plots import PLOT, plot_training
from .stream import ExampleMaker
from .trainer import PhaseTrainer, make_trainer

# without one of them the Trainer would go on all the same, from fresh moments or another learning rate
CHECKPOINT_FILES = ("trainer_state.json", "scheduler.pt")
# the optimizer's state, or what names its folder: usual, FSDP, DeepSpeed
OPTIMIZER_FILES = ("optimizer.pt", "optimizer.bin", "latest")
FROM_HUB = "hub:"  # before a repository, and an @ and a revision, as a checkpoint to resume

logger = logging.get_logger("hlx_hf")


def run_phase(arguments: PhaseArguments, card_template: Path) -> Path:
    """Trains, saves the result with its tokenizer and card, and pushes it if asked to.

    Args:
        arguments: what to train, on what, and how.
        card_template: Jinja template of the model card.

    Returns:
        The folder of the result, `arguments.final_dir`.

    Raises:
        SystemExit: the settings do not fit this machine or each other; the message is one sentence. Or a quality gate
            has stopped the run: the code is `EXIT_CODE`, and a checkpoint of what it saw is on disk.
    """
    set_seed(arguments.seed)
    logging.disable_progress_bar()  # of reading and writing weights; the Trainer's own stays

    try:
        # Hardware and model configuration, before anything large is read
        check_precision(arguments)
        config = _model_config(arguments)
        check_memory(arguments, config)
        checkpoint = _checkpoint_to_resume(arguments)

        # Tokenizer and corpus
        tokenizer = load_tokenizer()
        dataset = _dataset(arguments, tokenizer, config.max_position_embeddings)
    except (HardwareError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")

    # Training
    trainer = make_trainer(arguments, config, dataset, tokenizer)
    result = trainer.train(resume_from_checkpoint=checkpoint)
    trainer.log_metrics("train", result.metrics)
    if trainer.gates.stopped:
        if trainer.pusher is not None:
            trainer.pusher.finish(arguments.hub_patience)
        _leave_stopped(trainer, arguments)

    # Result: the Trainer leaves the cache off in the configuration, which would make generation slow
    trainer.model.config.use_cache = True
    trainer.save_model(str(arguments.final_dir), _internal_call=True)  # or it would be pushed without its card
    if trainer.is_world_process_zero():
        has_plot = _plot(trainer, arguments.final_dir, arguments.final_dir.name)
        write_card(trainer, arguments, result.metrics, len(dataset), has_plot, card_template)
        trainer.state.save_to_json(str(arguments.final_dir / "trainer_state.json"))
        if trainer.pusher is not None:
            trainer.push_result(arguments.final_dir)
            trainer.pusher.finish(arguments.hub_patience)
    return arguments.final_dir


def _dataset(
    arguments: PhaseArguments, tokenizer: PreTrainedTokenizerBase, positions: int
) -> LineDataset | ChunkStream:
    if arguments.corpus == GENERATED:
        maker = ExampleMaker(
            arguments.task_weights, tokenizer, positions, arguments.step_batch_size, arguments.data_seed
        )
        return ChunkStream(maker, arguments.chunks_per_epoch)
    lines = corpus_lines(load_corpus(arguments.corpus, data_files=arguments.data_files))
    return LineDataset(lines, arguments.task_weights, tokenizer, positions, arguments.data_seed)


def _model_config(arguments: PhaseArguments) -> HLXConfig:
    if arguments.model_name_or_path is None:
        return HLXConfig.from_preset(arguments.preset)
    try:
        return HLXConfig.from_pretrained(arguments.model_name_or_path)
    except OSError as error:
        raise OSError(
            f"no model at {arguments.model_name_or_path}: run the phase that makes it first, "
            "or name another with --model_name_or_path"
        ) from error


def _checkpoint_to_resume(arguments: PhaseArguments) -> str | None:
    asked = arguments.resume_from_checkpoint
    if not asked or asked.lower() == "false":
        return None
    if asked.lower() in ("true", "last"):
        found = get_last_checkpoint(arguments.output_dir) if Path(arguments.output_dir).is_dir() else None
        if found is None:
            logger.info(f"no checkpoint in {arguments.output_dir} yet: starting from the first epoch")
        return found
    if asked.startswith(FROM_HUB):
        asked = str(download_checkpoint(asked.removeprefix(FROM_HUB), arguments.hub_token))
    has_optimizer = any((Path(asked) / name).is_file() for name in OPTIMIZER_FILES)
    missing = [] if has_optimizer else [OPTIMIZER_FILES[0]]
    missing += [name for name in CHECKPOINT_FILES if not (Path(asked) / name).is_file()]
    if missing:
        raise ValueError(f"{asked} is no whole checkpoint (it has no {missing[0]}): name a checkpoint-N folder")
    return asked


def _leave_stopped(trainer: PhaseTrainer, arguments: PhaseArguments) -> NoReturn:
    """Ends a run that a gate has stopped, its state in a folder that `--resume_from_checkpoint last` passes over."""
    if trainer.is_world_process_zero():
        output, step = Path(arguments.output_dir), trainer.state.global_step
        folder = output / f"stopped_at_step_{step}"
        shutil.rmtree(folder, ignore_errors=True)  # of a run before this one
        (output / f"checkpoint-{step}").rename(folder)
        _plot(trainer, folder, arguments.final_dir.name)
        print(
            f"\n{trainer.gates.stopped}\n"
            f"The gates are in {output / GATES}, and the state of the run in {folder}. Change the settings and start "
            f"again; or go on all the same, with other gate_limits or gate_grace_steps, from an earlier checkpoint or "
            f"with --resume_from_checkpoint {folder}",
            file=sys.stderr,
        )
    trainer.accelerator.wait_for_everyone()  # a launcher ends all processes as soon as one has failed
    sys.exit(EXIT_CODE)


def _plot(trainer: PhaseTrainer, folder: Path, title: str) -> bool:
    """Whether there is a picture of the training in the folder now."""
    try:
        plot_training(trainer.state.log_history, folder / PLOT, title, trainer.gates.stopped)
    except ImportError:
        logger.warning('no plot of the training without matplotlib: pip install "hlx_hf[plots]"')
        return False
    return True
