"""git, asked as a program: there is no other way to it that every computer has."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

QUIETLY = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
"""git asks for no password, and speaks English."""


def ask(root: Path, *arguments: str, strip: bool = True, patience: int = 60) -> str | None:
    """Return what git says, ``None`` where it fails."""
    said, why = tried(root, *arguments, patience=patience)
    if why:
        return None
    return said.strip() if strip else said


def tried(root: Path, *arguments: str, patience: int = 60, env: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return what git says, and in its own words why it failed, empty where it did not; ``env`` comes on top."""
    whole = {**os.environ, **QUIETLY, **(env or {})}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, check=False, timeout=patience, env=whole
        )
    except subprocess.TimeoutExpired:
        return "", f"git did not answer within {patience} seconds"
    except OSError as error:
        return "", f"git cannot be run: {error.strerror or error}"
    # Names of files may be in any encoding.
    said, why = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace").strip()
    return said, "" if done.returncode == 0 else (why or "git gave no reason")


_VAGUE = "fatal: Could not read from remote repository"
"""What git says last of a remote, after what it was about."""


def reason(why: str) -> str:
    """Return the line of git's complaint that says most, without the name or token that an address may carry."""
    lines = [line.strip() for line in why.splitlines() if line.strip()] or ["git gave no reason"]
    lines = [line for line in lines if not re.match(r"(?i)\W*(warning|hint)\b", line)] or lines
    first = next((at for at, line in enumerate(lines) if line.startswith(("fatal:", "error:"))), 0)
    if first and lines[first].startswith(_VAGUE):
        first -= 1
    said = re.sub(r"^(fatal|error): ", "", lines[first], flags=re.IGNORECASE)
    return re.sub(r"//[^/@\s]+@", "//", said).rstrip(".")


_BEGUN = {
    "rebase-merge": ("rebase", "git rebase --abort"),
    "rebase-apply": ("rebase", "git rebase --abort"),
    "MERGE_HEAD": ("merge", "git merge --abort"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "git cherry-pick --abort"),
    "REVERT_HEAD": ("revert", "git revert --abort"),
    "BISECT_LOG": ("bisect", "git bisect reset"),
}


def begun(root: Path) -> tuple[str, str] | None:
    """Return what git is in the middle of, as a rebase that met a conflict, and the command that takes it back."""
    folder = ask(root, "rev-parse", "--absolute-git-dir")
    return next((told for name, told in _BEGUN.items() if folder and (Path(folder) / name).exists()), None)
