"""The version of the code: the project's git repository, and the template that it was made with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labdata.local.git import ask as _git
from labdata.local.git_status import overlooked, status


@dataclass(frozen=True)
class Code:
    """The project's git repository as it is now, asked only as far as needed. Data are no code: see ``dirty``."""

    root: Path

    @cached_property
    def commit(self) -> str:
        """The commit that is checked out, empty without git."""
        return _git(self.root, "rev-parse", "HEAD") or ""

    @cached_property
    def repo(self) -> str:
        """``owner/name`` of where the code is pushed to, else the name of the project's folder."""
        address = _git(self.root, "config", "--get", "remote.origin.url") or ""
        return repo_name(address) if address else self.root.name

    @cached_property
    def dirty(self) -> tuple[str, ...] | None:
        """The files that differ from the commit; ``None`` where git gives no answer, so that nobody calls it clean.

        Nothing at or below ``data`` counts, be it tracked, a folder or a link.
        """
        # Whatever a person has told git not to show.
        changes, why = status(self.root, "--untracked-files=normal", "--", ":/", ":(exclude)data")
        if why:
            return None
        found, parts = [], iter(changes.split("\0"))
        for part in parts:
            if part:
                found.append(part[3:])
                if part[0] in "RC":
                    # The former name follows.
                    next(parts, None)
        return tuple(sorted(found))

    @cached_property
    def overlooked(self) -> tuple[str, ...]:
        """The commands that let git see those of the ``dirty`` files that it is told to overlook."""
        return overlooked(self.root, self.dirty or ())

    @cached_property
    def is_pushed(self) -> bool:
        """Whether a remote holds the commit, as far as this clone knows; True where there is no remote to push to."""
        return self.has_remote(self.commit) is not False

    def has_remote(self, commit: str) -> bool | None:
        """Tell whether a remote holds a commit, as far as this clone knows; ``None`` where there is no remote."""
        if not commit or not _git(self.root, "remote"):
            return None
        return bool(_git(self.root, "branch", "--remotes", "--contains", commit))

    @cached_property
    def _moves(self) -> list[tuple[float, str]]:
        """When which commit was checked out, the newest first."""
        told = _git(self.root, "reflog", "show", "HEAD", "--date=unix", "--format=%H %gd") or ""
        moves = (re.fullmatch(r"([0-9a-f]{40}) HEAD@\{(\d+)\}", line) for line in told.splitlines())
        return [(float(move.group(2)), move.group(1)) for move in moves if move]

    def commit_at(self, time: float) -> str:
        """Return the commit that was checked out at a time (seconds); empty where that is not known."""
        # Asked of each of many files: most were made since the last move.
        moves = self._moves
        if moves and moves[0][0] <= time:
            return moves[0][1]
        return next((commit for since, commit in moves if since <= time), "")


def code_version(root: Path) -> str:
    """Return ``<repo>@<sha> (clean|dirty)`` of the project's git repository, empty where there is none."""
    code = Code(root)
    if not code.commit:
        return ""
    return f"{code.repo}@{code.commit} ({'clean' if code.dirty == () else 'dirty'})"


def repo_name(address: str) -> str:
    """Return ``owner/name`` of a git address, without any user name or token that it carries."""
    parts = re.split(r"[/:]", address.rstrip("/").removesuffix(".git"))
    return "/".join(part.rpartition("@")[2] for part in parts[-2:] if part)


def commit_address(root: Path, sha: str) -> str:
    """Return where a commit of the project's code can be looked at, empty where its origin is not GitHub."""
    page = page_of(root)
    return f"{page}/commit/{sha}" if page else ""


def compare_address(root: Path, old: str, new: str) -> str:
    """Return where two commits of the project's code can be compared, empty where its origin is not GitHub."""
    page = page_of(root)
    return f"{page}/compare/{old}...{new}" if page else ""


def page_of(root: Path) -> str:
    """Return the page of the project's code, empty where its origin is not GitHub."""
    address = _git(root, "config", "--get", "remote.origin.url") or ""
    host = re.sub(r"^(?:\w+://)?(?:[^@/]*@)?", "", address).partition("/")[0].partition(":")[0]
    return f"https://github.com/{repo_name(address)}" if host == "github.com" else ""


def template_version(root: Path) -> str:
    """Return the version of the template that the project was made with, empty where it is not known."""
    answers = root / ".copier-answers.yml"
    if not answers.is_file():
        return ""
    match = re.search(
        r"^_commit: *['\"]?([^'\"\s]+)", answers.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return match.group(1) if match else ""


def titles_between(root: Path, old: str, new: str) -> list[str] | None:
    """Return the titles of the commits that ``new`` has and ``old`` has not; ``None`` where git knows not both."""
    said = _git(root, "log", "--format=%s", "--max-count=200", f"{old}..{new}", "--")
    return None if said is None else said.splitlines()


def lines_between(root: Path, old: str, new: str, folder: str) -> list[str]:
    """Return the lines of a folder's files that differ between two commits, each with ``-`` or ``+`` in front."""
    said = _git(root, "diff", "--unified=0", "--no-color", "--no-ext-diff", old, new, "--", folder) or ""
    lines = [line for line in said.splitlines() if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    return [f"{line[0]} {line[1:].strip()}" for line in lines if line[1:].strip()]
