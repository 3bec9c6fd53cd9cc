"""What a report says of how it came about."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

REPORTED_PACKAGES = ("hlx_hf", "torch", "transformers", "tokenizers", "datasets", "evaluate")


def provenance(model_name: str, seconds: float) -> dict:
    """`model` (a folder by its last name), `created` (UTC), `seconds` and `versions`, first in every report."""
    return {
        "model": Path(model_name).name if Path(model_name).exists() else model_name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in REPORTED_PACKAGES}},
    }
