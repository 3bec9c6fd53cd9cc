"""The Hub: what the clients push arrives and comes back the same, nothing else is sent, and failures are told."""

import base64
import json
import math
import random

import pytest
from hub_client import LoopbackHub

REPO = "user/test"
CREATE = f"import huggingface_hub as hub; hub.create_repo('{REPO}', private=True)"
UPLOAD = f"import sys, huggingface_hub as hub; hub.upload_folder(repo_id='{REPO}', folder_path=sys.argv[1])"
DOWNLOAD = f"import sys, huggingface_hub as hub; hub.snapshot_download('{REPO}', local_dir=sys.argv[1])"
REVISIONS = """
import huggingface_hub as hub

api = hub.HfApi()
repo = api.create_repo("test").repo_id
api.upload_file(repo_id=repo, path_in_repo="folder/file", path_or_fileobj=b"first")
api.create_tag(repo, tag="v1")
api.create_branch(repo, branch="try/it")
api.upload_file(repo_id=repo, path_in_repo="folder/file", path_or_fileobj=b"second", revision="try/it")
api.delete_file("folder/file", repo)

refs = api.list_repo_refs(repo)
print([branch.name for branch in refs.branches], [tag.name for tag in refs.tags])
print([entry.path for entry in api.get_paths_info(repo, ["folder", "folder/file", "none"], revision="v1")])
print(open(hub.hf_hub_download(repo, "folder/file", revision="v1")).read())
print(hub.HfFileSystem().read_block(f"{repo}@try%2Fit/folder/file", offset=1, length=3))
print(api.list_repo_files(repo))
"""
PUSH_DATASET = """
from datasets import Dataset

Dataset.from_dict({"n": [1, 3]}).push_to_hub("user/numbers", config_name="odd")
Dataset.from_dict({"n": [2, 4, 6]}).push_to_hub("user/numbers", config_name="even")
"""
LOAD_DATASET = """
from datasets import load_dataset

print([load_dataset("user/numbers", name, split="train")["n"][:] for name in ("odd", "even")])
"""
PUSH_MODEL = """
import json, torch
from hlx_hf import HLXConfig, HLXForCausalLM, HLXPipeline, load_tokenizer

torch.manual_seed(0)
model, tokenizer = HLXForCausalLM(HLXConfig.from_preset("tiny")), load_tokenizer()
model.push_to_hub("user/hlx-tiny", private=True)
tokenizer.push_to_hub("user/hlx-tiny")
translate = HLXPipeline(model=model, tokenizer=tokenizer)
print(json.dumps(translate("Search for documents", notation="LC-R", constrained=False, max_new_tokens=16)))
"""
USE_MODEL = """
import json, sys
sys.modules["hlx_hf"] = None  # every import of the package fails
from transformers import pipeline

translate = pipeline("text2text-generation", model="user/hlx-tiny", trust_remote_code=True)
print(json.dumps(translate("Search for documents", notation="LC-R", constrained=False, max_new_tokens=16)))
"""
ASK_TWENTY_TIMES = """
from huggingface_hub import constants, get_session

for _ in range(20):
    print(get_session().get(f"{constants.ENDPOINT}/api/models/user/none").status_code)
"""


@pytest.fixture
def folder(tmp_path):
    """Text, a file in a folder, an empty file, and weights that go up in three parts."""
    folder = tmp_path / "model"
    (folder / "nested").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "nested" / "note.md").write_text("∅ ⊤ 🜊")
    (folder / "empty.txt").touch()
    (folder / "model.safetensors").write_bytes(random.Random(0).randbytes(5 * 2**19))
    return folder


def contents(folder) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_folder_comes_back_byte_for_byte(hub, folder, tmp_path):
    hub.run("-c", CREATE)
    hub.run("-c", UPLOAD, folder)
    assert {path: hub.read(REPO, path) for path in hub.files(REPO)} == contents(folder)
    hub.run("-c", DOWNLOAD, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(folder)


def test_an_upload_sends_the_given_files_and_nothing_else(hub, folder):
    hub.run("-c", CREATE)
    hub.run("-c", UPLOAD, folder)
    create, preupload, batch, *parts, complete, verify, commit = hub.requests()
    assert {each["path"] for each in json.loads(preupload.body)["files"]} == set(contents(folder))
    assert [part.method for part in parts] == ["PUT"] * 3
    _, *lines = map(json.loads, commit.body.splitlines())
    sent = {line["value"]["path"]: base64.b64decode(line["value"].get("content", "")) for line in lines}
    assert sent | {"model.safetensors": b"".join(part.body for part in parts)} == contents(folder)
    # The others name the repository, or the weights by hash and size, and are too short for more.
    assert all(len(request.body) < 400 for request in (create, batch, complete, verify))


def test_a_private_repository_shows_itself_only_with_the_token(hub, folder, tmp_path):
    hub.run("-c", CREATE)
    assert hub.private(REPO)
    hub.run("-c", UPLOAD, folder)
    hub.environment["HF_TOKEN"] = ""
    with pytest.raises(RuntimeError, match="RepositoryNotFoundError"):
        hub.run("-c", DOWNLOAD, tmp_path / "back")
    assert "authorization" not in hub.requests()[-1].headers


def test_branches_and_tags_keep_their_own_files(hub):
    assert hub.run("-c", REVISIONS).splitlines() == [
        "['main', 'try/it'] ['v1']",
        "['folder', 'folder/file']",
        "first",
        "b'eco'",
        "[]",
    ]


def test_a_dataset_keeps_its_configurations(hub):
    hub.run("-c", PUSH_DATASET)
    assert hub.run("-c", LOAD_DATASET).strip() == "[[1, 3], [2, 4, 6]]"


def test_a_pushed_model_works_where_the_package_is_missing(hub):
    pushed = hub.run("-c", PUSH_MODEL)
    assert hub.private("user/hlx-tiny")
    used = hub.run("-c", USE_MODEL)
    assert [list(answer) for answer in json.loads(used)] == [["generated_text"]]
    assert used == pushed


def test_an_upload_survives_unavailability_and_a_lost_connection(hub, folder):
    hub.run("-c", CREATE)
    hub.fail("PUT /_lfs/.*/2", 503, times=2)
    hub.fail("PUT /_lfs/.*/3", 0, times=1)
    hub.run("-c", UPLOAD, folder)
    assert hub.read(REPO, "model.safetensors") == (folder / "model.safetensors").read_bytes()
    assert [request.path[-1] for request in hub.requests() if request.method == "PUT"] == list("122233")


def test_a_failed_commit_is_reported_and_leaves_the_repository_as_it_was(hub, folder):
    hub.run("-c", CREATE)
    hub.fail("POST /api/.*/commit/", 403, times=math.inf)
    with pytest.raises(RuntimeError, match="403 Forbidden"):
        hub.run("-c", UPLOAD, folder)
    assert hub.files(REPO) == []


def test_a_share_of_failures_is_the_same_in_every_run(hub, tmp_path):
    with LoopbackHub(tmp_path / "other") as other:
        for each in (hub, other):
            each.fail("GET /api/models/user/none", 500, times=math.inf, share=0.5)
        printed = hub.run("-c", ASK_TWENTY_TIMES)
        assert other.run("-c", ASK_TWENTY_TIMES) == printed
    assert {"401", "500"} == set(printed.split())
