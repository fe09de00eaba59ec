"""What a provenance record is, and how records are written in a pack (``packs``): shared values only once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from labdata.core.canonical import SharedTexts, canonical
from labdata.core.packs import NewerPackError, Pack, PackError, pack_of
from labdata.core.paths import refusal

FORMAT = 1
"""Grows when a labdata that knows only this number could misread a pack."""

_HEAD = 1_000  # bytes that the first line of a pack may have
_FEW = 20  # hashes that are looked for one by one
_SHARED = ("rule", "params", "code", "software", "who", "noted", "notes")
_LATEST = 253402300799  # seconds: the end of the year 9999, after which no calendar of Python's goes
_HASH = (str, type(None))
_OWN = ("kind", "inputs", "log", "shellcmd", "start", "end", "incomplete")


@dataclass(frozen=True, slots=True)
class Record:
    """How one version of a file was made, as far as Snakemake and git knew when it was published.

    ``path`` is below ``data/``. ``kind`` is ``rule``, ``changed`` (by hand, after its rule ended) or ``file`` (no rule
    made it). ``params``, ``log``, ``shellcmd``, ``start`` and ``end`` (seconds) are the job's; ``inputs`` are pairs of
    an input as the rule names it and the SHA-256 that it had when the job started, ``None`` where that is not known.
    ``code`` and ``software`` are as at the put, ``noted`` (UTC) by ``who``; ``notes`` is what Snakemake wants beside.
    """

    path: str
    sha256: str
    kind: str = "file"
    rule: str = ""
    params: list[str] = field(default_factory=list)
    shellcmd: str = ""
    log: list[str] = field(default_factory=list)
    inputs: list[list[str | None]] = field(default_factory=list)
    start: float | None = None
    end: float | None = None
    code: dict[str, Any] = field(default_factory=dict)
    software: dict[str, Any] = field(default_factory=dict)
    who: str = ""
    noted: str = ""
    incomplete: bool = False
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The record's own hash: two records that say the same are one."""
        values = [getattr(self, one.name) for one in fields(self)]
        return hashlib.sha256(canonical(values).encode()).hexdigest()


def packed(records: Iterable[Record]) -> Pack:
    """Return some records as a pack; the same records give the same pack, whatever their order."""
    shared = SharedTexts()
    rows = [(record, [shared.text(value) for value in _shared_values(record)]) for record in records]
    texts = sorted({text for _record, parts in rows for text in parts})
    places = {text: place for place, text in enumerate(texts)}
    lines = {_row(record, [places[text] for text in parts]) for record, parts in rows}
    head = canonical({"labdata": "records", "format": FORMAT, "records": len(lines)})
    # By path: what is alike is close together, and compresses well.
    ordered = sorted(lines, key=lambda line: (line[68:], line))
    text = "\n".join([head, f"[{','.join(texts)}]", *ordered, ""]).encode()
    return pack_of(text)


_shared_values = attrgetter(*_SHARED)


def _row(record: Record, places: list[int]) -> str:
    own = {name: value for name in _OWN if (value := getattr(record, name))}
    return canonical([record.sha256, record.path, own, places])


def parsed(text: bytes, wanted: Collection[str] | None = None) -> Iterator[Record]:
    """Give the records of a pack's text, or only those of files with a ``wanted`` SHA-256.

    Raises ``PackError`` where it makes no sense, ``NewerPackError`` where a later labdata has written it. A single
    record that makes no sense is left out.
    """
    start, shared = _opened(text)
    known: dict[tuple[int, ...], dict[str, Any]] = {}
    for row in _rows(text, start, wanted):
        if record := _record(row, shared, known):
            yield record


def check(text: bytes) -> None:
    """Raise what ``parsed`` would raise."""
    _opened(text)


def _opened(text: bytes) -> tuple[int, list[Any]]:
    """Return where the rows of a pack begin, and the values that they share."""
    head = text[:_HEAD].partition(b"\n")[0]
    version = _version(head)
    if version != FORMAT:
        raise NewerPackError(f"of format {version}, which a newer labdata wrote")
    end = text.find(b"\n", len(head) + 1)
    end = len(text) if end < 0 else end
    try:
        shared = json.loads(text[len(head) + 1 : end])
    except (ValueError, RecursionError) as error:
        raise PackError("damaged") from error
    if not isinstance(shared, list):
        raise PackError("damaged")
    return end + 1, shared


def _rows(text: bytes, start: int, wanted: Collection[str] | None) -> Iterator[bytes]:
    """Give the rows of a pack, or those that begin with a wanted hash: most need not be looked at any further."""
    if wanted is None or len(wanted) > _FEW:
        sought = None if wanted is None else {one.encode() for one in wanted}
        rows = text[start:].split(b"\n")
        yield from (row for row in rows if row and (sought is None or row[2:66] in sought))
        return
    for one in wanted:
        begin = b'\n["' + one.encode()
        at = text.find(begin, start - 1)
        while at >= 0:
            end = text.find(b"\n", at + 1)
            yield text[at + 1 : end if end >= 0 else len(text)]
            at = text.find(begin, end) if end >= 0 else -1


def _version(head: bytes) -> int:
    try:
        found = json.loads(head)
        version = found["format"] if found["labdata"] == "records" else 0
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PackError("damaged") from error
    if not isinstance(version, int) or version < FORMAT:
        raise PackError("damaged")
    return version


def _record(row: bytes, shared: list[Any], known: dict[tuple[int, ...], dict[str, Any]]) -> Record | None:
    """Return the record of a row, ``None`` where that is none: anybody may have written it.

    ``known`` holds the shared values of earlier rows: most rows of a pack share all of them.
    """
    try:
        sha256, path, own, places = json.loads(row.decode())
        key = tuple(places)
        if key not in known:
            known[key] = _shared_of(shared, key)
        record = Record(path, sha256, **known[key], **{name: own[name] for name in _OWN if name in own})
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
    return record if _makes_sense(record) else None


def _shared_of(shared: list[Any], places: tuple[int, ...]) -> dict[str, Any]:
    """Return the shared values of a row; raises ``ValueError`` where they make no sense."""
    values = dict(zip(_SHARED, (shared[place] for place in places), strict=True))
    texts = all(isinstance(values[name], str) for name in ("rule", "who", "noted"))
    tables = all(isinstance(values[name], dict) for name in ("code", "software", "notes"))
    if not (texts and tables and _are_texts(values["params"])):
        raise ValueError
    return values


def _makes_sense(record: Record) -> bool:
    """Tell whether a record's own values make sense; the shared ones do."""
    texts = (record.path, record.sha256, record.kind, record.shellcmd)
    return (
        all(isinstance(one, str) for one in texts)
        and isinstance(record.incomplete, bool)
        and _are_texts(record.log)
        and _is_time(record.start)
        and _is_time(record.end)
        and isinstance(record.inputs, list)
        and all(_is_input(one) for one in record.inputs)
        and len(record.sha256) == 64
        and refusal(record.path) is None
    )


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _is_time(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and -_LATEST <= value <= _LATEST)


def _is_input(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], _HASH)


def path_of(name: object) -> str:
    """Return the path below ``data/`` of an input as a rule names it; empty if it is elsewhere, or can be nowhere."""
    path = str(name)[5:] if str(name).startswith("data/") else ""
    return path if path and refusal(path) is None else ""


def newest(records: Iterable[Record]) -> Record | None:
    """Return the latest of some records, the same one on every machine; ``None`` without any."""
    found = [*{id(one): one for one in records}.values()]  # of a single one no id is computed: that takes long
    return max(found, key=lambda one: (one.noted, one.id)) if found[1:] else next(iter(found), None)
