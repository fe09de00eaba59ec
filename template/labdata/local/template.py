"""The template that a project was made from: its address, its versions, and what it held at each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.local import git_status
from labdata.local.git import QUIETLY, reason

ANSWERS = ".copier-answers.yml"
_HOSTS = {"gh": "https://github.com", "gl": "https://gitlab.com"}
_PATIENCE = 120  # seconds that the template's server may take


@dataclass(frozen=True)
class Origin:
    """Where a project comes from: the git ``address`` of the template, and the ``version`` it stands at."""

    address: str
    version: str


def origin(root: Path) -> Origin:
    """Read where a project comes from; raises ``LabdataError`` where Copier's answers do not say so."""
    path = root / ANSWERS
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    found = {name: re.search(rf"^{name}: *(.+?) *$", text, re.MULTILINE) for name in ("_src_path", "_commit")}
    values = {name: match.group(1).strip("'\"") for name, match in found.items() if match}
    if len(values) < 2:
        raise LabdataError(
            f"{ANSWERS} does not say which version of which template this project was made from. Nothing was done.",
            hints.ANSWERS_BACK,
        )
    return Origin(address_of(values["_src_path"]), values["_commit"])


def address_of(source: str) -> str:
    """Return the git address of a template as Copier names it: ``gh:lab/hublab``, a folder, or an address."""
    if short := re.fullmatch(r"(gh|gl):/?(.+?)(?:\.git)?/?", source):
        return f"{_HOSTS[short[1]]}/{short[2]}.git"
    return source.removeprefix("git+")


def tags(address: str) -> list[str]:
    """Return the names of the template's tags; raises ``LabdataError`` where it cannot be reached."""
    listed = _ask(None, "ls-remote", "--tags", "--refs", "--", address)
    return [line.rpartition("refs/tags/")[2] for line in listed.splitlines()]


@dataclass(frozen=True)
class Held:
    """What a template held at some versions, in a folder that goes with the block that asked for it."""

    folder: Path

    def text(self, version: str, path: str) -> str:
        """Return a text file of a version, empty where it had none."""
        done = _git(self.folder, "show", f"refs/tags/{version}:{path}")
        return done.stdout if done.returncode == 0 else ""

    def blobs(self, version: str) -> dict[str, str]:
        """Return git's names for the contents of the files that a version gives to a project just as they are."""
        return _blobs(self.folder, f"refs/tags/{version}:template")


@contextmanager
def held(address: str, versions: set[str]) -> Iterator[Held]:
    """Fetch some versions of a template for the time of a block; raises ``LabdataError`` where that fails."""
    with tempfile.TemporaryDirectory(prefix="labdata-template-") as name:
        folder = Path(name)
        _ask(folder, "init", "--quiet", "--bare")
        refs = [f"refs/tags/{version}:refs/tags/{version}" for version in sorted(versions)]
        _ask(folder, "fetch", "--quiet", "--no-tags", "--depth=1", "--", address, *refs)
        yield Held(folder)


def changes(root: Path) -> dict[str, str]:
    """Return the files of a project that differ from its last commit, each with git's two letters for it.

    Raises ``LabdataError`` where there is no git repository.
    """
    if not shutil.which("git"):
        raise LabdataError("git is not installed. Nothing was done.", hints.UPDATE_TOOLS)
    listed, why = git_status.status(root, "--no-renames", "--untracked-files=all", "--", ".")
    if why:
        raise LabdataError(f"This project is no git repository ({reason(why)}). Nothing was done.", hints.GIT_FIRST)
    above = _above(root)
    return {entry[3:].removeprefix(above): entry[:2] for entry in listed.split("\0") if entry}


def overlooked(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the commands that let git see those files of a project that it is told to overlook."""
    above = _above(root)
    return git_status.overlooked(root, [above + path for path in paths])


def _above(root: Path) -> str:
    """Return how git names the project's folder: it names files from the root of the repository around it."""
    return _git(root, "rev-parse", "--show-prefix").stdout.strip()


def committed(root: Path) -> dict[str, str]:
    """Return git's names for the contents of all files in a project's last commit."""
    return _blobs(root, "HEAD")


def _blobs(folder: Path, tree: str) -> dict[str, str]:
    found = {}
    for entry in filter(None, _git(folder, "ls-tree", "-r", "-z", tree).stdout.split("\0")):
        facts, _tab, path = entry.partition("\t")
        found[path] = facts.rpartition(" ")[2]
    return found


def _ask(folder: Path | None, *arguments: str) -> str:
    """Return what git says; raises ``LabdataError`` with its reason where it fails."""
    try:
        done = _git(folder, *arguments)
    except FileNotFoundError:
        raise LabdataError("git is not installed. Nothing was done.", hints.UPDATE_TOOLS) from None
    except subprocess.TimeoutExpired:
        raise LabdataError("The template's server did not answer. Nothing was done.", hints.TEMPLATE_REACH) from None
    if done.returncode:
        words = reason(done.stderr)
        raise LabdataError(f"The template could not be read: {words}. Nothing was done.", hints.TEMPLATE_REACH)
    return done.stdout


def _git(folder: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=os.environ | QUIETLY,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        timeout=_PATIENCE,
    )
