"""git, asked as a program: there is no other way to it that every computer has."""

from __future__ import annotations

import subprocess
from pathlib import Path


def ask(root: Path, *arguments: str, strip: bool = True, patience: int = 60) -> str | None:
    """Return what git says, ``None`` where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False, timeout=patience)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Names of files may be in any encoding.
    said = done.stdout.decode(errors="replace")
    return (said.strip() if strip else said) if done.returncode == 0 else None
