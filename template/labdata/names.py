"""Paths and patterns: which names may be written here, which may be sent, which a pattern means."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Iterable

_DRIVE = re.compile(r"^[A-Za-z]:")
_WINDOWS_RESERVED = re.compile(r"^(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)", re.IGNORECASE)
_WINDOWS_FORBIDDEN = re.compile(r'[<>:"|?*\\]')

ALWAYS_EXCLUDED = (".gitkeep", ".labdata-*")
"""Names that never travel: the placeholder that git keeps, and labdata's own temporary files."""


def refusal(path: str) -> str | None:
    """Say why a path from the Hub must not be written to this disk, or ``None`` if it may.

    Names on the Hub are untrusted: anyone with write access, or a mistake, can put any of them there.
    """
    if not path or path.startswith(("/", "\\")) or _DRIVE.match(path):
        return "an absolute path"
    if any(unicodedata.category(character) == "Cc" for character in path):
        return "a control character in the name"
    if "\\" in path:
        return "a backslash in the name"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "a path that leaves its folder"
    if any(part.lower().rstrip(". ") in (".git", ".labdata", "_recycle") for part in parts):
        return "a folder that belongs to a tool"
    return None


def portability(path: str) -> str | None:
    """Say why a name would not survive on the Hub or on Windows, or ``None`` if it would."""
    reason = refusal(path)
    if reason:
        return reason
    for part in path.split("/"):
        if _WINDOWS_RESERVED.match(part):
            return f"Windows reserves the name {part!r}"
        if _WINDOWS_FORBIDDEN.search(part):
            return f"Windows refuses the characters in {part!r}"
        if part != part.rstrip(". "):
            return f"Windows drops the dot or space at the end of {part!r}"
        if part == ".cache":
            return "the Hub's client refuses folders named .cache"
    return None


def folded(path: str) -> str:
    """Return the form in which macOS and Windows compare names."""
    return unicodedata.normalize("NFC", path).casefold()


def twins(paths: Iterable[str]) -> dict[str, str]:
    """Find paths that differ only in case or Unicode form: each later one, mapped to the first of its kind."""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for path in sorted(paths):
        other = first.setdefault(folded(path), path)
        if other != path:
            found[path] = other
    return found


class Patterns:
    """Patterns over paths: ``raw/profiles/**``, ``external/`` or ``external`` (all below it), ``*.csv`` (any folder).

    ``*`` stays within one folder, ``**`` crosses folders; a pattern without a slash matches a name in any folder
    or a whole top folder.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(pattern.strip().removeprefix("data/") for pattern in patterns if pattern.strip())
        alternatives = [_expression(pattern) for pattern in self.patterns]
        self._regex = re.compile("|".join(alternatives) or r"(?!)")

    def __call__(self, path: str) -> bool:
        """Tell whether a path is meant."""
        return self._regex.fullmatch(path) is not None

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


class Excludes:
    """The project's excludes: ``name/`` is a folder anywhere, anything else a file's name or its whole path."""

    def __init__(self, patterns: Iterable[str]) -> None:
        wanted = [*patterns, *ALWAYS_EXCLUDED]
        self.folders = tuple(pattern.rstrip("/") for pattern in wanted if pattern.endswith("/"))
        files = [pattern for pattern in wanted if not pattern.endswith("/")]
        self._file = re.compile("|".join(f"(?:{fnmatch.translate(pattern)})" for pattern in files))
        self._folder = re.compile("|".join(f"(?:{fnmatch.translate(name)})" for name in self.folders) or r"(?!)")

    def folder(self, name: str) -> bool:
        """Tell whether a folder of this name is left out, wherever it is."""
        # A folder pattern such as `.ipynb_checkpoints` without its slash is meant the same way.
        return self._folder.match(name) is not None or self._file.match(name) is not None

    def file(self, path: str) -> bool:
        """Tell whether this file is left out, looking at its name, its path and the folders above it."""
        parts = path.split("/")
        if any(self.folder(part) for part in parts[:-1]):
            return True
        return self._file.match(parts[-1]) is not None or self._file.match(path) is not None
