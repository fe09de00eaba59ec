"""Large files on their way up without Xet, as HF_HUB_DISABLE_XET asks: the Hub's client does it all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from huggingface_hub import CommitOperationAdd
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from labdata.core import hints
from labdata.core.errors import HubError, LabdataError
from labdata.hub import TYPE
from labdata.hub.changing import changed_meanwhile, reading
from labdata.hub.refusals import explain

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.content import Content
    from labdata.core.project import Repo
    from labdata.hub.client import Hub


def send_plainly(hub: Hub, repo: Repo, branch: str, files: Mapping[str, Content], places: Mapping[str, Path]) -> None:
    """Send files, given where each is on this disk."""
    if not files:
        return
    additions = [_addition(path, places[path]) for path in files]
    for addition in additions:
        # The client has read it once more.
        if addition.upload_info.sha256.hex() != files[addition.path_in_repo].sha256:
            raise changed_meanwhile(addition.path_in_repo)
        addition._upload_mode, addition._should_ignore = "lfs", False
    send = hub.api.preupload_lfs_files
    try:
        with _quiet_client():
            hub.call(send, repo.id, additions, repo_type=TYPE, revision=branch, free_memory=False)
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


def _addition(path: str, place: Path) -> CommitOperationAdd:
    try:
        with reading(path):
            return CommitOperationAdd(path, place)
    except ValueError:
        # So the client takes what is no file any more.
        if place.is_file():
            raise
        raise changed_meanwhile(path) from None


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Keep the client's progress bars out of files and pipes; on a terminal they show how an upload goes."""
    if are_progress_bars_disabled() or sys.stderr.isatty():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
