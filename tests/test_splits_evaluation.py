"""Scores of the test splits, their intervals, the report, and general models with examples in their prompt."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from hlx_models import small_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import is_gguf_available

from hlx_hf import convert, load_corpus, load_tokenizer, pipeline
from hlx_hf.corpus.rows import column_of
from hlx_hf.evaluation import evaluation_table, load_few_shot, run_evaluation, wilson_interval
from hlx_hf.evaluation.few_shot import MAX_NEW_TOKENS
from hlx_hf.evaluation.splits import (
    MAX_MISTAKES,
    AnswerBook,
    score_between_notations,
    score_to_english,
    score_to_hlx,
)
from hlx_hf.lines_hlx import ENGLISH, NOTATIONS

RECIPE = Path(__file__).parents[1] / "recipes" / "evaluation.py"
ROWS = 8
CHAT_TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def corpus():
    return load_corpus("all_variants").take(ROWS)


class Phrasebook:
    """Translates what it was told, and counts how often it is asked; it answers "?" to anything else."""

    def __init__(self, entries=()):
        self.entries = dict(entries)
        self.asked = []

    def __call__(self, inputs, notation, batch_size):
        assert len(inputs) == batch_size
        self.asked += [(text, notation) for text in inputs]
        return [{"generated_text": self.entries.get((text, notation), "?")} for text in inputs]


def sentences(corpus, notations=NOTATIONS):
    for row in corpus:
        for notation in notations:
            yield (row["english"], notation), row[column_of(notation)]
            yield (row[column_of(notation)], ENGLISH), row["english"]


def conversions(corpus):
    for row in corpus:
        for source in NOTATIONS:
            for target in NOTATIONS:
                yield (row[column_of(source)], target), convert(row[column_of(source)], source, target)


def exact(scores):
    return scores["overall"]["exact_accuracy"]


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I
@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_the_literature(successes, count, low, high):
    assert wilson_interval(successes / count, count) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson_interval(1 - successes / count, count)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize(("share", "count"), [(0.5, 0), (1.5, 10), (-0.1, 10)])
def test_no_interval_of_what_is_no_share(share, count):
    with pytest.raises(ValueError, match="from 0 to 1"):
        wilson_interval(share, count)


def test_whoever_knows_all_sentences_is_right_both_ways(corpus):
    ask = AnswerBook(Phrasebook(sentences(corpus)))
    to_hlx, to_english = score_to_hlx(ask, corpus), score_to_english(ask, corpus)
    assert exact(to_hlx) == exact(to_english["round_trip"]) == exact(to_english["same_words"]) == 1
    assert to_hlx["overall"]["count"] == ROWS * 4
    assert to_hlx["overall"]["interval"] == wilson_interval(1.0, ROWS)
    assert to_hlx["mistakes"] == []


def test_each_notation_is_counted_by_itself(corpus):
    ask = AnswerBook(Phrasebook(sentences(corpus, ["LC-T"])))
    scores = score_to_hlx(ask, corpus)
    shares = {notation: cell["exact_accuracy"] for notation, cell in scores["by_notation"].items()}
    assert shares == {"HLXL": 0, "LC-R": 0, "LC-T": 1, "LC-B": 0}
    assert exact(scores) == scores["overall"]["valid_share"] == 0.25
    assert scores["overall"]["failures"]["malformed"] == ROWS * 3
    assert len(scores["mistakes"]) == min(ROWS, MAX_MISTAKES)  # one a text
    assert scores["mistakes"][0]["output"] == "?"


def test_values_are_compared_with_their_types_and_not_their_spelling():
    (row,) = load_corpus("all_variants").filter(lambda row: row["lc_t"] == "{C:14,0=42}").take(1)
    spelled = {"HLXL": "{14:{@0:42}}", "LC-R": "🜊14 🜁0 42 🜂", "LC-T": "{C:14, 0=42.0}", "LC-B": "[14|0:0x002A]"}
    ask = AnswerBook(Phrasebook(((row["english"], notation), answer) for notation, answer in spelled.items()))
    scores = score_to_hlx(ask, [row])
    assert [cell["exact_accuracy"] for cell in scores["by_notation"].values()] == [1, 1, 0, 1]
    assert scores["mistakes"][0]["outcome"] == "wrong_value"


def test_english_counts_if_the_model_understands_it_itself(corpus):
    own = corpus.map(lambda row: {"english": "in my words, " + row["english"]})
    to_english = score_to_english(AnswerBook(Phrasebook(sentences(own))), corpus)
    assert exact(to_english["round_trip"]) == 1
    assert exact(to_english["same_words"]) == 0


def test_hlx_is_no_english_even_if_it_leads_back(corpus):
    engine = Phrasebook(conversions(corpus))
    engine.entries |= {(row["lc_r"], ENGLISH): row["lc_t"] for row in corpus}
    engine.entries |= {(row["lc_t"], "LC-R"): row["lc_r"] for row in corpus}
    to_english = score_to_english(AnswerBook(engine), corpus)
    assert to_english["round_trip"]["by_direction"]["LC-R to English and back"]["exact_accuracy"] == 0


def test_twelve_directions_between_the_notations(corpus):
    engine = Phrasebook(conversions(corpus))
    assert exact(score_between_notations(AnswerBook(engine), corpus)) == 1
    engine.entries = {key: answer for key, answer in engine.entries.items() if key[1] != "LC-B"}
    scores = score_between_notations(AnswerBook(engine), corpus)
    assert len(scores["by_direction"]) == 12
    wrong = {direction for direction, cell in scores["by_direction"].items() if cell["exact_accuracy"] == 0}
    assert wrong == {"HLXL to LC-B", "LC-R to LC-B", "LC-T to LC-B"}
    assert exact(scores) == 0.75


def test_nothing_is_asked_twice(corpus):
    phrasebook = Phrasebook(sentences(corpus))
    ask = AnswerBook(phrasebook)
    score_to_hlx(ask, corpus)
    score_to_english(ask, corpus)
    assert len(phrasebook.asked) == len(set(phrasebook.asked)) == ROWS * 8  # the way back is known


def test_a_model_of_some_notations_is_asked_in_these_and_scored_in_all(corpus):
    phrasebook = Phrasebook(sentences(corpus, ["LC-T"]))
    ask = AnswerBook(phrasebook, learned=["LC-T"])
    scores = score_to_hlx(ask, corpus)
    assert exact(scores) == 1
    assert [cell["exact_accuracy"] for cell in scores["by_notation"].values()] == [1, 1, 1, 1]
    assert exact(score_to_english(ask, corpus)["round_trip"]) == 1
    assert len(phrasebook.asked) == len(set(phrasebook.asked)) == ROWS * 2  # there and back


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "random_hlx"
    small_model(max_position_embeddings=512).save_pretrained(folder)
    load_tokenizer().save_pretrained(folder)
    return folder


def test_a_report_of_a_model(model_folder):
    pipe = pipeline(model_folder, device="cpu", max_new_tokens=8)
    report = run_evaluation(pipe, "random", ["new_phrasing", "comprehension", "hlx_to_hlx"], limit=2, seed=1)
    assert report["splits"]["new_phrasing"]["to_hlx"]["rows"] == 2
    assert report["splits"]["hlx_to_hlx"]["between_notations"]["overall"]["count"] == 2 * 12
    again = run_evaluation(pipe, "random", ["new_phrasing"], limit=2, seed=1)
    assert again["splits"]["new_phrasing"] == report["splits"]["new_phrasing"]
    other = run_evaluation(pipe, "random", ["new_phrasing"], limit=2, seed=2)
    prompts = [
        [mistake["text"] for mistake in r["splits"]["new_phrasing"]["to_hlx"]["mistakes"]] for r in (report, other)
    ]
    assert prompts[0] != prompts[1]


def test_the_table_has_a_row_for_each_split(corpus):
    phrasebook = Phrasebook([*sentences(load_corpus("all_variants"), ["HLXL", "LC-R"])])
    report = run_evaluation(phrasebook, "half", ["all_variants", "hlx_to_hlx", "comprehension"], limit=50)
    lines = evaluation_table(report).splitlines()
    assert lines[0].startswith("| split | n | HLXL | LC-R | LC-T | LC-B | all |")
    notations = "100.0% | 100.0% | 0.0% | 0.0% | 50.0% (36.6%–63.4%)"
    assert lines[2].startswith(f"| all_variants | 50 | {notations} | 50.0% | 50.0% | ")
    assert lines[3].startswith("| hlx_to_hlx | 50 | 0.0% |")
    assert lines[4].startswith("| comprehension | 28 | ")
    assert {line.count("|") for line in lines[:5]} == {12}
    assert "| LC-R | 0.0% |  | 0.0% | 0.0% |" in lines


@pytest.fixture(scope="module")
def llama_folder(tmp_path_factory):
    """A random Llama that often ends its line, and a tokenizer of bytes and a few words."""
    corpus = load_corpus("all_variants")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(corpus["english"], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>")
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(config)
    model.lm_head.weight.data[fast.convert_tokens_to_ids("Ċ")] *= 2  # the byte of a newline
    folder = tmp_path_factory.mktemp("models") / "random_llama"
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def translator(folder, shots=3, chat_template=None):
    few_shot = load_few_shot(str(folder), load_corpus("all_variants").take(shots))
    few_shot.tokenizer.chat_template = chat_template
    return few_shot


@pytest.mark.parametrize("chat_template", [None, CHAT_TEMPLATE])
@pytest.mark.parametrize("notation", ["LC-T", ENGLISH])
def test_answers_are_those_of_the_whole_prompt_read_alone(llama_folder, corpus, notation, chat_template):
    few_shot = translator(llama_folder, chat_template=chat_template)
    texts = corpus["lc_r"] if notation == ENGLISH else corpus["english"]
    found = [answer["generated_text"] for answer in few_shot(list(texts), notation, batch_size=3)]
    wholes = []
    for text in texts:
        tokens = few_shot.tokenizer(few_shot.prompt(text, notation), return_tensors="pt")
        answer = few_shot.model.generate(**tokens, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        wholes.append(few_shot.tokenizer.decode(answer[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True))
    assert any("\n" in whole for whole in wholes)
    assert found == [whole.split("\n")[0].strip() for whole in wholes]


def test_the_prompt_shows_examples_in_the_notation_and_the_text_last(llama_folder):
    few_shot = translator(llama_folder, shots=2)
    first, second = few_shot.examples
    prompt = few_shot.prompt("Open the door", "LC-B")
    assert f"English: {first['english']}\nHLX: {first['lc_b']}\n" in prompt
    assert prompt.endswith("English: Open the door\nHLX:")
    to_english = few_shot.prompt('[1000|0:"open"|1:&door]', ENGLISH)
    assert f"HLX: {second['lc_r']}\nEnglish: {second['english']}\n" in to_english


def test_a_conversation_has_a_turn_for_each_example(llama_folder):
    few_shot = translator(llama_folder, shots=2, chat_template=CHAT_TEMPLATE)
    prompt = few_shot.prompt("Open the door", "HLXL")
    assert prompt.count("<user>") == 3
    assert f"<assistant>{few_shot.examples[0]['hlxl']}</s>" in prompt
    assert prompt.endswith("<user>English: Open the door</s>\n<assistant>")


def test_too_many_examples_are_refused(llama_folder):
    few_shot = translator(llama_folder, shots=40)
    with pytest.raises(ValueError, match=r"40 examples .* give fewer"):
        few_shot(["Open the door"], "HLXL")


@pytest.mark.skipif(is_gguf_available(), reason="the package that reads GGUF is there")
def test_gguf_says_what_to_install():
    with pytest.raises(ImportError, match=r"pip install gguf"):
        load_few_shot("somewhere/model.gguf", load_corpus("all_variants").take(1))


def run_recipe(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", [str(RECIPE), *map(str, options)])
    runpy.run_path(str(RECIPE), run_name="__main__")


@pytest.mark.parametrize("kind", ["model", "general"])
def test_the_recipe_prints_the_table_and_writes_it_with_the_results(kind, request, tmp_path, monkeypatch, capsys):
    folder = request.getfixturevalue({"model": "model_folder", "general": "llama_folder"}[kind])
    output = tmp_path / "new" / "results.json"
    options = ["--splits", "new_phrasing", "--limit", 1, "--output", output, "--shots", 3]
    run_recipe(monkeypatch, f"--{kind}", folder, *options)
    report = json.loads(output.read_text(encoding="utf-8"))
    table = output.with_suffix(".md").read_text(encoding="utf-8")
    assert table in capsys.readouterr().out
    assert table.startswith(f"{folder.name}, {report['parameters']:,} parameters")
    assert report["splits"]["new_phrasing"]["to_hlx"]["overall"]["count"] == 4
    assert report["splits"]["new_phrasing"]["to_english"]["round_trip"]["overall"]["count"] == 4
    assert report.get("shots") == (3 if kind == "general" else None)


def test_the_recipe_searches_if_asked_to_and_leaves_english_out(model_folder, tmp_path, monkeypatch, capsys):
    scores = []
    for beams in (1, 3):
        output = tmp_path / f"{beams}.json"
        options = ["--splits", "new_phrasing", "--limit", 2, "--to_hlx_only", "--num_beams", beams]
        run_recipe(monkeypatch, "--model", model_folder, *options, "--output", output)
        report = json.loads(output.read_text(encoding="utf-8"))
        assert report["num_beams"] == beams
        assert report["splits"]["new_phrasing"].keys() == {"to_hlx"}
        scores.append(report["splits"]["new_phrasing"]["to_hlx"]["calibration"]["mean_score"])
    assert scores[0] < scores[1]  # what a search finds is likelier
    assert ", 3 beams\n" in capsys.readouterr().out


def test_the_recipe_goes_by_steps_unless_told_not_to(tmp_path, monkeypatch, capsys):
    right = {}
    for options in ([], ["--no-stepwise"]):
        output = tmp_path / "results.json"
        options += ["--splits", "longer", "--limit", 4, "--to_hlx_only", "--output", output]
        run_recipe(monkeypatch, "--model", "english", *options)
        report = json.loads(output.read_text(encoding="utf-8"))
        right[report.get("stepwise", True)] = report["splits"]["longer"]["to_hlx"]["overall"]["exact_accuracy"]
    assert right[True] > right[False]
    assert ", not step by step\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--general", "x", "--splits", "hlx_to_hlx"], "for HLX models"),
        (["--general", "x", "--splits", "all_variants"], "where the examples"),
        (["--general", "x", "--num_beams", "2"], "for HLX models"),
        (["--general", "x", "--no-stepwise"], "for HLX models"),
        (["--model", "x", "--limit", "0"], "--limit must be at least 1"),
        (["--model", "x", "--num_beams", "0"], "--num_beams must be at least 1"),
        (["--model", "x", "--output", "x.md"], "is the JSON file"),
        ([], "required"),
    ],
)
def test_wrong_usage_of_the_recipe_is_named(options, message, monkeypatch, capsys):
    with pytest.raises(SystemExit) as exit_of:
        run_recipe(monkeypatch, *options)
    assert exit_of.value.code == 2
    assert message in capsys.readouterr().err


def test_no_model_is_one_sentence(monkeypatch, tmp_path):
    for option in ("--model", "--general"):
        with pytest.raises(SystemExit, match="error: "):
            run_recipe(monkeypatch, option, tmp_path / "nowhere")
