"""Checkpoints that are whole or not there, and the search for the one to go on from.

transformers writes a checkpoint file by file into the folder that it will be resumed from, resumes from the highest
number without looking, and where a part is missing goes on from fresh moments, another learning rate or other random
numbers.
"""

import json
import zipfile
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import Trainer
from transformers.trainer import (
    OPTIMIZER_NAME,
    OPTIMIZER_NAME_BIN,
    SCALER_NAME,
    SCHEDULER_NAME,
    TRAINER_STATE_NAME,
)
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR, sort_checkpoints
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, logging

from ..corpus.cache_key import hash_of_files, hash_of_package
from ..files import ASIDE, CORPUS_RECORD, put_in_place, remove_whole
from ..hub import download_checkpoint
from .arguments import PhaseArguments

DEEPSPEED_STATE = "latest"  # names the folder of all that DeepSpeed keeps: weights, moments, scaler
# Each part, and the files or folders of which one has it: usual, FSDP, DeepSpeed. The first is the one that is named.
PARTS = (
    (
        "model.safetensors",
        SAFE_WEIGHTS_INDEX_NAME,
        "pytorch_model_fsdp.bin",
        "pytorch_model_fsdp_0",
        DEEPSPEED_STATE,
    ),
    (OPTIMIZER_NAME, OPTIMIZER_NAME_BIN, "optimizer_0", DEEPSPEED_STATE),
    (SCHEDULER_NAME,),
    ("rng_state.pth", "rng_state_0.pth"),
    (TRAINER_STATE_NAME,),
)
FROM_HUB = "hub:"  # before a repository, and an @ and a revision, as a checkpoint to resume
GOING_ON = "going on from"

logger = logging.get_logger("hlx_hf")


class WholeCheckpoints(Trainer):
    """A Trainer that writes each checkpoint aside and gives it its name when all of it is on the disk.

    There is no best checkpoint to keep: a phase has no evaluation set, so `save_total_limit` counts the newest.
    """

    _aside: Path | None = None  # where a checkpoint is being written

    def checkpoint_folder(self) -> Path:
        """Where the checkpoint of this step goes."""
        return Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"

    def _save_checkpoint(self, model: nn.Module, trial: None = None) -> None:
        folder = self.checkpoint_folder()
        self._aside = aside = folder.with_name(f"{ASIDE}checkpoint")
        super()._save_checkpoint(model, trial)
        self._aside = None

        # Every process has written its part, and only then one gives all of them their name
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            written = aside / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
            fault = (
                None if self.args.save_only_model else checkpoint_fault(written, self.accelerator.scaler is not None)
            )
            if fault:
                raise OSError(f"the checkpoint of step {self.state.global_step} was not written whole: {fault}")
            (written / CORPUS_RECORD).write_text(json.dumps({"hash": _corpus_hash(self.args)}) + "\n")
            put_in_place(written, folder)
            aside.rmdir()
            self._delete_oldest()
        self.accelerator.wait_for_everyone()
        if self.args.push_to_hub:
            self._push_from_checkpoint(str(folder))

    def _get_output_dir(self, trial: None = None) -> str:
        return super()._get_output_dir(trial) if self._aside is None else str(self._aside)

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        if self._aside is None:  # or it would be renamed while it is pushed
            super()._push_from_checkpoint(checkpoint_folder)

    def _delete_oldest(self) -> None:
        if self.args.save_total_limit and self.args.save_total_limit > 0:
            for checkpoint in sort_checkpoints(self.args.output_dir)[: -self.args.save_total_limit]:
                remove_whole(Path(checkpoint))


def checkpoint_fault(folder: Path, scales_loss: bool = False) -> str | None:
    """What keeps a run from going on from a folder exactly as it was, or None.

    Args:
        folder: of a checkpoint.
        scales_loss: whether the run does, as in fp16, and so needs the scale.
    """
    if not folder.is_dir():
        return "it is not there"
    uses_deepspeed = (folder / DEEPSPEED_STATE).is_file()
    for names in PARTS if not scales_loss or uses_deepspeed else (*PARTS, (SCALER_NAME,)):
        found = (folder / name for name in names if (folder / name).exists())
        fault = _file_fault(next(found, folder / names[0]))
        if fault:
            return fault
    return None


def _file_fault(path: Path) -> str | None:
    """What is wrong with a file or, where it is an index, with a file that it names."""
    if not path.exists():
        return f"it has no {path.name}"
    if not _is_readable(path):
        return f"its {path.name} is cut off"
    if path.name == SAFE_WEIGHTS_INDEX_NAME:
        shards = sorted(set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()))
        return next(filter(None, (_file_fault(path.with_name(shard)) for shard in shards)), None)
    return None


def _is_readable(path: Path) -> bool:
    """Whether a file has its end, told without reading what is in between."""
    try:
        match path.suffix:
            case ".safetensors":
                with safe_open(path, framework="pt"):
                    return True
            case ".json":
                return bool(json.loads(path.read_text(encoding="utf-8")))
            case ".pt" | ".pth" | ".bin":
                return zipfile.is_zipfile(path)  # as torch.save writes it
    except (SafetensorError, ValueError):
        return False
    return True


def newest_checkpoint(output: Path, scales_loss: bool = False) -> Path | None:
    """The newest whole checkpoint of a folder, if there is one; says which newer ones it passes over."""
    for checkpoint in map(Path, reversed(sort_checkpoints(str(output)))):
        fault = checkpoint_fault(checkpoint, scales_loss)
        if fault is None:
            return checkpoint
        logger.warning(f"{checkpoint} is no whole checkpoint ({fault}): it is passed over")
    return None


def checkpoint_to_resume(arguments: PhaseArguments) -> str | None:
    """The folder that the settings ask to go on from, or None for a fresh start.

    Raises:
        OSError: it is on a Hub that does not give it.
        ValueError: it is no whole checkpoint.
    """
    asked = arguments.resume_from_checkpoint
    if not asked or asked.lower() == "false":
        return None
    if arguments.goes_on:
        found = newest_checkpoint(Path(arguments.output_dir), arguments.fp16)
        if found is None:
            logger.warning(f"no whole checkpoint in {arguments.output_dir}: starting from the first epoch")
            return None
    else:
        is_remote = asked.startswith(FROM_HUB)
        found = download_checkpoint(asked.removeprefix(FROM_HUB), arguments.hub_token) if is_remote else Path(asked)
        fault = checkpoint_fault(found, arguments.fp16)
        if fault:
            raise ValueError(f"{found} is no whole checkpoint ({fault}): name a checkpoint-N folder")
    saved_by = len(list(found.glob("rng_state*.pth")))
    if saved_by != arguments.world_size:
        logger.warning(
            f"{found} was saved by {saved_by} processes and this run has {arguments.world_size}: each has "
            "a random state of its own, so this run starts with others"
        )
    record = found / CORPUS_RECORD  # older checkpoints have none
    if record.is_file() and json.loads(record.read_text())["hash"] != _corpus_hash(arguments):
        logger.warning(
            f"{found} was saved with other corpora, or by another version of the package: from here on this run may "
            "see other examples than one that was never stopped"
        )
    if arguments.process_index == 0:
        print(f"{GOING_ON} {found}", flush=True)
    return str(found)


def _corpus_hash(arguments: PhaseArguments) -> str:
    """What the examples depend on beside the settings: the package's generator and corpora, and the user's own."""
    return "-".join([hash_of_package(), hash_of_files(arguments.data_files or ())])
