"""Which files show yesterday's data: they were made from other contents than those that are held now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from labdata.core import records as core
from labdata.core import words
from labdata.core.records import Record, path_of

_DEEPEST = 50


class Holding(Protocol):
    """Who knows what is held at a path."""

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of what is held at a path, empty where it is unknown."""

    def holder(self, path: str) -> str:
        """Say in words who holds it."""

    def learn(self, paths: Collection[str]) -> None:
        """Find out the hashes of what is held at some paths, where that is cheap."""


@dataclass
class Verdict:
    """What records tell of files: ``stale`` ones with the reason, and inputs that are ``unknown``."""

    stale: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


def judge(changed: Collection[str], records: Mapping[str, list[Record]], held: Holding) -> Verdict:
    """Tell which of the ``changed`` files, and of those made from them, are stale.

    ``records`` are all that are known of what may be held, by path. Of files that did not change, only those count that
    a change has made stale: the others were so before.
    """
    below = _made_from(changed, records)
    judging = _Judging(records, held)
    judging.look([*changed, *below])
    found = Verdict(unknown=judging.unknown)
    for path in (*sorted(changed), *sorted(below)):
        reason = judging.reason(path, None if path in changed else changed)
        if reason:
            found.stale[path] = reason
    return found


def _made_from(changed: Collection[str], records: Mapping[str, list[Record]]) -> set[str]:
    """Return the other files that records say were made from changed ones, directly or not."""
    uses: dict[str, set[str]] = {}
    for path, some in records.items():
        for record in some:
            for name, _sha256 in record.inputs:
                uses.setdefault(path_of(name), set()).add(path)
    found: set[str] = set()
    waiting = list(changed)
    while waiting:
        fresh = uses.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found - set(changed)


def record_of(path: str, sha256: str, records: Mapping[str, list[Record]]) -> Record | None:
    """Return the latest record of this very content of a file."""
    return core.newest(one for one in records.get(path, ()) if sha256 and one.sha256 == sha256)


class _Judging:
    """A walk from files to what they were made from: inputs that are ``other`` ones, or the ``same``, by path."""

    def __init__(self, records: Mapping[str, list[Record]], held: Holding) -> None:
        self._records = records
        self._held = held
        self.other: dict[str, list[str]] = {}
        self.same: dict[str, list[str]] = {}
        self.unknown: set[str] = set()

    def look(self, paths: Iterable[str]) -> None:
        """Follow records from these files, level by level."""
        level = list(paths)
        for _depth in range(_DEEPEST):
            level = [path for path in dict.fromkeys(level) if path not in self.other and path in self._records]
            if not level:
                return
            self._held.learn(level)
            made = {path: record_of(path, self._held.sha256(path), self._records) for path in level}
            inputs = {path: [(path_of(name), sha) for name, sha in one.inputs] for path, one in made.items() if one}
            self._held.learn({name for some in inputs.values() for name, sha in some if name and sha})
            for path, some in inputs.items():
                self._compare(path, some)
            level = [name for path in inputs for name in self.same[path]]

    def _compare(self, path: str, inputs: Iterable[tuple[str, str | None]]) -> None:
        self.other[path], self.same[path] = [], []
        for name, sha256 in inputs:
            held = self._held.sha256(name) if name else ""
            if not (sha256 and held):
                # What nobody holds any more (a temporary file, a deleted one) tells nothing.
                self.unknown |= {name} if name else set()
            else:
                (self.same if held == sha256 else self.other)[path].append(name)

    def reason(self, path: str, among: Collection[str] | None) -> str:
        """Return why a file is stale in a sentence, empty if it is not; ``among`` names the inputs that count."""
        if others := self._others(path, among):
            return f"It shows yesterday's data: it was made from {self._another(others)}."
        seen = {path}
        waiting = list(self.same.get(path, ()))
        while waiting:
            between = waiting.pop(0)
            if between in seen:
                continue
            seen.add(between)
            if others := self._others(between, among):
                made = f"it was made from data/{between}, which was made from {self._another(others)}"
                return f"It shows yesterday's data: {made}."
            waiting += self.same.get(between, ())
        return ""

    def _others(self, path: str, among: Collection[str] | None) -> list[str]:
        return [name for name in self.other.get(path, ()) if among is None or name in among]

    def _another(self, names: list[str]) -> str:
        more = f" (and {words.number(len(names) - 1, 'other input')} changed)" if len(names) > 1 else ""
        return f"another data/{names[0]} than {self._held.holder(names[0])} holds{more}"
