"""Text files that people edit, read whatever program wrote them: with a BOM, as UTF-16, in an old encoding."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError

_MARKS = (
    # The mark of UTF-16 is the beginning of that of UTF-32.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)


@dataclass(frozen=True)
class Text:
    """What a text file holds, without a mark at its beginning.

    ``encoding`` is what a line added to the file has to be in. ``is_guessed`` tells that the file is in none of the
    Unicode encodings: then only its ASCII characters are certain.
    """

    text: str
    encoding: str
    is_guessed: bool = False

    @property
    def newline(self) -> str:
        """How the file's lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"


def read_text(path: Path) -> Text:
    """Read a text file; raises ``LabdataError`` where it is none, or cannot be read."""
    try:
        raw = path.read_bytes()
    except IsADirectoryError:
        raise LabdataError(f"{path} is a folder, not a file. Nothing was done.", hints.RENAME_FOLDER) from None
    except FileNotFoundError:
        what = "a link to nothing" if path.is_symlink() else "not there"
        raise LabdataError(f"{path} is {what}. Nothing was done.", hints.PUT_FILE_BACK) from None
    except OSError as error:
        raise LabdataError(
            f"{path} cannot be read ({error.strerror or error}). Nothing was done.",
            hints.PERMIT_READING,
        ) from error
    found = _decoded(raw, path)
    if "\0" in found.text:
        line = line_of(found.text, found.text.index("\0"))
        raise LabdataError(
            f"{path} cannot be read: line {line} holds a NUL byte, which no text does. Nothing was done.",
            hints.UTF8,
        )
    return found


def line_of(text: str, position: int) -> int:
    """Return the number of the line, from 1, that a position in a text is in."""
    return text.count("\n", 0, position) + 1


def _decoded(raw: bytes, path: Path) -> Text:
    mark, encoding = next((found for found in _MARKS if raw.startswith(found[0])), (b"", ""))
    raw = raw[len(mark) :]
    # ASCII text in UTF-16 has a zero in every second byte.
    if not encoding and raw and len(raw) % 2 == 0:
        encoding = "utf-16-le" if not any(raw[1::2]) else "utf-16-be" if not any(raw[0::2]) else ""
    try:
        return Text(raw.decode(encoding or "utf-8"), encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding not in ("", "utf-8"):
            raise LabdataError(
                f"{path} cannot be read: it begins as {encoding.upper()} but goes on as something else. "
                "Nothing was done.",
                hints.UTF8,
            ) from error
    # Every byte is a character of Latin-1, and an ASCII one is the same in all encodings that are left.
    return Text(raw.decode("latin-1"), "ascii", is_guessed=True)
