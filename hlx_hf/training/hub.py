"""Pushes while a training goes on, which no Hub can stop or slow."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import HubStrategy
from transformers.utils import logging

from ..hub import LAST_CHECKPOINT, REFUSED, Push, note, noted

FIRST_DELAY = 2  # seconds before a push that failed is tried again; twice as long each time
LONGEST_DELAY = 300
LONGEST_DELAY_AT_THE_END = 15

logger = logging.get_logger("hlx_hf")


class Pusher:
    """Pushes what is noted in a folder, beside the training: `hlx push` in a process of its own.

    A process, because it takes no turns with the training's threads, and because it can be ended whatever it waits for.
    The threads of huggingface_hub's `run_as_future` cannot: a Hub that hangs would keep the training's process alive.

    Args:
        arguments: of the training: its output_dir, and where to push to. Without a token it is that of the environment
            or of `hf auth login`.
    """

    def __init__(self, arguments: TrainingArguments):
        self.arguments = arguments
        self.output = Path(arguments.output_dir)
        self._environment = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        if arguments.hub_token is not None:
            self._environment["HF_TOKEN"] = arguments.hub_token
        self._news, self._closing, self._over = threading.Event(), threading.Event(), threading.Event()
        self._process: subprocess.Popen | None = None
        self._starting = threading.Lock()
        self._error = ""
        self._thread = threading.Thread(target=self._run, name="pushes to the Hub", daemon=True)
        self._thread.start()

    def add(self, folder: Path, message: str, tag: str | None = None, state_folder: str | None = None) -> None:
        """Notes the push of a folder in the output_dir, the rest of it as `Push` has it, and returns at once."""
        order = Push(
            folder=str(folder.relative_to(self.output)),
            repo=self.arguments.hub_model_id or self.output.absolute().name,
            message=message,
            private=self.arguments.hub_private_repo,
            revision=self.arguments.hub_revision,
            tag=tag,
            state_folder=state_folder,
        )
        note(self.output, order)
        self._news.set()

    def add_result(self, folder: Path, epoch: float) -> None:
        """Notes the push of a training's result, with its name as tag."""
        self.add(folder, f"{folder.name}: {epoch:g} epochs", tag=folder.name)

    def finish(self, patience: float) -> None:
        """Waits until all is pushed, or the Hub refuses, or `patience` seconds have gone; says what is left then."""
        self._closing.set()
        self._news.set()
        self._thread.join(patience)
        with self._starting:
            self._over.set()
            if self._process is not None:
                self._process.kill()
        if left := len(noted(self.output)):
            logger.warning(
                f"{left} of the pushes to the Hub could not be made ({self._error or f'no answer in {patience:g} s'}). "
                f"Make them later with: hlx push {self.output}"
            )

    def _run(self) -> None:
        delay = FIRST_DELAY
        while not self._over.is_set():
            if not noted(self.output):
                if self._closing.is_set():
                    return
                self._news.wait()
                self._news.clear()
                continue
            was_closing = self._closing.is_set()
            status = self._push()
            if self._over.is_set():
                return
            if status == 0:
                delay = FIRST_DELAY
            elif was_closing and status == REFUSED:
                return
            elif was_closing:
                delay = min(delay, LONGEST_DELAY_AT_THE_END)
                time.sleep(delay)
                delay *= 2
            else:
                logger.warning(f"not pushed yet: {self._error}; next try in {delay} s")
                self._closing.wait(delay)  # at the end it is tried at once
                delay = FIRST_DELAY if self._closing.is_set() else min(2 * delay, LONGEST_DELAY)

    def _push(self) -> int:
        command = [sys.executable, "-m", "hlx_hf.cli", "push", str(self.output)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with self._starting:
            if self._over.is_set():
                return 1
            self._process = subprocess.Popen(command, env=self._environment, text=True, **pipes)
        errors = self._process.communicate()[1].strip().splitlines()
        if errors:
            self._error = errors[-1].removeprefix("hlx: error: ")
        return self._process.returncode


class PushesToHub(Trainer):
    """A Trainer that leaves its pushes to a `Pusher`, and asks nothing of the Hub itself.

    transformers makes the repository before the training, which fails with the Hub; it leaves out a checkpoint while
    another is on its way; and it pushes training_args.bin, which holds the token.
    """

    pusher: Pusher | None = None  # of the first process, where there is something to push

    def init_hf_repo(self, token: str | None = None, private: bool | None = None) -> None:
        """Leaves the repository to the first push, which makes it."""
        self.push_in_progress = None
        if self.is_world_process_zero():
            self.pusher = Pusher(self.args)

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        if self.pusher is None or self.args.hub_strategy == HubStrategy.END:
            return
        folder = Path(checkpoint_folder)
        places = {HubStrategy.CHECKPOINT: LAST_CHECKPOINT, HubStrategy.ALL_CHECKPOINTS: folder.name}
        message = f"step {self.state.global_step}, epoch {self.state.epoch:g}"
        self.pusher.add(folder, message, state_folder=places.get(self.args.hub_strategy))
