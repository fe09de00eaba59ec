"""A second folder with the project's code at another commit: a git worktree. The first one's index and HEAD stay."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
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

    def make(self) -> list[str]:
        """Make the folder, or take up the one that is there; raises ``LabdataError`` where git refuses.

        Submodules are filled from this clone. Returns those that it does not have, by their path: they stay empty.
        """
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
        top = Path(_git(self.root, "rev-parse", "--show-toplevel") or self.root)
        git_dir = _git(self.root, "rev-parse", "--absolute-git-dir") or ""
        return sorted(_unfilled(git_dir, top, self.commit, self.folder, self.folder.with_name("index")))

    def _is_there(self) -> bool:
        # Without a .git of its own, git would answer for the project around it.
        return (self.folder / ".git").is_file() and _git(self.folder, "rev-parse", "HEAD") == self.commit

    def remove(self) -> None:
        """Remove the folder; only what is in it goes, never what a link in it leads to."""
        # Other worktrees, whose disk may not be there now, are nobody's but their owner's: no prune.
        _run(self.root, "worktree", "remove", "--force", "--force", str(self.folder))
        shutil.rmtree(self.folder, ignore_errors=True)


def _unfilled(git_dir: str, shown: Path, commit: str, folder: Path, index: Path) -> Iterator[str]:
    """Fill the submodules of a commit, and those in them; gives those that are not here.

    ``git_dir`` is where git keeps the repository, ``shown`` the folder that shows some version of it, if there is one.
    """
    listed = _kept(git_dir, "ls-tree", "-r", "-z", "--full-tree", commit) or ""
    for about, _tab, path in (entry.partition("\t") for entry in listed.split("\0")):
        if not about.startswith("160000 "):
            continue
        wanted = about.split(" ")[2]
        held = [one for one in _places(git_dir, shown, path) if _kept(one, "cat-file", "-t", wanted) == "commit"]
        if not (held and _laid_out(held[0], wanted, folder / path, index)):
            yield path
            continue
        for one in _unfilled(held[0], shown / path, wanted, folder / path, index):
            yield f"{path}/{one}"


def _places(git_dir: str, shown: Path, path: str) -> Iterator[str]:
    """Give where git may keep a submodule."""
    # In an empty folder git would answer for the project around it.
    if (shown / path / ".git").exists():
        yield _git(shown / path, "rev-parse", "--absolute-git-dir") or ""
    common = _kept(git_dir, "rev-parse", "--git-common-dir")
    kept = Path(git_dir, common or ".", "modules", path)
    if (kept / "HEAD").is_file():
        yield str(kept.resolve())


def _laid_out(git_dir: str, commit: str, folder: Path, index: Path) -> bool:
    """Write the files of a commit into a folder, by an index of its own: that of the repository stays."""
    folder.mkdir(parents=True, exist_ok=True)
    where = ("--git-dir", git_dir, "--work-tree", str(folder))
    try:
        return not any(
            _run(folder, *where, *command, env={"GIT_INDEX_FILE": str(index)}).returncode
            for command in (("read-tree", commit), ("checkout-index", "--all", "--force"))
        )
    finally:
        index.unlink(missing_ok=True)


def _kept(git_dir: str, *arguments: str) -> str | None:
    """Return what git says of a repository of which perhaps no folder shows anything."""
    return _git(Path(git_dir), "--git-dir", git_dir, "--work-tree", git_dir, *arguments) if git_dir else None


def has_commit(root: Path, commit: str) -> bool:
    """Tell whether this clone has a commit, given in full."""
    return bool(_COMMIT.fullmatch(commit)) and _git(root, "cat-file", "-t", commit) == "commit"


def is_shallow(root: Path) -> bool:
    """Tell whether this clone lacks older commits."""
    return _git(root, "rev-parse", "--is-shallow-repository") == "true"


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


def _run(root: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    # Neither does git touch the index of the project to note what it saw, nor do the hooks of a checkout run.
    whole = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", **(env or {})}
    command = ["git", "-c", f"core.hooksPath={os.devnull}", *arguments]
    try:
        return subprocess.run(command, cwd=root, env=whole, capture_output=True, check=False, timeout=600)
    except FileNotFoundError as error:
        raise LabdataError("git is not installed here. Nothing was done.", hints.MEND_THAT) from error
