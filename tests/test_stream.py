"""Training on generated examples: chunks that depend on their number alone, and runs on them."""

import contextlib
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from hlx_hf import HLXError, HLXForCausalLM, load_tokenizer, loads
from hlx_hf.contracts import PIPELINE, operation_of
from hlx_hf.corpus.generator import stream as generator_stream
from hlx_hf.corpus.generator.typing_style import fingerprint
from hlx_hf.corpus.generator.vocabulary import everyday_vocabulary
from hlx_hf.corpus.splits import reserved_sentences
from hlx_hf.formats.notations import get_notation
from hlx_hf.lines_hlx import NOTATIONS
from hlx_hf.training import parse_arguments, run_phase, stream
from hlx_hf.training.examples import IGNORED
from hlx_hf.training.stream import MOST_STEPS, ExampleMaker

ROOT = Path(__file__).parents[1]
CARD = ROOT / "model_cards" / "template.md"
POSITIONS = 512
BATCH_SIZE = 16


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


def chunk(tokenizer, number=0, seed=0, **task_weights):
    return list(ExampleMaker(task_weights or {"to_hlx": 1}, tokenizer, POSITIONS, BATCH_SIZE, seed)(number))


def prompt_and_answer(example, tokenizer):
    ids, labels = example["input_ids"], example["labels"]
    asked = labels.count(IGNORED)
    assert labels == [IGNORED] * asked + ids[asked:]
    assert ids[0] == tokenizer.bos_token_id
    prompt, answer = tokenizer.decode(ids[1:asked]), tokenizer.decode(ids[asked:], skip_special_tokens=True)
    if ids[-1] != tokenizer.eos_token_id and "←" not in prompt:  # whether it ends there is not taught
        answer += get_notation(prompt[1:].partition("]")[0]).contract.close
    return prompt, answer


def test_a_chunk_is_a_matter_of_its_number_and_the_seed(tokenizer):
    assert chunk(tokenizer, 3, seed=1) == chunk(tokenizer, 3, seed=1)
    ids = [{tuple(example["input_ids"]) for example in chunk(tokenizer, *drawn)} for drawn in ((3, 1), (4, 1), (3, 2))]
    for one, other in pairwise([*ids, ids[0]]):
        assert len(one & other) < len(one) / 20  # what has few words comes again by chance: "...", "stop it"


def test_examples_are_answered_in_hlx_and_no_sentence_that_is_written_down_is_among_them(tokenizer):
    for example in chunk(tokenizer):
        prompt, answer = prompt_and_answer(example, tokenizer)
        notation, _, sentence = prompt.removeprefix("[").partition("] ")
        assert notation in NOTATIONS
        loads(answer, notation)
        assert fingerprint(sentence.removesuffix(" → ")) not in reserved_sentences()


@pytest.mark.parametrize(
    ("task", "asked", "most"), [("to_hlx", MOST_STEPS, MOST_STEPS), ("to_hlx", 2, 2), ("to_english", 2, MOST_STEPS)]
)
def test_the_end_is_not_taught_of_the_longest_pipelines_alone(tokenizer, task, asked, most):
    examples = list(ExampleMaker({task: 1}, tokenizer, POSITIONS, BATCH_SIZE, everyday_share=0.5, most_steps=asked)(0))
    longest = 0
    for example in examples:
        prompt, answer = prompt_and_answer(example, tokenizer)
        text = answer if task == "to_hlx" else prompt.removeprefix("[English] ").removesuffix(" ← ")
        value = next(readings(text))
        steps = len(value.fields) - 1 if operation_of(value) == PIPELINE else 0
        assert steps <= most
        is_longest = steps == most
        assert (example["input_ids"][-1] == tokenizer.eos_token_id) != is_longest
        longest += is_longest
    assert len(examples) / 50 < longest < len(examples) / 5
    with pytest.raises(SystemExit):
        parse_arguments(ROOT / "recipes" / "configs" / "english_tiny.yaml", ["--most_steps", "1"])


def readings(text):
    """What a text can mean; where it is one in several notations, it is none of a pipeline."""
    for notation in NOTATIONS:
        with contextlib.suppress(HLXError):
            yield loads(text, notation)


def test_tasks_come_by_their_weights(tokenizer):
    prompts = [prompt_and_answer(e, tokenizer)[0] for e in chunk(tokenizer, to_hlx=3, to_english=1)]
    share = sum(prompt.startswith("[English]") for prompt in prompts) / len(prompts)
    assert 0.21 < share < 0.29


def test_lines_are_of_the_notations_that_are_asked_for(tokenizer):
    maker = ExampleMaker({"to_hlx": 1, "convert": 1}, tokenizer, POSITIONS, BATCH_SIZE, notations=["LC-R", "LC-T"])
    asked = {prompt_and_answer(example, tokenizer)[0].partition("]")[0] for example in maker(0)}
    assert asked == {"[LC-R", "[LC-T"}
    with pytest.raises(SystemExit):
        parse_arguments(ROOT / "recipes" / "configs" / "english_tiny.yaml", ["--notations", "LC-X"])


def test_sentences_are_everyday_ones_by_their_share(tokenizer):
    def prompts(everyday_share):
        maker = ExampleMaker({"to_hlx": 1}, tokenizer, POSITIONS, BATCH_SIZE, everyday_share=everyday_share)
        return [prompt_and_answer(example, tokenizer)[0] for example in maker(0)]

    nouns = {*everyday_vocabulary().singulars, *everyday_vocabulary().plurals}

    def with_everyday_nouns(share):
        drawn = prompts(share)
        return sum(not nouns.isdisjoint(re.findall("[a-z]+", prompt)) for prompt in drawn) / len(drawn)

    none, half, whole = map(with_everyday_nouns, (0, 0.5, 1))
    assert whole - none > 0.2
    assert abs(half - (none + whole) / 2) < 0.1 * (whole - none)
    with pytest.raises(SystemExit):
        parse_arguments(ROOT / "recipes" / "configs" / "english_tiny.yaml", ["--everyday_share", "1.5"])


def test_positions_ascend_by_one_and_half_of_the_lines_start_anywhere(tokenizer):
    examples = chunk(tokenizer)
    starts = [example["position_ids"][0] for example in examples]
    for example in examples:
        positions = list(example["position_ids"])
        assert positions == list(range(positions[0], positions[0] + len(example["input_ids"])))
        assert positions[-1] < POSITIONS
    assert 0.4 < sum(start == 0 for start in starts) / len(starts) < 0.6
    assert max(starts) > POSITIONS - 100


def test_batches_are_alike_in_length(tokenizer):
    lengths = [len(example["input_ids"]) for example in chunk(tokenizer)]
    batches = [lengths[i : i + BATCH_SIZE] for i in range(0, len(lengths), BATCH_SIZE)]
    assert sum(map(sum, batches)) / sum(max(batch) * len(batch) for batch in batches) > 0.97
    assert lengths != sorted(lengths)


def test_lines_longer_than_the_model_are_drawn_again(tokenizer):
    short = list(ExampleMaker({"to_hlx": 1}, tokenizer, 64, BATCH_SIZE)(0))
    assert len(short) == generator_stream.CHUNK_SIZE
    assert max(len(example["input_ids"]) for example in short) == 64


@pytest.mark.parametrize("config", ["english_tiny", "engine_tiny"])
def test_a_resumed_run_ends_with_the_weights_of_an_undisturbed_one(config, tmp_path, monkeypatch):
    for module in (stream, generator_stream):
        monkeypatch.setattr(module, "CHUNK_SIZE", 16)
    argv = ["--output_dir", str(tmp_path), "--num_train_epochs", "3", "--chunks_per_epoch", "1", "--warmup_steps", "1"]
    argv += ["--per_device_train_batch_size", "8", "--save_every_epochs", "1", "--disable_tqdm", "true"]
    argv += ["--lr_scheduler_kwargs", '{"num_decay_steps": 2}']

    def run(*more):
        settings = parse_arguments(ROOT / "recipes" / "configs" / f"{config}.yaml", [*argv, *more])
        return HLXForCausalLM.from_pretrained(run_phase(settings, CARD))

    whole = run()
    resumed = run("--resume_from_checkpoint", str(tmp_path / "checkpoint-2"))
    for new, old in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(new, old)
    fresh = HLXForCausalLM(whole.config)
    assert not any(torch.equal(new, old) for new, old in zip(whole.parameters(), fresh.parameters(), strict=True))
