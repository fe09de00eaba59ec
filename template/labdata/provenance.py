"""Which code, inputs and main a version of the data was made with: the trailers of labdata's commits."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

_TRAILER = re.compile(r"^(Code|Inputs|Main|Template|Branch|Part): (.+)$", re.MULTILINE)
_SHA = re.compile(r"^[0-9a-f]{40}$")


def trailers(message: str) -> dict[str, str]:
    """Return the trailers of a commit message; the last of a kind wins."""
    return {name: value.strip() for name, value in _TRAILER.findall(message)}


def written(values: dict[str, str]) -> str:
    """Return trailers as the end of a commit message; empty values are left out."""
    return "\n".join(f"{name}: {value}" for name, value in values.items() if value)


def commit_of(value: str) -> str:
    """Return the commit sha in a trailer such as ``lab/repo@<sha>`` or ``<sha>``, empty if there is none."""
    sha = value.split(" ")[0].rpartition("@")[2]
    return sha if _SHA.match(sha) else ""


def code_version(root: Path) -> str:
    """Return ``<repo>@<sha> (clean|dirty)`` of the project's git repository, empty where there is none."""
    sha = _git(root, "rev-parse", "HEAD")
    if not sha:
        return ""
    address = _git(root, "config", "--get", "remote.origin.url")
    name = repo_name(address) if address else root.name
    state = "dirty" if _git(root, "status", "--porcelain") else "clean"
    return f"{name}@{sha} ({state})"


def repo_name(address: str) -> str:
    """Return ``owner/name`` of a git address, without any user name or token that it carries."""
    parts = re.split(r"[/:]", address.rstrip("/").removesuffix(".git"))
    return "/".join(part.rpartition("@")[2] for part in parts[-2:] if part)


def template_version(root: Path) -> str:
    """Return the version of the template that the project was made with, empty where it is not known."""
    answers = root / ".copier-answers.yml"
    if not answers.is_file():
        return ""
    match = re.search(r"^_commit: *['\"]?([^'\"\s]+)", answers.read_text(encoding="utf-8"), re.MULTILINE)
    return match.group(1) if match else ""


def newest(messages: Iterable[str], name: str) -> str:
    """Return the first value of a trailer in messages given newest first, empty if none has it."""
    return next((found[name] for found in map(trailers, messages) if name in found), "")


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
