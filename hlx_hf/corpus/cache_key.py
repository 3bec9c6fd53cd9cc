"""What the rows of a corpus depend on, as hashes that `datasets` can file its cache under.

By itself `datasets` notices neither new code nor new packaged data, and tells a user's files by their time stamps.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
SOURCES = (
    *("lines_hlx.py", "contracts.py", "formats/*.py", "corpus/**/*.py", "corpus/data/**/*.*"),
    *("decoding/names.py", "decoding/steps.py"),  # function words, and what joins the steps of a request
)
WORD_LISTS = ("wonderwords", "inflect", "lemminflect", "symspellpy")  # packages behind the generated sentences


@cache
def hash_of_package() -> str:
    """The hash of the code, the data and the word lists that the rows are made of."""
    files = hash_of_files(path for source in SOURCES for path in sorted(PACKAGE.glob(source)))
    return "-".join([files, *map(version, WORD_LISTS)])


def hash_of_files(paths: Iterable[str | Path]) -> str:
    """The hash of what the files hold, wherever they lie."""
    digest = sha256()
    for path in paths:
        digest.update(sha256(Path(path).read_bytes()).digest())
    return digest.hexdigest()[:16]
