"""Contents that go to Xet as they come, from wherever: never on this disk, and little of them in memory.

hf_xet keeps about a quarter of a gigabyte at most, however large a file is, and a megabyte of its own notes on the
disk. Those notes are written often here, so that a command that was cut off does not send again what had arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huggingface_hub import constants

from labdata.core import hints
from labdata.core.errors import HubError, LabdataError, LeftOutError
from labdata.hub import crew, waiting, xet

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.content import Content
    from labdata.hub.client import Hub

_NOTES = {
    "data__session_xorb_metadata_flush_interval": "1s",
    "data__session_xorb_metadata_flush_max_count": 1,
}
"""How often hf_xet notes which chunks have arrived; by itself every 20 seconds, or after 4 GB."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the bytes of a file are to go: ``write`` takes the next ones, ``heard`` is told that it goes on."""

    write: Callable[[bytes], None]
    heard: Callable[[], None]


Feed = Callable[[Stream], "Content"]
"""Writes a whole file to a stream; returns what it was, or raises ``LeftOutError``: then it is not sent."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the files of one sending: their contents, why others were left out, and the new bytes."""

    contents: dict[str, Content]
    refused: dict[str, LeftOutError]
    new: int


def require_xet() -> None:
    """Raise ``LabdataError`` where Xet is switched off: without it a file has to be on this disk to be sent."""
    if constants.HF_HUB_DISABLE_XET:
        raise LabdataError(
            "HF_HUB_DISABLE_XET switches off Xet, which takes files without this disk. Nothing was done.",
            hints.XET_ON,
        )


def send(hub: Hub, repo: str, branch: str, feeds: Mapping[str, Feed], *, workers: int, scratch: Path) -> Sent:
    """Send files to a repo's Xet, several at once; raises ``LabdataError`` where that fails for all.

    ``scratch`` is a folder on the project's disk, to be named where that is full.
    """
    access = hub.xet_access(repo, "write", branch)
    wait = waiting.Wait(xet.origin(access["endpoint"]))
    progress = xet.Progress(lambda _size: None, wait)
    stops: list[Callable[[], None]] = []
    refused: dict[str, LeftOutError] = {}

    def work() -> tuple[dict[str, Content], int]:
        upload = xet.session(**_NOTES).new_upload_commit(**access, progress_callback=progress)
        stops.append(upload.abort)
        paths = list(feeds)
        contents = crew.each(paths, lambda path: _streamed(upload, path, feeds[path], wait.heard, refused), workers)
        report = upload.wait_to_finish()
        sent = {path: content for path, content in zip(paths, contents, strict=True) if content is not None}
        return sent, int(report.dedup_metrics.total_bytes_uploaded)

    try:
        sent, new = xet.watched(work, wait, stops)
    except xet.ERRORS as error:
        if not hub.may_write(repo):
            raise HubError(
                f"This account may not write to {repo}. Nothing more was moved.", hints.WRITE_ACCESS, status=403
            ) from error
        raise xet.explained(error, scratch) from error
    return Sent(sent, refused, new)


def _streamed(
    upload: Any, path: str, feed: Feed, heard: Callable[[], None], refused: dict[str, LeftOutError]
) -> Content | None:
    streams: list[Any] = []

    def write(data: bytes) -> None:
        # Not begun before there is something: what is refused at its first bytes never leaves this computer.
        if not streams:
            streams.append(upload.start_upload_stream(name=path))
        streams[0].write(data)
        heard()

    try:
        content = feed(Stream(write, heard))
    except LeftOutError as error:
        refused[path] = error
        # Ended and not broken off, which would end the others too; what there is of it no commit will name.
        for stream in streams:
            stream.finish()
        return None
    took = streams[0].finish().xet_info if streams else None
    heard()
    if took is None or took.sha256 != content.sha256:
        refused[path] = LeftOutError("failed", "Xet took something else than what came")
        return None
    return content
