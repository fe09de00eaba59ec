"""What a migration has learned of objects, kept so that one that was cut off goes on: lines that are only added.

A line is worth something only for the object as it was: its key, its ETag and its size.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """An object that was read: its hashes, against what they were checked, and the repo whose Xet has it (or none)."""

    key: str
    etag: str
    size: int
    sha256: str
    git: str
    checked: str
    sent: str = ""


class Migrations:
    """The notes of all migrations of one bucket, in a file that is made with the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[tuple[str, str, int], Seen] = {}
        self._sent: set[tuple[str, str]] = set()
        for body in _lines(path):
            self._take(body)

    def _take(self, body: dict[str, Any]) -> None:
        try:
            if "forget" in body:
                self._sent = {(repo, sha256) for repo, sha256 in self._sent if repo != body["forget"]}
                return
            seen = Seen(**body)
        except TypeError:
            # The end of a line that was being written, or a line of another labdata.
            return
        self._seen[seen.key, seen.etag, seen.size] = seen
        if seen.sent:
            self._sent.add((seen.sent, seen.sha256))

    def seen(self, key: str, etag: str, size: int) -> Seen | None:
        """Return what is known of an object as it is now."""
        return self._seen.get((key, etag, size))

    def is_sent(self, repo: str, sha256: str) -> bool:
        """Tell whether a content was sent to a repo's Xet, in a commit or not."""
        return (repo, sha256) in self._sent

    def add(self, seen: Iterable[Seen]) -> None:
        """Note objects; they are on the disk when this returns."""
        self._write([asdict(one) for one in seen])

    def forget_sent(self, repo: str) -> None:
        """Note that a repo's Xet may not have what was sent to it."""
        self._write([{"forget": repo}])

    def _write(self, bodies: list[dict[str, Any]]) -> None:
        if not bodies:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            # Begins with a line break, for the line before may have been cut off.
            file.write("".join(f"\n{json.dumps(body)}" for body in bodies).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        for body in bodies:
            self._take(body)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.split(b"\n"):
        try:
            body = json.loads(line) if line else None
        except ValueError:
            continue
        if isinstance(body, dict):
            yield body
