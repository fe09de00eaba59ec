"""A second folder with the project's code at another commit: a git worktree. The first one's index and HEAD stay."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Checkout:
    """The code of the project at ``root`` as it is at a ``commit``, in a ``folder`` of its own."""

    root: Path
    commit: str
    folder: Path

    @property
    def project(self) -> Path:
        """The project's folder in there: git's own may be one above it."""
        return self.folder / (_git(self.root, "rev-parse", "--show-prefix") or "")

    def make(self) -> None:
        """Make the folder, or take up the one that is there; raises ``LabdataError`` where git refuses."""
        if self._is_there():
            # One that was cut off may lack files.
            done = _run(self.folder, "reset", "--hard", "--quiet", self.commit)
        else:
            self.remove()
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            done = _run(self.root, "worktree", "add", "--force", "--detach", "--quiet", str(self.folder), self.commit)
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())[-300:]
            raise LabdataError(
                f"git could not check out {self.commit[:8]}: {said}. data/ is as it was.", hints.MEND_THAT
            )

    def _is_there(self) -> bool:
        # Without a .git of its own, git would answer for the project around it.
        return (self.folder / ".git").is_file() and _git(self.folder, "rev-parse", "HEAD") == self.commit

    def remove(self) -> None:
        """Remove the folder; only what is in it goes, never what a link in it leads to."""
        # Other worktrees, whose disk may not be there now, are nobody's but their owner's: no prune.
        _run(self.root, "worktree", "remove", "--force", "--force", str(self.folder))
        shutil.rmtree(self.folder, ignore_errors=True)


def has_commit(root: Path, commit: str) -> bool:
    """Tell whether this clone has a commit, given in full."""
    return bool(_COMMIT.fullmatch(commit)) and _git(root, "cat-file", "-t", commit) == "commit"


def tagged(root: Path, name: str) -> str:
    """Return the commit that a tag of the code names, empty where there is none."""
    return _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}^{{commit}}") or ""


def title_of(root: Path, commit: str) -> str:
    """Return a commit's author, date and title."""
    return _git(root, "show", "--no-patch", "--format=%an, %as: %s", commit) or ""


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git says, ``None`` where it fails."""
    with suppress(OSError, subprocess.TimeoutExpired):
        done = _run(root, *arguments)
        return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
    return None


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # Neither does git touch the index of the project to note what it saw, nor do the hooks of a checkout run.
    env = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-c", f"core.hooksPath={os.devnull}", *arguments]
    try:
        return subprocess.run(command, cwd=root, env=env, capture_output=True, check=False, timeout=600)
    except FileNotFoundError as error:
        raise LabdataError("git is not installed here. Nothing was done.", hints.MEND_THAT) from error
