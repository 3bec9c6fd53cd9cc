"""Corpus lines as training examples: a task drawn for each line in each epoch, labels on the answer alone."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import torch
from torch.utils.data import Dataset, Sampler
from transformers import PreTrainedTokenizerBase

from ..corpus.tasks import ENGLISH_TASKS, TASKS, CorpusLine, Example

IGNORED = -100  # the label that the loss leaves out

Encoded = dict[str, list[int]]  # `input_ids` and `labels` of a line
Item = TypeVar("Item")


class LineDataset(Dataset):
    """Every line of a corpus once an epoch, each time with a task drawn anew.

    The draw depends on the seed and the epoch alone: any worker, and a run that was resumed, see the same examples.

    Args:
        lines: the corpus.
        task_weights: how often each task of `TASKS` is drawn, relative to the others.
        tokenizer: its `<bos>` and `<eos>` stand around every line.
        max_length: tokens that a model has positions for.
        seed: of the draws.

    Raises:
        ValueError: a task is unknown, wants English where the corpus has none, or a line is too long.
    """

    def __init__(
        self,
        lines: Sequence[CorpusLine],
        task_weights: dict[str, float],
        tokenizer: PreTrainedTokenizerBase,
        max_length: int,
        seed: int = 0,
    ):
        unknown = task_weights.keys() - TASKS.keys()
        if unknown or not task_weights:
            raise ValueError(f"tasks are some of {', '.join(TASKS)}, not {', '.join(sorted(unknown)) or 'none'}")
        silent = sum(line.english is None for line in lines)
        if silent and not ENGLISH_TASKS.isdisjoint(task_weights):
            asked = ", ".join(sorted(ENGLISH_TASKS.intersection(task_weights)))
            raise ValueError(
                f"{silent} of {len(lines)} corpus lines have no English, which {asked} would need: write it, "
                "or take such blocks out, or train on other tasks"
            )
        self.weights = list(task_weights.values())
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.seed = seed
        # of each line, for each task, all the examples that it can be: so that one too long is found at once
        self.choices = [[self._encoded(TASKS[name](line)) for name in task_weights] for line in lines]
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Draws the examples of an epoch; the data loader of accelerate calls it at the start of each."""
        self.epoch = epoch
        rng = random.Random(f"{self.seed} {epoch}")
        self.examples = [rng.choice(*rng.choices(tasks, self.weights)) for tasks in self.choices]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        return self.examples[index]

    def _encoded(self, examples: list[Example]) -> list[Encoded]:
        found = encode(examples, self.tokenizer)
        for example, encoded in zip(examples, found, strict=True):
            length = len(encoded["input_ids"])
            if length > self.max_length:
                text = f"{example.prompt}{example.target}"
                raise ValueError(f"a line takes {length} tokens, and {self.max_length} are the most: {text:.60}...")
        return found


def encode(examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase) -> list[Encoded]:
    """Token ids of whole lines with `<bos>` and `<eos>`, and labels on the answer alone."""
    prompts = tokenizer([example.prompt for example in examples])["input_ids"]
    targets = tokenizer([example.target for example in examples], add_special_tokens=False)["input_ids"]
    end = [tokenizer.eos_token_id]
    return [
        {"input_ids": prompt + target + end, "labels": [IGNORED] * len(prompt) + target + end}
        for prompt, target in zip(prompts, targets, strict=True)
    ]


def group_by_length(
    examples: Iterable[Item], batch_size: int, rng: random.Random, length: Callable[[Item], int]
) -> Iterator[Item]:
    """The examples in an order that batches neighbours of like length, the batches themselves in random order."""
    examples = list(examples)
    rng.shuffle(examples)
    examples.sort(key=length)  # equals stay shuffled
    batches = [examples[i : i + batch_size] for i in range(0, len(examples), batch_size)]
    # a short batch anywhere but at the end would shift the borders of all that follow
    rest = batches.pop() if len(examples) % batch_size else []
    rng.shuffle(batches)
    yield from (example for batch in (*batches, rest) for example in batch)


class LengthGroupedSampler(Sampler[int]):
    """Indices in an order that batches neighbours of like length, the batches themselves in random order.

    transformers' sampler of this name takes the lengths of the first epoch for those of all; here each epoch has
    its own examples, and an order that depends on the seed and the epoch alone.
    """

    def __init__(self, dataset: LineDataset, batch_size: int):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[int]:
        rng = random.Random(f"{self.dataset.seed} {self.dataset.epoch}")
        return group_by_length(range(len(self.dataset)), self.batch_size, rng, self._length)

    def _length(self, index: int) -> int:
        return len(self.dataset[index]["input_ids"])


def collate(examples: Sequence[Encoded], pad_token_id: int, length: int | None = None) -> dict[str, torch.Tensor]:
    """A batch, padded on the right.

    No attention mask is needed: nothing real looks to its right, save within a prompt, which ends before the padding.

    Args:
        examples: what `encode` gives, with or without `position_ids`.
        pad_token_id: of `<pad>`.
        length: of the rows; that of the longest example if None.

    Returns:
        `input_ids`, `labels` and, where the examples have them, `position_ids`, int64 of shape (examples, length).
    """
    padding = {"input_ids": pad_token_id, "labels": IGNORED, "position_ids": 0}
    length = length or max(len(example["input_ids"]) for example in examples)

    def padded(name: str) -> torch.Tensor:
        # of lists, since making a tensor of each row takes longer than the padding
        return torch.tensor([[*row[name], *[padding[name]] * (length - len(row[name]))] for row in examples])

    return {name: padded(name) for name in examples[0]}
