"""Files that were made from other inputs than those that are here look older than them, as where they were made."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_OLDER = 1_000_000_000  # ns; some disks keep whole seconds only


def make_older(workspace: Workspace, repo: Repo, here: Tree) -> None:
    """Let outputs look older than an input that is another now than the one that they were made from.

    Snakemake compares times first, and a get cannot know the times of the computer where a file was made. ``here`` are
    the files of the repo on this disk, as far as they are known. The times of all others stay.
    """
    now = _hashes(workspace) | {f"data/{path}": content.sha256 for path, content in here.items()}
    for path, known in workspace.state.recorded(repo.id).items():
        content = here.get(path)
        if content is None or content.sha256 != known.sha256 or known.inputs == "[]":
            continue
        differing = _differing(known.inputs, now)
        if differing:
            _age(workspace, path, known.sha256, differing)
    workspace.keep_learned()


def _hashes(workspace: Workspace) -> dict[str, str | None]:
    """Return the hashes of what was last synced, by the name that a rule would give it."""
    found: dict[str, str | None] = {}
    for repo in workspace.settings.repos.values():
        found |= {f"data/{path}": content.sha256 for path, content in workspace.state.synced(repo.id).items()}
    return found


def _differing(inputs: str, now: dict[str, str | None]) -> list[str]:
    """Return the inputs that are here with another content than the noted one, as paths below ``data/``."""
    found = []
    for name, sha256 in json.loads(inputs):
        if sha256 and now.get(name) not in (None, sha256):
            found.append(str(name).removeprefix("data/"))
    return found


def _age(workspace: Workspace, path: str, sha256: str, inputs: list[str]) -> None:
    worktree = workspace.worktree
    with suppress(OSError):
        newest = max(worktree.path(one).stat().st_mtime_ns for one in inputs)
        known = worktree.learned.get(path) or worktree.known.get(path)
        # What was edited meanwhile keeps its time.
        if known is not None and known.sha256 == sha256 and worktree.path(path).stat().st_mtime_ns >= newest:
            worktree.set_time(path, newest - _OLDER)
