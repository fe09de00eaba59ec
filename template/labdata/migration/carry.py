"""A plan carried out: objects pass through this computer, in batches, several at once; then they are committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core.content import Content, same
from labdata.core.errors import LeftOutError
from labdata.hub import SAMPLE, crew, streams
from labdata.hub.modes import modes_of
from labdata.local.migrations import Migrations, Seen
from labdata.migration.bucket import CHUNK, Bucket
from labdata.migration.digests import Digests
from labdata.migration.model import FAILED, LEFT_OUT, THERE, Item, Move, Outcome, Target
from labdata.migration.plan import Share, conflict
from labdata.migration.publish import Publisher, Ready
from labdata.sync.checks import is_pointer, secret_in

if TYPE_CHECKING:
    from labdata.hub.streams import Feed, Stream
    from labdata.workspace import Workspace

BATCH_FILES, BATCH_BYTES = 256, 1_000_000_000
"""What is sent before it is noted as sent: so much at most is read again after a kill, and never sent again."""

IN_MEMORY = 100_000_000
"""Bytes of small text files that are held until their commit: the Hub takes them only inside of it."""

_SMALL = 1_000_000  # bytes up to which an object is read at once
_SMALL_BYTES = 64_000_000  # of such objects in one batch


@dataclass
class Carrier:
    """Moves one repo's share of a plan; ``outcomes`` grows by one for each object, ``count`` is told of the bytes."""

    workspace: Workspace
    bucket: Bucket
    notes: Migrations
    publisher: Publisher
    workers: int
    count: Callable[[int], None]
    outcomes: list[Outcome] = field(default_factory=list)
    new: int = 0

    @property
    def target(self) -> Target:
        """Where it goes."""
        return self.publisher.target

    @property
    def _name(self) -> str:
        return self.target.repo.name

    def run(self, share: Share) -> None:
        """Compare what is to be compared, and send and commit the rest."""
        self.compare(share.compare)
        # The known ones first: they are sent, and only to be committed.
        waiting = [ready for move in share.send if (ready := self._resumed(move))]
        sent = {ready.move.path for ready in waiting}
        for _ready in waiting:
            self.count(_ready.move.item.size)
        limit = self.workspace.settings.files_per_commit
        for batch in batches([move for move in share.send if move.path not in sent], self.workers):
            waiting += self._sent(batch)
            held = sum(len(ready.data or b"") for ready in waiting)
            while len(waiting) >= limit or held > IN_MEMORY:
                self._publish(waiting[:limit])
                waiting, held = waiting[limit:], 0
        while waiting:
            self._publish(waiting[:limit])
            waiting = waiting[limit:]

    def _publish(self, ready: list[Ready]) -> None:
        self.outcomes += self.publisher.commit(ready)

    def compare(self, moves: list[Move]) -> None:
        """Read objects that may be on the Hub already, and tell whether they are; nothing is sent."""
        for batch in batches(moves, self.workers):
            self.outcomes += crew.each(batch, self._compared, self.workers)

    def _compared(self, move: Move) -> Outcome:
        try:
            content, checked = self._read(move.item, lambda _data: None)
        except LeftOutError as error:
            return self._left_out(move, error)
        self._note([(move.item, content, checked)])
        if not same(self.target.tree.get(move.path), content):
            return conflict(self.target, move, content)
        return Outcome(move.item, move.path, self._name, THERE, content=content, checked=checked)

    def _left_out(self, move: Move, error: LeftOutError) -> Outcome:
        return Outcome(move.item, move.path, self._name, error.what, error.reason)

    def _resumed(self, move: Move) -> Ready | None:
        """Return what an earlier, cut-off command has sent already, without a commit that names it."""
        item = move.item
        seen = self.notes.seen(item.key, item.etag, item.size)
        if seen is None or not self.notes.is_sent(self.target.repo.id, seen.sha256):
            return None
        return Ready(move, Content(seen.size, seen.sha256, seen.git), seen.checked, is_resumed=True)

    def _note(self, found: list[tuple[Item, Content, str]], sent: str = "") -> None:
        self.notes.add(
            Seen(item.key, item.etag, item.size, content.sha256 or "", content.git or "", checked, sent)
            for item, content, checked in found
        )

    # --- one object

    def _read(
        self, item: Item, write: Callable[[bytes], None], heard: Callable[[], None] = lambda: None
    ) -> tuple[Content, str]:
        """Read a whole object, give its bytes to ``write``, and return what it is; raises ``LeftOutError``."""
        part = self.bucket.part_size(item, heard) if item.size else 0
        reading = self.bucket.open(item, heard)
        digests = Digests(item, is_md5=reading.is_md5, part=part)
        done = 0
        for data in reading.chunks:
            if not done:
                _refuse(item, data)
            digests.update(data)
            write(data)
            done += len(data)
            self.count(len(data))
        return digests.checked()

    def _begun(self, move: Move) -> _Begun:
        """Read a small object whole, of a large one the first bytes, by which the Hub decides how to store it."""
        item = move.item
        try:
            if item.size > _SMALL:
                return _Begun(move, self.bucket.first(item, SAMPLE))
            data = bytearray()
            content, checked = self._read(item, data.extend)
        except LeftOutError as error:
            return _Begun(move, refused=error)
        return _Begun(move, bytes(data), content, checked)

    # --- one batch

    def _sent(self, batch: list[Move]) -> list[Ready]:
        """Send a batch; returns what is ready for a commit."""
        begun = {one.move.path: one for one in crew.each(batch, self._begun, self.workers)}
        self.outcomes += [self._left_out(one.move, one.refused) for one in begun.values() if one.refused]
        begun = {path: one for path, one in begun.items() if not one.refused}
        sizes = {path: one.move.item.size for path, one in begun.items()}
        hub, target = self.workspace.hub, self.target
        known = modes_of(hub, target.repo.id, self.publisher.existing_branch(), sizes, lambda path: begun[path].data)
        ready: list[Ready] = []
        feeds: dict[str, Feed] = {}
        checks: dict[str, str] = {}
        for path, one in begun.items():
            if known[path].ignored:
                reason = "the .gitignore of its repo on the Hub leaves it out"
                self.outcomes.append(self._left_out(one.move, LeftOutError(LEFT_OUT, reason)))
            elif known[path].by_xet:
                feeds[path] = self._feed(one, checks)
            else:
                ready += self._held(one)
        if feeds:
            ready += self._streamed(feeds, begun, checks)
        return ready

    def _held(self, one: _Begun) -> list[Ready]:
        """Return a file that the Hub stores as it is, with its bytes."""
        data, content, checked = one.data, one.content, one.checked
        if content is None:
            whole = bytearray()
            try:
                content, checked = self._read(one.move.item, whole.extend)
            except LeftOutError as error:
                self.outcomes.append(self._left_out(one.move, error))
                return []
            data = bytes(whole)
        self._note([(one.move.item, content, checked)])
        return [Ready(one.move, content, checked, data)]

    def _feed(self, one: _Begun, checks: dict[str, str]) -> Feed:
        def feed(stream: Stream) -> Content:
            if one.content is not None:
                stream.write(one.data)
                checks[one.move.path] = one.checked
                return one.content
            content, checks[one.move.path] = self._read(one.move.item, stream.write, stream.heard)
            return content

        return feed

    def _streamed(self, feeds: dict[str, Feed], begun: dict[str, _Begun], checks: dict[str, str]) -> list[Ready]:
        workspace, repo = self.workspace, self.target.repo.id
        branch = self.publisher.existing_branch()
        sent = streams.send(workspace.hub, repo, branch, feeds, workers=self.workers, scratch=workspace.private_folder)
        self.new += sent.new
        for path, error in sent.refused.items():
            what = error if error.what != "failed" else LeftOutError(FAILED, error.reason)
            self.outcomes.append(self._left_out(begun[path].move, what))
        found = [(begun[path].move.item, content, checks[path]) for path, content in sent.contents.items()]
        self._note(found, repo)
        return [Ready(begun[path].move, content, checks[path]) for path, content in sent.contents.items()]


@dataclass(frozen=True)
class _Begun:
    """An object that is to be sent: with ``content`` it was read whole, and ``data`` is all of it."""

    move: Move
    data: bytes = b""
    content: Content | None = None
    checked: str = ""
    refused: LeftOutError | None = None


def batches(moves: list[Move], workers: int) -> Iterator[list[Move]]:
    """Give what is sent together: enough for all workers, and little enough to be read again after a kill."""
    batch: list[Move] = []
    size = small = 0
    for move in moves:
        item = move.item
        is_full = len(batch) >= workers and size + item.size > BATCH_BYTES
        if batch and (len(batch) >= BATCH_FILES or is_full or small > _SMALL_BYTES):
            yield batch
            batch, size, small = [], 0, 0
        batch.append(move)
        size += item.size
        small += item.size if item.size <= _SMALL else 0
    if batch:
        yield batch


def _refuse(item: Item, beginning: bytes) -> None:
    """Raise ``LeftOutError`` where the beginning of a file shows that it must not, or need not, be moved."""
    if secret := secret_in(beginning[:CHUNK]):
        raise LeftOutError(LEFT_OUT, f"it holds what looks like a secret ({secret[:8]}…)")
    if is_pointer(beginning) and item.size == len(beginning):
        raise LeftOutError(LEFT_OUT, "it is only a pointer of Git LFS or git-annex, not the content")
