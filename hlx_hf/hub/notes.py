"""What a training wants pushed, noted in its output_dir.

A note costs the training nothing, whatever the state of the Hub. It goes when its folder is pushed, by a process beside
the training or at any later time by `hlx push`.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from .pushes import Push, push

NOTES = "_to_push"  # folder of the notes, a file each; its name sorts by age


def note(output: Path, order: Push) -> None:
    """Notes that a folder of `output`, named by its path in there, is to be pushed."""
    notes = output / NOTES
    notes.mkdir(parents=True, exist_ok=True)
    unfinished = notes / "unfinished"
    unfinished.write_text(json.dumps(asdict(order)), encoding="utf-8")
    unfinished.rename(notes / f"{time.time_ns()}.json")


def noted(output: Path) -> list[Path]:
    """The notes of a folder, the oldest first."""
    return sorted((output / NOTES).glob("*.json"))


def push_noted(output: Path) -> Iterator[str]:
    """Pushes what is noted, the oldest first, and yields a sentence on each.

    A folder that is gone, since a training keeps no more checkpoints than `save_total_limit`, is passed over.

    Raises:
        OSError, ValueError: as `push`; the note at fault stays, and so do those after it.
    """
    for path in noted(output):
        order = Push(**json.loads(path.read_text(encoding="utf-8")))
        folder = output / order.folder
        if folder.is_dir():
            yield f"{folder}: {push(replace(order, folder=str(folder)))}"
        else:
            yield f"{folder}: deleted before it could be pushed"
        path.unlink(missing_ok=True)
