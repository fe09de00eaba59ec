"""The commits of a push are brought to the Hub: small ones quickly, others with all that was made ready for them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.hub.small import LightHub
from labdata.sync.outgoing import Outgoing
from labdata.sync.payloads import Payloads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from labdata.core.plan import PutPlan
    from labdata.hub.commit_lines import Change
    from labdata.hub.taken import Taken
    from labdata.records.noting import Noting, Share
    from labdata.sync.remote import Remote
    from labdata.workspace import Workspace


class Sending:
    """Makes the commits of one push, each of one of its ``parts``.

    ``taken`` counts what Xet is sent; ``inside`` are the files that travelled within the last commit.
    """

    def __init__(
        self,
        workspace: Workspace,
        remote: Remote,
        known_main: str,
        branch: str,
        taken: Taken,
        noting: Noting,
        parts: Sequence[PutPlan],
    ) -> None:
        self._workspace, self._remote, self._known_main, self._branch = workspace, remote, known_main, branch
        self._payloads = Payloads(workspace, remote.repo, branch, taken, noting, parts)
        self._is_single = len(parts) < 2
        self.inside: Collection[str] = ()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Make ready what comes next while a commit is made."""
        self._payloads.begin()
        try:
            yield
        finally:
            self._payloads.end()

    def share(self, number: int) -> Share:
        """Return what goes along with the commit of a part, counted from 0."""
        return self._payloads.share(number)

    def commit(self, number: int, part: PutPlan, parent: str, title: str, body: str, *, is_first_try: bool) -> str:
        """Make the commit of a part; returns its sha.

        It is sent once. Raises ``HubError`` where it may have been made all the same: only the caller can find out.
        """
        made = self._quickly(part, parent, title, body) if is_first_try and self._is_single else ""
        if made:
            return made
        change = self._change(number, part)
        commit = self._workspace.hub.commit
        return commit(self._remote.repo.id, change, branch=self._branch, parent=parent, title=title, body=body)[0]

    def _quickly(self, part: PutPlan, parent: str, title: str, body: str) -> str:
        hub = self._workspace.hub
        if part.copy or not isinstance(hub, LightHub):
            return ""
        place, repo = Outgoing(self._workspace).path, self._remote.repo.id
        return hub.commit_small(
            repo, part.send, part.delete, place, branch=self._branch, parent=parent, title=title, body=body
        )

    def _change(self, number: int, part: PutPlan) -> Change:
        """Return what the commit does, with large files already on the Hub."""
        from labdata.hub.commit_lines import Change

        workspace, remote = self._workspace, self._remote
        payload = self._payloads.payload(number)
        self.inside = payload.inside
        main = workspace.tree(remote.repo.id, self._known_main) if part.copy else {}
        copy = {
            path: self._known_main if same(main.get(path), content) else remote.main
            for path, content in part.copy.items()
        }
        return Change(payload.lines, copy, part.delete)
