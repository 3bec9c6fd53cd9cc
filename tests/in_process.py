"""Runs a script of the repository in the process of the tests, where the libraries that it needs are imported already.

To start a process that imports torch, transformers and datasets takes longer than most of what the scripts do. What a
process has of its own (its environment, its memory, signals, the order of imports) needs a real one.
"""

import io
import runpy
import subprocess
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import datasets
from transformers.utils import logging


def run_script(script: Path, *arguments: object) -> subprocess.CompletedProcess:
    """What `python SCRIPT ARGUMENTS...` would return and print, what it sets for all its process put back."""
    words = [str(script), *map(str, arguments)]
    stdout, stderr = io.StringIO(), io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(patch.object(sys, "argv", words))
        stack.enter_context(patch.object(sys, "path", [str(script.parent), *sys.path]))
        stack.callback(logging.set_verbosity, logging.get_verbosity())
        stack.callback(logging.enable_progress_bar if logging.is_progress_bar_enabled() else _nothing)
        stack.callback(_nothing if datasets.are_progress_bars_disabled() else datasets.enable_progress_bars)
        stack.enter_context(redirect_stdout(stdout))
        stack.enter_context(redirect_stderr(stderr))
        code = 0
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as exit_:
            code = exit_.code or 0
            if isinstance(code, str):
                stderr.write(f"{code}\n")
                code = 1
    return subprocess.CompletedProcess(words, code, stdout.getvalue(), stderr.getvalue())


def _nothing() -> None:
    pass
