"""What is known where Copier runs: the git identity and the folder. For advice and defaults only, never for a file."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2.ext import Extension

if TYPE_CHECKING:
    from jinja2 import Environment


def git_config(key: str) -> str:
    """Return git's setting *key* (for example `user.name`), or nothing where git or the setting is missing."""
    try:
        found = subprocess.run(["git", "config", "--get", key], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip()


def folder_name(path: object) -> str:
    """Return the name of the folder *path*, also where it is written as `.` or `..`."""
    return Path(str(path)).resolve().name


class SurroundingsExtension(Extension):
    """Make the functions of this module available as Jinja filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["git_config"] = git_config
        environment.filters["folder_name"] = folder_name
