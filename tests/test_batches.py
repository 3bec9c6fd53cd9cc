"""Batches of every configuration: hardly any padding, and what stands beside an example changes nothing."""

from pathlib import Path

import pytest
import torch
from hlx_models import small_model

from hlx_hf import HLXConfig, load_corpus, load_tokenizer
from hlx_hf.corpus.tasks import corpus_lines
from hlx_hf.training import PhaseArguments, parse_arguments
from hlx_hf.training.arguments import GENERATED
from hlx_hf.training.examples import LengthGroupedSampler, LineDataset, collate
from hlx_hf.training.stream import ExampleMaker

CONFIGS = sorted((Path(__file__).parents[1] / "recipes" / "configs").glob("*.yaml"))
POSITIONS = HLXConfig().max_position_embeddings
TASKS = {"to_hlx": 1, "to_english": 1, "convert": 1}


def epoch_lengths(arguments: PhaseArguments) -> list[int]:
    """Tokens of the examples of an epoch, or of a chunk of generated ones, in the order that they are trained in."""
    tokenizer, weights = load_tokenizer(), arguments.task_weights
    if arguments.corpus == GENERATED:
        examples = ExampleMaker(weights, tokenizer, POSITIONS, arguments.step_batch_size)(0)
    else:
        dataset = LineDataset(corpus_lines(load_corpus(arguments.corpus)), weights, tokenizer, POSITIONS)
        examples = (dataset[index] for index in LengthGroupedSampler(dataset, arguments.step_batch_size))
    return [len(example["input_ids"]) for example in examples]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_at_least_95_percent_of_what_is_computed_is_real(config, tmp_path):
    arguments = parse_arguments(
        config, ["--output_dir", str(tmp_path), "--fp16", "false", "--bf16", "false", "--use_cpu", "true"]
    )
    lengths, size = epoch_lengths(arguments), arguments.step_batch_size
    batches = [lengths[start : start + size] for start in range(0, len(lengths), size)]
    assert sum(lengths) / sum(max(batch) * len(batch) for batch in batches) >= 0.95


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_padded_batch_has_the_loss_and_the_gradients_of_its_examples_alone(attention):
    tokenizer = load_tokenizer()
    dataset = LineDataset(corpus_lines(load_corpus("all_variants")), TASKS, tokenizer, POSITIONS)
    examples = [dataset[index] for index in (0, 90, 200, 555)]
    assert len({len(example["input_ids"]) for example in examples}) > 1
    model = small_model(max_position_embeddings=POSITIONS).train()
    model.set_attn_implementation(attention)

    def loss_and_gradients(batches: list[list[dict]]) -> tuple[float, list[torch.Tensor]]:
        # as the Trainer has it: summed over the tokens of all batches, and shared out among them
        labels = sum(label != -100 for batch in batches for example in batch for label in example["labels"])
        model.zero_grad()
        loss = sum(
            model(**collate(batch, tokenizer.pad_token_id), num_items_in_batch=torch.tensor(labels)).loss
            for batch in batches
        )
        loss.backward()
        return loss.item(), [weight.grad.clone() for weight in model.parameters()]

    together, gradients = loss_and_gradients([examples])
    alone, gradients_alone = loss_and_gradients([[example] for example in examples])
    assert together == pytest.approx(alone, rel=1e-5)
    torch.testing.assert_close(gradients, gradients_alone, atol=1e-5, rtol=1e-4)
