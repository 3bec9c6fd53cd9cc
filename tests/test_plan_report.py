"""The morning page: its figures are those of the records, and what is missing or has failed is said."""

import json
from datetime import datetime

import pytest
from hlx_models import small_model

from hlx_hf.files import GATES
from hlx_hf.inference import MODELS
from hlx_hf.plan.folder import Plan
from hlx_hf.plan.records import read_records
from hlx_hf.plan.report import HTML, PAGE, REPORT, write_report

PNG = b"\x89PNG"
LOSSES = [2.5, 0.75]
GATE = {"epoch": 1, "step": 8, "missed": [], "in_grace": False, "samples": []}
FIGURES = {"train_loss": 2.125, "answer_loss": 1.875, "prompt_use": 0.625, "exact": 0.25, "valid": 0.5}
FAILURES = {"empty": 0.0, "parroted": 0.0, "repetition": 0.0, "malformed": 0.5, "wrong_value": 0.25}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.fixture
def plan(tmp_path):
    """A plan whose first training has finished and whose second has failed."""
    plan = Plan(tmp_path, "tiny", settings=("num_train_epochs=2",))
    plan.write()
    baseline, expert = plan["baseline"], plan["deep_reasoning"]
    small_model().save_pretrained(plan.result(baseline))
    gate = {f"gate_{name}": value for name, value in (FIGURES | FAILURES).items()}
    history = [
        {"epoch": 1.0, "loss": LOSSES[0]},
        {"epoch": 1.0, **gate},
        {"epoch": 2.0, "loss": LOSSES[1]},
        {"epoch": 2.0, "train_tokens_per_second": 12345.6},
    ]
    write(plan.result(baseline) / "trainer_state.json", {"log_history": history})
    write(plan.output(baseline) / GATES, {"stopped": None, "gates": [{**GATE, **FIGURES, **FAILURES}]})
    write(plan.log(baseline), "\n--- 2026-01-01 00:00:00 attempt 1\n$ python\n--- 2026-01-01 00:01:00 attempt 2\n")
    begun = datetime(2026, 1, 1).timestamp()
    write(plan.finished(baseline), {"result": "", "finished_at": begun + 180})
    write(plan.log(expert), "\n--- 2026-01-01 00:03:00 attempt 1\n$ python\nMemoryError: no room | at all\n")
    write(plan.failed(expert), {"reason": "exit code 1: no room", "attempt": 3, "failed_at": 0, "final": False})
    return plan


def page_of(plan):
    assert write_report(plan) == plan.folder / REPORT / HTML
    return (plan.folder / REPORT / PAGE).read_text(encoding="utf-8")


def test_figures_are_those_of_the_records(plan):
    page = page_of(plan)
    parameters = small_model().num_parameters()
    assert "1 of 8 phases have finished." in page
    assert "| baseline | finished |  | 3 min |  | 2 |" in page
    row = next(line for line in page.splitlines() if line.startswith(f"| baseline | {parameters:,} |"))
    assert f"| {parameters / 115:,.0f} | {LOSSES[-1]:.4f} | 12,346 |" in row
    assert "| 1 | 2.125 | 1.875 | 0.625 | 0.250 | 0.500 |" in page
    assert (plan.folder / REPORT / "baseline.png").read_bytes().startswith(PNG)


def test_a_phase_that_has_failed_shows_why_and_the_end_of_its_log(plan):
    page = page_of(plan)
    assert "| deep_reasoning | failed |" in page
    assert "exit code 1: no room" in page
    assert f"The end of `{plan.log(plan['deep_reasoning'])}`" in page
    assert "MemoryError: no room | at all" in page


def test_what_is_not_there_yet_is_said(plan):
    page = page_of(plan)
    assert "No test has finished yet." in page
    assert "No model has been asked for the test splits yet." in page
    assert "Records that are missing" not in page


def test_a_record_that_is_lost_is_named(plan):
    lost = plan.output(plan["baseline"]) / GATES
    lost.unlink()
    broken = plan.result(plan["baseline"]) / "trainer_state.json"
    broken.write_text("{")
    page = page_of(plan)
    assert "## Records that are missing" in page
    assert f"- `{lost}`" in page
    assert f"- `{broken}`" in page


def test_sizes_count_all_of_a_checkpoint_and_none_that_goes_meanwhile(plan):
    output = plan.output(plan["deep_reasoning"])
    write(output / "checkpoint-9" / "global_step9" / "optim_states.pt", "x" * 90)
    write(output / "checkpoint-10" / "model.safetensors", "x" * 100)
    write(output / "checkpoint-best" / "model.safetensors", "of somebody's own")
    write(output / "checkpoint-8" / "model.safetensors", "x" * 80)
    (output / "checkpoint-8" / "optimizer.pt").symlink_to("deleted")
    (sizes,) = (record.sizes for record in read_records(plan) if record.name == "deep_reasoning")
    assert list(sizes.items()) == [("checkpoint-9", 90), ("checkpoint-10", 100)]


def test_two_tests_are_compared_level_by_level(plan):
    for phase, model in (("english_comprehension", "english"), ("hlx_only_comprehension", "hlx_only")):
        report = json.loads((MODELS / model / "evaluation.json").read_text(encoding="utf-8"))
        write(plan.result(plan[phase]), {**report["splits"]["comprehension"], "cpu_seconds": 0.7})
    page = page_of(plan)
    assert "| level | tests | english_comprehension | hlx_only_comprehension |" in page
    assert "| english_comprehension | 25.0 |" in page  # CPU-seconds, of 28 answers in 0.7
    assert (plan.folder / REPORT / "comprehension.png").read_bytes().startswith(PNG)


def test_accuracy_by_split_stands_there_once_a_model_was_asked(plan):
    for phase, model in (("deep_reasoning_evaluation", "english"), ("hlx_only_evaluation", "hlx_only")):
        write(plan.result(plan[phase]), (MODELS / model / "evaluation.json").read_text(encoding="utf-8"))
    page = page_of(plan)
    rows = json.loads(plan.result(plan["deep_reasoning_evaluation"]).read_text())["splits"]["iid"]["to_hlx"]["rows"]
    assert "### deep_reasoning\n\n| split |" in page
    assert f"| iid | {rows} |" in page
    assert (plan.folder / REPORT / "splits.png").read_bytes().startswith(PNG)


def test_the_html_is_one_file(plan):
    html = write_report(plan).read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == html.count("<img") == 1
    assert "<table>" in html
    assert "$body" not in html
