"""Large files on their way up: sent to Xet before their commit, with progress, and with a count of what was really new.

The client would send them inside its own call, with bars of its own and no word on how much Xet found on the Hub
already. What is prepared here is handed to it as done. What travels inside the commit is held in memory and has been
compared with what was hashed, so that no half of a change is ever committed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from labdata.core import hints, words
from labdata.core.content import Content
from labdata.core.errors import HubError, LabdataError
from labdata.core.plan.put import LARGE
from labdata.hub import SAMPLE, waiting
from labdata.hub.changing import changed_meanwhile, reading
from labdata.hub.commit_lines import Addition
from labdata.hub.modes import Mode, modes_of
from labdata.hub.without_xet import is_without_xet
from labdata.local.disk import hash_file
from labdata.local.whole import read_beginning, read_whole

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.core.reporting import Reporter
    from labdata.hub.client import Hub
    from labdata.hub.taken import Taken

SMALL = LARGE
"""Bytes up to which a file that Xet stores is held in memory between hashing and sending.

A larger one is looked at again once it is sent.
"""

IN_ONE_COMMIT = 1_000_000_000
"""Bytes of files that the Hub stores without Xet which one commit takes."""


class FilesOnDisk(Protocol):
    """The files that are sent, by their paths in the repo."""

    def path(self, path: str) -> Path:
        """Return where a file is."""

    def unchanged_since(self, path: str, content: Content) -> bool:
        """Tell whether a file still is what was hashed, as far as its size and times tell."""

    def held(self, path: str, content: Content) -> bytes | None:
        """Return the very bytes that were hashed, if they were kept in memory."""

    def sample(self, path: str, content: Content) -> bytes | None:
        """Return the first bytes of what was hashed, if they were kept in memory."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What an upload works with; ``scratch`` is a folder on the project's disk, to be named where that is full.

    ``taken`` counts what Xet was sent, and ``stops`` break off what it is sent, one thing at a time. It takes nothing
    any more once it ``is_over``.
    """

    hub: Hub
    files: FilesOnDisk
    reporter: Reporter
    scratch: Path
    taken: Taken
    stops: list[Callable[[], None]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was done for some files before their commit: the Hub said how it stores them, and Xet has the large ones."""

    modes: Mapping[str, Mode] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()


def send_ahead(sender: Sender, repo: Repo, branch: str, files: Mapping[str, Content]) -> Ahead:
    """Ask how the Hub stores some files, and send the large ones that it stores by Xet."""
    modes = _modes(sender, repo, branch, files)
    if is_without_xet():
        return Ahead(modes)
    large = {
        path: content
        for path, content in files.items()
        if content.size > SMALL and modes[path].by_xet and not modes[path].ignored
    }
    _send_large(sender, repo, branch, large)
    return Ahead(modes, frozenset(large))


def prepared(
    sender: Sender, repo: Repo, branch: str, files: Mapping[str, Content], ahead: Ahead | None = None
) -> list[Addition]:
    """Return the additions of a commit, those for Xet already sent.

    What the repo's ``.gitignore`` leaves out, and what the branch holds already, is no addition. Raises
    ``LabdataError`` if a file no longer is what was hashed.
    """
    ahead = ahead or Ahead()
    unknown = {path: content for path, content in files.items() if path not in ahead.modes}
    modes = {**ahead.modes, **_modes(sender, repo, branch, unknown)}
    files = {path: content for path, content in files.items() if not modes[path].ignored}
    inside = sum(content.size for path, content in files.items() if not modes[path].by_xet)
    if inside > IN_ONE_COMMIT:
        raise LabdataError(
            f"{words.size(inside)} in text files are more than the Hub takes in one commit. Nothing was published.",
            hints.SMALLER_COMMITS,
        )
    by_xet = {path: content for path, content in files.items() if modes[path].by_xet}
    if is_without_xet():
        from labdata.hub.plain_upload import send_plainly

        send_plainly(sender.hub, repo, branch, by_xet, {path: sender.files.path(path) for path in by_xet})
        data = _read_all(sender, files, [path for path in files if path not in by_xet])
    else:
        data = _send_by_xet(sender, repo, branch, files, by_xet, ahead)
    for path, content in by_xet.items():
        if content.size > SMALL and not sender.files.unchanged_since(path, content):
            _require_same(sender, path, content)
    additions = [Addition(path, content, data.get(path)) for path, content in files.items()]
    return [one for one in additions if one.data is None or modes[one.path].oid != one.content.git]


def _send_by_xet(
    sender: Sender,
    repo: Repo,
    branch: str,
    files: Mapping[str, Content],
    by_xet: Mapping[str, Content],
    ahead: Ahead,
) -> dict[str, bytes]:
    """Send what Xet takes and has not; returns the bytes of what travels within the commit."""
    large = {path: content for path, content in by_xet.items() if content.size > SMALL}
    rest = {path: content for path, content in large.items() if path not in ahead.sent}
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The small ones are read while the large ones are on their way.
        others = pool.submit(_read_all, sender, files, [path for path in files if path not in large])
        _send_large(sender, repo, branch, rest)
        data = others.result()
    small = {path: data.pop(path) for path in by_xet if path in data}
    _send(sender, repo, branch, by_xet, small, "small file")
    return data


def _send_large(sender: Sender, repo: Repo, branch: str, files: Mapping[str, Content]) -> None:
    if files:
        new = _send(sender, repo, branch, files, {path: sender.files.path(path) for path in files}, "large file")
        sender.taken.add(files.values(), new)


def _read_all(sender: Sender, files: Mapping[str, Content], paths: Iterable[str]) -> dict[str, bytes]:
    return {path: _read(sender, path, files[path]) for path in paths}


def _read(sender: Sender, path: str, content: Content) -> bytes:
    data = sender.files.held(path, content)
    if data is not None and sender.files.unchanged_since(path, content):
        return data
    # Times alone are no change: a rule may have made the same file again.
    with reading(path):
        data = read_whole(sender.files.path(path), content.size)
    if hashlib.sha256(data).hexdigest() != content.sha256:
        raise changed_meanwhile(path)
    return data


def _require_same(sender: Sender, path: str, content: Content) -> None:
    """Read a large file once more, whose times alone may be new: many gigabytes may have been sent before it."""
    with reading(path):
        sha256, _git = hash_file(sender.files.path(path), content.size)
    if sha256 != content.sha256:
        raise changed_meanwhile(path)


def _modes(sender: Sender, repo: Repo, branch: str, files: Mapping[str, Content]) -> dict[str, Mode]:
    """Ask the Hub how it will store some files of this disk."""
    sizes = {path: content.size for path, content in files.items()}
    return modes_of(sender.hub, repo.id, branch, sizes, lambda path: _sample(sender.files, path, files[path]))


def _sample(files: FilesOnDisk, path: str, content: Content) -> bytes:
    kept = files.sample(path, content)
    if kept is not None:
        return kept
    with reading(path):
        return read_beginning(files.path(path), SAMPLE)


def _send(sender: Sender, repo: Repo, branch: str, contents: Tree, files: Mapping[str, Path | bytes], kind: str) -> int:
    """Send files, or their bytes, to Xet; returns how many bytes it really took."""
    if not files:
        return 0
    from labdata.hub import xet

    hub = sender.hub
    access = hub.xet_access(repo.id, "write", branch)
    wait = waiting.Wait(xet.origin(access["endpoint"]))
    size = sum(contents[path].size for path in files)

    def work() -> tuple[dict[str, str], int]:
        commit = xet.session().new_upload_commit(**access, progress_callback=progress)
        sender.stops.append(commit.abort)
        if sender.is_over.is_set():
            commit.abort()
        # hf_xet would believe a hash that it is given, and so tell the Hub a wrong one for a file that changes now.
        uploads = {}
        for path, data in files.items():
            is_here = isinstance(data, bytes)
            uploads[path] = commit.start_upload_bytes(data) if is_here else commit.start_upload_file(str(data))
        report = commit.wait_to_finish()
        sent = {path: upload.result().xet_info.sha256 for path, upload in uploads.items()}
        return sent, int(report.dedup_metrics.total_bytes_uploaded)

    with sender.reporter.progress(f"Sending {words.number(len(files), kind)}", size) as count:
        progress = xet.Progress(count, wait)
        try:
            sent, taken = xet.watched(work, wait, sender.stops)
        except xet.ERRORS as error:
            raise _about_access(hub, repo, error, sender) from error
        finally:
            sender.stops.clear()
    for path, sha256 in sent.items():
        if sha256 != contents[path].sha256:
            raise changed_meanwhile(path)
    return taken


def _about_access(hub: Hub, repo: Repo, error: Exception, sender: Sender) -> LabdataError:
    """Return what is behind a failed transfer: hf_xet does not tell a refusal from a broken line."""
    from labdata.hub import xet

    if not hub.may_write(repo.id):
        return HubError(
            f"This account may not write to {repo.id}. Nothing was published.",
            hints.WRITE_ACCESS,
            status=403,
        )
    return xet.explained(error, sender.scratch)
