"""The commits of a push are brought to the Hub: small ones quickly, others with their large files ahead of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.hub.small import LightHub
from labdata.sync.outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from labdata.core.content import Content
    from labdata.core.plan import PutPlan
    from labdata.hub.advance import Advance
    from labdata.hub.commit import Change
    from labdata.hub.taken import Taken
    from labdata.hub.upload import Ahead, Sender
    from labdata.sync.remote import Remote
    from labdata.workspace import Workspace

_LOOKS, _PAUSE = 40, 0.05
"""How often, and for how many seconds each time, the end of what is sent ahead is waited for when a push ends early."""


class Sending:
    """Makes the commits of one push, each of one part of it.

    ``taken`` counts what Xet is sent; ``inside`` are the files that travelled within the last commit.
    """

    def __init__(self, workspace: Workspace, remote: Remote, known_main: str, branch: str, taken: Taken) -> None:
        self._workspace, self._remote, self._known_main, self._branch = workspace, remote, known_main, branch
        self._advance: Advance[Mapping[str, Content], Ahead] | None = None
        self._parts: Sequence[PutPlan] = ()
        self._taken = taken
        self.inside: Collection[str] = ()

    @contextmanager
    def ahead_of(self, parts: Sequence[PutPlan]) -> Iterator[None]:
        """Send large files, part after part, while the commits of the parts before them are made."""
        if len(parts) < 2:
            # What comes first is committed first: there is nothing to wait for meanwhile.
            yield
            return
        from labdata.hub.advance import Advance
        from labdata.hub.upload import send_ahead

        sender, repo, branch = self._sender(), self._remote.repo, self._branch
        # As they are now: what goes along with a part is added to it when it is its turn.
        files: list[Mapping[str, Content]] = [dict(part.send) for part in parts]
        self._parts = parts
        self._advance = advance = Advance(files, lambda one: send_ahead(sender, repo, branch, one))
        try:
            yield
        finally:
            advance.end()
            sender.is_over.set()
            # A thread that imports or sends while Python ends can make the whole process abort.
            for _look in range(_LOOKS):
                while sender.stops:
                    sender.stops.pop()()
                if advance.has_ended(_PAUSE):
                    break

    def commit(self, part: PutPlan, parent: str, title: str, body: str, *, is_first_try: bool) -> str:
        """Make the commit of a part; returns its sha.

        It is sent once. Raises ``HubError`` where it may have been made all the same: only the caller can find out.
        """
        made = self._quickly(part, parent, title, body) if is_first_try else ""
        if made:
            return made
        change = self._change(part)
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

    def _change(self, part: PutPlan) -> Change:
        """Return what the commit does, with large files already on the Hub."""
        from labdata.hub.commit import Change
        from labdata.hub.upload import prepared

        workspace, remote = self._workspace, self._remote
        send = prepared(self._sender(), remote.repo, self._branch, part.send, self._ahead(part))
        self.inside = {one.path for one in send if one.data is not None}
        main = workspace.tree(remote.repo.id, self._known_main) if part.copy else {}
        copy = {
            path: self._known_main if same(main.get(path), content) else remote.main
            for path, content in part.copy.items()
        }
        return Change(send=send, copy=copy, delete=part.delete)

    def _ahead(self, part: PutPlan) -> Ahead | None:
        """Wait for what is done ahead of a part; raises, once, what kept it from being done."""
        if self._advance is None:
            return None
        return self._advance.take(next(number for number, one in enumerate(self._parts) if one is part))

    def _sender(self) -> Sender:
        from labdata.hub.upload import Sender

        workspace = self._workspace
        return Sender(workspace.hub, Outgoing(workspace), workspace.console, workspace.private_folder, self._taken)
