"""What a get has looked at: the settings it went by, and what it had to leave out.

A commit that a working copy stands at says nothing of a file that the get did not cover. Such a file was last seen
when it was last synced, or never.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from labdata.core.patterns import Excludes, Patterns

if TYPE_CHECKING:
    from labdata.core.project import Repo, Settings

_RULES = 2
"""Grows when the names change that are left out whatever the settings say."""


@dataclass(frozen=True)
class Coverage:
    """Folders, excludes and fetch patterns of a get, and the paths (files or folders) that it left out."""

    folders: tuple[str, ...]
    excludes: tuple[str, ...]
    fetch: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings, repo: Repo) -> Coverage:
        """Return what a get of a repo looks at by the settings in force."""
        return cls(repo.folders, settings.excludes.patterns, repo.fetch.patterns)

    def text(self) -> str:
        """Return it as a text that is the same only for the same coverage."""
        return json.dumps([_RULES, sorted(self.folders), sorted(self.excludes), sorted(self.fetch)])

    @classmethod
    def parse(cls, text: str, left_out: Iterable[str]) -> Coverage | None:
        """Return the coverage of a text; ``None`` for that of an earlier labdata, which did not note it."""
        try:
            rules, folders, excludes, fetch = json.loads(text)
        except ValueError:
            return None
        if rules != _RULES:
            return None
        return cls(tuple(folders), tuple(excludes), tuple(fetch), tuple(left_out))

    def covers(self, synced: Collection[str]) -> Callable[[str], bool]:
        """Return which paths were looked at; ``synced`` are those that the working copy was synced with."""
        if "**" in self.fetch and not self.excludes:
            return lambda path: self._holds(path) and not self.was_left_out(path)
        fetch, excludes = Patterns(self.fetch), self._excluded

        def covered(path: str) -> bool:
            if not self._holds(path) or self.was_left_out(path) or excludes.file(path):
                return False
            return fetch(path) or path in synced

        return covered

    def _holds(self, path: str) -> bool:
        return path.startswith(self._beginnings)

    def was_left_out(self, path: str) -> bool:
        """Tell whether a path, or a folder above it, was left out."""
        return bool(self.left_out) and (path in self._left or path.startswith(self._below))

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(f"{folder}/" for folder in self.folders)

    @cached_property
    def _left(self) -> frozenset[str]:
        return frozenset(self.left_out)

    @cached_property
    def _below(self) -> tuple[str, ...]:
        return tuple(f"{path}/" for path in self.left_out)

    @cached_property
    def _excluded(self) -> Excludes:
        return Excludes(self.excludes, self.folders)
