"""The corpora as a `datasets` builder with a configuration for each corpus."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import datasets
import pyarrow as pa
from datasets.builder import Key
from datasets.utils.file_utils import is_remote_url

from ..lines_hlx import NOTATIONS
from .cache_key import hash_of_files, hash_of_package
from .rows import ALL_VARIANTS, Row, all_variants_rows, column_of, hlx_only_rows, read_corpus
from .splits import TEST_SPLITS, test_rows

TEXT = datasets.Value("string")
NOTATION_FEATURES = {column_of(notation): TEXT for notation in NOTATIONS}
FEATURES = {
    **dict.fromkeys(("all_variants", *TEST_SPLITS), datasets.Features({"english": TEXT, **NOTATION_FEATURES})),
    "hlx_to_hlx": datasets.Features(NOTATION_FEATURES),
    "hlx_only": datasets.Features({"notation": TEXT, "text": TEXT}),
    "comprehension": datasets.Features(
        {
            "level": datasets.Value("int32"),
            "level_name": TEXT,
            "prompt": TEXT,
            "notation": TEXT,
            "references": datasets.List(TEXT),
            "operation": TEXT,
        }
    ),
}


class MarkdownConfig(datasets.BuilderConfig):
    """A configuration whose cache goes by what the local data files hold, rather than when they were written."""

    def create_config_id(self, config_kwargs: dict, custom_features: datasets.Features | None = None) -> str:
        paths = [path for paths in (self.data_files or {}).values() for path in paths if not is_remote_url(path)]
        if paths:
            config_kwargs = {**config_kwargs, "contents": hash_of_files(paths)}
        return super().create_config_id(config_kwargs, custom_features)


TRAINING_CORPORA = ("all_variants", "hlx_only")


class HLXCorpora(datasets.ArrowBasedBuilder):
    """English sentences with HLX values, HLX alone, and the English comprehension test.

    `data_files`, Markdown files as `read_markdown` takes them, replace the package's own sentences in
    `all_variants` and `hlx_only`.
    """

    BUILDER_CONFIG_CLASS = MarkdownConfig
    BUILDER_CONFIGS: ClassVar = [
        MarkdownConfig("all_variants", "1.0.0", description="English sentences, each with its value in four notations"),
        MarkdownConfig("hlx_only", "1.0.0", description="the same values in four notations, without any English"),
        MarkdownConfig("comprehension", "1.0.0", description="the English comprehension test, six levels"),
        MarkdownConfig("iid", "1.0.0", description="generated sentences that are kept out of training"),
        MarkdownConfig("everyday", "1.0.0", description="the same, in the commonest wordings and words"),
        MarkdownConfig("requests", "1.0.0", description="what people may ask, written from the specification alone"),
        MarkdownConfig("new_names", "1.0.0", description="the same with names, texts and numbers unknown to training"),
        MarkdownConfig("new_pairs", "1.0.0", description="operations with forms of arguments unknown to training"),
        MarkdownConfig("new_phrasing", "1.0.0", description="sentences written by hand, in wordings of their own"),
        MarkdownConfig("longer", "1.0.0", description="pipelines of more steps than in training"),
        MarkdownConfig("questions", "1.0.0", description="questions about HLX, answered by a value"),
        MarkdownConfig("hlx_to_hlx", "1.0.0", description="random values, to be put from one notation into another"),
    ]
    DEFAULT_CONFIG_NAME = "all_variants"

    def __init__(self, **kwargs):
        # The cache goes by these two; by itself `datasets` would call the dataset "builder" and not notice new code.
        super().__init__(dataset_name="hlx_corpora", hash=hash_of_package(), **kwargs)
        if self.config.name not in TRAINING_CORPORA and self.config.data_files:
            raise ValueError(f"{self.config.name} is a test of the package's own and takes no data_files")

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(description=self.config.description, features=FEATURES[self.config.name])

    def _split_generators(self, dl_manager: datasets.DownloadManager) -> list[datasets.SplitGenerator]:
        # Read here rather than in _generate_tables, where `datasets` hides what a problem says.
        if self.config.name not in TRAINING_CORPORA:
            return [self._split_generator("test", test_rows(self.config.name))]
        rows_of = {"all_variants": all_variants_rows, "hlx_only": hlx_only_rows}[self.config.name]
        paths = dl_manager.download(self.config.data_files or {"train": [ALL_VARIANTS]})
        return [self._split_generator(split, rows_of(read_corpus(paths[split]))) for split in paths]

    def _split_generator(self, split: str, rows: Iterable[Row]) -> datasets.SplitGenerator:
        table = pa.Table.from_pylist(list(rows), schema=self.info.features.arrow_schema)
        return datasets.SplitGenerator(split, gen_kwargs={"table": table})

    def _generate_tables(self, table: pa.Table) -> Iterator[tuple[Key, pa.Table]]:
        yield Key(0, 0), table
