"""Paths and patterns: which names may be written here, which may be sent, which a pattern means."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Collection, Iterable

_DRIVE = re.compile(r"^[A-Za-z]:")
_WINDOWS_RESERVED = re.compile(r"^(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|$)", re.IGNORECASE)
_WINDOWS_FORBIDDEN = re.compile(r'[<>:"|?*\\]')

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# What a terminal would obey: control characters, and what turns the direction of the text around them.
_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_OBEYED_BUT_LINES = re.compile(rf"(?!\n){_OBEYED.pattern}")

PLACEHOLDER = ".gitkeep"
"""The file that git keeps a layer's folder by; directly below a layer it never travels."""
OWN_FOLDER = ".labdata"
"""What labdata keeps for itself, in ``data/`` and in a layer that is on another disk."""
RECYCLE_FOLDER = "_recycle"
"""The folder of ``data/`` that holds what was replaced."""
LONGEST_NAME = 255
"""Bytes that the name of a file or folder may have on almost any disk."""


def visible(text: str, *, keep_lines: bool = False) -> str:
    """Return a text from outside with all that a terminal would obey as escapes; ``keep_lines`` spares line breaks."""
    if text.isprintable():
        return text
    return (_OBEYED_BUT_LINES if keep_lines else _OBEYED).sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode()


def is_reserved(name: str) -> bool:
    """Tell whether a file or folder of this name would be a tool's, wherever it is."""
    return name[:1] == "." and name.lower().rstrip(". ") in (".git", OWN_FOLDER)


def refusal(path: str) -> str | None:
    """Say why a path from the Hub must not be written to this disk, or ``None`` if it may.

    Names on the Hub are untrusted: anyone with write access, or a mistake, can put any of them there.
    """
    if not path or path.startswith(("/", "\\")) or _DRIVE.match(path):
        return "an absolute path"
    if _CONTROL.search(path):
        return "a control character in the name"
    if "\\" in path:
        return "a backslash in the name"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "a path that leaves its folder"
    if any(map(is_reserved, parts)) or parts[0].lower().rstrip(". ") == RECYCLE_FOLDER:
        return "a folder that belongs to a tool"
    if (len(path) > LONGEST_NAME or not path.isascii()) and any(len(part.encode()) > LONGEST_NAME for part in parts):
        return f"a name longer than {LONGEST_NAME} bytes"
    return None


def oddness(name: str) -> str | None:
    """Say what keeps a file or folder of this name on this disk from ever being on the Hub, or ``None``.

    The answer goes on where "data/NAME is" ends.
    """
    if found := _CONTROL.search(name):
        return "not named in UTF-8" if found.group() >= "\ud800" else "named with a control character"
    if "\\" in name:
        return "named with a backslash"
    return "a folder that belongs to a tool" if is_reserved(name) else None


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
    if path.isascii():
        return path.lower()
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
        return other is not None and (other.match(name) or other.match(f"{folder}/{name}")) is not None

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
