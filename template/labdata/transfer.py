"""Downloads: contents of one commit into a staging folder, each verified against the Hub's hash.

Small text files come by one plain GET each; everything else by Xet, all files of a get in one group, which costs
no request per file. ``hf_xet`` is called directly because the client offers no way to download a chosen set of
files to chosen places without a HEAD for each.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import constants, hf_hub_url
from huggingface_hub.utils import get_session, hf_raise_for_status

from labdata import console
from labdata.content import Content, same
from labdata.disk import hash_file
from labdata.errors import HubError, LabdataError
from labdata.remote import TYPE, Hub

_THREADS = 16
_GROUP = 2_000
_BLOCK = 1024 * 1024

OnBytes = Callable[[int], None]


class Download:
    """The files of one commit on their way to a staging folder; ``on_bytes`` is told of bytes as they arrive."""

    def __init__(self, hub: Hub, repo: str, commit: str, staging: Path, on_bytes: OnBytes) -> None:
        self.hub = hub
        self.repo = repo
        self.commit = commit
        self.staging = staging
        self.on_bytes = on_bytes
        self.failed: dict[str, str] = {}
        self._headers = hub.headers

    def fetch(self, files: Mapping[str, Content]) -> dict[str, tuple[Path, Content]]:
        """Bring files into the staging folder; returns where each is and its content with all hashes.

        A staged file of an earlier, interrupted run is used if it is whole. Raises ``LabdataError`` if what
        arrived is not what the Hub's tree promises.
        """
        check_space(self.staging, sum(content.size for content in files.values()))
        staged: dict[str, tuple[Path, Content]] = {}
        missing: dict[str, Content] = {}
        for path, content in files.items():
            where = self.staging.joinpath(*path.split("/"))
            known = _verified(where, content) if where.is_file() and where.stat().st_nlink == 1 else None
            if known is None:
                # Not written over: after a get that was cut off it may be one with a file that someone edits in data/.
                where.unlink(missing_ok=True)
                missing[path] = content
            else:
                staged[path] = (where, known)
                self.on_bytes(content.size)
        self._fetch_missing(missing)
        for path, content in missing.items():
            where = self.staging.joinpath(*path.split("/"))
            known = _verified(where, content)
            if known is None:
                where.unlink(missing_ok=True)
                raise LabdataError(
                    f"What the Hub sent for {path} is not what its own listing promises. Your files were not touched.",
                    "Run the same command again; if it stays, tell a maintainer: the file on the Hub may be damaged.",
                )
            staged[path] = (where, known)
        return staged

    def _fetch_missing(self, files: Mapping[str, Content]) -> None:
        for path in files:
            self.staging.joinpath(*path.split("/")).parent.mkdir(parents=True, exist_ok=True)
        chunked = {path: c for path, c in files.items() if c.xet and c.size and not constants.HF_HUB_DISABLE_XET}
        plain = [path for path in files if path not in chunked]
        with ThreadPoolExecutor(max_workers=_THREADS) as pool:
            for _done in pool.map(lambda path: self._get(path, files[path]), plain):
                pass
        paths = list(chunked)
        for start in range(0, len(paths), _GROUP):
            self._fetch_chunked({path: chunked[path] for path in paths[start : start + _GROUP]})

    def _get(self, path: str, content: Content) -> None:
        where = self.staging.joinpath(*path.split("/"))
        if content.size == 0:
            where.write_bytes(b"")
            return
        url = hf_hub_url(self.repo, path, repo_type=TYPE, revision=self.commit, endpoint=self.hub.endpoint)
        self.hub.call(self._stream, url, where)
        self.on_bytes(content.size)

    def _stream(self, url: str, where: Path) -> None:
        with get_session().stream("GET", url, headers=self._headers, follow_redirects=True) as response:
            if response.status_code >= 400:
                response.read()
            hf_raise_for_status(response)
            with where.open("wb") as file:
                for block in response.iter_bytes(_BLOCK):
                    file.write(block)

    def _fetch_chunked(self, files: Mapping[str, Content]) -> None:
        import hf_xet

        progress = Progress(self.on_bytes)
        access = self.hub.xet_access(self.repo, "read", self.commit)
        try:
            group = hf_xet.XetSession().new_file_download_group(**access, progress_callback=progress)
            with group:
                for path, content in files.items():
                    where = self.staging.joinpath(*path.split("/"))
                    group.start_download_file(hf_xet.XetFileInfo(content.xet, content.size), str(where.absolute()))
        except (RuntimeError, ConnectionError, OSError, hf_xet.XetAuthenticationError) as error:
            raise explained(error) from error
        progress.finish(sum(content.size for content in files.values()))


class Progress:
    """Turns hf_xet's running totals into increments."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self._told = 0
        self._on_bytes = on_bytes
        self._lock = threading.Lock()

    def __call__(self, group: object, _items: object) -> None:
        """Take hf_xet's report."""
        self.finish(int(getattr(group, "total_bytes_completed", 0)))

    def finish(self, total: int) -> None:
        """Tell of everything up to ``total`` bytes."""
        with self._lock:
            if total > self._told:
                self._on_bytes(total - self._told)
                self._told = total


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
            f"The disk of {folder} has {console.size(free)} free; {console.size(size)} and some room to work in "
            "are needed. Nothing was changed.",
            "Free some room (`just recycle-empty`, `just cache-clear`) or get a part: `just get-inputs external/`.",
        )


def explained(error: Exception) -> HubError:
    """Turn what hf_xet says into one sentence."""
    words = " ".join(str(error).split())[:200]
    if "No space left" in words:
        return HubError("The disk is full. Your files were not touched.", "Free some room and run it again.")
    return HubError(
        f"The transfer of file contents broke off ({words}). Your files were not touched.",
        "Run the same command again: what has arrived is kept.",
    )


@contextmanager
def quiet_client() -> Iterator[None]:
    """Keep the client's progress bars out of files and pipes; on a terminal they show how an upload goes."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled() or sys.stderr.isatty():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
