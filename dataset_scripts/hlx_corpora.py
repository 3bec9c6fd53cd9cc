"""The HLX corpora as a dataset: checks Markdown, writes Parquet, pushes to the Hub.

    python dataset_scripts/hlx_corpora.py --export build/hlx-corpora
    python dataset_scripts/hlx_corpora.py --export build/my-corpora --data-files my_corpus.md
    python dataset_scripts/hlx_corpora.py --push-to-hub USER/hlx-corpora
    python dataset_scripts/hlx_corpora.py --check my_corpus.md

The builder itself is part of the package, and can be had from here as `HLXCorpora`, too.
"""

import argparse
import sys
from pathlib import Path

from datasets import Dataset, disable_progress_bars
from huggingface_hub import DatasetCard, DatasetCardData, create_repo, upload_file

from hlx_hf.corpus import CORPORA, TRAINING_CORPORA, HLXCorpora, load_corpus, read_markdown

__all__ = ["HLXCorpora"]

DEFAULT_CORPUS = HLXCorpora.DEFAULT_CONFIG_NAME
CARD_TEMPLATE = Path(__file__).with_name("card_template.md")


def main() -> None:
    """Does what the command line asks for."""
    arguments = parse_arguments()
    disable_progress_bars()
    if arguments.check:
        sys.exit(1 if check(arguments.check) else 0)
    try:
        corpora = load_corpora(arguments.data_files)
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))
    own = arguments.data_files is None
    if arguments.export:
        export(corpora, arguments.export, own=own)
    else:
        push(corpora, arguments.push_to_hub, private=arguments.private, own=own)


def parse_arguments() -> argparse.Namespace:
    """The command line; exactly one action is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--export", type=Path, metavar="DIR", help="write Parquet and a dataset card to DIR")
    action.add_argument("--push-to-hub", metavar="REPO", help="push every configuration and the card to the Hub")
    action.add_argument("--check", nargs="+", metavar="FILE", help="only report what is wrong with Markdown files")
    parser.add_argument("--data-files", nargs="+", metavar="FILE", help="Markdown to use instead of our own sentences")
    visibility = parser.add_mutually_exclusive_group()
    visibility.add_argument(
        "--private", action="store_true", default=True, help="make a new repository private (default)"
    )
    visibility.add_argument("--public", action="store_false", dest="private", help="make a new repository public")
    arguments = parser.parse_args()
    if arguments.check and arguments.data_files:
        parser.error("--check names its files itself; --data-files goes with --export and --push-to-hub")
    return arguments


def check(paths: list[str]) -> int:
    """Prints the problems of Markdown files, and how many blocks they have; returns the number of problems."""
    problem_count = 0
    for path in paths:
        try:
            blocks, problems = read_markdown(path)
        except OSError as error:
            sys.exit(f"{path}: {error.strerror}")
        for problem in problems:
            print(problem)
        untold = sum(block.english is None for block in blocks)
        print(f"{path}: blocks: {len(blocks)}, without English: {untold}, problems: {len(problems)}")
        problem_count += len(problems)
    return problem_count


def load_corpora(data_files: list[str] | None) -> dict[str, Dataset]:
    """Every configuration by its name; `data_files` serve those that one trains on."""
    return {name: load_corpus(name, data_files if name in TRAINING_CORPORA else None) for name in CORPORA}


def export(corpora: dict[str, Dataset], directory: Path, *, own: bool) -> None:
    """Writes a folder that `datasets.load_dataset(directory, name)` reads."""
    for name, corpus in corpora.items():
        folder = directory / name
        folder.mkdir(parents=True, exist_ok=True)
        corpus.to_parquet(folder / f"{corpus.split}-00000-of-00001.parquet")
        print(f"{folder}: {corpus.num_rows} rows")
    configurations = [
        {
            "config_name": name,
            "data_files": [{"split": str(corpus.split), "path": f"{name}/{corpus.split}-*"}],
            **({"default": True} if name == DEFAULT_CORPUS else {}),
        }
        for name, corpus in corpora.items()
    ]
    make_card(corpora, own=own, configs=configurations).save(directory / "README.md")


def push(corpora: dict[str, Dataset], repo_id: str, *, private: bool, own: bool) -> None:
    """Pushes every configuration to a dataset repository, which is made if there is none."""
    repo_id = create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True).repo_id
    # The card goes first and names no configurations: each push adds its own, but one that finds
    # itself named the default in the card takes that away.
    card = str(make_card(corpora, own=own)).encode()
    upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=repo_id, repo_type="dataset")
    for name, corpus in corpora.items():
        corpus.push_to_hub(repo_id, config_name=name, set_default=name == DEFAULT_CORPUS)
        print(f"{repo_id} {name}: {corpus.num_rows} rows")


def make_card(corpora: dict[str, Dataset], *, own: bool, configs: list[dict] | None = None) -> DatasetCard:
    """The dataset card; its licence and its limitations are told only of our `own` sentences."""
    data = DatasetCardData(
        language="en",
        license="apache-2.0" if own else None,
        pretty_name="HLX corpora",
        task_categories=["text-generation"],
        tags=["hlx", "semantic-parsing"],
        configs=configs,
    )
    return DatasetCard.from_template(data, str(CARD_TEMPLATE), corpora=corpora.values(), own=own)


if __name__ == "__main__":
    main()
