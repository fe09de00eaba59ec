"""What git knows about the person at the keyboard; asked for advice and defaults only, never written into a file."""

from __future__ import annotations

import subprocess
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


class GitIdentityExtension(Extension):
    """Make `git_config` available as a Jinja filter: `{{ 'user.name' | git_config }}`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["git_config"] = git_config
