"""The front matter of a README: what the Hub reads of it, and what it finds wrong with it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from localhub.api import trees

if TYPE_CHECKING:
    import pygit2

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)(?:^---[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_TEXTS = ("license", "language", "tags", "task_categories", "task_ids", "size_categories", "multilinguality")
_TAGGED = {
    "language": "language",
    "license": "license",
    "task_categories": "task_categories",
    "task_ids": "task_ids",
    "size_categories": "size_categories",
    "multilinguality": "multilinguality",
    "language_creators": "language_creators",
    "annotations_creators": "annotations_creators",
    "source_datasets": "source_datasets",
}
_SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B"}


def front_matter(readme: str) -> dict[str, Any]:
    """Return the metadata of a README; empty where there are none that can be read."""
    found = _FRONT.match(readme.replace("\r\n", "\n").removeprefix("\ufeff"))
    try:
        value = yaml.safe_load(found[1]) if found else None
        # As JSON has it: a date becomes its text.
        return dict(json.loads(json.dumps(value, default=str))) if isinstance(value, dict) else {}
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def problems(readme: str) -> tuple[list[str], list[str]]:
    """Return what is wrong with a README's metadata: errors, for which it is refused, and warnings."""
    text = readme.replace("\r\n", "\n").removeprefix("\ufeff")
    found = _FRONT.match(text)
    if found is None:
        return [], ["empty or missing yaml metadata in repo card"]
    if not found[0].rstrip().endswith("---") or found[0].count("\n") == 0:
        return ["The YAML metadata block at the top of the README is not closed."], []
    try:
        value = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return [" ".join(str(error).split())], []
    if value is None:
        return [], ["empty or missing yaml metadata in repo card"]
    if not isinstance(value, dict):
        return ["YAML metadata must be an object"], []
    errors = [f'"{key}" must be a string or an array of strings' for key in _TEXTS if not _is_texts(value.get(key))]
    if not isinstance(value.get("pretty_name", ""), str):
        errors.append('"pretty_name" must be a string')
    if not isinstance(value.get("configs", []), list):
        errors.append('"configs" must be an array')
    sizes = value.get("size_categories") or []
    known = [size for size in ([sizes] if isinstance(sizes, str) else sizes) if isinstance(size, str)]
    warnings = [f'"size_categories": {size!r} is not a known size' for size in known if not _is_size(size)]
    return errors, warnings


def _is_size(text: str) -> bool:
    return text in _SIZES or text.startswith("n>")


def _is_texts(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return True
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def card_of(git: pygit2.Repository, commit: pygit2.Commit) -> dict[str, Any]:
    """Return the metadata of a commit's README."""
    entry = trees.find(git, commit, "README.md")
    if entry is None or entry.is_folder:
        return {}
    return front_matter(git.odb.read(entry.oid)[1].decode(errors="replace"))


def tags_of(card: dict[str, Any]) -> list[str]:
    """Return the tags by which the Hub finds a repo with these metadata."""
    tags = [str(tag) for tag in _listed(card.get("tags"))]
    tags += [f"{name}:{value}" for key, name in _TAGGED.items() for value in _listed(card.get(key))]
    return list(dict.fromkeys([*tags, "region:us"]))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
