"""Large files on their way up: sent to Xet before the commit, with progress, and with a count of what was really new.

The client would send them inside its own call, with bars of its own and no word on how much Xet found on the Hub
already. What is prepared here is handed to it as done; small files are left to the client altogether.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from huggingface_hub import CommitOperationAdd, constants
from huggingface_hub.utils import get_session, hf_raise_for_status

from labdata import console as words
from labdata.content import Content
from labdata.errors import HubError, LabdataError
from labdata.remote import TYPE, Hub
from labdata.transfer import Progress, explained

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.settings import Repo
    from labdata.workspace import Workspace

SMALL = 1_000_000
"""Bytes up to which a file is held in memory between hashing and sending, so that it cannot change in between."""

_BATCH = 256  # files that one preupload request takes
_SAMPLE = 512  # bytes of a file that the Hub wants to see to tell text from binary


def prepared(
    workspace: Workspace, repo: Repo, branch: str, files: Mapping[str, Content]
) -> tuple[list[CommitOperationAdd], int]:
    """Return the additions of a commit, large ones already sent, and the bytes that Xet really took for those.

    Raises ``LabdataError`` if a file no longer is what was hashed.
    """
    additions: list[CommitOperationAdd] = []
    large: dict[str, CommitOperationAdd] = {}
    for path, content in files.items():
        where = workspace.worktree.path(path)
        if content.size > SMALL:
            large[path] = CommitOperationAdd(path, where)
            additions.append(large[path])
        else:
            additions.append(CommitOperationAdd(path, _read(workspace, path, where, content)))
    if not large or constants.HF_HUB_DISABLE_XET:
        return additions, 0
    by_xet = [path for path in large if _mode(workspace.hub, repo, branch, large)[path] == "lfs"]
    size = sum(files[path].size for path in by_xet)
    with workspace.console.progress(f"Sending {words.number(len(by_xet), 'large file')}", size) as count:
        progress = Progress(count)
        sent = _send(workspace, repo, branch, {path: files[path] for path in by_xet}, progress)
    for path in by_xet:
        if not workspace.worktree.unchanged_since(path, files[path]):
            raise changed_meanwhile(path)
        _mark_sent(large[path], files[path])
    return additions, sent


def _read(workspace: Workspace, path: str, where: Path, content: Content) -> bytes:
    data = where.read_bytes()
    if len(data) != content.size or not workspace.worktree.unchanged_since(path, content):
        raise changed_meanwhile(path)
    return data


def changed_meanwhile(path: str) -> LabdataError:
    """Return the error for a file that someone writes while it is being published."""
    return LabdataError(
        f"data/{path} changed while it was being published; the branch was not changed.",
        "Wait until the program that writes it is done, then run the command again.",
    )


def _mode(hub: Hub, repo: Repo, branch: str, files: Mapping[str, CommitOperationAdd]) -> dict[str, str]:
    """Ask the Hub how it will store some files: ``lfs`` (by Xet) or ``regular``."""
    url = f"{hub.endpoint}/api/{TYPE}s/{repo.id}/preupload/{quote(branch, safe='')}"
    modes: dict[str, str] = {}
    paths = list(files)
    for start in range(0, len(paths), _BATCH):
        batch = [
            {
                "path": path,
                "sample": base64.b64encode(files[path].upload_info.sample[:_SAMPLE]).decode(),
                "size": files[path].upload_info.size,
            }
            for path in paths[start : start + _BATCH]
        ]
        answer = hub.call(_post, url, hub.headers, {"files": batch})
        modes.update({file["path"]: file["uploadMode"] for file in answer["files"] if not file["shouldIgnore"]})
    return {path: modes.get(path, "regular") for path in paths}


def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    response = get_session().post(url, headers=headers, json=body)
    hf_raise_for_status(response)
    return dict(response.json())


def _send(workspace: Workspace, repo: Repo, branch: str, files: Mapping[str, Content], progress: Progress) -> int:
    import hf_xet

    if not files:
        return 0
    hub = workspace.hub
    access = hub.xet_access(repo.id, "write", branch)
    try:
        commit = hf_xet.XetSession().new_upload_commit(**access, progress_callback=progress)
        # hf_xet would believe a hash that it is given, and so tell the Hub a wrong one for a file that changes now.
        uploads = {path: commit.start_upload_file(str(workspace.worktree.path(path))) for path in files}
        report = commit.wait_to_finish()
        sent = {path: upload.result().xet_info.sha256 for path, upload in uploads.items()}
    except (RuntimeError, OSError, hf_xet.XetAuthenticationError) as error:
        raise _about_access(hub, repo, error) from error
    for path, sha256 in sent.items():
        if sha256 != files[path].sha256:
            raise changed_meanwhile(path)
    return int(report.dedup_metrics.total_bytes_uploaded)


def _about_access(hub: Hub, repo: Repo, error: Exception) -> HubError:
    """Return what is behind a failed transfer: hf_xet does not tell a refusal from a broken line."""
    if not hub.may_write(repo.id):
        return HubError(
            f"This account may not write to {repo.id}. Nothing was published.",
            "Ask a maintainer for write access.",
            status=403,
        )
    return explained(error)


def _mark_sent(addition: CommitOperationAdd, content: Content) -> None:
    """Tell the client that this file's content is on the Hub, as its own ``preupload_lfs_files`` does."""
    addition.upload_info.sha256 = bytes.fromhex(content.sha256 or "")
    addition._upload_mode = "lfs"
    addition._should_ignore = False
    addition._is_uploaded = True
