"""What a provenance record is, and packs of them: the small files in which records travel with the data.

A pack is named by its content and never changes, so that two branches never disagree on one: what both hold is the
union of their packs. Within a pack, values that many records share are written once.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from labdata.core.canonical import SharedTexts, canonical
from labdata.core.paths import refusal

FORMAT = 1
"""Grows when a labdata that knows only this number could misread a pack."""

FOLDER = ".provenance"
_BEGINNING = f"{FOLDER}/"
"""Where packs are in a repo, beside the layers."""

PLAIN = 32_000
"""Bytes up to which a pack stays readable text, which the Hub takes within a commit; beyond, it is compressed."""

LARGE = 1_000_000
"""Bytes from which a pack is not merged with others any more: it would be sent again and again."""

MANY = 64
"""Packs from which a branch's are tidied up."""

_HEAD = 1_000  # bytes that the first line of a pack may have
_FEW = 20  # hashes that are looked for one by one
_LONGEST = 500_000_000  # bytes that a pack may have once it is unpacked
_SHARED = ("rule", "params", "code", "software", "who", "noted", "notes")
_TIME = (int, float, type(None))
_HASH = (str, type(None))
_OWN = ("kind", "inputs", "log", "shellcmd", "start", "end", "incomplete")


class PackError(Exception):
    """A pack that cannot be read; the message ends the sentence "the record pack is …"."""


class NewerPackError(PackError):
    """A pack that a later labdata has written."""


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


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack on its way to a file: its ``path`` in the repo and its ``data``."""

    path: str
    data: bytes


def is_pack(path: str) -> bool:
    """Tell whether a path of a repo is where packs are, or takes that folder's name: it is no file of a person's."""
    return path.startswith(_BEGINNING) or path == FOLDER


def packs_in(tree: Mapping[str, object]) -> list[str]:
    """Return the paths of a tree's packs; none where they cannot be, because a file has taken their folder's name."""
    return sorted(path for path in tree if is_pack(path) and _hash_in(path))


def can_hold_packs(tree: Mapping[str, object]) -> bool:
    """Tell whether a tree has room for packs: nobody has put a file where their folder is."""
    return FOLDER not in tree


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
    name = f"{FOLDER}/{hashlib.sha256(text).hexdigest()}.jsonl"
    if len(text) <= PLAIN:
        return Pack(name, text)
    return Pack(f"{name}.gz", gzip.compress(text, 6, mtime=0))


_shared_values = attrgetter(*_SHARED)


def _row(record: Record, places: list[int]) -> str:
    own = {name: value for name in _OWN if (value := getattr(record, name))}
    return canonical([record.sha256, record.path, own, places])


def text_of(path: str, data: bytes) -> bytes:
    """Return the text of a pack; raises ``PackError`` where that is not what its name promises."""
    try:
        if path.endswith(".gz"):
            unpacker = zlib.decompressobj(wbits=31)
            text = unpacker.decompress(data, _LONGEST)
            if not unpacker.eof:
                raise PackError("cut off")
        else:
            text = data
    except zlib.error as error:
        raise PackError("damaged") from error
    if hashlib.sha256(text).hexdigest() != path.rpartition("/")[2].partition(".")[0]:
        raise PackError("not what its name says")
    return text


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
        and isinstance(record.start, _TIME)
        and isinstance(record.end, _TIME)
        and isinstance(record.inputs, list)
        and all(_is_input(one) for one in record.inputs)
        and len(record.sha256) == 64
        and refusal(record.path) is None
    )


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _is_input(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], _HASH)


def _hash_in(path: str) -> str:
    """Return the hash in a pack's path, empty where it bears none."""
    name = path.removeprefix(f"{FOLDER}/").removesuffix(".gz").removesuffix(".jsonl")
    return name if is_hash(name) else ""


def is_hash(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hexadecimal."""
    return len(text) == 64 and not set(text) - set("0123456789abcdef")


def tidied(sizes: Mapping[str, int], ids: Mapping[str, frozenset[str]]) -> tuple[list[str], list[str]]:
    """Decide how many packs become fewer: returns those to merge into one, and those that others hold in full.

    Takes the size of each pack and the ids of its records. Whoever still has what is dropped here loses nothing by
    that, nor does anybody else: the union of all packs stays what it was.
    """
    if len(sizes) < MANY:
        return [], []
    dropped: list[str] = []
    kept = sorted(ids, key=lambda path: (-len(ids[path]), path))
    held: set[str] = set()
    for path in list(kept):
        if ids[path] <= held:
            kept.remove(path)
            dropped.append(path)
        held |= ids[path]
    small = [path for path in kept if sizes[path] < LARGE]
    return (sorted(small) if len(small) > MANY // 2 else []), sorted(dropped)


def newest(records: Iterable[Record]) -> Record | None:
    """Return the latest of some records, the same one on every machine; ``None`` without any."""
    found = [*{id(one): one for one in records}.values()]  # of a single one no id is computed: that takes long
    return max(found, key=lambda one: (one.noted, one.id)) if found[1:] else next(iter(found), None)
