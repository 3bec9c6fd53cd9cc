"""One phase of training, from its settings to the folder that its result is saved in."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import ModelCard, ModelCardData, upload_folder
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedTokenizerBase, Trainer, set_seed
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

    def _get_grad_norm(self, model: nn.Module, grad_norm: torch.Tensor | None = None) -> torch.Tensor | None:
        if self.args.low_memory:
            return None  # the gradients are gone, and their norm would be logged as 0
        return super()._get_grad_norm(model, grad_norm)


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

    # Training
    trainer = make_trainer(arguments, config, dataset, tokenizer)
    result = trainer.train(resume_from_checkpoint=checkpoint)
    trainer.log_metrics("train", result.metrics)

    # Result: the Trainer leaves the cache off in the configuration, which would make generation slow
    trainer.model.config.use_cache = True
    trainer.save_model(str(arguments.final_dir))
    if trainer.is_world_process_zero():
        _write_card(trainer, arguments, result.metrics, len(dataset), card_template)
        trainer.state.save_to_json(str(arguments.final_dir / "trainer_state.json"))
        if arguments.push_to_hub:
            _push(trainer, arguments)
    return arguments.final_dir


def make_trainer(
    arguments: PhaseArguments, config: HLXConfig, dataset: LineDataset | ChunkStream, tokenizer: PreTrainedTokenizerBase
) -> PhaseTrainer:
    """A model, fresh or read from a folder, and what trains it, as the arguments say."""
    settings = _model_settings(arguments)
    if arguments.model_name_or_path is None:
        model = AutoModelForCausalLM.from_config(config, **settings)
    else:
        model = AutoModelForCausalLM.from_pretrained(arguments.model_name_or_path, config=config, **settings)
    return PhaseTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=partial(collate, pad_token_id=tokenizer.pad_token_id),
        processing_class=tokenizer,
        callbacks=[SaveEveryEpochs()],
        optimizer_cls_and_kwargs=_optimizer(arguments),
    )


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


def _model_settings(arguments: PhaseArguments) -> dict[str, Any]:
    # The backward pass of fused attention in bf16 takes a CPU five times as long as plain products of matrices.
    slow_fused_attention = arguments.device.type == "cpu" and arguments.bf16
    return {
        "dtype": torch.bfloat16 if arguments.low_memory else torch.float32,
        "attn_implementation": "eager" if slow_fused_attention else "sdpa",
    }


def _optimizer(arguments: PhaseArguments) -> tuple[type, dict[str, Any]] | None:
    """Class and settings of an optimizer that the Trainer does not know under a name."""
    if arguments.muon:
        return MuonFactory, {"arguments": arguments}
    if arguments.low_memory:
        from .low_memory import LowMemoryAdamWFactory  # needs torchao, which is an extra

        return LowMemoryAdamWFactory, {"arguments": arguments}
    return None


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
        precision="fp16" if arguments.fp16 else "bf16" if arguments.bf16 or arguments.low_memory else "fp32",
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
