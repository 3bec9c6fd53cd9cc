"""What the Hub on loopback finds wrong with the metadata of a model card.

The lists are those values of the Hub's that a card of this package could have.
"""

import re
from typing import Any

import yaml

LICENSES = ("apache-2.0", "mit", "bsd-3-clause", "other")
PIPELINE_TAGS = ("text-generation", "translation", "text-classification", "feature-extraction")
REPO = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def card_errors(card: str) -> list[str]:
    """A sentence on each fault; none if the card is fine."""
    found = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    if found is None:
        return ["there is no metadata between two lines of ---"]
    try:
        metadata = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        return [f"the metadata is no YAML: {error}"]
    if not isinstance(metadata, dict):
        return ["the metadata is no mapping"]
    checks = {
        "license": lambda value: value in LICENSES,
        "pipeline_tag": lambda value: value in PIPELINE_TAGS,
        "library_name": lambda value: isinstance(value, str),
        "language": lambda value: all(re.fullmatch("[a-z]{2,3}", code) for code in _list(value)),
        "tags": lambda value: isinstance(value, list) and all(isinstance(tag, str) for tag in value),
        "datasets": lambda value: all(REPO.fullmatch(str(name)) for name in _list(value)),
        "base_model": lambda value: all(REPO.fullmatch(str(name)) for name in _list(value)),
    }
    known = checks.keys() & metadata.keys()
    errors = [f'"{name}" must not be {metadata[name]!r}' for name in sorted(known) if not checks[name](metadata[name])]
    return errors + [error for model in metadata.get("model-index", []) for error in _index_errors(model)]


def _list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _index_errors(model: dict) -> list[str]:
    """What is missing of a model of the index: its name, task and dataset of a result, type and value of a metric."""
    errors = [] if model.get("name") else ['"model-index[].name" is required']
    for result in model.get("results", []):
        required = {("task", "type"), ("dataset", "type"), ("dataset", "name")}
        errors += [f'"{part}.{key}" is required' for part, key in sorted(required) if not result.get(part, {}).get(key)]
        if not REPO.fullmatch(result.get("dataset", {}).get("type", "-")):
            errors.append('"dataset.type" must be the name of a dataset')
        if not result.get("metrics"):
            errors.append('"metrics" is required')
        for metric in result.get("metrics", []):
            errors += [f'"metrics[].{key}" is required' for key in ("type", "value") if metric.get(key) is None]
    return errors
