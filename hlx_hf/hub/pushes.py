"""A push: a model, or a checkpoint with it, in one commit."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationDelete, HfApi

from .files import checkpoint_files, model_files
from .requests import plain_errors, retry


@dataclass(frozen=True)
class Push:
    """What is to be pushed, and where to.

    Attributes:
        folder: of a model.
        repo: "user/name", or a name in the namespace of the token; it is made if it is not there.
        message: of the commit.
        private: whether a repository that is made is.
        revision: the branch, made if it is not there; main if None.
        tag: given to the commit, and taken from an earlier one that has it.
        state_folder: folder of the repository for the whole checkpoint, beside the model at the top; none if None.
    """

    folder: str
    repo: str
    message: str
    private: bool = True
    revision: str | None = None
    tag: str | None = None
    state_folder: str | None = None


def push(order: Push, token: str | None = None) -> str:
    """Pushes a folder.

    Args:
        order: what and where to.
        token: that of the environment or of `hf auth login` if None.

    Returns:
        The address of the commit.

    Raises:
        HubRefusedError: the Hub does not take it.
        OSError: the Hub could not be reached, or a file could not be read.
        ValueError: the Hub finds fault with the card, or a name is none that it can have.
    """
    folder = Path(order.folder)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"no model in {folder}: it has no config.json")
    api = HfApi(token=token)
    with plain_errors():
        repo = retry(api.create_repo, order.repo, private=order.private, exist_ok=True).repo_id
        if order.revision:
            retry(api.create_branch, repo, branch=order.revision, exist_ok=True)
        operations = model_files(folder)
        if order.state_folder:
            state = checkpoint_files(folder, order.state_folder)
            there = retry(api.list_repo_files, repo, revision=order.revision)
            old = {path for path in there if path.startswith(f"{order.state_folder}/")}
            gone = old - {operation.path_in_repo for operation in state}
            operations += [*state, *map(CommitOperationDelete, sorted(gone))]
        commit = retry(api.create_commit, repo, operations, commit_message=order.message, revision=order.revision)
        if order.tag:
            _set_tag(api, repo, order.tag, commit.oid)
    return commit.commit_url


def _set_tag(api: HfApi, repo: str, tag: str, commit: str) -> None:
    tagged = {each.name: each.target_commit for each in retry(api.list_repo_refs, repo).tags}
    if tagged.get(tag) == commit:
        return
    if tag in tagged:
        retry(api.delete_tag, repo, tag=tag)
    retry(api.create_tag, repo, tag=tag, revision=commit, exist_ok=True)
