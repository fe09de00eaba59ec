"""What goes along with a put, commit by commit: packs of records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import records as core
from labdata.core.content import Content
from labdata.core.packs import Pack
from labdata.core.records import Record
from labdata.local.disk import hashes_of
from labdata.local.notes import Known
from labdata.records import packs_given, store, verdicts

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

LOOKED = "records"
"""Under which the state keeps since when there is nothing to look at."""


@dataclass(frozen=True)
class Share:
    """What goes along with one commit of a put: packs, and what is to be kept once they have landed."""

    packs: Sequence[Pack] = ()
    known: dict[str, Known] = field(default_factory=dict)

    @property
    def contents(self) -> dict[str, Content]:
        """The packs as files to send."""
        return {pack.path: Content(len(pack.data), *hashes_of(pack.data)) for pack in self.packs}

    def keep(self, workspace: Workspace, repo: Repo) -> None:
        """Keep what is recorded now; belongs inside ``state.changes()``, after the commit has landed."""
        workspace.state.update_recorded(repo.id, self.known)


Made = Callable[[Sequence[str]], "list[tuple[Record, Known]]"]
"""Makes the records of some paths, each with what is to be kept of it; in any thread."""


@dataclass(frozen=True)
class Noting:
    """What goes along with a put: records of some ``paths``, and packs that become superfluous, as ``merged`` ones are.

    ``count`` is how many of the files are not sent, because the Hub holds them already; ``verdicts`` are packs of what
    came of making files again, ``tidied`` those that many of them were merged into.
    """

    paths: Sequence[str] = ()
    made: Made = lambda _paths: []
    merged: list[Record] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    count: int = 0
    since: float = 0.0
    verdicts: list[Pack] = field(default_factory=list)
    tidied: list[Pack] = field(default_factory=list)
    _own: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to record."""
        return not (self.paths or self.verdicts)

    def sorted_by(self, parts: Sequence[Collection[str]]) -> list[list[str]]:
        """Return whose records go along with each commit of a push, given the paths that each sends.

        A record goes with its file, so that it is there as soon as that is; all others go with the last commit.
        """
        number_of = {path: number for number, paths in enumerate(parts) for path in paths}
        found: list[list[str]] = [[] for _part in parts]
        for path in self.paths:
            found[number_of.get(path, -1)].append(path)
        return found

    def share(self, workspace: Workspace, paths: Sequence[str], *, is_last: bool) -> Share:
        """Make what goes along with one commit, in any thread: the records of some paths, and in the end all else.

        The packs are kept on this disk, from where they are sent.
        """
        made = self.made(paths)
        records = [record for record, _known in made]
        records += self.merged if is_last and self.paths else []
        others = [*self.verdicts, *self.tidied] if is_last else []
        if not records:
            return Share(others)
        pack = core.packed(records)
        store.kept(workspace, pack)
        if len(records) == len(made):
            self._own.append(pack.path)
        return Share([pack, *others], {record.path: known for record, known in made})

    def end(self, workspace: Workspace, repo: Repo) -> None:
        """Keep since when there is nothing to look at; after all of the put is kept."""
        if self.since:
            workspace.state.set_quiet(repo.id, LOOKED, repr(self.since))
        if self._own:
            packs_given.add_own(workspace, repo, self._own)
        verdicts.landed(workspace, repo, [pack.path for pack in self.verdicts])
