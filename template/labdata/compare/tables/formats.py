"""Which files are tables, by their names, and what is too large to be looked into."""

from __future__ import annotations

ENDINGS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".csv.gz": "csv", ".tsv.gz": "csv", ".parquet": "parquet",
    ".pq": "parquet", ".feather": "feather", ".arrow": "feather", ".jsonl": "json", ".ndjson": "json",
    ".jsonl.gz": "json", ".ndjson.gz": "json",
}  # fmt: skip
"""Endings of files that are tables, with the format."""

IN_MEMORY = 256_000_000  # bytes of a text table that is held in memory


class UnreadableError(Exception):
    """A file is not what its name says, or too large to be looked into; the text says why."""


class PlainTextError(UnreadableError):
    """A text is no table, and need not be one."""


def format_of(name: str) -> str:
    """Return the format of a table by its name, empty where it is none."""
    lower = name.lower()
    found = [ending for ending in ENDINGS if lower.endswith(ending)]
    return ENDINGS[max(found, key=len)] if found else ""
