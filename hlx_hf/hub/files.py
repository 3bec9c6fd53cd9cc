"""Which files of a folder are pushed: those that are named here, and no other.

training_args.bin above all stays where it is, for it holds the token and paths of the machine.
"""

import json
from pathlib import Path

from huggingface_hub import CommitOperationAdd

from ..decoding.coverage import LEXICON
from ..files import (
    COMPREHENSION_RESULTS,
    CORPUS_RECORD,
    EVALUATION_RESULTS,
    PLOT,
    SEARCH_RESULTS,
    TRAINER_STATE,
    TRAINING_RECORD,
)

# names as `Path.glob` has them
MODEL_FILES = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "*_hlx.py",
    LEXICON,
    "README.md",
    PLOT,
)
PACKAGE = Path(__file__).parents[1]
CODE_FILES = ("configuration_hlx.py", "lines_hlx.py", "modeling_hlx.py", "pipeline_hlx.py")
RECORDS = (
    TRAINER_STATE,
    TRAINING_RECORD,
    EVALUATION_RESULTS,
    SEARCH_RESULTS,
    COMPREHENSION_RESULTS,
)
TABLES = ("evaluation.md", "evaluation_search.md")
STATE_FILES = (
    "optimizer.pt",
    "optimizer.bin",  # of FSDP, as is the next
    "pytorch_model_fsdp.bin",
    "scheduler.pt",
    "scaler.pt",
    "rng_state*.pth",
    CORPUS_RECORD,
)
PATH_FIELDS = ("model", "best_model_checkpoint")  # of the records, where a folder of this machine may stand


def model_files(folder: Path) -> list[CommitOperationAdd]:
    """The files of a model for the top of a repository; its code is the package's if the folder has none."""
    files = _additions(folder, (*MODEL_FILES, *RECORDS, *TABLES))
    return files if (folder / CODE_FILES[0]).is_file() else files + _additions(PACKAGE, CODE_FILES)


def checkpoint_files(folder: Path, path: str) -> list[CommitOperationAdd]:
    """The files of a checkpoint for the folder `path` of a repository.

    They are all that a training goes on from, except with DeepSpeed, whose states are in a folder that stays here.
    """
    return _additions(folder, (*MODEL_FILES, *RECORDS, *STATE_FILES), f"{path}/")


def _additions(folder: Path, patterns: tuple[str, ...], prefix: str = "") -> list[CommitOperationAdd]:
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return [CommitOperationAdd(prefix + file.name, _content(file)) for file in files]


def _content(file: Path) -> Path | bytes:
    """The file itself, or if it is a record, that with each folder of this machine by its last name alone."""
    if file.name not in RECORDS:
        return file
    record = json.loads(file.read_text(encoding="utf-8"), object_hook=_without_paths)
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()


def _without_paths(fields: dict) -> dict:
    for name in PATH_FIELDS:
        if isinstance(fields.get(name), str) and Path(fields[name]).is_absolute():
            fields[name] = Path(fields[name]).name
    return fields
