"""Packs: the small files in which provenance records travel with the data.

A pack is named by its content and never changes, so that two branches never disagree on one: what both hold is the
union of their packs.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

FOLDER = ".provenance"
_BEGINNING = f"{FOLDER}/"
"""Where packs are in a repo, beside the layers."""

PLAIN = 32_000
"""Bytes up to which a pack stays readable text, which the Hub takes within a commit; beyond, it is compressed."""

LARGE = 1_000_000
"""Bytes from which a pack is not merged with others any more: it would be sent again and again."""

MANY = 64
"""Packs from which a branch's are tidied up."""

_INSIDE = 4_000_000
"""Bytes up to which a compressed pack is written in letters: as text it travels within the commit, a larger one by Xet.
"""

_IN_LETTERS = ".b64"
_ENDINGS = (_IN_LETTERS, ".gz")
_LONGEST = 500_000_000  # bytes that a pack may have once it is unpacked


class PackError(Exception):
    """A pack that cannot be read; the message ends the sentence "the record pack is …"."""


class NewerPackError(PackError):
    """A pack that a later labdata has written."""


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


def pack_of(text: bytes) -> Pack:
    """Return a text as a pack; the same text gives the same pack."""
    name = f"{FOLDER}/{hashlib.sha256(text).hexdigest()}.jsonl"
    if len(text) <= PLAIN:
        return Pack(name, text)
    data = gzip.compress(text, 6, mtime=0)
    if len(data) > _INSIDE:
        return Pack(f"{name}.gz", data)
    return Pack(f"{name}{_IN_LETTERS}", b64encode(data) + b"\n")


def text_of(path: str, data: bytes) -> bytes:
    """Return the text of a pack; raises ``PackError`` where that is not what its name promises."""
    try:
        if path.endswith(_ENDINGS):
            unpacker = zlib.decompressobj(wbits=31)
            text = unpacker.decompress(b64decode(data) if path.endswith(_IN_LETTERS) else data, _LONGEST)
            if not unpacker.eof:
                raise PackError("cut off")
        else:
            text = data
    except (zlib.error, ValueError) as error:
        raise PackError("damaged") from error
    if hashlib.sha256(text).hexdigest() != path.rpartition("/")[2].partition(".")[0]:
        raise PackError("not what its name says")
    return text


def _hash_in(path: str) -> str:
    """Return the hash in a pack's path, empty where it bears none."""
    name = path.removeprefix(f"{FOLDER}/")
    for ending in (*_ENDINGS, ".jsonl"):
        name = name.removesuffix(ending)
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
