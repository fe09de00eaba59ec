"""Tags in the project's git repository: read, made, and pushed if that is asked for."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError

_FIELDS = (
    "%(refname:lstrip=2)%00%(objectname)%00%(*objectname)%00%(taggername)%00%(creatordate:iso-strict)%00%(contents)"
)
_NETWORK = 120  # seconds


@dataclass(frozen=True)
class GitTag:
    """A tag: its name, the commit that it names, who made it (empty for a light one), when, and what it says."""

    name: str
    commit: str
    who: str
    when: datetime | None
    message: str


def tags(root: Path, name: str = "") -> dict[str, GitTag]:
    """Return the tags that this clone has, by name; with ``name`` only that one. None without git."""
    done = _git(root, "for-each-ref", f"--format={_FIELDS}%00%00", f"refs/tags/{name}")
    found = {}
    for entry in done.stdout.split("\0\0\n") if done.returncode == 0 else ():
        parts = entry.split("\0", 5)
        if len(parts) == 6 and (not name or parts[0] == name):
            label, own, peeled, who, when, message = parts
            found[label] = GitTag(label, peeled or own, who, _time(when), message)
    return found


def spoken(root: Path, name: str) -> str:
    """Return a tag as git takes it for one, also where a branch bears the same name."""
    is_branch = _git(root, "show-ref", "--verify", "--quiet", f"refs/heads/{name}").returncode == 0
    return f"tags/{name}" if is_branch else name


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def has_identity(root: Path) -> bool:
    """Tell whether git knows who makes a tag here."""
    return _git(root, "var", "GIT_COMMITTER_IDENT").returncode == 0


def remote_of(root: Path) -> str:
    """Return the remote that code is pushed to: ``origin``, else the first there is; empty where there is none."""
    names = _git(root, "remote").stdout.split()
    return "origin" if "origin" in names else (names[0] if names else "")


def create(root: Path, name: str, commit: str, message: str) -> None:
    """Make an annotated tag; raises ``LabdataError`` with git's own words where it refuses."""
    done = _git(root, "tag", "--annotate", "--cleanup=verbatim", "--message", message, name, commit)
    if done.returncode != 0:
        raise LabdataError(f"git made no tag {name}: {_said(done)}. Nothing was tagged.", hints.MEND_THAT)


def on_remote(root: Path, name: str) -> str:
    """Ask the remote for a tag; returns its commit, empty if there is none. Raises ``LabdataError`` if it is silent."""
    done = _git(root, "ls-remote", "--tags", remote_of(root), f"refs/tags/{name}", f"refs/tags/{name}^{{}}")
    if done.returncode != 0:
        raise LabdataError(f"The code's remote does not answer: {_said(done)}. Nothing was tagged.", hints.WITHOUT_PUSH)
    lines = [line.partition("\t") for line in done.stdout.splitlines()]
    found = {ref: commit for commit, _tab, ref in lines}
    return found.get(f"refs/tags/{name}^{{}}") or found.get(f"refs/tags/{name}", "")


def bring(root: Path, name: str) -> bool:
    """Fetch a tag from the remote, so that it is the same tag here as there; returns whether that worked."""
    return (
        _git(root, "fetch", "--quiet", "--no-tags", remote_of(root), f"refs/tags/{name}:refs/tags/{name}").returncode
        == 0
    )


def push(root: Path, name: str) -> None:
    """Push a tag; raises ``LabdataError`` with git's own words where that fails."""
    remote = remote_of(root)
    done = _git(root, "push", "--quiet", remote, f"refs/tags/{name}:refs/tags/{name}")
    if done.returncode != 0:
        raise LabdataError(
            f"{name} is given here and on the Hub, but was not pushed to {remote}: {_said(done)}.",
            hints.push_tag(spoken(root, name)),
        )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = [re.sub(r"^(fatal|error): ", "", line) for line in done.stderr.splitlines() if line.strip()]
    return (lines[0] if lines else f"exit code {done.returncode}").rstrip(".")


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    try:
        return subprocess.run(
            command, cwd=root, capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=_NETWORK
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
