"""A checkpoint of a repository, to go on from."""

import json
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, hf_hub_download, snapshot_download

from ..files import TRAINER_STATE, checkpoint_step
from .requests import plain_errors, retry

LAST_CHECKPOINT = "last-checkpoint"  # transformers' own name for the folder of the newest


def download_checkpoint(source: str, token: str | None = None) -> Path:
    """Fetches the checkpoint that a training has pushed with `hub_strategy` "checkpoint" or "all_checkpoints".

    Args:
        source: "user/name", or "user/name@revision" with a branch, a tag or a commit.
        token: that of the environment or of `hf auth login` if None.

    Returns:
        Its folder in the cache of the Hub; the newest one's if that revision has several.

    Raises:
        OSError: the repository or its revision is not there, or the Hub is not.
        ValueError: there is no checkpoint, but a model at most.
    """
    repo, _, revision = source.partition("@")
    with plain_errors():
        found = retry(HfApi(token=token).model_info, repo, revision=revision or None)
        paths = [PurePosixPath(file.rfilename) for file in found.siblings]
        folders = [path.parts[0] for path in paths if path.name == TRAINER_STATE and len(path.parts) == 2]
        steps = {folder: step for folder in folders if (step := checkpoint_step(folder)) is not None}
        if LAST_CHECKPOINT in folders:
            state = f"{LAST_CHECKPOINT}/{TRAINER_STATE}"
            path = Path(retry(hf_hub_download, repo, state, revision=found.sha, token=token))
            steps[LAST_CHECKPOINT] = json.loads(path.read_text(encoding="utf-8"))["global_step"]
        if not steps:
            raise ValueError(
                f"{source} has no checkpoint to go on from: a training pushes them with --hub_strategy checkpoint"
            )
        newest = max(steps, key=steps.get)
        patterns = [f"{newest}/*"]
        return Path(retry(snapshot_download, repo, revision=found.sha, allow_patterns=patterns, token=token)) / newest
