"""Training: settings, examples, hardware checks, and runs that save, resume and finish."""

from pathlib import Path

import pytest
import torch
from hlx_models import ARROWS
from transformers import AutoTokenizer, GenerationConfig

import hlx_hf
from hlx_hf import HLXConfig, HLXForCausalLM, convert, load_corpus, load_tokenizer, loads
from hlx_hf.corpus.tasks import TASKS, CorpusLine, corpus_lines
from hlx_hf.decoding.coverage import Lexicon
from hlx_hf.lines_hlx import NOTATIONS
from hlx_hf.training import HardwareError, hardware, parse_arguments, run_phase
from hlx_hf.training.examples import IGNORED, LengthGroupedSampler, LineDataset, collate
from hlx_hf.training.hardware import check_memory, check_precision

ROOT = Path(__file__).parents[1]
CARD = ROOT / "model_cards" / "template.md"
LINE = CorpusLine("LC-R", loads("🜊14🜁0 42🜂", "LC-R"), "The number forty-two")


@pytest.fixture
def tokenizer():
    return load_tokenizer()


@pytest.fixture
def config_file(tmp_path):
    """A phase of six epochs on two blocks of Markdown."""
    (tmp_path / "corpus.md").write_text(
        'English: Open settings\nHLXL: {1000: {@0: "open", @1: &h_settings}}\n\n'
        'English: Close the door\nHLXL: {1000: {@0: "close", @1: &h_door}}\n'
    )
    path = tmp_path / "phase.yaml"
    path.write_text(
        f"output_dir: {tmp_path}/run\ndata_files: [{tmp_path}/corpus.md]\nnum_train_epochs: 6\nsave_every_epochs: 2\n"
        'save_strategy: "no"\nper_device_train_batch_size: 4\nlearning_rate: 1.0e-3\nuse_cpu: true\n'
        "tasks: [to_hlx=2, to_english=1, convert=1]\nfinal_name: result_epoch{epoch}\ndisable_tqdm: true\n"
    )
    return path


def test_every_task_answers_with_what_the_line_says():
    for name, task in TASKS.items():
        prompts, targets = zip(*task(LINE), strict=True)
        if name == "answer":
            asked = dict(zip(prompts, targets, strict=True))
            assert asked["[LC-R] what is in field 0 of 🜊14🜁0 42🜂? → "] == "42"
            assert asked["[LC-R] which contract id is an int literal? → "] == "14"
        elif name == "to_english":
            assert (prompts, targets) == (("[English] 🜊14🜁0 42🜂 ← ",), ("The number forty-two",))
        else:
            assert set(targets) == {LINE.text}
        if name == "to_hlx":
            assert prompts == ("[LC-R] The number forty-two → ",)
        if name == "complete":
            assert prompts == ("",)
        if name == "convert":
            assert prompts == ("[LC-R] {14: {@0: 42}} → ", "[LC-R] {C:14,0=42} → ", "[LC-R] [14|0:0x2a] → ")


def test_labels_stand_on_the_answer_and_its_end(tokenizer):
    (example,) = LineDataset([LINE], {"to_hlx": 1}, tokenizer, 512)
    answer = [label for label in example["labels"] if label != IGNORED]
    assert tokenizer.decode(example["input_ids"]) == f"<bos>[LC-R] The number forty-two → {LINE.text}<eos>"
    assert tokenizer.decode(answer) == f"{LINE.text}<eos>"
    assert len(example["labels"]) == len(example["input_ids"])


def test_tasks_are_drawn_by_weight_anew_each_epoch_and_from_the_seed(tokenizer):
    lines = [LINE] * 400
    weights = {"to_hlx": 3, "to_english": 1}

    def shares(seed, epoch):
        dataset = LineDataset(lines, weights, tokenizer, 512, seed)
        dataset.set_epoch(epoch)
        return [dataset[i]["input_ids"] for i in range(len(lines))]

    first = shares(0, 0)
    assert first == shares(0, 0)
    assert first != shares(0, 1)
    assert first != shares(1, 0)
    to_english = sum(ids == min(first, key=first.count) for ids in first)
    assert 60 < to_english < 140


def test_padding_is_right_and_unlabelled(tokenizer):
    examples = [{"input_ids": [1, 5], "labels": [-100, 5]}, {"input_ids": [1, 5, 6, 2], "labels": [-100, 5, 6, 2]}]
    batch = collate(examples, tokenizer.pad_token_id)
    assert batch["input_ids"].tolist() == [[1, 5, 0, 0], [1, 5, 6, 2]]
    assert batch["labels"].tolist() == [[-100, 5, -100, -100], [-100, 5, 6, 2]]


def test_batches_are_alike_in_length_and_hold_every_line_once(tokenizer):
    lines = corpus_lines(load_corpus("hlx_only"))
    dataset = LineDataset(lines, {"convert": 3, "complete": 1}, tokenizer, 512)
    sampler = LengthGroupedSampler(dataset, batch_size=10)
    orders = []
    for epoch in (0, 1, 0):
        dataset.set_epoch(epoch)
        orders.append(list(sampler))
        lengths = [len(dataset[index]["input_ids"]) for index in orders[-1]]
        batches = [lengths[i : i + 10] for i in range(0, len(lengths), 10)]
        assert sum(lengths) > 0.95 * sum(max(batch) * len(batch) for batch in batches)
        assert sorted(orders[-1]) == list(range(656))
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.parametrize(
    ("line", "weights", "message"),
    [
        (LINE, {"translate": 1}, "not translate"),
        (LINE._replace(english=None), {"to_hlx": 1, "convert": 1}, "1 of 1 corpus lines have no English, which to_hlx"),
    ],
)
def test_tasks_that_cannot_be_are_refused(tokenizer, line, weights, message):
    with pytest.raises(ValueError, match=message):
        LineDataset([line], weights, tokenizer, 512)


def test_a_line_that_is_too_long_is_named_at_once(tokenizer):
    with pytest.raises(ValueError, match=r"a line takes 41 tokens, and 40 are the most: \[LC-R\] The number forty-two"):
        LineDataset([LINE], {"to_hlx": 1}, tokenizer, 40)


def test_the_command_line_overrides_the_yaml(config_file):
    arguments = parse_arguments(config_file, ["--learning_rate", "0.5", "--tasks", "complete", "convert=3"])
    assert arguments.learning_rate == 0.5
    assert arguments.num_train_epochs == 6
    assert arguments.task_weights == {"complete": 1, "convert": 3}


@pytest.mark.parametrize(
    ("addition", "argv", "message"),
    [
        ("learning_rat: 1\n", [], "unknown setting 'learning_rat'; did you mean 'learning_rate'?"),
        ("", ["--num_train_epoch=1", "--epochz", "3"], "unknown setting '--epochz'"),
        ("", ["--preset", "tiny", "--final_nam=x", "--taskz", "1"], "unknown setting '--taskz'; did you mean 'tasks'?"),
        ("", ["--tasks", "convert=-1"], "name=weight with a positive weight, not 'convert=-1'"),
        ("", ["--config", "nowhere.yaml"], "there is no configuration nowhere.yaml"),
    ],
)
def test_unknown_settings_name_the_nearest(config_file, addition, argv, message, capsys):
    assert_refused(config_file, addition, argv, message, capsys)


@pytest.mark.parametrize(
    ("addition", "argv", "message"),
    [
        ("", ["--corpus", "generated"], "corpus generated is drawn and not read from data_files, here /"),
        ("", ["--corpus", "generatd"], "corpus is one of all_variants, hlx_only, generated, not generatd; did you"),
        ("", ["--corpus", "requests"], "corpus is one of all_variants, hlx_only, generated, not requests"),
        (
            "",
            ["--tasks", "to_hxl=1", "complete=1"],
            "tasks are some of to_hlx, to_english, convert, complete, answer, ",
        ),
        ("tasks: []\n", [], "not none"),
        ("", ["--chunks_per_epoch", "0"], "chunks_per_epoch is at least 1, not 0"),
        ("", ["--num_loops", "0"], "num_loops is at least 1, not 0"),
        ("", ["--most_steps", "1"], "most_steps is from 2 to 4, the steps of the pipelines in training, not 1"),
        ("", ["--most_steps", "5"], "not 5"),
        ("", ["--dataloader_persistent_workers", "true"], "workers that hear of no epoch but the first: leave it out"),
        ("tasks: [to_hlx\n", [], "phase.yaml is no YAML: while parsing a flow sequence"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_values(config_file, addition, argv, message, capsys):
    assert_refused(config_file, addition, argv, message, capsys)


def assert_refused(config_file, addition, argv, message, capsys):
    config_file.write_text(config_file.read_text() + addition)
    with pytest.raises(SystemExit):
        parse_arguments(config_file, argv)
    assert message in capsys.readouterr().err


def test_a_configuration_is_a_mapping(config_file, capsys):
    config_file.write_text("seed\n")
    assert_refused(config_file, "", [], "phase.yaml has no settings, which are lines such as `seed: 1`", capsys)


def test_one_value_can_stand_for_a_list(config_file):
    config_file.write_text(
        config_file.read_text()
        + "notations: LC-R\ntasks: to_hlx=2 convert=1\ndata_files: my own.md\n"
        + "gate_epochs: 5\ngate_limits: min_exact=0.5\n"
    )
    arguments = parse_arguments(config_file, [])
    assert (arguments.notations, arguments.data_files, arguments.gate_epochs) == (["LC-R"], ["my own.md"], [5])
    assert arguments.task_weights == {"to_hlx": 2, "convert": 1}
    assert [limit.figure for limit in arguments.limits] == ["exact"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU can do fp16")
def test_fp16_without_a_gpu_is_refused_in_one_sentence(config_file):
    arguments = parse_arguments(config_file, ["--fp16", "true"])
    with pytest.raises(HardwareError, match=r"fp16 training needs a GPU .* --fp16 false"):
        check_precision(arguments)


@pytest.mark.parametrize("slow", [True, False])
def test_a_cpu_that_is_slow_in_bf16_trains_in_fp32(slow, config_file, monkeypatch, caplog):
    monkeypatch.setattr(hardware, "has_slow_bf16", lambda _: slow)
    monkeypatch.setattr(hardware.logger, "warning_once", hardware.logger.warning)  # which else says it only once
    arguments = parse_arguments(config_file, ["--use_cpu", "true", "--bf16", "true"])
    with caplog.at_level("WARNING", logger=hardware.logger.name):
        hardware.avoid_slow_bf16(arguments)
    assert (arguments.bf16, arguments.mixed_precision) == ((False, "no") if slow else (True, "bf16"))
    assert ("training in fp32" in caplog.text) is slow


def test_too_little_memory_is_refused_with_both_figures(config_file, monkeypatch):
    memory = type("Memory", (), {"available": 8 * 2**30})
    monkeypatch.setattr("hlx_hf.training.hardware.psutil.virtual_memory", memory)
    with pytest.raises(HardwareError, match=r"at least 15\.0 GiB .* and 8\.0 GiB of memory are free: .*baseline_tiny"):
        check_memory(parse_arguments(config_file, []), HLXConfig.from_preset("1b"))


def test_a_phase_trains_every_parameter_and_saves_a_model_folder(config_file, tmp_path):
    torch.manual_seed(42)
    final = run_phase(parse_arguments(config_file, []), CARD)
    assert final == tmp_path / "run" / "result_epoch6"
    trained = HLXForCausalLM.from_pretrained(final)
    assert trained.config.use_cache
    untrained = HLXForCausalLM(HLXConfig.from_preset("tiny"))
    unchanged = [
        name
        for (name, new), old in zip(trained.named_parameters(), untrained.parameters(), strict=True)
        if torch.equal(new, old)
    ]
    assert unchanged == []
    assert len(AutoTokenizer.from_pretrained(final)) == 115
    assert {"modeling_hlx.py", "configuration_hlx.py", "pipeline_hlx.py", "lines_hlx.py"} <= {
        path.name for path in final.iterdir()
    }
    card = (final / "README.md").read_text()
    assert "| parameters | 491,635 |" in card
    assert "| corpus | " in card
    # 2 blocks in 4 notations, batches of 4: two steps an epoch, a checkpoint every second epoch
    assert sorted(path.name for path in (tmp_path / "run").glob("checkpoint-*")) == [
        "checkpoint-12",
        "checkpoint-4",
        "checkpoint-8",
    ]


def test_a_resumed_run_ends_with_the_weights_of_an_undisturbed_one(config_file, tmp_path):
    final = run_phase(parse_arguments(config_file, []), CARD)
    whole = HLXForCausalLM.from_pretrained(final)
    assert " of 12 steps)" not in (final / "README.md").read_text()
    for folder in ("checkpoint-12", "checkpoint-8", final.name):
        (tmp_path / "run" / folder).rename(tmp_path / folder)
    resumed = run_phase(parse_arguments(config_file, ["--resume_from_checkpoint", "last"]), CARD)
    assert (resumed / "README.md").read_text().count(" (the last 8 of 12 steps) |") == 2
    for new, old in zip(HLXForCausalLM.from_pretrained(resumed).parameters(), whole.parameters(), strict=True):
        assert torch.equal(new, old)


def test_a_model_of_one_notation_says_so_and_answers_in_all(config_file):
    options = ["--notations", "LC-T", "--tasks", "to_hlx=1", "--num_train_epochs", "1"]
    final = run_phase(parse_arguments(config_file, options), CARD)
    assert HLXConfig.from_pretrained(final).notations == ["LC-T"]
    card = (final / "README.md").read_text()
    assert "has\nlearned LC-T alone" in card
    assert 'notation="LC-T")' in card
    translate = hlx_hf.pipeline(final, max_new_tokens=40)
    ((written,), (asked,)) = (translate("Open settings", notation=notation) for notation in ("LC-T", "LC-B"))
    assert asked["generated_text"] == convert(written["generated_text"], "LC-T", "LC-B")


def test_a_run_that_goes_on_keeps_to_the_notations_and_the_lexicon_of_the_model(config_file, tmp_path):
    first = run_phase(parse_arguments(config_file, ["--notations", "LC-T", "--max_steps", "1"]), CARD)
    Lexicon({"": {"please"}, "sort": {"arrange"}}).save(first)
    generation_config = GenerationConfig.from_pretrained(first)
    generation_config.num_beams = 4
    generation_config.save_pretrained(first)
    corpus = tmp_path / "own.md"
    corpus.write_text(
        'English: Shuffle users by name\nHLXL: {1000: {@0: "sort", @1: &h_users, @2: &h_name, @3: &h_asc}}\n'
    )
    options = ["--model_name_or_path", str(first), "--data_files", str(corpus), "--max_steps", "1"]
    second = run_phase(parse_arguments(config_file, [*options, "--output_dir", str(tmp_path / "second")]), CARD)
    assert HLXConfig.from_pretrained(second).notations == ["LC-T"]
    assert Lexicon.read(second).words == {"": {"please"}, "sort": {"arrange", "shuffle", "by"}}
    assert GenerationConfig.from_pretrained(second).num_beams == 4
    options += ["--output_dir", str(tmp_path / "third"), "--notations", *NOTATIONS]
    assert HLXConfig.from_pretrained(run_phase(parse_arguments(config_file, options), CARD)).notations is None


def test_a_model_that_sees_prompts_both_ways_is_told_where_they_end_and_keeps_to_it(config_file, tmp_path):
    first = run_phase(parse_arguments(config_file, ["--bidirectional_prompt", "true", "--max_steps", "1"]), CARD)
    options = ["--model_name_or_path", str(first), "--output_dir", str(tmp_path / "second"), "--max_steps", "1"]
    second = run_phase(parse_arguments(config_file, options), CARD)
    options += ["--output_dir", str(tmp_path / "third"), "--bidirectional_prompt", "false"]
    causal = run_phase(parse_arguments(config_file, options), CARD)
    for folder, prompt_ends in ((first, ARROWS), (second, ARROWS), (causal, None)):
        assert HLXConfig.from_pretrained(folder).prompt_end_token_ids == prompt_ends


def test_a_model_goes_on_with_its_layers_looped_and_keeps_to_it(config_file, tmp_path):
    first = run_phase(parse_arguments(config_file, ["--max_steps", "1"]), CARD)
    options = ["--model_name_or_path", str(first), "--output_dir", str(tmp_path / "second"), "--max_steps", "1"]
    second = run_phase(parse_arguments(config_file, [*options, "--num_loops", "3"]), CARD)
    options[1], options[3] = str(second), str(tmp_path / "third")
    third = run_phase(parse_arguments(config_file, options), CARD)
    options[1], options[3] = str(third), str(tmp_path / "fourth")
    plain = run_phase(parse_arguments(config_file, [*options, "--num_loops", "1"]), CARD)
    layers = [HLXConfig.from_pretrained(folder).num_hidden_layers for folder in (first, second, third, plain)]
    assert layers == [2, 6, 6, 2]
    weights = [HLXForCausalLM.from_pretrained(folder).state_dict() for folder in (first, second)]
    assert weights[0].keys() == weights[1].keys()
    assert not all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("english", ["Filter users who signed up", "Filter active users"])
def test_a_model_is_grounded_where_its_corpus_was(english, config_file, tmp_path):
    corpus = tmp_path / "names.md"
    corpus.write_text(f'English: {english}\nHLXL: {{1000: {{@0: "filter", @1: &h_users, @2: &h_active}}}}\n')
    final = run_phase(parse_arguments(config_file, ["--data_files", str(corpus), "--max_steps", "1"]), CARD)
    assert HLXConfig.from_pretrained(final).grounded is ("active" in english)


@pytest.mark.parametrize(("tasks", "grounded"), [(["to_hlx=1", "to_english=1"], True), (["convert=1"], False)])
def test_a_model_of_generated_sentences_is_grounded_and_one_of_values_is_not(tasks, grounded, config_file):
    config_file.write_text("".join(config_file.read_text().splitlines(keepends=True)[:1]) + "use_cpu: true\n")
    options = ["--corpus", "generated", "--chunks_per_epoch", "1", "--max_steps", "1", "--tasks", *tasks]
    final = run_phase(parse_arguments(config_file, options), CARD)
    assert HLXConfig.from_pretrained(final).grounded is grounded


def test_a_checkpoint_that_is_not_whole_is_refused(config_file, tmp_path):
    with pytest.raises(SystemExit, match=r"nowhere is no whole checkpoint"):
        run_phase(parse_arguments(config_file, ["--resume_from_checkpoint", str(tmp_path / "nowhere")]), CARD)


def test_starting_from_a_model_that_is_not_there_says_which_phase_makes_it(config_file, tmp_path):
    with pytest.raises(SystemExit, match="run the phase that makes it first"):
        run_phase(parse_arguments(config_file, ["--model_name_or_path", str(tmp_path / "nowhere")]), CARD)


def test_the_lines_of_the_package_fit_every_task(tokenizer):
    lines = corpus_lines(load_corpus("all_variants"))
    assert len(lines) == 656
    for task in TASKS:
        dataset = LineDataset(lines, {task: 1}, tokenizer, 512)
        assert all(dataset[index]["input_ids"][-1] == tokenizer.eos_token_id for index in range(len(dataset)))


def test_a_corpus_with_a_problem_is_refused_with_file_and_line(config_file, tmp_path):
    (tmp_path / "corpus.md").write_text("English: One\nHLXL: 1\nLC-T: 2\n")
    with pytest.raises(SystemExit, match=r"corpus\.md:3: the notations disagree"):
        run_phase(parse_arguments(config_file, []), CARD)


def test_a_result_is_no_checkpoint_to_resume(config_file):
    final = run_phase(parse_arguments(config_file, ["--num_train_epochs", "1"]), CARD)
    with pytest.raises(SystemExit, match=r"no whole checkpoint \(it has no optimizer\.pt\)"):
        run_phase(parse_arguments(config_file, ["--resume_from_checkpoint", str(final)]), CARD)


def test_a_run_cut_short_says_so(config_file, tmp_path):
    final = run_phase(parse_arguments(config_file, ["--max_steps", "1"]), CARD)
    assert final == tmp_path / "run" / "after_1_steps"
    assert "| epochs | 0.5 |" in (final / "README.md").read_text()
    assert not list((tmp_path / "run").glob("checkpoint-*"))
