"""Nothing to do, known at a glance: a repo where no file, no head and no setting moved since a command said so.

Most commands find what the last one found. A note of it spares them reading all that is known of each file, which
at a hundred thousand files takes far longer than looking whether any of them moved.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.local.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata.sync.remote import Remote
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace


class Unchanged:
    """One command's look whether it still has nothing to do; make it before anything is read from the state.

    The note names everything that the answer depends on: the Hub's heads, the settings, this program, the state's
    generation, and name, size, times and inode of every file. Whatever is in doubt makes the note worthless, and
    the command then decides as always.
    """

    def __init__(self, workspace: Workspace, remote: Remote, command: str) -> None:
        self._workspace = workspace
        self._repo = remote.repo
        self._command = command
        facts = (remote.repo.id, remote.branch_name, remote.branch, remote.main, workspace.state.generation())
        self._facts = _digest(workspace.settings.root, facts)

    @cached_property
    def scan(self) -> Scan:
        """The working copy as it is now."""
        return self._workspace.worktree.scan(self._repo.folders)

    @property
    def looked(self) -> Scan | None:
        """The working copy, if it was looked at."""
        return self.__dict__.get("scan")

    def is_so(self) -> bool:
        """Tell whether nothing moved since ``keep``."""
        note = self._workspace.state.quiet(self._repo.id, self._command)
        if not self._facts or not note.startswith(f"{self._facts} "):
            return False
        return note == f"{self._facts} {self.scan.fingerprint()}"

    def keep(self, scan: Scan, *more: str) -> None:
        """Note that there was nothing to do for a working copy as scanned, and that ``more`` commands would say so."""
        if self._facts and (fingerprint := scan.fingerprint()):
            for command in (self._command, *more):
                self._workspace.state.set_quiet(self._repo.id, command, f"{self._facts} {fingerprint}")


def keep_after_push(workspace: Workspace, remote: Remote, local: WorkingCopy) -> None:
    """Note that a push left nothing to do, if working copy, base and branch are one; ``remote`` is the Hub after it."""
    repo = remote.repo
    heads, base = workspace.state.heads(repo.id), workspace.state.synced(repo.id)
    tree = {path: content for path, content in remote.branch_tree.items() if repo.holds(path)}
    if (heads.branch, heads.main, heads.detached) != (remote.branch, remote.main, ""):
        return
    if not local.mine.keys() == base.keys() == tree.keys():
        return
    if all(same(content, base[path]) and same(content, tree[path]) for path, content in local.mine.items()):
        Unchanged(workspace, remote, "status").keep(local.scan, "put", "get")


def _digest(root: Path, facts: tuple[object, ...]) -> str:
    """Return a text for some facts with the project's settings and this program's own files; empty without any."""
    try:
        settings = (root / "labdata.toml").read_bytes()
    except OSError:
        return ""
    return hashlib.blake2b(repr((facts, settings, _program())).encode(), digest_size=16).hexdigest()


@cache
def _program() -> list[tuple[str, int, int]]:
    """Return how the files of this program look; they are looked at once a command."""
    return sorted(_modules(str(Path(__file__).parents[1])))


def _modules(folder: str) -> Iterator[tuple[str, int, int]]:
    # Not by Path.rglob, which takes four times as long: every status waits for this.
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                stat = entry.stat()
                yield entry.path, stat.st_size, stat.st_mtime_ns
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                yield from _modules(entry.path)
