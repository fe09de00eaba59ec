"""Downloads: contents of one commit into a staging folder, each verified against the Hub's hash.

Small text files come by one plain GET each; everything else by Xet, all files of a get in one group, which costs
no request per file. ``hf_xet`` is called directly because the client offers no way to download a chosen set of
files to chosen places without a HEAD for each. How hf_xet is waited for, and what its words mean, is in ``xet``.

The client is imported only where a file does not come smoothly: a get of a few files would mostly wait for that.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labdata.core import hints, words
from labdata.core.content import Content, same
from labdata.core.errors import HubError, LabdataError
from labdata.hub.lane import Lane
from labdata.hub.listing import file_url
from labdata.hub.without_xet import is_without_xet
from labdata.local.disk import hash_file, hashes_of

if TYPE_CHECKING:
    from labdata.hub.client import Hub

_THREADS = 16
_GROUP = 2_000
_BLOCK = 1024 * 1024
_SMALL = 1024 * 1024  # bytes up to which a file comes in one piece, is hashed in memory and written at once
_IN_A_ROW = 3  # files that the Hub fails to send, with none in between that it does, after which it is no file's fault
_OF_ONE_FILE = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EFBIG}
"""What the system says where it is the file's name or size that it does not take, and not the disk that is in trouble.
"""

_NOT_THERE = {403, 404, 410}
_DAMAGED = "what the Hub sent is not what its own listing promises"
OnBytes = Callable[[int], None]


class Download:
    """The files of one commit on their way to a staging folder; ``on_bytes`` is told of bytes as they arrive.

    ``failed`` names the files that could not be fetched, each with the reason, for the rest came all the same.
    """

    def __init__(self, hub: Hub, repo: str, commit: str, staging: Path, on_bytes: OnBytes) -> None:
        self.hub = hub
        self.repo = repo
        self.commit = commit
        self.staging = staging
        self.on_bytes = on_bytes
        self.failed: dict[str, str] = {}
        self._lane = Lane(hub.endpoint, hub.headers)
        self._arrived: dict[str, Content] = {}
        self._is_over = False
        self._stumbles: list[HubError] = []

    def fetch(self, files: Mapping[str, Content]) -> dict[str, tuple[Path, Content]]:
        """Bring files into the staging folder; returns where each is and its content with all hashes.

        A staged file of an earlier, interrupted run is used if it is whole. What cannot be fetched, or is not what
        the Hub's tree promises, is left out and noted in ``failed``. Raises ``LabdataError`` for what concerns them
        all: no connection, no permission, a full disk.
        """
        check_space(self.staging, sum(content.size for content in files.values()))
        staged: dict[str, tuple[Path, Content]] = {}
        missing: dict[str, Content] = {}
        for path, content in files.items():
            try:
                known = self._staged_before(path, content)
            except OSError as error:
                self._leave_out(path, error)
                continue
            if known is None:
                missing[path] = content
            else:
                staged[path] = (self._place(path), known)
                self.on_bytes(content.size)
        self._fetch_missing(missing)
        for path, content in missing.items():
            if path in self.failed:
                continue
            where = self._place(path)
            known = self._arrived.pop(path, None) or _verified(where, content)
            if known is None:
                where.unlink(missing_ok=True)
                self.failed[path] = _DAMAGED
            else:
                staged[path] = (where, known)
        return staged

    def _place(self, path: str) -> Path:
        return self.staging.joinpath(*path.split("/"))

    def _staged_before(self, path: str, content: Content) -> Content | None:
        """Return what is staged already, if it is whole; else make room for it."""
        where = self._place(path)
        known = _verified(where, content) if where.is_file() and where.stat().st_nlink == 1 else None
        if known is None:
            where.parent.mkdir(parents=True, exist_ok=True)
            # Not written over: after a get that was cut off it may be one with a file that someone edits in data/.
            where.unlink(missing_ok=True)
        return known

    def _leave_out(self, path: str, error: OSError) -> None:
        """Note that a file cannot be written; raises the error where no other could be either."""
        if error.errno not in _OF_ONE_FILE:
            raise error
        self.failed[path] = f"it cannot be written here: {error.strerror}"

    def _fetch_missing(self, files: Mapping[str, Content]) -> None:
        chunked = {path: content for path, content in files.items() if content.xet and content.size}
        if chunked and is_without_xet():
            chunked = {}
        plain = [path for path in files if path not in chunked]
        paths = list(chunked)
        # Both at once: what comes in chunks is hf_xet's work, and hardly any of Python's.
        with closing(self._lane), ThreadPoolExecutor(max_workers=_THREADS) as pool:
            # Not a task for each file: that costs as much as to fetch a small one.
            todo = iter(plain)
            coming = [pool.submit(self._get_all, todo, files) for _thread in range(min(_THREADS, len(plain)))]
            try:
                for start in range(0, len(paths), _GROUP):
                    self._fetch_chunked({path: chunked[path] for path in paths[start : start + _GROUP]})
                for one in coming:
                    one.result()
            except BaseException:
                self._is_over = True
                raise

    def _get_all(self, todo: Iterator[str], files: Mapping[str, Content]) -> None:
        """Fetch one file after the other, beside other threads at the same list, until one of them fails."""
        for path in todo:
            if self._is_over:
                return
            try:
                self._get(path, files[path])
            except BaseException:
                self._is_over = True
                raise

    def _get(self, path: str, content: Content) -> None:
        where = self._place(path)
        url = file_url(self.hub.endpoint, self.repo, self.commit, path)
        try:
            if content.size == 0:
                where.write_bytes(b"")
            elif not self._got_at_once(path, content, url, where):
                self.hub.call(self._stream, url, where)
        except OSError as error:
            self._leave_out(path, error)
        except HubError as error:
            self._judge(path, error)
        else:
            self._stumbles.clear()
            self.on_bytes(content.size)

    def _got_at_once(self, path: str, content: Content, url: str, where: Path) -> bool:
        """Fetch a small file; tells whether it came, and is what it should be."""
        data = self._lane.get(url) if content.size <= _SMALL else None
        if data is None:
            return False
        found = Content(len(data), *hashes_of(data), content.xet)
        if not same(found, content):
            return False
        with open(where, "xb") as file:  # noqa: PTH123 - a Path of each of many files is dear
            file.write(data)
        self._arrived[path] = found
        return True

    def _judge(self, path: str, error: HubError) -> None:
        """Note that the Hub does not send a file; raises the error where it would not send any."""
        from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

        cause = error.__cause__
        response = cause.response if isinstance(cause, HfHubHTTPError) else None
        if response is None or isinstance(cause, (RepositoryNotFoundError, RevisionNotFoundError)):
            raise error
        # The Hub itself says 403 to an account; the store that it sends one on to says so of what is not there.
        elsewhere = response.url.host != urlsplit(self.hub.endpoint).hostname
        if response.status_code in (_NOT_THERE if elsewhere else _NOT_THERE - {403}):
            self.failed[path] = f"its content is not on the Hub ({response.status_code})"
        elif response.status_code >= 500:
            self._stumbles.append(error)
            if len(self._stumbles) >= _IN_A_ROW:
                raise error
            self.failed[path] = f"the Hub answered {response.status_code}"
        else:
            raise error

    def _stream(self, url: str, where: Path) -> None:
        from huggingface_hub.utils import get_session, hf_raise_for_status

        with get_session().stream("GET", url, headers=self.hub.headers, follow_redirects=True) as response:
            if response.status_code >= 400:
                response.read()
            hf_raise_for_status(response)
            with where.open("wb") as file:
                for block in response.iter_bytes(_BLOCK):
                    file.write(block)

    def _fetch_chunked(self, files: Mapping[str, Content]) -> None:
        from labdata.hub import xet

        access = self.hub.xet_access(self.repo, "read", self.commit)
        places = {path: (self._place(path), content) for path, content in files.items()}
        refused = xet.download(access, places, self.on_bytes)
        arrived = len(refused) < len(files)
        for path, error in refused.items():
            if (reason := xet.reason(error)) is not None:
                self.failed[path] = reason
            elif arrived and xet.is_answer(error):
                self.failed[path] = xet.said(error)
            else:
                raise xet.explained(error, self.staging) from error
            self._place(path).unlink(missing_ok=True)


def _verified(where: Path, content: Content) -> Content | None:
    """Return a staged file's content with all hashes if it is the promised one, else ``None``."""
    size = where.stat().st_size if where.is_file() else -1
    if size != content.size:
        return None
    sha256, git = hash_file(where, size)
    found = Content(size, sha256, git, content.xet)
    return found if same(found, content) else None


def check_space(folder: Path, size: int) -> None:
    """Raise ``LabdataError`` if a disk has no room for ``size`` bytes and a little more."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if size and free < size + 64 * _BLOCK:
        raise LabdataError(
            f"The disk of {folder} has {words.size(free)} free; {words.size(size)} and some room to work in "
            "are needed. Nothing was changed.",
            hints.DISK_FULL_PART,
        )
