"""The stamp inside a figure or a table: what it was made of, as a text that any file format carries unharmed.

It is a function of what made the file and of nothing else, neither time nor person nor commit: the same work gives the
same bytes on every machine.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

_FOUND = re.compile(rb"hublab-stamp\.1\.([A-Za-z0-9_=-]{8,40000})\.([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file says of itself.

    ``project`` is ``org/name``, ``path`` below ``data/``; ``rule``, ``params`` and ``code`` (see ``code_hash``) made
    it from ``inputs``, as ``path below the project: SHA-256``. ``script`` is the notebook or script that saved it.
    """

    project: str
    path: str
    rule: str = ""
    params: dict[str, str] = field(default_factory=dict)
    code: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    script: str = ""


def written(stamp: Stamp) -> str:
    """Return a stamp as text: letters, digits and a few signs, with a checksum, so that a torn one is no stamp."""
    values = {name: value for name in Stamp.__slots__ if (value := getattr(stamp, name))}
    body = urlsafe_b64encode(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).decode()
    return f"hublab-stamp.1.{body}.{zlib.crc32(body.encode()):08x}"


def found_in(data: bytes) -> Stamp | None:
    """Return the stamp in the bytes of a file, ``None`` where there is none that is whole."""
    for match in _FOUND.finditer(data):
        body, checksum = match.groups()
        if f"{zlib.crc32(body):08x}".encode() != checksum:
            continue
        try:
            values = json.loads(urlsafe_b64decode(body))
            stamp = Stamp(**values)
        except (ValueError, TypeError, RecursionError):
            continue
        if _makes_sense(stamp):
            return stamp
    return None


def _makes_sense(stamp: Stamp) -> bool:
    texts = (stamp.project, stamp.path, stamp.rule, stamp.code, stamp.script)
    return all(isinstance(one, str) for one in texts) and _is_map(stamp.params) and _is_map(stamp.inputs)


def _is_map(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for pair in value.items() for one in pair)
