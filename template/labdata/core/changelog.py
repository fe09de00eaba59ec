"""Versions of the template, and what its changelog says between two of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

Number = tuple[int, int, int]
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_SECTION = re.compile(r"^## \[?v?(\d+\.\d+\.\d+)\]?.*$", re.MULTILINE)


def number(version: str) -> Number | None:
    """Return a version as numbers that compare as versions do; ``None`` where it is none.

    ``v0.4.0-3-g1234567``, three commits after a version, counts as that version.
    """
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def newest(tags: Iterable[str]) -> str:
    """Return the newest of the tags that are versions and nothing more, empty where there is none."""
    versions = [tag for tag in tags if _VERSION.fullmatch(tag)]
    return max(versions, key=lambda tag: number(tag) or (0, 0, 0), default="")


def between(text: str, old: str, new: str) -> str:
    """Return the sections of a changelog above version ``old`` up to ``new``, the newest first."""
    low, high = number(old) or (0, 0, 0), number(new)
    starts = [*_SECTION.finditer(text)]
    ends = [*(start.start() for start in starts), len(text)][1:]
    told = []
    for start, end in zip(starts, ends, strict=False):
        version = number(start[1])
        if version is not None and low < version and (high is None or version <= high):
            told.append(text[start.start() : end].strip())
    return "\n\n".join(told)
