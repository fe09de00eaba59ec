"""Paths and patterns: which names may be written here, which may be sent, which a pattern means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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

CARD = "README.md"
"""The page of a repo that the Hub shows, its card: main's, and no file of anybody's data."""


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
            return "a name that Windows reserves"
        if found := _WINDOWS_FORBIDDEN.search(part):
            return f"{found.group()} in the name, which Windows refuses"
        if part != part.rstrip(". "):
            return "a dot or space at the end of a name, which Windows drops"
        if part == ".cache":
            return "a folder .cache, which the Hub's client refuses"
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
