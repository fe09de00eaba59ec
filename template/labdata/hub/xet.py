"""hf_xet, which moves large contents: waited for within bounds, and its words turned into sentences.

It tries again by itself, and waits for minutes, in silence. Here it tries for less long, is watched, and is stopped
where nothing moves any more.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import hf_xet
from huggingface_hub import constants

from labdata.core import hints
from labdata.core.content import Content
from labdata.core.errors import HubError, LabdataError
from labdata.hub import cache, waiting

Result = TypeVar("Result")
OnBytes = Callable[[int], None]
ERRORS = (RuntimeError, OSError, ValueError, hf_xet.XetAuthenticationError, hf_xet.XetObjectNotFoundError)
"""What hf_xet raises."""

_SETTINGS = {
    "client.connect_timeout": "10s",
    "client.read_timeout": "30s",
    "client.retry_base_delay": "1s",
    "client.retry_max_attempts": 4,
    "client.retry_max_duration": "45s",
}
_LITTLE = 64 * 1024 * 1024
_STATUS = re.compile(r"\((\d{3}) [A-Z]")
_SYSTEM = re.compile(r"\(os error (\d+)\)")
_OF_ONE_FILE = ("File name too long", "File too large", "Is a directory", "Not a directory", "Invalid argument")


def session(**more: object) -> Any:
    """Return a new session of hf_xet, with a cache that can be written; ``more`` are settings of this one."""
    cache.make_usable()
    settings = _SETTINGS | {name.replace("__", "."): value for name, value in more.items()}
    ours = {
        name: value for name, value in settings.items() if f"HF_XET_{name}".replace(".", "_").upper() not in os.environ
    }
    return hf_xet.XetSession(hf_xet.XetConfig().with_config(ours))


def download(
    access: Mapping[str, Any], files: Mapping[str, tuple[Path, Content]], on_bytes: OnBytes
) -> dict[str, Exception]:
    """Bring contents to their places; returns what went wrong for each file that did not come.

    Raises ``HubError`` where it cannot begin, or nothing moves any more.
    """
    wait = waiting.Wait(origin(access["endpoint"]))
    progress = Progress(on_bytes, wait)
    refused: dict[str, Exception] = {}

    def work() -> None:
        group = session().new_file_download_group(**access, progress_callback=progress)
        stops.append(group.abort)
        started: dict[str, Any] = {}
        for path, (where, content) in files.items():
            try:
                info = hf_xet.XetFileInfo(content.xet, content.size)
                started[path] = group.start_download_file(info, str(where.absolute()))
            except ERRORS as error:
                refused[path] = error
        for path, one in started.items():
            try:
                one.result()
            except ERRORS as error:
                refused[path] = error
            else:
                wait.heard()
        try:
            group.wait_to_finish()
        except ERRORS as error:
            # Says again what the files have said.
            if not refused:
                refused.update(dict.fromkeys(files, error))

    stops: list[Callable[[], None]] = []
    watched(work, wait, stops)
    progress.finish(sum(content.size for path, (_where, content) in files.items() if path not in refused))
    return refused


def watched(work: Callable[[], Result], wait: waiting.Wait, stops: list[Callable[[], None]]) -> Result:
    """Return what some work of hf_xet gives.

    Raises ``waiting.SilentError`` where nothing was heard for too long; then, as where a person breaks it off, the
    functions in ``stops`` (which the work may fill) end it.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            errors.append(error)

    # A thread of its own, for hf_xet would not let this one go; one that no end of the command waits for.
    thread = threading.Thread(target=run, name="hf_xet", daemon=True)
    try:
        with waiting.WATCH.over(wait):
            thread.start()
            while thread.is_alive():
                thread.join(0.5)
                if thread.is_alive() and wait.seconds > waiting.patience():
                    raise waiting.silent(wait.address)
    except BaseException:
        for stop in stops:
            stop()
        raise
    if errors:
        raise errors[0]
    return results[0]


class Progress:
    """Turns hf_xet's running totals into increments, and takes each change for a sign of life."""

    def __init__(self, on_bytes: OnBytes, wait: waiting.Wait) -> None:
        self._told = 0
        self._on_bytes = on_bytes
        self._wait = wait
        self._seen: tuple[int, ...] = ()
        self._lock = threading.Lock()

    def __call__(self, group: object, _items: object) -> None:
        """Take hf_xet's report."""
        shard = getattr(group, "shard", None)
        seen = (
            int(getattr(group, "total_bytes_completed", 0)),
            int(getattr(group, "total_transfer_bytes_completed", 0)),
            int(getattr(shard, "total_shard_bytes_upload_completed", 0)),
            int(getattr(shard, "total_shard_validation_entries_completed", 0)),
        )
        if seen != self._seen:
            self._seen = seen
            self._wait.heard()
        self.finish(seen[0])

    def finish(self, total: int) -> None:
        """Tell of everything up to ``total`` bytes."""
        with self._lock:
            if total > self._told:
                self._on_bytes(total - self._told)
                self._told = total


def origin(url: str) -> str:
    """Return the part of an address that names the machine."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def said(error: Exception) -> str:
    """Return what is behind hf_xet's words, on one line."""
    status = _status(error)
    return f"the Hub answered {status}" if status else " ".join(str(error).split())[:200]


def reason(error: Exception) -> str | None:
    """Return why one file did not come, where that is no fault of the others; else ``None``."""
    words = str(error)
    if isinstance(error, hf_xet.XetObjectNotFoundError) or _status(error) in (404, 410, 416):
        return "its content is not on the Hub"
    if any(known in words for known in _OF_ONE_FILE):
        return f"it cannot be written here: {next(known for known in _OF_ONE_FILE if known in words)}"
    return None


def is_answer(error: Exception) -> bool:
    """Tell whether the Hub did send something, only not the file: no refusal, no dead connection, no full disk."""
    status = _status(error)
    if status is not None:
        return status >= 500
    is_cut = re.search(r"error sending request|connect|timed? ?out|dns", str(error), re.IGNORECASE)
    return not isinstance(error, hf_xet.XetAuthenticationError) and not is_cut and not _SYSTEM.search(str(error))


def _status(error: Exception) -> int | None:
    found = _STATUS.search(str(error))
    return int(found.group(1)) if found else None


def explained(error: Exception, folder: Path) -> LabdataError:
    """Turn what hf_xet says into one sentence; ``folder`` is where it writes, beside its cache."""
    if "No space left" in str(error) or "quota" in str(error).lower():
        places = dict.fromkeys(str(place) for place in (folder, Path(constants.HF_XET_CACHE)) if _is_full(place))
        which = f" of {' and of '.join(places)}" if places else ""
        return HubError(
            f"The disk{which} is full. Your files were not touched.",
            hints.DISK_FULL,
        )
    return HubError(
        f"The transfer of file contents broke off ({said(error)}). Your files were not touched.",
        hints.AGAIN_KEEPS,
    )


def _is_full(place: Path) -> bool:
    for folder in (place, *place.parents):
        if folder.is_dir():
            return shutil.disk_usage(folder).free < _LITTLE
    return False
