"""The hooks of the project's git repository: whether they are there, and how they get there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from labdata.core import hints
from labdata.local.git import ask, reason, tried

KINDS = ("pre-commit", "pre-push")


def has_git(root: Path) -> bool:
    """Tell whether the project is a git repository, or a tracked part of one."""
    top = ask(root, "rev-parse", "--show-toplevel")
    if not top:
        return False
    return Path(top).resolve() == root.resolve() or bool(ask(root, "ls-files"))


def no_git(root: Path) -> tuple[str, str]:
    """Return why the project is no git repository, as far as git tells, and what helps."""
    said, why = tried(root, "rev-parse", "--show-toplevel")
    if not shutil.which("git"):
        return "git is not installed here, so nothing is known of the code.", hints.PIXI_INSTALL
    if not said and any((folder / ".git").exists() for folder in (root, *root.parents)):
        return f"git does not read this repository: {reason(why)}.", hints.GIT_STATUS
    return "This folder is no git repository.", hints.CLONE


def wants_hooks(root: Path) -> bool:
    """Tell whether the project has hooks at all."""
    return (root / ".pre-commit-config.yaml").is_file()


def missing_hooks(root: Path) -> list[str]:
    """Return the kinds of hooks that are not installed in this clone."""
    folder = ask(root, "rev-parse", "--git-path", "hooks")
    if folder is None:
        return list(KINDS)
    return [kind for kind in KINDS if "pre-commit.com" not in _text(root / folder / kind)]


def install_hooks(root: Path) -> str:
    """Install the hooks; returns in pre-commit's own words why that failed, empty if it did not."""
    command = [sys.executable, "-m", "pre_commit", "install"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    if done.returncode != 0:
        return said.splitlines()[-1] if said else "pre-commit gave no reason"
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
