"""One phase of training, from its settings to the folder that its result is saved in."""

import sys
from functools import partial
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData, upload_folder
from transformers import PreTrainedTokenizerBase, Trainer, set_seed
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import logging

from .. import __version__
from ..configuration_hlx import HLXConfig
from ..corpus import load_corpus
from ..corpus.generator.stream import ChunkStream
from ..corpus.tasks import corpus_lines
from ..modeling_hlx import HLXForCausalLM
from ..tokenization_hlx import load_tokenizer
from .arguments import GENERATED, PhaseArguments
from .callbacks import SaveEveryEpochs
from .examples import LengthGroupedSampler, LineDataset, collate
from .hardware import HardwareError, check_memory, check_precision
from .muon import MuonFactory
from .stream import ExampleMaker

# without one of them the Trainer would go on all the same, from fresh moments or another learning rate
CHECKPOINT_FILES = ("trainer_state.json", "scheduler.pt")
# the optimizer's state, or what names its folder: usual, FSDP, DeepSpeed
OPTIMIZER_FILES = ("optimizer.pt", "optimizer.bin", "latest")

logger = logging.get_logger("hlx_hf")


class PhaseTrainer(Trainer):
    """The Trainer, with batches of examples that are alike in length, and whole model folders under FSDP2, too."""

    def _get_train_sampler(self, train_dataset: LineDataset | None = None) -> LengthGroupedSampler:
        return LengthGroupedSampler(train_dataset or self.train_dataset, self.args.step_batch_size)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        # FSDP2 gives the model a class of torch's own, whose files would be saved in place of the modelling files
        model_class = type(self.model)
        model_class.__name__, model_class.__module__ = HLXForCausalLM.__name__, HLXForCausalLM.__module__
        super()._save(output_dir, state_dict)


def run_phase(arguments: PhaseArguments, card_template: Path) -> Path:
    """Trains, saves the result with its tokenizer and card, and pushes it if asked to.

    Args:
        arguments: what to train, on what, and how.
        card_template: Jinja template of the model card.

    Returns:
        The folder of the result, `arguments.final_dir`.

    Raises:
        SystemExit: the settings do not fit this machine or each other; the message is one sentence.
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

    # Model
    if arguments.model_name_or_path is None:
        model = HLXForCausalLM(config)
    else:
        model = HLXForCausalLM.from_pretrained(arguments.model_name_or_path, config=config, dtype="float32")

    # Training
    trainer = PhaseTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=partial(collate, pad_token_id=tokenizer.pad_token_id),
        processing_class=tokenizer,
        callbacks=[SaveEveryEpochs()],
        optimizer_cls_and_kwargs=(MuonFactory, {"arguments": arguments}) if arguments.muon else None,
    )
    result = trainer.train(resume_from_checkpoint=checkpoint)
    trainer.log_metrics("train", result.metrics)

    # Result: the Trainer leaves the cache off in the configuration, which would make generation slow
    model.config.use_cache = True
    trainer.save_model(str(arguments.final_dir))
    if trainer.is_world_process_zero():
        _write_card(trainer, arguments, result.metrics, len(dataset), card_template)
        trainer.state.save_to_json(str(arguments.final_dir / "trainer_state.json"))
        if arguments.push_to_hub:
            _push(trainer, arguments)
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
    has_optimizer = any((Path(asked) / name).is_file() for name in OPTIMIZER_FILES)
    missing = [] if has_optimizer else [OPTIMIZER_FILES[0]]
    missing += [name for name in CHECKPOINT_FILES if not (Path(asked) / name).is_file()]
    if missing:
        raise ValueError(f"{asked} is no whole checkpoint (it has no {missing[0]}): name a checkpoint-N folder")
    return asked


def _write_card(trainer: Trainer, arguments: PhaseArguments, metrics: dict, line_count: int, template: Path) -> None:
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
        precision="fp16" if arguments.fp16 else "bf16" if arguments.bf16 else "fp32",
        seed=arguments.seed,
        train_loss=metrics["train_loss"],
        train_runtime=metrics["train_runtime"],
        version=__version__,
    )
    card.save(str(arguments.final_dir / "README.md"))


def _push(trainer: Trainer, arguments: PhaseArguments) -> None:
    if trainer.push_in_progress is not None:
        trainer.push_in_progress.wait_until_done()
    upload_folder(
        repo_id=trainer.hub_model_id,
        folder_path=arguments.final_dir,
        commit_message=f"{arguments.final_dir.name}: {trainer.state.epoch:g} epochs",
        token=arguments.hub_token,
        ignore_patterns=["training_args.bin"],  # holds the token and paths of this machine
    )
