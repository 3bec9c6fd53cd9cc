"""What every test stands on: no network, none of the user's caches, the same examples each run, a Hub on loopback."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_client import LoopbackHub
from hypothesis import settings

# The Hugging Face libraries read these when they are imported, which test modules do after this file. Whatever the
# user has set (a token, a mirror, a cache) goes. Each pytest-xdist worker runs this too and has a home of its own; only
# the package's corpora, which take longer to make than most tests, are those of the process that started the workers.
_home = tempfile.TemporaryDirectory(prefix="hlx-tests-", ignore_cleanup_errors=True)
_corpora = os.environ.get("HF_DATASETS_CACHE") if "PYTEST_XDIST_WORKER" in os.environ else None
for _name in [name for name in os.environ if name.startswith("HF_")]:
    del os.environ[_name]
os.environ["HF_HOME"] = _home.name
os.environ["HF_DATASETS_CACHE"] = _corpora or os.path.join(_home.name, "datasets")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# For torch: models as small as these gain nothing from a second thread, and workers whose threads outnumber the cores
# wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_examples = int(os.environ.get("HLX_EXAMPLES", "200"))
settings.register_profile("hlx", derandomize=True, deadline=None, max_examples=_examples)
settings.load_profile("hlx")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoopbackHub]:
    """An empty Hub, gone after the test."""
    with LoopbackHub(home=tmp_path / "hf_home") as running:
        yield running
