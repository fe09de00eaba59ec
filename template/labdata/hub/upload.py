"""Large files on their way up: sent to Xet before the commit, with progress, and with a count of what was really new.

The client would send them inside its own call, with bars of its own and no word on how much Xet found on the Hub
already. What is prepared here is handed to it as done. What travels inside the commit is held in memory and has been
compared with what was hashed, so that no half of a change is ever committed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from huggingface_hub import CommitOperationAdd, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session, hf_raise_for_status

from labdata.core import hints, words
from labdata.core.content import Content
from labdata.core.errors import HubError, LabdataError
from labdata.hub import TYPE, waiting
from labdata.hub.client import Hub
from labdata.hub.refusals import explain

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.project import Repo
    from labdata.core.reporting import Reporter

SMALL = 1_000_000
"""Bytes up to which a file that Xet stores is held in memory between hashing and sending.

A larger one is looked at again once it is sent.
"""

IN_ONE_COMMIT = 1_000_000_000
"""Bytes of files that the Hub stores without Xet which one commit takes."""

_BATCH = 256  # files that one preupload request takes
_ASKED_AT_ONCE = 4
SAMPLE = 512
"""Bytes of a file that the Hub wants to see to tell text from binary."""


class FilesOnDisk(Protocol):
    """The files that are sent, by their paths in the repo."""

    def path(self, path: str) -> Path:
        """Return where a file is."""

    def unchanged_since(self, path: str, content: Content) -> bool:
        """Tell whether a file still is what was hashed, as far as its size and times tell."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What an upload works with; ``scratch`` is a folder on the project's disk, to be named where that is full."""

    hub: Hub
    files: FilesOnDisk
    reporter: Reporter
    scratch: Path


@dataclass(frozen=True, slots=True)
class Taken:
    """What Xet was offered in large files and what of it was new to the Hub, both in bytes; none where Xet is off."""

    offered: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Mode:
    """How the Hub will store a file: by Xet (or LFS), as it is, or not at all; ``oid`` is what it has there now."""

    by_xet: bool
    ignored: bool
    oid: str | None


def prepared(
    sender: Sender, repo: Repo, branch: str, files: Mapping[str, Content]
) -> tuple[list[CommitOperationAdd], Taken]:
    """Return the additions of a commit, those for Xet already sent, and what of the large ones was new to the Hub.

    Raises ``LabdataError`` if a file no longer is what was hashed.
    """
    modes = _modes(sender, repo, branch, files)
    inside = sum(content.size for path, content in files.items() if not modes[path].by_xet)
    if inside > IN_ONE_COMMIT:
        raise LabdataError(
            f"{words.size(inside)} in text files are more than the Hub takes in one commit. Nothing was published.",
            hints.SMALLER_COMMITS,
        )

    def additions_of(paths: Iterable[str]) -> dict[str, CommitOperationAdd]:
        return {path: _addition(sender, path, files[path], modes[path]) for path in paths}

    by_xet = [path for path, mode in modes.items() if mode.by_xet and not mode.ignored]
    if constants.HF_HUB_DISABLE_XET:
        additions, taken = additions_of(files), Taken()
        _send_plainly(sender.hub, repo, branch, [additions[path] for path in by_xet])
    else:
        large = [path for path in by_xet if files[path].size > SMALL]
        small = [path for path in by_xet if files[path].size <= SMALL]
        is_large = set(large)
        with ThreadPoolExecutor(max_workers=1) as pool:
            # The small ones are read while the large ones are on their way.
            rest = pool.submit(additions_of, [path for path in files if path not in is_large])
            additions = additions_of(large)
            sent = _send(sender, repo, branch, {path: (files[path], additions[path]) for path in large}, "large file")
            additions |= rest.result()
        taken = Taken(sum(files[path].size for path in large), sent)
        _send(sender, repo, branch, {path: (files[path], additions[path]) for path in small}, "small file")
    for path in by_xet:
        if files[path].size > SMALL and not sender.files.unchanged_since(path, files[path]):
            raise changed_meanwhile(path)
        _mark_sent(additions[path], files[path])
    return [additions[path] for path in files], taken


def _addition(sender: Sender, path: str, content: Content, mode: Mode) -> CommitOperationAdd:
    where = sender.files.path(path)
    if mode.by_xet and content.size > SMALL:
        addition = CommitOperationAdd(path, where)
        if constants.HF_HUB_DISABLE_XET:
            _require(addition, path, content)
    else:
        addition = CommitOperationAdd(path, _read(sender, path, where, content))
        _require(addition, path, content)
    addition._upload_mode = "lfs" if mode.by_xet else "regular"
    addition._should_ignore = mode.ignored
    addition._remote_oid = None if mode.by_xet else mode.oid
    return addition


def _read(sender: Sender, path: str, where: Path, content: Content) -> bytes:
    try:
        data = where.read_bytes()
    except FileNotFoundError:
        raise changed_meanwhile(path) from None
    if len(data) != content.size or not sender.files.unchanged_since(path, content):
        raise changed_meanwhile(path)
    return data


def _require(addition: CommitOperationAdd, path: str, content: Content) -> None:
    """Raise ``LabdataError`` where the client has read something else than what was hashed."""
    if addition.upload_info.sha256.hex() != content.sha256:
        raise changed_meanwhile(path)


def changed_meanwhile(path: str) -> LabdataError:
    """Return the error for a file that someone writes while it is being published."""
    return LabdataError(
        f"data/{path} changed while it was being published; the branch was not changed.",
        hints.FINISH_WRITING,
    )


def _modes(sender: Sender, repo: Repo, branch: str, files: Mapping[str, Content]) -> dict[str, Mode]:
    """Ask the Hub how it will store some files of this disk."""
    sizes = {path: content.size for path, content in files.items()}
    return modes_of(sender.hub, repo.id, branch, sizes, lambda path: _sample(sender.files.path(path), path))


def modes_of(
    hub: Hub, repo: str, branch: str, sizes: Mapping[str, int], sample: Callable[[str], bytes]
) -> dict[str, Mode]:
    """Ask the Hub how it will store some files, of each of which it sees the first bytes."""
    url = f"{hub.endpoint}/api/{TYPE}s/{repo}/preupload/{quote(branch, safe='')}"
    modes: dict[str, Mode] = {}
    paths = list(sizes)

    def ask(start: int) -> list[dict[str, Any]]:
        batch = [
            {"path": path, "sample": base64.b64encode(sample(path)[:SAMPLE]).decode(), "size": sizes[path]}
            for path in paths[start : start + _BATCH]
        ]
        found: list[dict[str, Any]] = hub.call(_post, url, hub.headers, {"files": batch})["files"]
        return found

    # Each answer takes the way to the Hub and back, and there may be forty of them.
    with ThreadPoolExecutor(max_workers=_ASKED_AT_ONCE) as pool:
        answers = list(pool.map(ask, range(0, len(paths), _BATCH)))
    for file in chain.from_iterable(answers):
        # An empty file has no content that could be sent ahead.
        by_xet = file["uploadMode"] == "lfs" and sizes[file["path"]] > 0
        modes[file["path"]] = Mode(by_xet, bool(file["shouldIgnore"]), file.get("oid"))
    return {path: modes.get(path, Mode(by_xet=False, ignored=False, oid=None)) for path in paths}


def _sample(where: Path, path: str) -> bytes:
    try:
        with where.open("rb") as file:
            return file.read(SAMPLE)
    except FileNotFoundError:
        raise changed_meanwhile(path) from None


def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    response = get_session().post(url, headers=headers, json=body)
    hf_raise_for_status(response)
    return dict(response.json())


def _send(
    sender: Sender, repo: Repo, branch: str, files: Mapping[str, tuple[Content, CommitOperationAdd]], kind: str
) -> int:
    """Send contents to Xet; returns the bytes that it really took."""
    if not files:
        return 0
    from labdata.hub import xet

    hub = sender.hub
    access = hub.xet_access(repo.id, "write", branch)
    wait = waiting.Wait(xet.origin(access["endpoint"]))
    stops: list[Callable[[], None]] = []
    size = sum(content.size for content, _addition in files.values())

    def work() -> tuple[dict[str, str], int]:
        commit = xet.session().new_upload_commit(**access, progress_callback=progress)
        stops.append(commit.abort)
        # hf_xet would believe a hash that it is given, and so tell the Hub a wrong one for a file that changes now.
        uploads = {}
        for path, (_content, addition) in files.items():
            data = addition.path_or_fileobj
            start = commit.start_upload_bytes if isinstance(data, bytes) else commit.start_upload_file
            uploads[path] = start(data)
        report = commit.wait_to_finish()
        sent = {path: upload.result().xet_info.sha256 for path, upload in uploads.items()}
        return sent, int(report.dedup_metrics.total_bytes_uploaded)

    with sender.reporter.progress(f"Sending {words.number(len(files), kind)}", size) as count:
        progress = xet.Progress(count, wait)
        try:
            sent, taken = xet.watched(work, wait, stops)
        except xet.ERRORS as error:
            raise _about_access(hub, repo, error, sender) from error
    for path, sha256 in sent.items():
        if sha256 != files[path][0].sha256:
            raise changed_meanwhile(path)
    return taken


def _send_plainly(hub: Hub, repo: Repo, branch: str, additions: Iterable[CommitOperationAdd]) -> None:
    """Send contents without Xet, as HF_HUB_DISABLE_XET asks, by the client's own means."""
    additions = list(additions)
    if not additions:
        return
    try:
        hub.call(hub.api.preupload_lfs_files, repo.id, additions, repo_type=TYPE, revision=branch, free_memory=False)
    except RuntimeError as error:
        # The client's wrapping; what is behind it says more.
        cause = error.__cause__
        if isinstance(cause, LabdataError):
            raise cause from error
        if isinstance(cause, HfHubHTTPError):
            raise explain(cause, hub.endpoint) from error
        said = " ".join(str(cause or error).split())[:200]
        raise HubError(
            f"The transfer of file contents broke off ({said}). Your files were not touched.",
            hints.AGAIN,
        ) from error


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


def _mark_sent(addition: CommitOperationAdd, content: Content) -> None:
    """Tell the client that this file's content is on the Hub, as its own ``preupload_lfs_files`` does."""
    addition.upload_info.sha256 = bytes.fromhex(content.sha256 or "")
    addition._upload_mode = "lfs"
    addition._should_ignore = False
    addition._is_uploaded = True
