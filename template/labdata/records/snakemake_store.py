"""Writes to Snakemake's own notes, through its own classes and only in the format that is installed here."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import os
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labdata.core import words
from labdata.local.snakemake import MARKS, marked_names
from labdata.local.snakemake_notes import DATABASE, METADATA

_MODE = 0o660
"""Who may read and write a note, as Snakemake has it."""


_ODD = (ValueError, TypeError, LookupError, ArithmeticError)
"""What Snakemake's classes raise at a note that they cannot take; whatever else they raise is not the note's fault."""


@dataclass
class Written:
    """The paths whose notes were written, and what is to be said of the others (empty if there are none).

    ``is_over`` says that to write them again would not help, as long as no other Snakemake is installed.
    """

    written: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    is_over: bool = True


class Forms:
    """Makes the texts of notes before they are written, as Snakemake's own class would."""

    def __init__(self) -> None:
        self._known: dict[Hashable, dict[str, Any] | None] = {}

    def text(self, body: Mapping[str, Any], kind: Hashable) -> bytes | None:
        """Return the text of a note; ``None`` where only writing it will tell.

        The class is asked once for each ``kind``, notes of which differ in texts and numbers only: it takes long.
        """
        try:
            if kind not in self._known:
                self._known[kind] = _form(body)
            form = self._known[kind]
            return None if form is None else json.dumps({**form, **_values(body)}).encode()
        except Exception:  # noqa: BLE001 - whatever another Snakemake does: who writes the note says so
            return None


def _form(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a note as the class makes it, if we would make the same; ``None`` if not."""
    import snakemake.persistence.file  # noqa: F401 - it takes a while, and is needed next

    found: dict[str, Any] = _record(body).model_dump()
    return found if json.dumps({**found, **_values(body)}) == json.dumps(found) else None


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "target"}


def _record(body: Mapping[str, Any]) -> Any:
    from snakemake.persistence import MetadataRecord

    return MetadataRecord(**_values(body))


def fitting(bodies: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return those notes that are in the format of the Snakemake that is installed here."""
    if not bodies:
        return {}
    try:
        from snakemake.persistence import RECORD_FORMAT_VERSION as INSTALLED
    except ImportError:
        return {}
    return {path: body for path, body in bodies.items() if body.get("record_format_version") == INSTALLED}


def write(root: Path, bodies: Mapping[str, Mapping[str, Any]], texts: Mapping[str, bytes] | None = None) -> Written:
    """Write notes on files, by path; each with its ``target``, as its rule names it.

    Some may have been made ready before, as ``texts`` by path (``Forms``). One that Snakemake cannot take is left out
    by name, the others are written.
    """
    if not bodies:
        return Written()
    total = words.number(len(bodies), "file")
    try:
        from snakemake.persistence import RECORD_FORMAT_VERSION as INSTALLED
    except ImportError:
        return Written(problem=f"Snakemake is not installed here, so that it was not told how {total} came to be.")
    fit = fitting(bodies)
    done = Written()
    problems: list[str] = []
    if len(fit) < len(bodies):
        others = sorted({str(body.get("record_format_version")) for path, body in bodies.items() if path not in fit})
        problems.append(
            f"Snakemake was not told how {words.number(len(bodies) - len(fit), 'file')} came to be: that was noted "
            f"in its format {' and '.join(others)}, and the one installed here has format {INSTALLED}."
        )
    if fit:
        try:
            _write(root, fit, texts or {}, done)
        except Exception as error:  # noqa: BLE001 - whatever another Snakemake does, the data are here and whole
            done.is_over = False
            problems.append(
                f"Snakemake's notes could not be written ({type(error).__name__}: {error}), the data were. "
                "The next get writes them."
            )
    if done.refused:
        path, reason = next(iter(done.refused.items()))
        more = f" and {words.number(len(done.refused) - 1, 'other file')}" if done.refused.keys() - {path} else ""
        problems.append(
            f"Snakemake was not told how data/{path}{more} came to be: it cannot take what was recorded ({reason})."
        )
    done.problem = " ".join(problems)
    return done


def _write(root: Path, bodies: Mapping[str, Mapping[str, Any]], texts: Mapping[str, bytes], done: Written) -> None:
    # It speaks of its own work, which nobody asked for.
    logging.getLogger("snakemake.logging").setLevel(logging.WARNING)
    with contextlib.redirect_stderr(io.StringIO()):
        if (url := _database_of(root)) is not None:
            _into_database(root, url, bodies, done)
        else:
            _into_files(root, bodies, texts, done)


def _into_files(root: Path, bodies: Mapping[str, Mapping[str, Any]], texts: Mapping[str, bytes], done: Written) -> None:
    from snakemake.persistence.file import FilePersistence

    notes = FilePersistence(nolock=True, path=(root / ".snakemake").absolute())
    marked = {name for name, _where in marked_names(root / MARKS)}
    is_known_form: bool | None = None
    for path, body in bodies.items():
        target = str(body["target"])
        try:
            where, text = notes._record_path(notes._metadata_path, target), texts.get(path) or _text(body)
            if not (is_known_form and _is_written(where, text)):
                notes._write_record(target, _record(body))
            if is_known_form is None:
                # Its class takes more than twice as long for each: it writes them all only where we would do otherwise.
                is_known_form = Path(where).is_file() and Path(where).read_bytes() == text
            # What Snakemake takes for half made is just what is.
            if body.get("incomplete") and target not in marked:
                notes._mark_incomplete(target, None)
            elif target in marked and not body.get("incomplete"):
                notes._unmark_incomplete(target)
        except _ODD as error:
            done.refused[path] = type(error).__name__
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            done.refused[path] = "a name that is too long"
        else:
            done.written.add(path)


def _text(body: Mapping[str, Any]) -> bytes:
    return json.dumps(_record(body).model_dump()).encode()


def _is_written(where: str, text: bytes) -> bool:
    """Write a note that is new; False where there is one already, or no folder for it."""
    try:
        file = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except OSError:
        return False
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(file, _MODE)  # whatever the umask forbids
        return os.write(file, text) == len(text)
    finally:
        os.close(file)


def _into_database(root: Path, url: str, bodies: Mapping[str, Mapping[str, Any]], done: Written) -> None:
    from snakemake.persistence.db import DbPersistence, MetadataRecordORM
    from sqlalchemy.orm import Session

    notes = DbPersistence(nolock=True, path=(root / ".snakemake").absolute(), db_url=url or None)
    # In one go: a commit for each would take minutes where there are many.
    taken: set[str] = set()
    with Session(notes.engine) as session:
        for path, body in bodies.items():
            target = str(body["target"])
            try:
                values = _record(body).model_dump()
                _require_text([target, *(one for one in values.values() if isinstance(one, str))])
            except _ODD as error:
                done.refused[path] = type(error).__name__
                continue
            session.merge(MetadataRecordORM(namespace=notes.namespace, target=target, **values))
            taken.add(path)
        session.commit()
    done.written |= taken


def _require_text(values: Collection[str]) -> None:
    """Raise what a database raises at a text that it cannot take, before it gives up all others for that."""
    for value in values:
        value.encode()


def _database_of(root: Path) -> str | None:
    """Return the address of the database that Snakemake keeps its notes in, empty for its own; ``None`` for files."""
    import yaml

    try:
        profile = yaml.safe_load((root / "profiles" / "default" / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        profile = None
    profile = profile if isinstance(profile, dict) else {}
    if str(profile.get("persistence-backend", "")) == "db":
        return str(profile.get("persistence-backend-db-url") or "")
    return "" if (root / DATABASE).is_file() and not _has_files(root) else None


def _has_files(root: Path) -> bool:
    return (root / METADATA).is_dir() and any((root / METADATA).iterdir())
