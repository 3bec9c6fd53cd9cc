"""Quality gates: sabotaged runs are stopped, sound ones are not disturbed, and what was seen is kept."""

import json
import math
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hlx_models import LINES, small_model, trained_model
from transformers import set_seed

from hlx_hf import HLXForCausalLM, HLXPipeline, load_corpus, load_tokenizer
from hlx_hf.training import gates, parse_arguments, run_phase
from hlx_hf.training.examples import IGNORED, LineDataset
from hlx_hf.training.limits import FIGURES, parse_limit
from hlx_hf.training.loss_watch import WINDOW, LossWatch
from hlx_hf.training.measures import QUESTION_COUNT, Question, draw_questions, measure, translator
from hlx_hf.training.packing import collate_packed

ROOT = Path(__file__).parents[1]
CARD = ROOT / "model_cards" / "template.md"
CONFIGS = ROOT / "recipes" / "configs"
STEPS_OF_AN_EPOCH = 82  # 656 lines of all_variants, 8 in a batch


def baseline(output, *argv):
    """The settings of phase 1 at tiny scale, with its default gates."""
    options = ["--output_dir", str(output), "--disable_tqdm", "true", *argv]
    return parse_arguments(CONFIGS / "baseline_tiny.yaml", options)


@pytest.fixture
def small_phase(tmp_path):
    """Settings of two steps an epoch, on two blocks of Markdown."""
    (tmp_path / "corpus.md").write_text(
        'English: Open settings\nHLXL: {1000: {@0: "open", @1: &h_settings}}\n\n'
        'English: Close the door\nHLXL: {1000: {@0: "close", @1: &h_door}}\n'
    )
    path = tmp_path / "phase.yaml"
    path.write_text(
        f"output_dir: {tmp_path}/run\ndata_files: [{tmp_path}/corpus.md]\nnum_train_epochs: 4\nsave_every_epochs: 2\n"
        'save_strategy: "no"\nper_device_train_batch_size: 4\nuse_cpu: true\nlogging_strategy: epoch\n'
        "final_name: result_epoch{epoch}\ngate_epochs: [1, 2, 4]\n"
    )
    return lambda *argv: parse_arguments(path, ["--disable_tqdm", "true", *argv])


def unshifted(examples, **settings):
    """Labels on the character that is read, in place of the one that follows: the model learns to repeat."""
    batch = collate_packed(examples, **settings)
    batch["labels"] = batch["labels"].roll(1, dims=1)
    return batch


class ShuffledTargets(LineDataset):
    """Every prompt with the answer to another."""

    def set_epoch(self, epoch):
        super().set_epoch(epoch)
        asked = [example["labels"].count(IGNORED) for example in self.examples]
        prompts = [example["input_ids"][:n] for n, example in zip(asked, self.examples, strict=True)]
        answers = [example["input_ids"][n:] for n, example in zip(asked, self.examples, strict=True)]
        random.Random(epoch).shuffle(answers)
        self.examples = [
            {"input_ids": prompt + answer, "labels": [IGNORED] * len(prompt) + answer}
            for prompt, answer in zip(prompts, answers, strict=True)
        ]


@pytest.mark.parametrize(
    ("part", "broken", "figure"),
    [("trainer.collate_packed", unshifted, "answer_loss"), ("phase.LineDataset", ShuffledTargets, "prompt_use")],
)
def test_sabotaged_training_is_stopped_at_its_first_gate(part, broken, figure, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(f"hlx_hf.training.{part}", broken)
    with pytest.raises(SystemExit) as stopped:
        run_phase(baseline(tmp_path), CARD)
    assert stopped.value.code == gates.EXIT_CODE == 3
    message = capfd.readouterr().err
    assert f"stopped after step {STEPS_OF_AN_EPOCH} (epoch 1): " in message
    assert f"{figure} is " in message

    # what it saw is on disk: figures, answers, and a checkpoint that does not go by the name of one
    found = json.loads((tmp_path / "gates.json").read_text())
    (gate,) = found["gates"]
    assert found["stopped"] in message
    assert (gate["epoch"], gate["step"], gate["in_grace"]) == (1, STEPS_OF_AN_EPOCH, False)
    assert any(missed.startswith(figure) for missed in gate["missed"])
    assert gate["samples"][0].keys() >= {"text", "notation", "answer", "output", "outcome"}
    state = tmp_path / f"stopped_at_step_{STEPS_OF_AN_EPOCH}"
    assert {"model.safetensors", "optimizer.pt", "trainer_state.json"} <= {path.name for path in state.iterdir()}
    assert not list(tmp_path.glob("checkpoint-*"))


def test_an_absurd_learning_rate_ends_the_process_with_the_code_of_a_gate(tmp_path):
    command = [sys.executable, "recipes/baseline.py", "--config", CONFIGS / "baseline_tiny.yaml"]
    command += ["--output_dir", tmp_path, "--learning_rate", "100"]
    done = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == gates.EXIT_CODE
    assert re.search(r"stopped after step \d+ \(epoch 0\.\d+\): the loss (is nan|is inf|diverges)", done.stderr)
    assert "try a lower learning_rate" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "gates.json").read_text())["gates"] == []  # before the first
    (state,) = tmp_path.glob("stopped_at_step_*")
    assert int(state.name.removeprefix("stopped_at_step_")) < STEPS_OF_AN_EPOCH


def test_a_loss_that_is_no_number_stops_the_run_within_its_grace(small_phase, tmp_path, capfd):
    with pytest.raises(SystemExit) as stopped:
        run_phase(small_phase("--learning_rate", "1e38"), CARD)
    assert stopped.value.code == gates.EXIT_CODE
    assert "the loss is nan" in capfd.readouterr().err


def test_a_sound_run_passes_its_gate_and_ends_with_the_weights_of_one_without(tmp_path):
    one_epoch = ["--num_train_epochs", "1"]
    asked = run_phase(baseline(tmp_path / "asked", *one_epoch), CARD)
    unasked = run_phase(baseline(tmp_path / "unasked", *one_epoch, "--gate_epochs", "0"), CARD)
    (gate,) = json.loads((tmp_path / "asked" / "gates.json").read_text())["gates"]
    assert (gate["missed"], gate["in_grace"]) == ([], False)
    assert json.loads((tmp_path / "unasked" / "gates.json").read_text()) == {"stopped": None, "gates": []}
    models = [HLXForCausalLM.from_pretrained(folder).parameters() for folder in (asked, unasked)]
    assert all(torch.equal(*pair) for pair in zip(*models, strict=True))


def test_a_resumed_run_keeps_its_gates_and_ends_with_the_same_weights(small_phase, tmp_path):
    def run(*argv):
        final = run_phase(small_phase(*argv), CARD)
        seen = json.loads((tmp_path / "run" / "gates.json").read_text())
        logged = json.loads((final / "trainer_state.json").read_text())["log_history"]
        gates_logged = [entry for entry in logged if "gate_exact" in entry]
        return HLXForCausalLM.from_pretrained(final).state_dict(), seen, gates_logged

    weights, seen, logged = run()
    assert [gate["epoch"] for gate in seen["gates"]] == [entry["epoch"] for entry in logged] == [1, 2, 4]
    assert all(gate["in_grace"] for gate in seen["gates"])  # 8 steps are too few to have learned anything
    resumed_weights, resumed_seen, resumed_logged = run("--resume_from_checkpoint", f"{tmp_path}/run/checkpoint-4")
    assert all(torch.equal(resumed_weights[name], weights[name]) for name in weights)
    for gate, resumed in zip(seen["gates"] + logged, resumed_seen["gates"] + resumed_logged, strict=True):
        losses = ("train_loss", "gate_train_loss")  # of the last steps, of which the resumed run has seen fewer
        assert {name: gate[name] for name in gate if name not in losses} == {
            name: resumed[name] for name in resumed if name not in losses
        }


def test_a_gate_is_logged_with_the_loss(small_phase):
    final = run_phase(small_phase("--num_train_epochs", "1"), CARD)
    logged = json.loads((final / "trainer_state.json").read_text())["log_history"]
    (gate,) = [entry for entry in logged if "gate_exact" in entry]
    assert gate.keys() == {"epoch", "step", "gate_train_loss", *(f"gate_{name}" for name in FIGURES)}
    (loss,) = [entry for entry in logged if "loss" in entry]  # the gate does not keep the Trainer from logging it
    assert gate["gate_train_loss"] == pytest.approx(loss["loss"])
    assert gate["step"] == loss["step"] == 2


def test_the_progress_bar_has_epoch_loss_gate_and_time_left(small_phase, capfd):
    run_phase(small_phase("--num_train_epochs", "2", "--disable_tqdm", "false"), CARD)
    shown = capfd.readouterr()
    *_, last = [line for line in shown.err.replace("\r", "\n").splitlines() if "4/4" in line]
    assert last.startswith("epoch 2/2: 100%")
    assert ", loss " in last
    assert "<00:00" in last  # the time left
    assert "exact 0%, valid 0%]" in last
    assert "gate of epoch 1: loss " in shown.out + shown.err


def test_the_result_has_a_picture_and_its_card_shows_it(small_phase):
    final = run_phase(small_phase(), CARD)
    assert (final / "training.png").read_bytes().startswith(b"\x89PNG")
    assert "](training.png)" in (final / "README.md").read_text()


def test_without_matplotlib_a_run_ends_as_usual(small_phase, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    final = run_phase(small_phase("--num_train_epochs", "1"), CARD)
    assert not (final / "training.png").exists()
    assert "training.png" not in (final / "README.md").read_text()
    assert "pip install matplotlib" in caplog.text


def test_a_model_that_knows_the_answers_is_measured_so_and_left_as_it_was():
    model = trained_model().train()
    questions = [Question(*line) for line in LINES]
    set_seed(3)
    expected = torch.rand(4)
    set_seed(3)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    figures = measure(model, load_tokenizer(), questions)
    assert torch.equal(torch.rand(4), expected)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert figures["exact"] == figures["valid"] == 1
    assert figures["answer_loss"] < 0.1
    assert figures["prompt_use"] > 0.9
    model.eval()


def test_a_gpu_would_give_the_answers_that_numpy_gives():
    model, tokenizer = trained_model(), load_tokenizer()
    texts = [text for text, notation, _ in LINES if notation == "LC-R"]
    options = {"notation": "LC-R", "max_new_tokens": 60, "batch_size": 2}
    pipe = HLXPipeline(model=model, tokenizer=tokenizer, device="cpu")  # `translator` makes it on the model's device
    assert translator(model, tokenizer)(texts, **options) == pipe(texts, **options)


def test_a_model_in_bf16_is_asked_where_it_is():
    model = small_model().to(torch.bfloat16)  # numpy would need a copy in fp32, which the 1B model has no room for
    assert isinstance(translator(model, load_tokenizer()), HLXPipeline)


def test_a_prompt_that_does_not_fit_before_another_answer_is_not_put_there():
    model = small_model()  # 64 positions
    questions = [Question("a" * 40, "LC-R", "7"), Question("b", "LC-R", '"' + "c" * 40 + '"')]
    assert math.isfinite(measure(model, load_tokenizer(), questions)["prompt_use"])


def test_failures_are_told_apart():
    questions = [Question("{C:14,0=42}", "LC-R", "🜊14🜁0 7🜂"), *(Question(*line) for line in LINES)]
    figures = measure(trained_model(), load_tokenizer(), questions)
    assert (figures["wrong_value"], figures["exact"]) == (0.25, 0.75)
    assert figures["samples"][0]["outcome"] == "wrong_value"


@pytest.mark.parametrize(("config", "corpus"), [("english_tiny", "iid"), ("engine_tiny", "hlx_to_hlx")])
def test_generated_phases_are_asked_what_training_never_draws(config, corpus, tmp_path):
    questions = draw_questions(parse_arguments(CONFIGS / f"{config}.yaml", ["--output_dir", str(tmp_path)]))
    rows = load_corpus(corpus)
    texts = set(rows["english"]) if corpus == "iid" else {text for name in rows.column_names for text in rows[name]}
    assert len(set(questions)) == QUESTION_COUNT
    assert {question.text for question in questions} <= texts


@pytest.mark.parametrize(("config", "english"), [("baseline_tiny", True), ("hlx_only_tiny", False)])
def test_phases_on_a_corpus_are_asked_for_lines_of_it(config, english, tmp_path):
    arguments = parse_arguments(CONFIGS / f"{config}.yaml", ["--output_dir", str(tmp_path)])
    questions = draw_questions(arguments)
    assert questions == draw_questions(arguments)
    sentences = set(load_corpus("all_variants")["english"])
    assert len(questions) == QUESTION_COUNT
    assert all((question.text in sentences) == english for question in questions)
    assert draw_questions(baseline(tmp_path, "--tasks", "complete", "answer")) == []
    runic = draw_questions(baseline(tmp_path, "--tasks", "to_hlx", "--notations", "LC-R"))
    assert {question.notation for question in runic} == {"LC-R"}


def test_questions_for_english_have_an_answer_in_words(tmp_path):
    questions = draw_questions(baseline(tmp_path, "--tasks", "to_english", "complete"))
    assert {question.notation for question in questions} == {"English"}
    figures = measure(small_model(max_position_embeddings=512), load_tokenizer(), questions)
    assert figures["exact"] == 0


def test_a_step_is_the_sum_of_its_micro_batches_and_must_be_a_number():
    watch = LossWatch()
    watch.add(torch.tensor(1.5))
    watch.add(torch.tensor(0.5))
    assert watch.end_step() is None
    assert watch.mean == 2.0
    watch.add(torch.tensor(math.inf))
    assert watch.end_step() == "the loss is inf"


@pytest.mark.parametrize(("start", "step", "wrong"), [(5.0, 1.0, True), (5.0, 0.01, False), (5.0, -0.05, False)])
def test_a_loss_that_rises_from_the_start_diverges(start, step, wrong):
    watch = LossWatch()
    found = []
    for number in range(2 * WINDOW):
        watch.add(torch.tensor(start + step * number))
        found.append(watch.end_step())
    assert any(found) == wrong
    assert not any(found[: WINDOW - 1])


def test_limits_hold_from_their_epoch_on():
    limit = parse_limit("max_repetition=0.5@5")
    assert limit.miss({"repetition": 0.75}, epoch=4) is None
    assert limit.miss({"repetition": 0.5}, epoch=5) is None
    assert limit.miss({"repetition": 0.75}, epoch=5).startswith("repetition is 0.75 and has to be at most 0.5")
    assert (
        parse_limit("min_exact=0.1")
        .miss({"exact": math.nan}, epoch=1)
        .startswith("exact is nan and has to be at least")
    )


@pytest.mark.parametrize(
    ("limit", "message"),
    [("exact>0.5", "a limit is min_FIGURE=VALUE"), ("min_luck=1", "unknown figure 'luck' in 'min_luck=1'; the known")],
)
def test_limits_that_cannot_be_are_refused(limit, message, tmp_path, capsys):
    with pytest.raises(SystemExit):
        baseline(tmp_path, "--gate_limits", limit)
    assert message in capsys.readouterr().err
