"""Files and folders that are whole or not there, and locks that end with the process that holds them."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

ASIDE = "_aside_"  # how names begin of what is not whole yet, or no longer
# In the folder of a training, for who watches it from outside. Pushes to the Hub leave out what begins with "_".
TRAINING_LOCK = "_lock"
PROGRESS = "_progress.json"
GATES = "gates.json"
CORPUS_RECORD = "corpus.json"  # in a checkpoint, what the examples of its run were made of
# In the folder of a model
TRAINER_STATE = "trainer_state.json"  # of transformers, which takes seconds to import
PLOT = "training.png"
TRAINING_RECORD = "training.json"  # of all trainings behind a model of the package
EVALUATION_RESULTS = "evaluation.json"
SEARCH_RESULTS = "evaluation_search.json"  # of English to HLX, as the model answers its users
COMPREHENSION_RESULTS = "english_comprehension_results.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
PROBE_SECONDS = 1  # another process may only be looking whether a lock is held


def write_whole(path: Path, text: str) -> None:
    """Writes a file aside and puts it in its place: who reads it, or is killed, leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{ASIDE}{os.getpid()}_{path.name}")  # not of tempfile, whose files nobody else may read
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def put_in_place(aside: Path, folder: Path) -> None:
    """Gives a folder that was written aside its name, in place of an older one, once all of it is on the disk."""
    for path in [*aside.rglob("*"), aside]:
        _sync(path)
    older = _doomed(folder)
    if folder.exists():
        folder.rename(older)
    aside.rename(folder)
    _sync(folder.parent)
    if older.exists():  # deleted last: what was written aside is cleared after a kill
        shutil.rmtree(older)


def remove_whole(folder: Path) -> None:
    """Deletes a folder that was whole, so that nobody finds a part of it under its name."""
    doomed = _doomed(folder)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def checkpoint_step(name: str) -> int | None:
    """The step of a checkpoint's folder; None if it has the name of none."""
    found = _CHECKPOINT.fullmatch(name)
    return found and int(found[1])


def clear_leftovers(folder: Path) -> None:
    """Deletes what killed processes were writing into a folder."""
    for path in folder.glob(f"{ASIDE}*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def hold(path: Path, wait_message: str | None = None) -> Iterator[None]:
    """Holds a lock, which the system takes back when this process ends, however it ends.

    Args:
        path: of the lock's file.
        wait_message: printed before waiting for another process that holds it. None for not waiting.

    Raises:
        BlockingIOError: another process holds the lock, and there is no `wait_message`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=PROBE_SECONDS)
    except Timeout:
        if wait_message is None:
            raise BlockingIOError(f"another process holds {path}") from None
        print(wait_message, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    if not path.is_file():
        return False
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _doomed(folder: Path) -> Path:
    return folder.with_name(f"{ASIDE}{folder.name}_old")


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows syncs no folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
