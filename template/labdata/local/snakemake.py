"""What Snakemake notes of the files that it makes, in ``.snakemake/`` of the project. Nothing there is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

MARKS = Path(".snakemake", "incomplete")
_DATABASE = Path(".snakemake", "metadata.db")
_LOCKS = Path(".snakemake", "locks")
_LONGER = "@"
"""What the folders begin with that hold the mark of a name too long for one file name."""


def incomplete(root: Path) -> set[str]:
    """Return the paths below ``data/``, relative to it, that Snakemake has begun to make and not finished.

    A directory that is an output stands for all that is in it. A path is named whether or not it is there: Snakemake
    removes an old output before it makes the new one. Marks that cannot be understood are left out.
    """
    names = [*(name for name, _where in marked_names(root / MARKS)), *_marked_in_database(root / _DATABASE)]
    if not names:
        return set()
    layers = beginnings(root)
    return {path for name in names if (path := below_data(root, name, layers))}


def outputs_of_run(root: Path) -> set[str] | None:
    """Return the paths below ``data/``, relative to it, that the run which is at work makes.

    ``None`` where Snakemake has not said yet, or says it where it cannot be read. A directory stands for all in it.
    """
    try:
        texts = [file.read_text(encoding="utf-8") for file in (root / _LOCKS).glob("*.output.lock")]
    except (OSError, ValueError):
        return None
    if not texts:
        return None
    layers = beginnings(root)
    names = (name for text in texts for name in text.splitlines())
    return {path for name in names if (path := below_data(root, name, layers))}


def marked_names(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Give the targets that files of Snakemake's are named by, each with its file.

    A name is base64, cut into folders where one file name would be too long (Snakemake 5 to 9).
    """
    # There is one for each file that a rule has made: a Path of each would be dearer than all the rest.
    due = [("", str(folder))]
    while due:
        start, here = due.pop()
        with suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name.startswith(_LONGER):
                        due.append((start + entry.name.removeprefix(_LONGER), entry.path))
                    continue
                # Any other file is nobody's mark.
                with suppress(ValueError):
                    yield b64decode(start + entry.name, altchars=b"-_", validate=True).decode(), entry


def _marked_in_database(path: Path) -> list[str]:
    """Return what is marked where Snakemake was told to keep its notes in a database (``--persistence-backend db``)."""
    if not path.is_file():
        return []
    with suppress(sqlite3.Error):
        return _targets(path, "?mode=ro")
    # One that was killed in the middle of a write has to be rolled back first: in a copy, for the notes are not ours.
    with suppress(sqlite3.Error, OSError), TemporaryDirectory(prefix="labdata-") as folder:
        for part in ("", "-journal", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(f"{path}{part}", folder)
        return _targets(Path(folder, path.name))
    return []


def _targets(path: Path, options: str = "") -> list[str]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}{options}", uri=True)) as notes:
        return [name for (name,) in notes.execute("SELECT target FROM snakemake_metadata WHERE incomplete")]


def beginnings(root: Path) -> dict[str, str]:
    """Return how paths may begin that are below ``data/``, with the layer that such a beginning leads to."""
    data = root / "data"
    found = {os.path.normpath(data): "", os.path.realpath(data): ""}
    with suppress(OSError):
        links = [entry for entry in os.scandir(data) if entry.is_symlink()]
        found |= {os.path.realpath(entry.path): f"{entry.name}/" for entry in links}
    return found


def below_data(root: Path, name: str, beginnings: dict[str, str]) -> str:
    """Return the path below ``data/`` of an output as a rule names it, empty where it is not there."""
    if "\0" in name:
        return ""
    written = os.path.normpath(root / name)
    # The output itself may be a link; what leads to it is what may lead to data.
    folder, last = os.path.split(written)
    for place in (written, os.path.join(os.path.realpath(folder), last)):  # noqa: PTH118
        for start, layer in beginnings.items():
            if place.startswith(start + os.sep):
                return layer + place[len(start) + 1 :].replace(os.sep, "/")
    return ""
