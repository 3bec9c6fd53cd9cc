"""`hlx push`: which files go, where they go, and what is said if they cannot."""

import json
import math
from dataclasses import replace

import pytest

from hlx_hf.hub import Push, note, noted
from hlx_hf.inference import MODELS

REPO = "user/model"
LIST_BRANCH = f"import huggingface_hub as hub; print(hub.list_repo_files('{REPO}', revision='try'))"
NEWEST = """
import json
from huggingface_hub import CommitOperationAdd, HfApi
from hlx_hf.hub import download_checkpoint

api = HfApi()
repo = api.create_repo("model").repo_id
for steps in ({"last-checkpoint": 12, "checkpoint-4": 4, "backup": 99}, {"checkpoint-16": 16}):
    states = ((f"{name}/trainer_state.json", json.dumps({"global_step": step})) for name, step in steps.items())
    api.create_commit(repo, [CommitOperationAdd(path, text.encode()) for path, text in states], commit_message="steps")
    print(download_checkpoint(repo).name)
"""
USE = """
import sys
sys.modules["hlx_hf"] = None  # every import of the package fails
from transformers import pipeline

translate = pipeline("text2text-generation", model="user/model", trust_remote_code=True)
print(translate("Search for documents", notation="LC-R")[0]["generated_text"])
"""


@pytest.fixture
def folder(tmp_path):
    """The result of a training, and what else may lie beside it."""
    folder = tmp_path / "run" / "result"
    (folder / "checkpoint-1").mkdir(parents=True)
    for name in ("config.json", "configuration_hlx.py", "model.safetensors", "tokenizer.json"):
        (folder / name).write_text("{}")
    state = {"best_model_checkpoint": str(folder / "checkpoint-1"), "log_history": [{"loss": 1.5}]}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    for name in ("training_args.bin", "optimizer.pt", ".env", "notes.txt", "checkpoint-1/config.json"):
        (folder / name).write_text("of this machine")
    return folder


def push(hub, *arguments):
    return hub.run("-m", "hlx_hf.cli", "push", *arguments)


def test_the_models_own_files_are_pushed_to_a_private_repository(hub, folder):
    assert push(hub, folder, REPO).startswith(f"{hub.url}/{REPO}/commit/")
    assert hub.private(REPO)
    assert hub.files(REPO) == [
        "config.json",
        "configuration_hlx.py",
        "model.safetensors",
        "tokenizer.json",
        "trainer_state.json",
    ]
    state = json.loads(hub.read(REPO, "trainer_state.json"))
    assert state == {"best_model_checkpoint": "checkpoint-1", "log_history": [{"loss": 1.5}]}


def test_a_repository_is_public_and_a_branch_made_if_asked_for(hub, folder):
    push(hub, folder, REPO, "--public", "--revision", "try")
    assert not hub.private(REPO)
    assert hub.files(REPO) == []
    assert "model.safetensors" in hub.run("-c", LIST_BRANCH)


def test_a_model_of_the_package_takes_its_code_along(hub):
    push(hub, MODELS / "english", REPO)
    assert {"README.md", "evaluation.json", "lexicon.json", "modeling_hlx.py", "pipeline_hlx.py"} <= set(
        hub.files(REPO)
    )
    assert hub.run("-c", USE).strip() == '🜊1000🜁0 "search"🜁1 ⟁documents🜂'


def test_what_is_noted_is_pushed_in_order_and_once(hub, folder):
    run = folder.parent
    order = Push(folder="result", repo=REPO, message="first", tag="result")
    for each in (order, replace(order, folder="gone"), replace(order, message="second", tag=None)):
        note(run, each)
    hub.fail("/tag/", 503, times=1)
    printed = push(hub, run).splitlines()
    address = f"{hub.url}/{REPO}/commit/"
    first, second, third = (line.partition(": ")[2] for line in printed)
    assert first.startswith(address)
    assert second == "deleted before it could be pushed"
    assert third == first  # nothing had changed
    assert noted(run) == []
    assert list(hub.tags(REPO)) == ["result"]


def test_the_checkpoint_to_go_on_from_is_the_newest_by_its_step(hub):
    assert hub.run("-c", NEWEST).split() == ["last-checkpoint", "checkpoint-16"]


def test_a_tag_moves_to_the_newer_result(hub, folder):
    note(folder.parent, Push(folder="result", repo=REPO, message="first", tag="result"))
    push(hub, folder.parent)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    note(folder.parent, Push(folder="result", repo=REPO, message="again", tag="result"))
    push(hub, folder.parent)
    assert "README.md" in hub.tags(REPO)["result"]


def test_a_refusal_is_one_sentence_and_leaves_the_note(hub, folder):
    note(folder.parent, Push(folder="result", repo=REPO, message="first"))
    hub.fail("POST /api/.*/commit/", 403, times=math.inf)
    with pytest.raises(RuntimeError, match=r"\nhlx: error: the Hub answers 403: .*\n$"):
        push(hub, folder.parent)
    assert len(noted(folder.parent)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["."], "no training has left anything to push in .: name a REPO"),
        ([".", "--public"], "--public and --revision go with a REPO"),
        ([".", REPO], "no model in .: it has no config.json"),
    ],
)
def test_there_has_to_be_something_to_push(hub, arguments, message):
    with pytest.raises(RuntimeError, match=message):
        push(hub, *arguments)
    assert hub.requests() == []
