"""One phase of training, from its settings to the folder that its result is saved in."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from transformers import PreTrainedTokenizerBase, TrainerState, set_seed
from transformers.trainer import TRAINER_STATE_NAME
from transformers.utils import logging

from ..configuration_hlx import HLXConfig
from ..corpus import load_corpus
from ..corpus.generator.stream import ChunkStream
from ..corpus.tasks import ENGLISH_TASKS, CorpusLine, corpus_lines
from ..decoding.coverage import Lexicon
from ..decoding.names import is_grounded
from ..files import ASIDE, GATES, PLOT, TRAINING_LOCK, clear_leftovers, hold, put_in_place
from ..inference import find_model
from ..lines_hlx import NOTATIONS, TO_ENGLISH, TO_HLX
from ..tokenization_hlx import load_tokenizer
from .arguments import GENERATED, PhaseArguments
from .card import write_card
from .checkpoints import checkpoint_to_resume
from .examples import LineDataset
from .gates import EXIT_CODE
from .hardware import HardwareError, check_memory, check_precision, keep_prepared_products
from .hub import Pusher
from .plots import plot_training
from .stream import ExampleMaker
from .trainer import PhaseTrainer, make_trainer

logger = logging.get_logger("hlx_hf")


def run_phase(arguments: PhaseArguments, card_template: Path) -> Path:
    """Trains, saves the result with its tokenizer and card, and pushes it if asked to.

    One run at a time writes into an output_dir: another waits for it. A run that goes on (`resume_from_checkpoint` is
    `last`) and finds its result there does no more than push it if asked to.

    Args:
        arguments: what to train, on what, and how.
        card_template: Jinja template of the model card.

    Returns:
        The folder of the result, `arguments.final_dir`.

    Raises:
        SystemExit: the settings do not fit this machine or each other; the message is one sentence. Or a quality gate
            has stopped the run: the code is `EXIT_CODE`, and a checkpoint of what it saw is on disk.
    """
    with _alone(arguments):
        if arguments.goes_on and arguments.final_dir.exists():
            logger.warning(f"finished before: {arguments.final_dir}")
            if arguments.push_to_hub and arguments.process_index == 0:
                _push_again(arguments)
        else:
            _train(arguments, card_template)
            if arguments.process_index == 0:
                print(f"result: {arguments.final_dir}")
    return arguments.final_dir


@contextlib.contextmanager
def _alone(arguments: PhaseArguments) -> Iterator[None]:
    """Keeps other runs out of the output_dir, and clears it of what a killed one was writing."""
    output = Path(arguments.output_dir)
    with contextlib.ExitStack() as lock:
        with arguments.main_process_first(local=False):
            if arguments.process_index == 0:
                lock.enter_context(hold(output / TRAINING_LOCK, f"{output}: waiting for the run that writes into it"))
                clear_leftovers(output)
        yield


def _push_again(arguments: PhaseArguments) -> None:
    """Pushes a result that an earlier run has left, for whether that one could is not known here."""
    state = TrainerState.load_from_json(str(arguments.final_dir / TRAINER_STATE_NAME))
    pusher = Pusher(arguments)
    pusher.add_result(arguments.final_dir, state.epoch)
    pusher.finish(arguments.hub_patience)


def _train(arguments: PhaseArguments, card_template: Path) -> None:
    set_seed(arguments.seed)
    keep_prepared_products()
    logging.disable_progress_bar()  # of reading and writing weights; the Trainer's own stays

    try:
        # Hardware and model configuration, before anything large is read
        check_precision(arguments)
        config = _model_config(arguments)
        check_memory(arguments, config)
        checkpoint = checkpoint_to_resume(arguments)

        # Tokenizer and corpus
        tokenizer = load_tokenizer()
        if arguments.bidirectional_prompt is not None:
            prompt_ends = tokenizer.convert_tokens_to_ids([TO_HLX, TO_ENGLISH])
            config.prompt_end_token_ids = prompt_ends if arguments.bidirectional_prompt else None
        lines = _lines(arguments)
        dataset = _dataset(arguments, lines, tokenizer, config)
        lexicon = _lexicon(arguments, lines)
    except (HardwareError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")

    # Training
    trainer = make_trainer(arguments, config, dataset, tokenizer)
    result = trainer.train(resume_from_checkpoint=checkpoint)
    trainer.log_metrics("train", result.metrics)
    if trainer.steps_trained:
        trainer.log_speed(result.metrics["train_runtime"])
    if trainer.gates.stopped:
        if trainer.pusher is not None:
            trainer.pusher.finish(arguments.hub_patience)
        _leave_stopped(trainer, arguments)

    # Result: the Trainer leaves the cache off in the configuration, which would make generation slow
    trainer.model.config.use_cache = True
    if lexicon is None and trainer.model.generation_config.num_beams:
        trainer.model.generation_config.num_beams = 1  # a search goes by a lexicon
    aside = arguments.final_dir.with_name(f"{ASIDE}result")
    trainer.save_model(str(aside), _internal_call=True)  # or it would be pushed without its card
    if trainer.is_world_process_zero():
        if lexicon is not None:
            lexicon.save(aside)
        has_plot = _plot(trainer, aside, arguments.final_dir.name)
        write_card(aside, trainer, arguments, result.metrics, len(dataset), has_plot, card_template)
        trainer.state.save_to_json(str(aside / TRAINER_STATE_NAME))
        put_in_place(aside, arguments.final_dir)
        if trainer.pusher is not None:
            trainer.pusher.add_result(arguments.final_dir, trainer.state.epoch)
            trainer.pusher.finish(arguments.hub_patience)


def _lines(arguments: PhaseArguments) -> list[CorpusLine]:
    """Those to train on; none where they are drawn."""
    if arguments.corpus == GENERATED:
        return []
    rows = load_corpus(arguments.corpus, data_files=arguments.data_files)
    return [line for line in corpus_lines(rows) if line.notation in arguments.notations]


def _dataset(
    arguments: PhaseArguments, lines: list[CorpusLine], tokenizer: PreTrainedTokenizerBase, config: HLXConfig
) -> LineDataset | ChunkStream:
    """What to train on; says in `config` whether it is grounded."""
    positions = config.max_position_embeddings
    if arguments.corpus == GENERATED:
        config.grounded = ENGLISH_TASKS.issuperset(arguments.task_weights)  # sentences are, values drawn alone are not
        maker = ExampleMaker(
            arguments.task_weights,
            tokenizer,
            positions,
            arguments.step_batch_size,
            arguments.data_seed,
            arguments.everyday_share,
            arguments.notations,
            arguments.most_steps,
        )
        return ChunkStream(maker, arguments.chunks_per_epoch)
    config.grounded = all(is_grounded(line.value, line.english or line.text) for line in lines)
    return LineDataset(lines, arguments.task_weights, tokenizer, positions, arguments.data_seed)


def _lexicon(arguments: PhaseArguments, lines: list[CorpusLine]) -> Lexicon | None:
    """That of the model which the run goes on from, with the words of the lines; None if that model has none."""
    if arguments.model_name_or_path is None:
        return None
    lexicon = Lexicon.read(find_model(arguments.model_name_or_path))
    if lexicon is None:
        return None
    pairs = [(line.english, line.value) for line in lines if line.english]
    return lexicon | Lexicon.of(pairs, least_sentences=1)  # each was written down by somebody who meant it


def _model_config(arguments: PhaseArguments) -> HLXConfig:
    """That of the model; says in `arguments` which notations to train on if nothing else does."""
    if arguments.model_name_or_path is None:
        config = HLXConfig.from_preset(arguments.preset)
    else:
        try:
            config = HLXConfig.from_pretrained(arguments.model_name_or_path)
        except OSError as error:
            raise OSError(
                f"no model at {arguments.model_name_or_path}: run the phase that makes it first, "
                "or name another with --model_name_or_path"
            ) from error
    if arguments.notations is None:
        arguments.notations = list(config.notations or NOTATIONS)
    config.notations = arguments.learned_notations
    if arguments.num_loops is not None:
        config.num_hidden_groups = config.num_hidden_groups or config.num_hidden_layers
        config.num_hidden_layers = arguments.num_loops * config.num_hidden_groups
    if arguments.low_memory and config.num_hidden_groups not in (None, config.num_hidden_layers):
        raise ValueError(
            "low_memory updates each weight as soon as it has its gradient, which a layer that is passed again has at "
            "the very end: set num_loops to 1"
        )
    return config


def _leave_stopped(trainer: PhaseTrainer, arguments: PhaseArguments) -> NoReturn:
    """Ends a run that a gate has stopped, its state in a folder that `--resume_from_checkpoint last` passes over."""
    if trainer.is_world_process_zero():
        output, folder = Path(arguments.output_dir), trainer.checkpoint_folder()
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
        logger.warning("no plot of the training without matplotlib: pip install matplotlib")
        return False
    return True
