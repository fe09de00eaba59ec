"""Patterns over paths: what the settings fetch, publish and exclude, and what a person names on the command line."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable

from labdata.core.paths import PLACEHOLDER


class Patterns:
    """Patterns over paths: ``raw/profiles/**``, ``external/`` or ``external`` (all below it), ``*.csv`` (any folder).

    ``*`` stays within one folder, ``**`` crosses folders; a pattern without a slash matches a name in any folder
    or a whole top folder.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(pattern.strip().removeprefix("data/") for pattern in patterns if pattern.strip())
        alternatives = [_expression(pattern) for pattern in self.patterns]
        self._everything = "**" in self.patterns
        self._regex = re.compile("|".join(alternatives) or r"(?!)")

    def __call__(self, path: str) -> bool:
        """Tell whether a path is meant."""
        return self._everything or self._regex.fullmatch(path) is not None

    def __bool__(self) -> bool:
        """Tell whether there is any pattern."""
        return bool(self.patterns)


def _expression(pattern: str) -> str:
    """Translate one pattern to a regular expression for whole paths."""
    folder = pattern.rstrip("/")
    anywhere = "" if "/" in folder or "**" in folder else "(?:.*/)?"
    body = ""
    for token in re.findall(r"\*\*/?|\*|\?|[^*?]+", folder):
        body += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token)
    return f"(?s:{anywhere}{body}(?:/.*)?)"


ALWAYS_EXCLUDED = (
    "._*",
    ".nfs*",
    ".fuse_hidden*",
    ".~lock.*",
    "~$*",
    "Thumbs.db",
    "desktop.ini",
    ".DS_Store",
    "*~",
    "*.swp",
    ".snakemake/",
    ".cache/",
)
"""What systems and editors leave beside data (macOS, NFS, FUSE, LibreOffice, Office, Windows, vim), and caches."""


class Excludes:
    """The project's excludes: ``name/`` is a folder anywhere, anything else a file's name or its whole path.

    The placeholder directly below one of the ``layers``, or below any folder of ``data/``, is always excluded.
    """

    def __init__(self, patterns: Iterable[str], layers: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        # A folder with a path, `raw/private/`, is no folder's name: it means all that lies in it.
        wanted = [
            f"{pattern}*" if "/" in pattern[:-1] and pattern.endswith("/") else pattern for pattern in self.patterns
        ]
        self._layers = frozenset(layers)
        self.folders = tuple(pattern.rstrip("/") for pattern in wanted if pattern.endswith("/"))
        files = [pattern for pattern in wanted if not pattern.endswith("/")]
        self._file = _any_of(files)
        # Most patterns are a name or `*` and an ending: a hundred thousand names are told faster without a regex.
        self._names = frozenset(pattern for pattern in files if not _WILD.search(pattern) and "/" not in pattern)
        self._endings = tuple(pattern[1:] for pattern in files if _ENDING.fullmatch(pattern))
        self._beginnings = tuple(pattern[:-1] for pattern in files if _BEGINNING.fullmatch(pattern))
        self._pieces = (*self._names, *self._endings, *self._beginnings)
        simple = self._names.union(pattern for pattern in files if _ENDING.fullmatch(pattern))
        others = [pattern for pattern in files if pattern not in simple and not _BEGINNING.fullmatch(pattern)]
        self._other = _any_of(others) if others else None
        self._folder = _any_of(self.folders)
        self._known_folders: dict[str, bool] = {"": False}

    def folder(self, name: str) -> bool:
        """Tell whether a folder of this name is left out, wherever it is."""
        # A folder pattern such as `.ipynb_checkpoints` without its slash is meant the same way.
        return self._folder.match(name) is not None or self._file.match(name) is not None

    def file(self, path: str) -> bool:
        """Tell whether this file is left out, looking at its name, its path and the folders above it."""
        folder, _, name = path.rpartition("/")
        return self._within(folder) or folder.startswith(self._beginnings) or self._named(folder, name)

    def among(self, folder: str, names: Collection[str]) -> set[str]:
        """Return which files of a folder are left out by their own names or whole paths."""
        # Such a pattern has no slash, so that it fits a whole path by its first folder alone.
        if folder.startswith(self._beginnings):
            return set(names)
        together = "/".join(names)
        if self._other is None and not any(piece in together for piece in self._pieces):
            return {PLACEHOLDER} if self._is_layer(folder) and PLACEHOLDER in names else set()
        return {name for name in names if self._named(folder, name)}

    def _named(self, folder: str, name: str) -> bool:
        if name in self._names or name.endswith(self._endings) or name.startswith(self._beginnings):
            return True
        if name == PLACEHOLDER and self._is_layer(folder):
            return True
        other = self._other
        return (
            other is not None and (other.match(name) or other.match(f"{folder}/{name}" if folder else name)) is not None
        )

    def _is_layer(self, folder: str) -> bool:
        return "/" not in folder or folder in self._layers

    def _within(self, folder: str) -> bool:
        known = self._known_folders
        # Not by a call for each folder above: they may be nested deeper than calls can be.
        unknown = []
        while folder not in known:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        is_within = known[folder]
        for folder in reversed(unknown):
            is_within = known[folder] = is_within or self.folder(folder.rpartition("/")[2])
        return is_within


_WILD = re.compile(r"[*?[]")
_ENDING = re.compile(r"\*[^*?[/]+")
_BEGINNING = re.compile(r"[^*?[/]+\*")


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{fnmatch.translate(pattern)})" for pattern in patterns) or r"(?!)")
