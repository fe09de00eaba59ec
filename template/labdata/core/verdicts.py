"""What a verdict is: that a published file was made again, by whom, with what outcome; and the packs they travel in.

A pack holds one run, or several that were merged when there were many. Like those of records it is named by its content
and never changes; it lies beside them, where a labdata that knows no verdicts passes it on unread.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labdata.core import words
from labdata.core.canonical import canonical
from labdata.core.packs import FOLDER, PLAIN, Pack, PackError, is_hash, text_of
from labdata.core.paths import refusal

FORMAT = 1
"""Grows when a labdata that knows only this number could misread a pack."""

_MERGED = 2
"""The format of a pack of several runs, each as it was in its own."""

IDENTICAL, EQUAL, DIFFERENT = OUTCOMES = ("identical", "equal", "different")
"""The same bytes; the same values and pixels, within a tolerance; something else."""

_USUAL = 1e-9  # a tolerance up to which nobody has to be told of it
_BEGINNING = f"{FOLDER}/verdicts/"
_HEAD = ("who", "noted", "code", "version", "software", "differs", "tolerance")
_TEXTS = ("who", "noted", "code", "version")


@dataclass(frozen=True, slots=True)
class Judged:
    """A published file, and what came of making it again: ``made`` is the SHA-256 of that, ``told`` what differs."""

    path: str
    sha256: str
    outcome: str
    made: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One time that files were made again.

    ``code`` is ``repo@commit``, ``version`` the version of the results that holds the files, ``software`` what was used
    now and ``differs`` how that is another than what was recorded. ``noted`` (UTC) by ``who``.
    """

    who: str
    noted: str
    files: Sequence[Judged]
    code: str = ""
    version: str = ""
    software: Mapping[str, Any] = field(default_factory=dict)
    differs: Sequence[str] = ()
    tolerance: float = 0.0


def verdicts_in(tree: Mapping[str, object]) -> list[str]:
    """Return the paths of a tree's packs of verdicts."""
    return sorted(path for path in tree if path.startswith(_BEGINNING) and is_hash(_name(path)))


def _name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".gz").removesuffix(".json")


def packed(run: Run) -> Pack:
    """Return a run as a pack."""
    head = {name: getattr(run, name) for name in _HEAD} | {"labdata": "verdicts", "format": FORMAT}
    rows = [[one.path, one.sha256, one.outcome, one.made, one.told] for one in run.files]
    return _pack("\n".join([canonical(head), *sorted(map(canonical, rows)), ""]).encode())


def merged(texts: Iterable[bytes]) -> Pack:
    """Return a pack of several runs, given by their texts."""
    parts = sorted(set(texts))
    head = canonical({"labdata": "verdicts", "format": _MERGED, "runs": len(parts)})
    return _pack(f"{head}\n".encode() + b"".join(parts))


def _pack(text: bytes) -> Pack:
    name = f"{_BEGINNING}{hashlib.sha256(text).hexdigest()}.json"
    if len(text) <= PLAIN:
        return Pack(name, text)
    return Pack(f"{name}.gz", gzip.compress(text, 6, mtime=0))


def texts_in(path: str, data: bytes) -> dict[str, bytes]:
    """Return the texts of the runs in a pack, by their hash; raises ``PackError`` where that is none."""
    text = text_of(path, data)
    first, _line, rest = text.partition(b"\n")
    head = _loaded(first)
    is_merged = isinstance(head, dict) and head.get("labdata") == "verdicts" and head.get("format") == _MERGED
    if not (is_merged and isinstance(head.get("runs"), int)):
        return {hashlib.sha256(text).hexdigest(): text}
    # Each run begins with its head, a table; its rows are lists.
    parts = [part + b"\n" for part in rest.removesuffix(b"\n").replace(b"\n{", b"\n\0{").split(b"\n\0") if part]
    return {hashlib.sha256(part).hexdigest(): part for part in parts}


def runs_in(path: str, data: bytes) -> dict[str, Run]:
    """Return the runs in a pack by their hash; raises ``PackError`` where none makes sense."""
    found: dict[str, Run] = {}
    fault = PackError("damaged")
    for one, text in texts_in(path, data).items():
        try:
            found[one] = _run(text)
        except PackError as error:
            fault = error
    if not found:
        raise fault
    return found


def parsed(path: str, data: bytes) -> Run:
    """Return the run in a pack of one; raises ``PackError`` where it makes no sense. Such a row is left out."""
    return _run(text_of(path, data))


def _run(text: bytes) -> Run:
    first, *rows = text.splitlines()
    head = _loaded(first)
    if not isinstance(head, dict) or head.get("labdata") != "verdicts":
        raise PackError("damaged")
    if head.get("format") != FORMAT:
        raise PackError("of a format that a newer labdata wrote")
    texts = {name: head.get(name) for name in _TEXTS}
    if not all(isinstance(value, str) for value in texts.values()):
        raise PackError("damaged")
    software, differs, tolerance = head.get("software"), head.get("differs"), head.get("tolerance")
    return Run(
        files=[one for row in rows if (one := _judged(_loaded(row)))],
        software=software if isinstance(software, dict) else {},
        differs=[str(one) for one in differs] if isinstance(differs, list) else [],
        tolerance=float(tolerance) if isinstance(tolerance, int | float) else 0.0,
        **{name: str(value) for name, value in texts.items()},
    )


def _loaded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PackError("damaged") from error


def _judged(row: object) -> Judged | None:
    if not (isinstance(row, list) and len(row) == 5 and all(isinstance(one, str) for one in row)):
        return None
    path, sha256, outcome, made, told = row
    if refusal(path) is not None or not is_hash(sha256) or outcome not in OUTCOMES:
        return None
    return Judged(path, sha256, outcome, made, told)


def about(runs: Iterable[Run], path: str, sha256: str) -> list[tuple[Run, Judged]]:
    """Return what runs say of one version of a file, the newest first."""
    found = [(run, one) for run in runs for one in run.files if (one.path, one.sha256) == (path, sha256)]
    return sorted(found, key=lambda pair: (pair[0].noted, pair[0].who, pair[1].outcome), reverse=True)


def told(run: Run, one: Judged) -> str:
    """Return what a run says of one file, in words."""
    software = f", with other software ({', '.join(run.differs[:3])})" if run.differs else ""
    return f"by {run.who or '?'} on {run.noted[:16].replace('T', ' ')} UTC: {one.outcome}{software}{_why(one)}"


def _why(one: Judged) -> str:
    return f" ({one.told})" if one.told else ""


def in_short(run: Run) -> str:
    """Return a run in words: who, when, and how many files came out how."""
    counts = {outcome: sum(one.outcome == outcome for one in run.files) for outcome in OUTCOMES}
    said = ", ".join(f"{words.number(count, 'file')} {outcome}" for outcome, count in counts.items() if count)
    software = ", with other software" if run.differs else ""
    within = f" within {run.tolerance:g}" if run.tolerance > _USUAL else ""
    said = said.replace(EQUAL, f"{EQUAL}{within}")
    return f"by {run.who or '?'} on {run.noted[:10]}: {said or 'nothing'}{software}"


def differing(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return how the software of two records differs, as ``name old → new``; nothing where one is not known."""
    if not (recorded and now):
        return []
    old, new = _packages(recorded), _packages(now)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    found = [f"{name} {old.get(name, 'none')} → {new.get(name, 'none')}" for name in names]
    locks = [str(one.get("pixi.lock") or "")[:8] for one in (recorded, now)]
    return found + ([f"pixi.lock {locks[0] or 'none'} → {locks[1] or 'none'}"] if locks[0] != locks[1] else [])


def _packages(software: Mapping[str, Any]) -> dict[str, str]:
    packages = software.get("packages")
    found = {str(name): str(one) for name, one in packages.items()} if isinstance(packages, dict) else {}
    return {"Python": str(software.get("python", "none"))} | found
