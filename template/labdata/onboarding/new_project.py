"""What the template runs once, right after the copy: folders, git, then ``labdata setup``.

Needs only the standard library, for Copier's own Python may have nothing else. It never fails the copy: whatever does
not work is said in one sentence with the command that does it later.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from labdata.core.errors import LabdataError
from labdata.local.settings import load

STANDARD = ("external", "raw", "interim", "processed")
"""The layers of every project; those that are not on the Hub are on this computer only."""


def main() -> int:
    """Set up the project in the current folder; returns 0 always."""
    root = Path.cwd()
    for step in (folders, first_commit, hub_setup):
        try:
            said = step(root)
        except (OSError, subprocess.SubprocessError) as error:
            said = f"{step.__name__.replace('_', ' ')}: {error}. Run `just onboard` in the project later."
        if said:
            print(said, file=sys.stderr)
    return 0


def folders(root: Path) -> str:
    """Make the layers of ``data/``, which git knows nothing of; returns what could not be done."""
    shared: list[str] = []
    # Settings that cannot be read, as after a copy over an old project, are for `labdata setup` to speak of.
    with suppress(LabdataError):
        shared = [folder for repo in load(root).repos.values() for folder in repo.folders]
    missed = [f"data/{layer}" for layer in make_layers(root / "data", [*STANDARD, *shared])]
    if not missed:
        return ""
    return (
        f"{', '.join(missed)}: no folder could be made, for something else has the name or a disk is not there. "
        "Look at it, then run `just onboard` in the project."
    )


def make_layers(data: Path, layers: Iterable[str]) -> list[str]:
    """Make the folders of ``data`` that are missing; returns those that cannot be.

    That is where a file is in the way, or a link to a disk that is not there.
    """
    missed = []
    for layer in dict.fromkeys(layers):
        try:
            (data / layer).mkdir(parents=True, exist_ok=True)
        except OSError:
            missed.append(layer)
    return missed


def first_commit(root: Path) -> str:
    """Make a git repository with one commit where there is none; returns what could not be done."""
    if _has_repository(root):
        return ""
    started = _git(root, "init", "--initial-branch=main")
    if started.returncode != 0:
        return f"No git repository was made ({_last_line(started)}). Make one with `git init`."
    _git(root, "add", "--all")
    done = _git(root, "commit", "--message", "chore: start from the hublab template")
    if done.returncode != 0:
        return (
            f"The files are staged but not committed ({_last_line(done)}). "
            "Tell git who you are (`git config --global user.name ...`, `user.email ...`), then `git commit`."
        )
    return ""


def _has_repository(root: Path) -> bool:
    """Tell whether the project is a git repository, or a tracked part of one.

    A home folder under git, or another project further up, is not the project's own repository.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top.returncode != 0:
        return False
    return Path(top.stdout.strip()).resolve() == root.resolve() or bool(_git(root, "ls-files").stdout)


def hub_setup(root: Path) -> str:
    """Run ``labdata setup``; returns what could not be done."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return (
            "The Hub was not set up: huggingface_hub is not installed beside Copier. The project is complete; "
            "run `just onboard` in it."
        )
    done = subprocess.run([sys.executable, "-m", "labdata", "setup"], cwd=root, check=False, timeout=600)
    if done.returncode != 0:
        return "The project is complete, but the Hub was not set up. Run `just onboard` in the project to do it."
    return ""


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=120)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1].strip() if lines else "git gave no reason"


if __name__ == "__main__":
    sys.exit(main())
