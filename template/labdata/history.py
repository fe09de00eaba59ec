"""Where a member's branch and main have a common past. The decision is pure; commits come in as lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from labdata.provenance import commit_of, trailers

if TYPE_CHECKING:
    from labdata.refs import Commit


def merge_bases(name: str, branch: Iterable[Commit], main: Iterable[Commit]) -> list[str]:
    """Return the commits that the branch ``name`` and main both contain, the youngest of each way; none if unrelated.

    Takes both histories, newest first; they are read only as far as needed. A Hub commit has one parent, so what
    git would read off its graph stands in trailers: a branch's commit names the main commit merged into it
    (``Main``), and main's commit names the branch commit that a pull request brought (``Branch``). Two commits
    come back where both happened without knowing of each other.
    """
    reader = _Main(name, iter(main))
    merged = ""
    own: list[Commit] = []
    rest = iter(branch)
    for commit in rest:
        own.append(commit)
        merged = _main_of(commit)
        reader.read_until(merged)
        if commit.id in reader.seen:
            return [commit.id]
        if merged:
            break
    # What main took before it was merged here is part of that merge; only what it took since counts beside it.
    proposed = reader.proposed_since(merged)
    if proposed:
        own.extend(_until(rest, proposed, {commit.id for commit in own}))
    taken = next((commit for commit in own if commit.id in proposed), None)
    if taken is None:
        return [merged] if merged else []
    if not merged or _main_of(taken) == merged:
        return [taken.id]
    return [taken.id, merged]


class _Main:
    """Main's history, read on demand."""

    def __init__(self, name: str, rest: Iterator[Commit]) -> None:
        self.seen: dict[str, int] = {}
        self._proposed: dict[str, int] = {}
        self._name = name
        self._rest = rest

    def proposed_since(self, commit: str) -> set[str]:
        """Return the branch's commits that main took after a commit of main's; all without one."""
        limit = self.seen.get(commit, len(self.seen))
        return {proposed for proposed, age in self._proposed.items() if age < limit}

    def read_until(self, wanted: str) -> None:
        """Read back to a commit; to the beginning without one."""
        if wanted in self.seen:
            return
        for commit in self._rest:
            age = self.seen[commit.id] = len(self.seen)
            value = trailers(commit.message).get("Branch", "")
            if value.rpartition("@")[0] == self._name:
                self._proposed[commit_of(value)] = age
            if commit.id == wanted:
                return


def _until(rest: Iterator[Commit], wanted: set[str], seen: set[str]) -> list[Commit]:
    read: list[Commit] = []
    while not wanted & seen and (commit := next(rest, None)) is not None:
        read.append(commit)
        seen.add(commit.id)
    return read


def _main_of(commit: Commit) -> str:
    return commit_of(trailers(commit.message).get("Main", ""))
