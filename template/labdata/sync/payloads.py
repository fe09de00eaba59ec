"""What the commits of a push add, each made ready while the commit before it is on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from labdata.core.plan.put import LARGE
from labdata.hub import crew
from labdata.hub.commit_lines import lines_of
from labdata.sync.outgoing import Outgoing

if TYPE_CHECKING:
    from labdata.core.content import Content
    from labdata.core.plan import PutPlan
    from labdata.core.project import Repo
    from labdata.hub.advance import Advance
    from labdata.hub.taken import Taken
    from labdata.hub.upload import Ahead, Sender
    from labdata.records.noting import Noting, Share
    from labdata.workspace import Workspace

_LOOKS, _PAUSE = 40, 0.05
"""How often, and for how many seconds each time, the end of what is done ahead is waited for when a push ends early."""

_HEAVY = 100_000_000
"""Bytes of a commit from which on it is made ready in its turn: two of that kind are much to hold in memory."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What one commit adds, as the lines of a request; ``inside`` are the files of which these hold all bytes."""

    lines: Sequence[bytes] = ()
    inside: frozenset[str] = field(default_factory=frozenset)


class Payloads:
    """What the commits of one push of ``parts`` add. Large files are sent ahead of them, part after part."""

    def __init__(
        self, workspace: Workspace, repo: Repo, branch: str, taken: Taken, noting: Noting, parts: Sequence[PutPlan]
    ) -> None:
        self._workspace, self._repo, self._branch, self._taken, self._noting = workspace, repo, branch, taken, noting
        # As they are now: what goes along with a part is added to it when it is its turn.
        self._files: list[Mapping[str, Content]] = [dict(part.send) for part in parts]
        self._records = noting.sorted_by(self._files)
        self._shares: dict[int, Share] = {}
        self._asked: dict[int, Callable[[], Ahead]] = {}
        self._large: Advance[Mapping[str, Content], Ahead] | None = None
        self._ready: Advance[Callable[[], object], object] | None = None
        self._senders: list[Sender] = []

    def begin(self) -> None:
        """Work ahead from now on, if there is more than one commit: what comes first is committed first."""
        if len(self._files) < 2:
            return
        from labdata.hub.advance import Advance
        from labdata.hub.upload import send_ahead

        repo, branch, sender = self._repo, self._branch, self._sender()
        large = [{path: one for path, one in files.items() if one.size > LARGE} for files in self._files]
        # Xet splits and hashes on all cores, and the commits of small files come before what it does.
        self._large = Advance(large, lambda files: send_ahead(sender, repo, branch, files), gives_way=True)
        # One part of two steps: the next part is begun when the payload of this one goes on its way.
        steps = [partial(step, number) for number in range(len(self._files)) for step in (self._share, self._light)]
        self._ready = Advance(steps, lambda step: step(), reach=2)

    def share(self, number: int) -> Share:
        """Return what goes along with a commit."""
        if self._ready is not None:
            self._ready.take(2 * number)
        return self._shares.get(number) or self._share(number)

    def payload(self, number: int) -> Payload:
        """Return what a commit adds; raises, once, what kept it from being made ready ahead of its turn."""
        found = self._ready.take(2 * number + 1) if self._ready is not None else None
        return found if isinstance(found, Payload) else self._payload(number)

    def end(self) -> None:
        """Let go of all that is done ahead of its turn."""
        advances = [one for one in (self._large, self._ready) if one is not None]
        for advance in advances:
            advance.end()
        for sender in self._senders:
            sender.is_over.set()
        # A thread that imports or sends while Python ends can make the whole process abort.
        for _look in range(_LOOKS):
            for sender in self._senders:
                # What was broken off already, or has ended by itself, is broken off in vain.
                for stop in tuple(sender.stops):
                    stop()
            if all(advance.has_ended(_PAUSE) for advance in advances):
                break

    def _share(self, number: int) -> Share:
        if len(self._files) > 1:
            self._ask(number)
        is_last = number + 1 == len(self._files)
        share = self._noting.share(self._workspace, self._records[number], is_last=is_last)
        self._shares[number] = share
        return share

    def _ask(self, number: int) -> None:
        """Ask how the Hub stores the small files of a commit, while its share of the records is made."""
        from labdata.hub.upload import send_ahead

        small = {path: one for path, one in self._files[number].items() if one.size <= LARGE}
        self._asked[number] = crew.begun(partial(send_ahead, self._sender(), self._repo, self._branch, small))

    def _light(self, number: int) -> Payload | None:
        """Return the payload of a commit that may be held in memory beside another one."""
        files = self._files[number]
        # The Hub may take large files within the commit too, if they are text.
        modes = ahead.modes if (ahead := self._sent_ahead(number)) else {}
        inside = {path for path in files if path not in modes or not modes[path].by_xet}
        held = sum(content.size for path, content in files.items() if path in inside or content.size <= LARGE)
        return self._payload(number) if held <= _HEAVY else None

    def _sent_ahead(self, number: int) -> Ahead | None:
        return self._large.take(number) if self._large is not None else None

    def _payload(self, number: int) -> Payload:
        from labdata.hub.upload import Ahead, prepared

        ahead = self._sent_ahead(number)
        if asked := self._asked.pop(number, None):
            small = asked()
            ahead = Ahead({**small.modes, **ahead.modes}, ahead.sent) if ahead else small
        files = {**self._files[number], **self._shares[number].contents}
        additions = prepared(self._sender(), self._repo, self._branch, files, ahead)
        inside = frozenset(one.path for one in additions if one.data is not None)
        return Payload(lines_of(additions), inside)

    def _sender(self) -> Sender:
        from labdata.hub.upload import Sender

        workspace = self._workspace
        sender = Sender(workspace.hub, Outgoing(workspace), workspace.console, workspace.private_folder, self._taken)
        self._senders.append(sender)
        return sender
