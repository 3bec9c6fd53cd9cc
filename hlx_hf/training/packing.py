"""Several examples in a row of a batch, where it would be too much padding otherwise."""

import heapq
from collections.abc import Sequence

import torch

from .examples import Encoded, collate

MIN_REAL_SHARE = 0.95  # of the tokens of a batch, the rest being padding
# Rows are of few different lengths: a CPU prepares its products of matrices anew for every shape, which takes longer
# than many of them, and a GPU multiplies by tiles of such sizes.
LENGTH_MULTIPLES = (16, 8, 4, 2)


def collate_packed(examples: Sequence[Encoded], pad_token_id: int, max_length: int) -> dict[str, torch.Tensor]:
    """`collate` of the packed examples, which have the loss and the gradients of those that `collate` pads."""
    rows = pack(examples, max_length)
    return collate(rows, pad_token_id, _round_length(list(map(_length, rows)), max_length))


def _round_length(lengths: Sequence[int], max_length: int) -> int:
    """The longest length, rounded up as far as `MIN_REAL_SHARE` allows."""
    longest = max(lengths)
    for multiple in LENGTH_MULTIPLES:
        rounded = -(-longest // multiple) * multiple
        if rounded <= max_length and sum(lengths) >= MIN_REAL_SHARE * len(lengths) * rounded:
            return rounded
    return longest


def _length(example: Encoded) -> int:
    return len(example["input_ids"])


def pack(examples: Sequence[Encoded], max_length: int) -> Sequence[Encoded]:
    """The rows of a batch: each example in its own, or examples joined, with positions that begin anew for each.

    Attention is kept within an example by its positions. It grows with the length of rows and takes a mask, so there
    are as many rows as `MIN_REAL_SHARE` allows. Examples with positions of their own are never joined: those of one
    could go on where another's end.

    Args:
        examples: their first tokens have no label, or they would be predicted from the example before.
        max_length: tokens that a row has room for.
    """
    if "position_ids" in examples[0]:
        return examples
    lengths = list(map(_length, examples))
    best_share, best_rows = 0.0, []
    for count in range(len(examples), 0, -1):
        rows = _deal(lengths, count)
        longest = max(sum(lengths[index] for index in row) for row in rows)
        share = sum(lengths) / (count * longest)
        if longest <= max_length and share > best_share:
            best_share, best_rows = share, rows
        if longest > max_length or share >= MIN_REAL_SHARE:
            break
    if len(best_rows) == len(examples):
        return examples
    return [_joined([examples[index] for index in row]) for row in best_rows]


def _deal(lengths: Sequence[int], count: int) -> list[list[int]]:
    """Indices in `count` rows of like length: the longest first, each into the row that is shortest so far."""
    heap: list[tuple[int, int]] = [(0, row) for row in range(count)]
    rows: list[list[int]] = [[] for _ in range(count)]
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        length, row = heap[0]
        rows[row].append(index)
        heapq.heapreplace(heap, (length + lengths[index], row))
    return rows


def _joined(examples: Sequence[Encoded]) -> Encoded:
    row = {name: [token for example in examples for token in example[name]] for name in examples[0]}
    row["position_ids"] = [position for example in examples for position in range(len(example["input_ids"]))]
    return row
