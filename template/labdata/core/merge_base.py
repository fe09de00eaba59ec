"""Where a member's branch and main have a common past. The decision is pure; commits come in as lists.

A Hub commit has one parent, so what git would read off its graph is put together from other facts: the two histories,
the seals of labdata's own commits, and which commit of main merged which pull request. What a message merely claims
gives a pair of versions to be compared: where both hold the same content of a file, that content is common past,
whoever wrote the message; where they differ, the claim says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core.refs import Ancestor
from labdata.core.trailers import commit_of, sealed_trailers, trailers

if TYPE_CHECKING:
    from labdata.core.refs import Commit


@dataclass(frozen=True, slots=True)
class Pair:
    """A commit of the branch and one of main of which a file is common past where both hold the same.

    ``is_later`` says that both are later than the commit that is shared as a whole.
    """

    branch: str
    main: str
    is_later: bool


@dataclass(frozen=True, slots=True)
class CommonPast:
    """What a branch and main have in common.

    ``shared`` is the commit of main that the branch contains as a whole, empty where there is none: one of the
    histories was rewritten; ``lost`` is then what the branch last contained of the main that is gone, if its commits
    still say so. ``pairs`` are versions that agree on some files only, the latest first.
    """

    shared: str
    pairs: tuple[Pair, ...] = ()
    lost: str = ""


def with_parents(commits: Iterable[Commit]) -> Iterator[tuple[Commit, str]]:
    """Give commits, newest first, each with the sha of its parent; the first commit of a repo has an empty one."""
    last: Commit | None = None
    for commit in commits:
        if last is not None:
            yield last, commit.id
        last = commit
    if last is not None:
        yield last, ""


def ancestors(commits: Iterable[Commit]) -> Iterator[Ancestor]:
    """Give commits, newest first, as what never changes of them."""
    return (Ancestor(one.id, parent, one.title, one.message) for one, parent in with_parents(commits))


def common_past(
    branch: Iterable[Ancestor], main: Iterable[Ancestor], taken_by: Callable[[Ancestor], Collection[str]]
) -> CommonPast:
    """Return what a branch and main both contain.

    Takes both histories, newest first, which are read only as far as needed; ``taken_by`` says for a commit of main
    which commits of the branch it is said to have taken by a merged pull request.
    """
    reader = _Main(main)
    rest = iter(branch)
    found = _read(rest, reader)
    limit = reader.seen.get(found.shared, len(reader.seen))
    pairs = []
    if found.claim and reader.has(found.claim[1]) and reader.seen[found.claim[1]] < limit:
        pairs.append(Pair(*found.claim, is_later=True))
    pairs += _taken(found.own, rest, reader, found.shared, taken_by)
    return CommonPast(found.shared, tuple(pairs), "" if found.shared else found.lost)


@dataclass(slots=True)
class _Read:
    """What was read of a branch: its commits (``own``), what it shares with main, and what it says of main.

    ``claim`` is the newest that no seal proves, as ``(commit of the branch, commit of main)``; ``lost`` the newest
    sealed commit of main that main does not hold.
    """

    own: list[str] = field(default_factory=list)
    shared: str = ""
    claim: tuple[str, str] | None = None
    lost: str = ""


def _read(rest: Iterator[Ancestor], reader: _Main) -> _Read:
    """Read a branch back to what it shares with main."""
    found = _Read()
    for commit in rest:
        found.own.append(commit.id)
        said = commit_of(trailers(commit.message).get("Main", ""))
        sealed = commit_of(sealed_trailers(commit.message, commit.parent).get("Main", ""))
        if sealed and reader.has(sealed):
            found.shared = commit.id if commit.id in reader.seen else sealed
            return found
        found.lost = found.lost or sealed
        if said and not sealed and found.claim is None:
            found.claim = (commit.id, said)
        reader.read_one()
        if shared := next((one for one in found.own if one in reader.seen), ""):
            found.shared = shared
            return found
    reader.has("")
    found.shared = next((one for one in found.own if one in reader.seen), "")
    return found


def _taken(
    own: list[str],
    rest: Iterator[Ancestor],
    reader: _Main,
    shared: str,
    taken_by: Callable[[Ancestor], Collection[str]],
) -> list[Pair]:
    """Return the pairs of merged pull requests on main since the shared commit, the latest first."""
    older = _Older(rest, reader)
    pairs = []
    for commit in reader.commits[: reader.seen.get(shared, len(reader.seen))]:
        for taken in taken_by(commit):
            if taken in own:
                pairs.append(Pair(taken, commit.id, is_later=True))
            elif older.has(taken):
                # One that had merged the same commit of main is later than it, too.
                pairs.append(Pair(taken, commit.id, is_later=older.merged[taken] == shared))
    return pairs


class _Older:
    """The commits of a branch that are older than its last merge of main, with what each had merged; read on demand."""

    def __init__(self, rest: Iterator[Ancestor], reader: _Main) -> None:
        self.merged: dict[str, str] = {}
        self._rest = rest
        self._reader = reader

    def has(self, wanted: str) -> bool:
        """Tell whether the branch contains a commit, reading back to where it left main."""
        while wanted not in self.merged:
            commit = next(self._rest, None)
            if commit is None or commit.id in self._reader.seen:
                return False
            self.merged[commit.id] = commit_of(sealed_trailers(commit.message, commit.parent).get("Main", ""))
        return True


class _Main:
    """Main's history, read on demand."""

    def __init__(self, commits: Iterable[Ancestor]) -> None:
        self.seen: dict[str, int] = {}
        self.commits: list[Ancestor] = []
        self._rest = iter(commits)

    def read_one(self) -> bool:
        """Read one commit more; returns False at the end."""
        commit = next(self._rest, None)
        if commit is None:
            return False
        self.seen[commit.id] = len(self.seen)
        self.commits.append(commit)
        return True

    def has(self, wanted: str) -> bool:
        """Tell whether main contains a commit, reading back to it."""
        while wanted not in self.seen:
            if not self.read_one():
                return False
        return True
