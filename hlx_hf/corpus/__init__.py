"""The corpora: English with HLX, HLX alone, and the English comprehension test.

| module | idea |
|---|---|
| `data` | the sentences (Markdown) and the comprehension test (YAML) |
| `markdown` | reads corpora that are written as Markdown |
| `rows` | blocks and tests to rows |
| `cache_key` | what the cache of `datasets` goes by |
| `builder` | the rows as a `datasets` builder, `HLXCorpora` |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import datasets

from .builder import HLXCorpora
from .markdown import Block, Problem, read_markdown
from .splits import TEST_SPLITS

__all__ = ["CORPORA", "TEST_SPLITS", "Block", "HLXCorpora", "Problem", "load_corpus", "read_markdown"]

CORPORA = tuple(HLXCorpora.builder_configs)


def load_corpus(
    name: str = "all_variants",
    data_files: str | list[str] | dict[str, str | list[str]] | None = None,
    split: str | None = None,
    **kwargs: Any,
) -> datasets.Dataset:
    """One corpus as a dataset.

    Args:
        name: "all_variants" (columns english, hlxl, lc_r, lc_t, lc_b), "hlx_only" (notation, text) or
            "comprehension" (level, level_name, prompt, notation, references, operation).
        data_files: Markdown files to read instead of the package's own sentences, as `datasets` takes
            them: a path or pattern, several, or a dict of them by split. English is null in `all_variants`
            where a block has none.
        split: a split, or a slice of one such as "train[:10]"; the first one if left out, which is
            "test" for "comprehension" and "train" for the others.
        kwargs: for `HLXCorpora`, such as `cache_dir`.

    Raises:
        ValueError: there is no such corpus, or the Markdown has problems; the message lists them as
            `file:line: message`.
        FileNotFoundError: one of `data_files` does not exist.
    """
    if name not in CORPORA:
        nearest = get_close_matches(name, CORPORA, n=1, cutoff=0.0)[0]
        raise ValueError(f"unknown corpus {name!r}, did you mean {nearest!r}? The corpora are {', '.join(CORPORA)}")
    builder = HLXCorpora(config_name=name, data_files=data_files, **kwargs)
    with _no_progress_bars():
        builder.download_and_prepare()
    return builder.as_dataset(split=split or next(iter(builder.info.splits)))


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """The corpora are small: a bar would be noise."""
    disabled_before = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not disabled_before:
            datasets.enable_progress_bars()
