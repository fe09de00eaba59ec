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


def renamed(value: str, folder: object, question: str) -> str:
    """Say what keeps the answer *value* from replacing the one that the project in *folder* was made with.

    Names of folders and repositories stand in many places: an update that changes one would leave the lab's own edits,
    or its data, under the old name.
    """
    answers = Path(str(folder)) / ".copier-answers.yml"
    try:
        lines = answers.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    stored = [line.partition(":")[2].strip().strip("'\"") for line in lines if line.startswith(f"{question}:")]
    if not stored or stored == [value]:
        return ""
    return f'see "Rename" in docs/update.md: an update does not rename {stored[0]}'


def hidden(package: str, folder: object) -> str:
    """Say what keeps *package* from being new in `src/` of *folder*: a package of that name at the top."""
    root = Path(str(folder))
    if (root / ".copier-answers.yml").exists() or not (root / package / "__init__.py").is_file():
        return ""
    return f"your package {package} is at the top already: another name for the one in src/"


def beside(package: str, folder: object) -> str:
    """Return *package*, or with `_steps` after it where the repository in *folder* has a package of that name."""
    return f"{package}_steps" if package and hidden(package, folder) else package


class SurroundingsExtension(Extension):
    """Make the functions of this module available as Jinja filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters["git_config"] = git_config
        environment.filters["folder_name"] = folder_name
        environment.filters["renamed"] = renamed
        environment.filters["hidden"] = hidden
        environment.filters["beside"] = beside
