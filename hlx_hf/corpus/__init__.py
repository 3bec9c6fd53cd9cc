"""The corpora: English with HLX, HLX alone, sentences without end, and the tests of what was learned from them.

| module | idea |
|---|---|
| `data` | sentences (Markdown), the comprehension test (YAML), and the catalogue of wordings |
| `generator` | sentences and values drawn at random |
| `splits` | the test splits: what is new in each |
| `tasks` | what a model is asked about a line |
| `markdown` | reads corpora that are written as Markdown |
| `rows` | blocks and tests to rows |
| `yaml_files` | reads the catalogue and the tests |
| `cache_key` | what the cache of `datasets` goes by |
| `builder` | the rows as a `datasets` builder, `HLXCorpora` |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import datasets

from ..hints import nearest_hint
from .builder import TRAINING_CORPORA, HLXCorpora
from .markdown import Block, Problem, read_markdown
from .splits import TEST_SPLITS

__all__ = [
    "CORPORA",
    "TEST_SPLITS",
    "TRAINING_CORPORA",
    "Block",
    "HLXCorpora",
    "Problem",
    "load_corpus",
    "read_markdown",
]

CORPORA = tuple(HLXCorpora.builder_configs)


def load_corpus(
    name: str = "all_variants",
    data_files: str | list[str] | dict[str, str | list[str]] | None = None,
    split: str | None = None,
    **kwargs: Any,
) -> datasets.Dataset:
    """One corpus as a dataset.

    Args:
        name: "all_variants" (columns english, hlxl, lc_r, lc_t, lc_b), "hlx_only" (notation, text),
            "comprehension" (level, level_name, prompt, notation, references, operation), one of `TEST_SPLITS`
            (the columns of all_variants) or "hlx_to_hlx" (those without english).
        data_files: Markdown files to read instead of the package's own sentences, as `datasets` takes
            them: a path or pattern, several, or a dict of them by split. English is null in `all_variants`
            where a block has none.
        split: a split, or a slice of one such as "train[:10]"; the first one if left out, which is "train" for
            "all_variants" and "hlx_only", and "test" for the others.
        kwargs: for `HLXCorpora`, such as `cache_dir`.

    Raises:
        ValueError: there is no such corpus or split; a test of the package's own is to be read from files; or the
            Markdown has problems, which the message lists as `file:line: message`.
        FileNotFoundError: one of `data_files` does not exist.
    """
    if name not in CORPORA:
        raise ValueError(
            f"unknown corpus {name!r}; the known ones are {', '.join(CORPORA)}{nearest_hint(name, CORPORA)}"
        )
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
