"""The file ``.env`` as `just`, shells and labdata can all read it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IMODE

from labdata.core.env_lines import Fault, mended
from labdata.local.text_files import Text, read_text

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class EnvFaults:
    """What is wrong with a ``.env``: ``breaks`` keeps `just` from starting, over ``odd`` others stumble."""

    breaks: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    is_open: bool = False
    """Whether others may read it, though it may hold a token."""
    is_guessed: bool = False
    """Whether nobody can say which letters it holds."""


def faults(path: Path) -> EnvFaults:
    """Look at a ``.env``; raises ``LabdataError`` where it is no text at all."""
    found = read_text(path)
    raw = path.read_bytes()
    breaks, odd = [], []
    if raw.startswith(_MARKS):
        breaks.append("It begins with a byte-order mark")
    elif found.encoding != "utf-8":
        breaks.append("It is not in UTF-8")
    breaks += [_told(fault) for fault in mended(_lines(found.text))[1]]
    if "\r" in found.text:
        odd.append("It has Windows line ends")
    is_open = os.name != "nt" and bool(S_IMODE(path.stat().st_mode) & 0o077)
    return EnvFaults(breaks, odd, is_open, _is_guessed(found))


def mend(path: Path) -> bool:
    """Write a ``.env`` anew as UTF-8 with plain lines, for its owner only; returns whether that changed anything.

    A file whose letters are anyone's guess stays as it is.
    """
    found = read_text(path)
    content = mended(_lines(found.text))[0].encode()
    is_same = content == path.read_bytes() and not S_IMODE(path.stat().st_mode) & 0o077
    if is_same or _is_guessed(found):
        return False
    write(path, content, mode=0o600)
    return True


def write(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a ``.env``, whole or not at all, even when cut off.

    Without a ``mode`` it keeps the one that it has; a new one is private to its owner.
    """
    # Where it is a link, the file that it leads to is meant.
    path = path.resolve()
    if mode is None:
        mode = S_IMODE(path.stat().st_mode) if path.exists() else 0o600
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _is_guessed(found: Text) -> bool:
    return found.is_guessed and not found.text.isascii()


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _told(fault: Fault) -> str:
    return f"Line {fault.line} {fault.what}"
