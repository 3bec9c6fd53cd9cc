"""Generated pairs and values as endless streams that workers and processes share without overlap."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import Any

from torch.utils.data import IterableDataset, get_worker_info

from .selection import TRAINING, Selection
from .sentences import SentenceGenerator

CHUNK_SIZE = 4096


class ChunkStream(IterableDataset):
    """Items that are made in chunks, each chunk a matter of its number alone.

    So the chunks can be dealt out to any number of workers and processes: together they see what one would see.

    Args:
        make_chunk: the items of a chunk, from its number.
        chunks_per_epoch: chunks after which an epoch ends; the next one goes on with the chunk after them. Without
            end if None.
        process_index: this process among `process_count`. Leave it to accelerate where it deals out the batches.
        process_count: processes that share the stream.
    """

    def __init__(
        self,
        make_chunk: Callable[[int], Iterable[Any]],
        chunks_per_epoch: int | None = None,
        process_index: int = 0,
        process_count: int = 1,
    ):
        self.make_chunk = make_chunk
        self.chunks_per_epoch = chunks_per_epoch
        self.process_index = process_index
        self.process_count = process_count
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Goes to an epoch; the data loader of accelerate calls it at the start of each."""
        self.epoch = epoch

    def __len__(self) -> int:
        if self.chunks_per_epoch is None:
            raise TypeError("a stream without end has no length")
        return self.chunks_per_epoch * CHUNK_SIZE

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        workers, worker_index = (worker.num_workers, worker.id) if worker else (1, 0)
        step = self.process_count * workers
        start = self.process_index * workers + worker_index
        if self.chunks_per_epoch is None:
            numbers = count(start, step)
        else:
            first = self.epoch * self.chunks_per_epoch
            numbers = range(first + start, first + self.chunks_per_epoch, step)
        for number in numbers:
            yield from self.make_chunk(number)


def stream_pairs(
    seed: int = 0, selection: Selection = TRAINING, process_index: int = 0, process_count: int = 1
) -> ChunkStream:
    """An endless stream of `Pair(english, value)`, the same for the same seed however many workers share it."""

    def make_chunk(number: int) -> Iterable[Any]:
        return islice(SentenceGenerator(f"{seed} {number}", selection), CHUNK_SIZE)

    return ChunkStream(make_chunk, process_index=process_index, process_count=process_count)
