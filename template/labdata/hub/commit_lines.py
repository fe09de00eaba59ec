"""What a commit is sent as: lines of JSON, as the Hub's client writes them (``_prepare_commit_payload`` in 2.4)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata.core.content import Content


@dataclass(frozen=True, slots=True)
class Addition:
    """A file of a commit: its ``data`` travels within the commit; without, the Hub's Xet or LFS has them already."""

    path: str
    content: Content
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit does: additions, copies and removals.

    ``additions`` are lines of the request (``lines_of``). ``copy`` maps a path to the commit sha that
    holds its content under the same path.
    """

    additions: Sequence[bytes] = ()
    copy: dict[str, str] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)


def body_of(title: str, text: str, parent: str, additions: Iterable[bytes], delete: Iterable[str]) -> bytes:
    """Return the body of a request for a commit on top of ``parent``; ``additions`` are lines (``lines_of``)."""
    lines = [_line("header", {"summary": title, "description": text, "parentCommit": parent})]
    lines += [_line("deletedFile", {"path": path}) for path in delete]
    return b"".join([*lines, *additions])


def lines_of(additions: Iterable[Addition]) -> list[bytes]:
    """Return the lines of additions: they hold all that the commit is told of these files."""
    return [_inside(one.path, one.data) if one.data is not None else _sent_ahead(one) for one in additions]


def _line(key: str, value: dict[str, object]) -> bytes:
    return json.dumps({"key": key, "value": value}).encode() + b"\n"


def _inside(path: str, data: bytes) -> bytes:
    # Joined by hand: the encoder would look at each of a gigabyte's letters for one to escape.
    name, content = json.dumps(path).encode(), base64.b64encode(data)
    return b'{"key": "file", "value": {"content": "%b", "path": %b, "encoding": "base64"}}\n' % (content, name)


def _sent_ahead(one: Addition) -> bytes:
    return _line("lfsFile", {"path": one.path, "algo": "sha256", "oid": one.content.sha256, "size": one.content.size})
