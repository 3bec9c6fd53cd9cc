"""The plan: its phases, its settings, what it says of itself, and that it survives kills and failures."""

import io
import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from kill_plan import SmallPlan, below, kill, run_undisturbed, run_with_kills

from hlx_hf import cli
from hlx_hf.files import PROGRESS, TRAINING_LOCK, hold
from hlx_hf.plan import engine, job
from hlx_hf.plan.folder import PLAN, RECIPES, Plan
from hlx_hf.plan.job import command
from hlx_hf.plan.phases import PLANS, TRAINING
from hlx_hf.plan.status import FAILED, FINISHED, RUNNING, STOPPED, WAITING, duration, plan_status, status_table
from hlx_hf.training import parse_arguments

ROOT = Path(__file__).parents[1]
ON_ANY_MACHINE = ["--fp16", "false", "--bf16", "false", "--use_cpu", "true"]


def hlx_plan(*words):
    return subprocess.run(
        [sys.executable, "-m", "hlx_hf.cli", "plan", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def finish(plan, *names):
    for name in names:
        plan.result(plan[name]).parent.mkdir(parents=True, exist_ok=True)
        plan.result(plan[name]).touch()


def statuses(plan):
    return {status.phase.name: status for status in plan_status(plan)}


@pytest.fixture
def plan(tmp_path):
    """A plan at tiny scale that was started and has done nothing."""
    plan = Plan(tmp_path / "plan", "tiny")
    plan.write()
    return plan


@pytest.mark.parametrize("scale", PLANS)
def test_each_phase_comes_after_those_it_needs_and_has_its_recipe(scale):
    earlier = []
    for phase in PLANS[scale]:
        assert set(phase.needs) <= set(earlier)
        assert (RECIPES / phase.recipe).is_file()
        earlier.append(phase.name)
    assert earlier[-1].endswith("_evaluation")
    assert any(phase.gpu for phase in PLANS[scale]) == (scale != "tiny")


@pytest.mark.parametrize("scale", PLANS)
def test_the_plan_looks_for_each_result_where_its_recipe_saves_it(scale, tmp_path):
    for settings in ((), ("num_train_epochs=3",)):
        plan = Plan(tmp_path, scale, settings)
        for phase in (phase for phase in plan.phases if phase.kind == TRAINING):
            words = command(plan, phase)
            options = words[words.index("--config") :]
            arguments = parse_arguments("", [*options, *ON_ANY_MACHINE])
            assert arguments.final_dir == plan.result(phase)
            assert arguments.goes_on
            if phase.uses:
                assert arguments.model_name_or_path == str(plan.result(plan[phase.uses[0]]))


def test_a_setting_is_for_all_trainings_or_for_one():
    plan = Plan(Path("plan"), "tiny", ("seed=1", "baseline.seed=2", "hlx_only.tasks=convert=2 complete=1"))
    assert plan.options(plan["baseline"])["seed"] == "2"
    assert plan.options(plan["deep_reasoning"]) == {"seed": "1"}
    assert command(plan, plan["hlx_only"])[-3:] == ["--tasks", "convert=2", "complete=1"]


def test_an_evaluation_asks_for_at_least_one_row(tmp_path):
    with pytest.raises(ValueError, match="at least 1 row, not 0"):
        engine.start(Plan(tmp_path, "tiny", evaluation_limit=0))
    plan = Plan(Path("plan"), "tiny", evaluation_limit=7)
    words = command(plan, plan["hlx_only_evaluation"])
    assert words[words.index("--limit") :] == ["--limit", "7", "--splits", "hlx_to_hlx"]


def test_a_plan_needs_a_core(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))  # the command sets its encoding
    assert cli.main(["plan", "run", "--scale", "tiny", "--output", str(tmp_path), "--cores", "0"]) == 1
    assert "share at least 1 core, not 0" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_phases_on_the_gpu_go_through_accelerate_and_leave_a_core_to_the_others():
    plan = Plan(Path("plan"), "1b", cores=8)
    assert {phase.name: plan.threads(phase) for phase in plan.phases if phase.kind == TRAINING} == {
        "baseline": 1,
        "deep_reasoning": 1,
        "english": 7,
        "hlx_only": 7,
    }
    assert "accelerate.commands.launch" in command(plan, plan["baseline"])
    assert "accelerate.commands.launch" not in command(plan, plan["english"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("seed", "given as name=value"),
        ("baselin.seed=1", "no training 'baselin'; did you mean 'baseline'?"),
        ("num_train_epoch=1", "unknown setting 'num_train_epoch'; did you mean 'num_train_epochs'?"),
        ("output_dir=x", "a folder for each phase"),
        ("max_steps=3", "give num_train_epochs"),
        ("num_train_epochs=x", "'num_train_epochs=x': invalid float value: 'x'"),
    ],
)
def test_settings_that_no_training_takes_are_refused_before_anything_runs(setting, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)):
        engine.start(Plan(tmp_path, "tiny", (setting,)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "difference"),
    [
        ({"settings": ("seed=1",)}, "settings none, not seed=1"),
        ({"evaluation_limit": 7}, "evaluation_limit 200, not 7"),
        ({"cores": 0, "accelerate_config": "/8gpu.yaml"}, "cores 1, not 0; accelerate_config none, not /8gpu.yaml"),
    ],
)
def test_a_folder_keeps_the_plan_that_was_started_in_it(asked, difference, plan):
    engine.start(plan)
    with pytest.raises(ValueError, match=f"has another plan, with {difference}: go on with it by"):
        engine.start(replace(plan, **asked))
    assert Plan.read(plan.folder) == plan


def test_a_plan_of_another_version_says_what_to_do(plan):
    path = plan.folder / PLAN
    path.write_text(json.dumps({**json.loads(path.read_text()), "core": 2}))
    with pytest.raises(ValueError, match="unknown key 'core': go on with the version of hlx_hf that has written it"):
        Plan.read(plan.folder)


def test_going_on_where_nothing_was_started_is_refused(tmp_path):
    for action in ("resume", "status"):
        done = hlx_plan(action, "--output", tmp_path)
        assert done.returncode == 1
        assert f"no plan in {tmp_path}: start one with `hlx plan run" in done.stderr


def test_a_plan_without_the_recipes_names_the_clone(plan, monkeypatch):
    monkeypatch.setattr(engine, "RECIPES", plan.folder)
    with pytest.raises(FileNotFoundError, match="git clone"):
        engine.start(plan)


def test_a_plan_that_is_running_is_not_started_again(plan):
    with hold(plan.folder / engine.LOCK):
        done = hlx_plan("resume", "--output", plan.folder)
    assert done.returncode == 1
    assert f"the plan of {plan.folder} is running already: watch it with `hlx plan status" in done.stderr


def test_the_status_tells_what_has_finished_is_running_and_waits_for_what(plan):
    finish(plan, "baseline")
    output = plan.output(plan["deep_reasoning"])
    for name in ("82", "820", "best"):  # the last of somebody's own
        (output / f"checkpoint-{name}").mkdir(parents=True)
    now = time.time()
    progress = {"started_at": now - 100, "first_step": 820, "written_at": now, "step": 870, "steps": 1640}
    (output / PROGRESS).write_text(json.dumps({**progress, "epoch": 10.6, "epochs": 20, "loss": 0.25}))
    with hold(output / TRAINING_LOCK):
        found = statuses(plan)
    baseline, deep, test = (found[name] for name in ("baseline", "deep_reasoning", "english_comprehension"))
    assert (baseline.state, baseline.note) == (FINISHED, "")
    assert (deep.state, deep.checkpoint, deep.epoch, deep.epochs) == (RUNNING, "checkpoint-820", 10.6, 20)
    assert (deep.loss, deep.seconds_left) == (0.25, pytest.approx(770 * 2))  # 50 steps in 100 s, and 770 to go
    assert (test.state, test.note) == (WAITING, "for deep_reasoning")

    table = status_table([baseline, deep, test])
    (row,) = (line for line in table.splitlines() if line.startswith("deep_reasoning "))
    assert row.split() == "deep_reasoning running 10.6/20 0.25 checkpoint-820 26 min".split()


def test_the_status_tells_what_was_stopped_and_what_has_failed(plan):
    baseline = plan["baseline"]
    plan.log(baseline).parent.mkdir()
    plan.log(baseline).touch()
    assert plan_status(plan)[0].state == STOPPED
    plan.failed(baseline).parent.mkdir()
    plan.failed(baseline).write_text(json.dumps({"reason": "exit code 1: no memory", "attempt": 3, "failed_at": 0}))
    found = plan_status(plan)
    assert found[0].state == FAILED
    assert f"baseline has failed: exit code 1: no memory (log {plan.log(baseline)})" in status_table(found)


def test_a_phase_in_its_next_attempt_runs_and_has_not_failed(plan, monkeypatch):
    baseline = plan["baseline"]
    look = (
        "import sys, pathlib; from hlx_hf.plan import folder, status; "
        "print(status.plan_status(folder.Plan.read(pathlib.Path(sys.argv[1])))[0].state)"
    )
    monkeypatch.setattr(job, "command", lambda *_: [sys.executable, "-c", look, str(plan.folder)])
    monkeypatch.setattr(sys, "argv", ["job", str(plan.folder), "baseline", "--attempt", "2"])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    plan.failed(baseline).parent.mkdir()
    plan.failed(baseline).write_text(
        json.dumps({"reason": "exit code 1", "attempt": 1, "failed_at": 0, "final": False})
    )
    with hold(plan.folder / engine.LOCK):
        assert job.main() == 1
    assert json.loads(plan.failed(baseline).read_text())["reason"] == f"exit code 0: {RUNNING}"


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (725, "12 min"), (11_100, "3 h 05 min")])
def test_times_are_told_as_people_say_them(seconds, text):
    assert duration(seconds) == text


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU can do fp16")
def test_what_fails_for_good_is_named_with_its_log_and_stops_no_other_phase(tmp_path):
    (tmp_path / "corpus.md").write_text("English: One\nHLXL: 1\n")
    settings = {"corpus": "all_variants", "tasks": "to_hlx=1", "data_files": tmp_path / "corpus.md"}
    settings |= {"num_train_epochs": 1, "gate_epochs": 0, "muon": "false", "bf16": "false"}
    words = [word for name, value in settings.items() for word in ("--set", f"english.{name}={value}")]
    done = hlx_plan(
        "run", "--scale", "1b", "--output", tmp_path / "plan", *words, "--", "--until", "baseline", "english"
    )
    plan = Plan.read(tmp_path / "plan")
    baseline, english = statuses(plan)["baseline"], statuses(plan)["english"]
    assert done.returncode == 1
    assert english.state == FINISHED, done.stderr
    assert baseline.state == FAILED
    reason = "baseline has failed: exit code 1: error: fp16 training needs a GPU"
    assert reason in done.stdout
    assert f"(log {plan.log(plan['baseline'])})" in done.stdout
    assert "baseline did not finish" in done.stderr
    log = plan.log(plan["baseline"]).read_text()
    assert [f"attempt {number}\n" in log for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_a_phase_that_a_gate_has_stopped_is_not_tried_again(tmp_path):
    assert SmallPlan(tmp_path / "plan", until="baseline", learning_rate=1e38).start().wait() == 1
    plan = Plan.read(tmp_path / "plan")
    status = plan_status(plan)[0]
    assert status.state == FAILED
    assert "the loss is nan" in status.note
    assert plan.log(plan["baseline"]).read_text().count("attempt") == 1


def test_a_plan_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path):
    undisturbed, killed = (
        SmallPlan(tmp_path / name, until="deep_reasoning", num_train_epochs=40) for name in ("undisturbed", "killed")
    )
    seconds = run_undisturbed(undisturbed)

    # Once where something is lost, then at random moments
    engine_process = killed.start()
    while not list((tmp_path / "killed" / "baseline").glob("checkpoint-*")):
        assert engine_process.poll() is None
        time.sleep(0.02)
    kill([engine_process, *below(engine_process)])
    engine_process.wait()
    run_with_kills(killed, ("worker", "engine"), seconds / 3, random.Random(0))
    assert killed.times_gone_on() >= 1
    assert killed.results() == undisturbed.results()
    assert killed.results().keys() == {"baseline", "deep_reasoning"}
