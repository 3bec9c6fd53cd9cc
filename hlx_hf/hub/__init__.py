"""To and from a repository of the Hub: a model's own files, and checkpoints to go on from."""

from .notes import note, noted, push_noted
from .pushes import Push, push
from .requests import HubRefusedError
from .resume import LAST_CHECKPOINT, download_checkpoint

REFUSED = 77
"""Exit code of `hlx push` where the Hub refuses, as sysexits.h has it for permissions."""

__all__ = [
    "LAST_CHECKPOINT",
    "REFUSED",
    "HubRefusedError",
    "Push",
    "download_checkpoint",
    "note",
    "noted",
    "push",
    "push_noted",
]
