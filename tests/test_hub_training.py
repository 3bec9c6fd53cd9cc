"""Trainings that push: what arrives, what never leaves, and what a Hub that fails can do to them (nothing)."""

import base64
import json
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_client import LoopbackHub
from hub_protocol import TOKEN

from hlx_hf.hub import noted

ROOT = Path(__file__).parents[1]
REPO = "user/phase"
SECRET = "a value of the environment that is nobody's business"
USE = """
import sys
sys.modules["hlx_hf"] = None  # every import of the package fails
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

model = AutoModelForCausalLM.from_pretrained("user/phase", revision="result_epoch5", trust_remote_code=True)
tokenizer = AutoTokenizer.from_pretrained("user/phase", revision="result_epoch5", trust_remote_code=True)
translate = pipeline("text2text-generation", model="user/phase", trust_remote_code=True)
print(model.num_parameters(), len(tokenizer), list(translate("Open settings", notation="LC-R")[0]))
"""


@pytest.fixture(scope="module")
def phase(tmp_path_factory):
    """The settings of a phase of five epochs with checkpoints after the second and the fourth."""
    folder = tmp_path_factory.mktemp("phase")
    (folder / "corpus.md").write_text('English: Open settings\nHLXL: {1000: {@0: "open", @1: &h_settings}}\n')
    (folder / "phase.yaml").write_text(
        f"data_files: [{folder}/corpus.md]\nnum_train_epochs: 5\nsave_every_epochs: 2\ngate_epochs: [0]\n"
        'save_strategy: "no"\nper_device_train_batch_size: 2\nlearning_rate: 1.0e-3\nuse_cpu: true\n'
        "final_name: result_epoch{epoch}\ndisable_tqdm: true\n"
    )
    return folder


def train(phase: Path, hub: LoopbackHub, output: Path, *options: object) -> str:
    """Trains as a client of the Hub, and returns what the training wrote to stderr."""
    command = [sys.executable, "recipes/baseline.py", "--config", phase / "phase.yaml", "--output_dir", output]
    environment = {**hub.environment, "OMP_NUM_THREADS": "1", "HLX_SECRET": SECRET}
    words = list(map(str, [*command, *options]))
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def push_options(strategy: str = "every_save") -> list[str]:
    return ["--push_to_hub", "true", "--hub_model_id", REPO, "--hub_strategy", strategy]


@pytest.fixture(scope="module")
def pushed(phase):
    """A Hub that a training has pushed its checkpoints and its result to, and the output_dir of the training."""
    with LoopbackHub(home=phase / "hf_home") as hub:
        train(phase, hub, phase / "run", *push_options("checkpoint"), "--hub_token", TOKEN)
        yield hub, phase / "run"


def commits(hub: LoopbackHub) -> list[list[dict]]:
    """The lines of each commit that the Hub was sent."""
    bodies = [request.body for request in hub.requests() if "/commit/" in request.path]
    return [list(map(json.loads, body.splitlines())) for body in bodies]


def test_every_checkpoint_and_the_tagged_result_are_pushed(pushed):
    hub, run = pushed
    summaries = [header["value"]["summary"] for header, *_ in commits(hub)]
    assert summaries == ["step 4, epoch 2", "step 8, epoch 4", "result_epoch5: 5 epochs"]
    assert noted(run) == []
    assert hub.private(REPO)
    assert list(hub.tags(REPO)) == ["result_epoch5"]
    for name in ("model.safetensors", "README.md", "config.json", "modeling_hlx.py"):
        assert hub.read(REPO, name) == (run / "result_epoch5" / name).read_bytes()
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "corpus.json"):
        assert hub.read(REPO, f"last-checkpoint/{name}") == (run / "checkpoint-8" / name).read_bytes()


def test_what_is_pushed_works_where_the_package_is_missing(pushed):
    hub, _ = pushed
    assert hub.run("-c", USE).strip() == "491635 115 ['generated_text']"


def test_nothing_but_the_models_own_files_goes_over_the_wire(pushed, phase):
    hub, _ = pushed
    sent = []
    for request in hub.requests():
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        sent += [request.path.encode(), json.dumps(headers).encode(), request.body]
    for lines in commits(hub):
        sent += [base64.b64decode(line["value"]["content"]) for line in lines if line["key"] == "file"]
    everything = b"\n".join(sent)
    assert b"<bos>" in everything  # of the tokenizer: this is what was sent
    secrets = [TOKEN, SECRET, str(phase), str(Path.home()), str(ROOT)]
    assert [secret for secret in secrets if secret.encode() in everything] == []
    assert [path for path in hub.files(REPO) if "training_args" in path or path.endswith(".md")] == ["README.md"]


def test_a_training_goes_on_from_a_revision_of_the_hub(pushed, phase):
    hub, run = pushed
    train(phase, hub, phase / "resumed", "--resume_from_checkpoint", f"hub:{REPO}@result_epoch5")
    assert not (phase / "resumed" / "checkpoint-4").exists()
    resumed = (phase / "resumed" / "result_epoch5" / "model.safetensors").read_bytes()
    assert resumed == (run / "result_epoch5" / "model.safetensors").read_bytes()


def test_a_hub_that_hangs_changes_no_weight_and_is_pushed_to_later(pushed, phase, hub):
    _, run = pushed
    hub.fail(".", None, times=math.inf, seconds=300)
    start = time.monotonic()
    errors = train(phase, hub, phase / "hanging", *push_options(), "--hub_patience", 1)
    assert time.monotonic() - start < 120
    assert f"Make them later with: hlx push {phase / 'hanging'}" in errors
    late = (phase / "hanging" / "result_epoch5" / "model.safetensors").read_bytes()
    assert late == (run / "result_epoch5" / "model.safetensors").read_bytes()

    with LoopbackHub(home=phase / "hf_home") as other:
        printed = other.run("-m", "hlx_hf.cli", "push", phase / "hanging").splitlines()
        assert [line.partition(":")[0].rpartition("/")[2] for line in printed] == [
            "checkpoint-4",
            "checkpoint-8",
            "result_epoch5",
        ]
        assert other.read(REPO, "model.safetensors") == late
        assert list(other.tags(REPO)) == ["result_epoch5"]
    assert noted(phase / "hanging") == []


def test_a_hub_that_refuses_is_told_of_and_not_waited_for(phase, hub):
    hub.fail(".", 403, times=math.inf)
    start = time.monotonic()
    errors = train(phase, hub, phase / "refused", *push_options(), "--hub_patience", 1000)
    assert time.monotonic() - start < 200
    assert "not pushed yet: the Hub answers 403" in errors
    assert "3 of the pushes to the Hub could not be made (the Hub answers 403" in errors
    assert len(noted(phase / "refused")) == 3


def test_a_hub_that_fails_half_of_all_requests_gets_everything(phase, hub):
    hub.fail("/api/|/_lfs/|info/lfs", 503, times=math.inf, share=0.25)
    hub.fail("/api/|/_lfs/|info/lfs", 0, times=math.inf, share=1 / 3)  # of the others: half of all together
    train(phase, hub, phase / "half", *push_options(), "--save_every_epochs", 4)
    assert noted(phase / "half") == []
    assert {"step 8, epoch 4", "result_epoch5: 5 epochs"} <= {lines[0]["value"]["summary"] for lines in commits(hub)}
    assert hub.read(REPO, "model.safetensors") == (phase / "half" / "result_epoch5" / "model.safetensors").read_bytes()
    assert list(hub.tags(REPO)) == ["result_epoch5"]
