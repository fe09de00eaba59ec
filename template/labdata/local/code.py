"""The version of the code: the project's git repository, and the template that it was made with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def code_version(root: Path) -> str:
    """Return ``<repo>@<sha> (clean|dirty)`` of the project's git repository, empty where there is none.

    Data are no code: nothing at or below ``data`` makes it dirty, be it tracked, a folder or a link.
    """
    sha = _git(root, "rev-parse", "HEAD")
    if not sha:
        return ""
    address = _git(root, "config", "--get", "remote.origin.url") or ""
    name = repo_name(address) if address else root.name
    # Where git gives no answer, nobody may call it clean.
    changes = _git(root, "status", "--porcelain", "--", ":/", ":(exclude)data")
    state = "clean" if changes == "" else "dirty"
    return f"{name}@{sha} ({state})"


def repo_name(address: str) -> str:
    """Return ``owner/name`` of a git address, without any user name or token that it carries."""
    parts = re.split(r"[/:]", address.rstrip("/").removesuffix(".git"))
    return "/".join(part.rpartition("@")[2] for part in parts[-2:] if part)


def commit_address(root: Path, sha: str) -> str:
    """Return where a commit of the project's code can be looked at, empty where its origin is not GitHub."""
    address = _git(root, "config", "--get", "remote.origin.url") or ""
    host = re.sub(r"^(?:\w+://)?(?:[^@/]*@)?", "", address).partition("/")[0].partition(":")[0]
    return f"https://github.com/{repo_name(address)}/commit/{sha}" if host == "github.com" else ""


def template_version(root: Path) -> str:
    """Return the version of the template that the project was made with, empty where it is not known."""
    answers = root / ".copier-answers.yml"
    if not answers.is_file():
        return ""
    match = re.search(
        r"^_commit: *['\"]?([^'\"\s]+)", answers.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
    )
    return match.group(1) if match else ""


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git says, ``None`` where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Names of files may be in any encoding.
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
