"""What a report says of how it came about."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version

REPORTED_PACKAGES = ("hlx_hf", "torch", "transformers", "tokenizers", "datasets", "evaluate")


def provenance(model_name: str, seconds: float) -> dict:
    """`model`, `created` (UTC), `seconds` and `versions`, the first fields of every report."""
    return {
        "model": model_name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in REPORTED_PACKAGES}},
    }
