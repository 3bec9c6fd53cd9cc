"""Packed batches: little padding, and the loss and gradients of the examples alone."""

import random

import pytest
import torch
from hlx_models import small_model
from torch.testing import assert_close

from hlx_hf import load_corpus, load_tokenizer
from hlx_hf.corpus.tasks import corpus_lines
from hlx_hf.training.examples import IGNORED, LengthGroupedSampler, LineDataset, collate
from hlx_hf.training.packing import MIN_REAL_SHARE, collate_packed, pack
from hlx_hf.training.stream import ExampleMaker

POSITIONS = 512
PAD = 0


def examples_of(*lengths, seed=0):
    """Random tokens, the second half of each example an answer."""
    rng = random.Random(seed)
    examples = []
    for length in lengths:
        ids = [rng.randrange(4, 115) for _ in range(length)]
        asked = length // 2
        examples.append({"input_ids": ids, "labels": [IGNORED] * asked + ids[asked:]})
    return examples


def real_share(rows):
    lengths = [len(row["input_ids"]) for row in rows]
    return sum(lengths) / (len(lengths) * max(lengths))


def gradients(model):
    return [weight.grad.clone() for weight in model.parameters()]


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("with_padding", [collate, collate_packed])
def test_examples_of_a_batch_do_not_see_each_other(attention, with_padding):
    model = small_model().train()
    model.set_attn_implementation(attention)
    examples = examples_of(40, 22, 9, 8, 31, 5)
    settings = {} if with_padding is collate else {"max_length": 64}
    batch = with_padding(examples, PAD, **settings)
    assert len(batch["input_ids"]) == (6 if with_padding is collate else 3)
    loss = model(**batch).loss
    loss.backward()
    together = gradients(model)

    # alone, each weighed by its labels
    model.zero_grad()
    labels = [sum(label != IGNORED for label in example["labels"]) for example in examples]
    alone = torch.tensor(0.0)
    for example, count in zip(examples, labels, strict=True):
        part = model(**collate([example], PAD)).loss * count / sum(labels)
        part.backward()
        alone += part.detach()
    assert_close(loss, alone)
    for gradient, expected in zip(together, gradients(model), strict=True):
        assert_close(gradient, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("batch_size", [8, 32])
@pytest.mark.parametrize(
    ("corpus", "tasks"),
    [
        ("all_variants", {"to_hlx": 1}),
        ("all_variants", {"to_hlx": 8, "to_english": 1, "convert": 1}),
        ("hlx_only", {"convert": 2, "complete": 1}),
    ],
)
def test_at_least_95_percent_of_the_tokens_of_a_phase_are_real(corpus, tasks, batch_size):
    dataset = LineDataset(corpus_lines(load_corpus(corpus)), tasks, load_tokenizer(), POSITIONS)
    for epoch in range(2):
        dataset.set_epoch(epoch)
        order = list(LengthGroupedSampler(dataset, batch_size))
        real = computed = 0
        for start in range(0, len(order), batch_size):
            examples = [dataset[index] for index in order[start : start + batch_size]]
            batch = collate_packed(examples, PAD, POSITIONS)
            assert batch["input_ids"].shape[1] <= POSITIONS
            # nothing is lost: PAD stands for padding alone
            assert (batch["input_ids"] != PAD).sum() == sum(len(example["input_ids"]) for example in examples)
            real += int((batch["input_ids"] != PAD).sum())
            computed += batch["input_ids"].numel()
        assert real / computed >= MIN_REAL_SHARE


def test_so_are_those_of_generated_examples_in_rows_of_their_own():
    chunk = list(ExampleMaker({"convert": 1}, load_tokenizer(), POSITIONS, batch_size=32)(0))
    batches = [chunk[start : start + 32] for start in range(0, len(chunk), 32)]
    assert all(pack(batch, POSITIONS) is batch for batch in batches)
    real = sum(len(example["input_ids"]) for example in chunk)
    assert real / sum(32 * max(len(example["input_ids"]) for example in batch) for batch in batches) >= MIN_REAL_SHARE


def test_what_pads_little_is_left_in_rows_of_its_own():
    examples = examples_of(20, 20, 19)
    assert pack(examples, POSITIONS) is examples
    assert "position_ids" not in collate_packed(examples, PAD, POSITIONS)  # and so attention needs no mask


def test_rows_are_as_many_as_little_padding_allows_and_no_longer_than_the_positions():
    examples = examples_of(40, 10, 30, 20)
    rows = pack(examples, POSITIONS)
    assert [len(row["input_ids"]) for row in rows] == [50, 50]
    assert rows[0]["position_ids"] == [*range(40), *range(10)]
    assert rows[0]["labels"] == examples[0]["labels"] + examples[1]["labels"]
    assert [len(row["input_ids"]) for row in pack(examples, 49)] == [40, 30, 30]  # of all that fit, the least padding
    assert real_share(pack(examples, 40)) == real_share(pack(examples, 49))
