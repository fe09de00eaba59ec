"""What git has not: asked so that a person who told git to overlook a file finds it all the same."""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from labdata.local.git import ask, tried

_OPTIONS = {"assume-unchanged": "--no-assume-unchanged", "skip-worktree": "--no-skip-worktree"}


def status(root: Path, *arguments: str) -> tuple[str, str]:
    """Return what ``git status --porcelain -z`` says, and why it failed, empty where it did not.

    Files that git is told to overlook are looked at too (``git update-index --assume-unchanged``, ``--skip-worktree``);
    one that a sparse checkout leaves out is no change.
    """
    everything = ("--porcelain", "-z", "--ignore-submodules=none")
    with _whole_index(root) as env:
        return tried(root, "-c", "core.ignoreStat=false", "status", *everything, *arguments, env=env)


def overlooked(root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the commands that let git see those of some paths, from the repository's top, that it overlooks."""
    marks = _marks(root)
    if not marks:
        return ()
    above = ask(root, "rev-parse", "--show-prefix") or "."
    wanted = {posixpath.relpath(path, above) for path in paths}
    found = [(option, path) for path in sorted(wanted & marks.keys()) for option in marks[path]]
    return tuple(f"git update-index {option} {shlex.quote(path)}" for option, path in found)


def _marks(root: Path) -> dict[str, tuple[str, ...]]:
    """Return the files that git is told to overlook, each with the options that undo that."""
    found = {}
    for line in (ask(root, "ls-files", "-v", "-z", "--", ":/", strip=False) or "").split("\0"):
        letter, path = line[:1], line[2:]
        options = [_OPTIONS["assume-unchanged"]] if letter.islower() else []
        options += [_OPTIONS["skip-worktree"]] if letter.upper() == "S" else []
        if options:
            found[path] = tuple(options)
    return found


@contextmanager
def _whole_index(root: Path) -> Iterator[dict[str, str]]:
    """Give the environment in which git reads a copy of its index that has no file overlooked; its own stays."""
    marks = {path: options for path, options in _marks(root).items() if _is_seen(root / path, options)}
    index = ask(root, "rev-parse", "--git-path", "index")
    if not marks or not index:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="labdata-index-") as folder:
        copy = Path(folder) / "index"
        shutil.copy2(root / index, copy)
        env = {"GIT_INDEX_FILE": str(copy)}
        for option in _OPTIONS.values():
            paths = [path for path, options in marks.items() if option in options]
            for start in range(0, len(paths), _AT_ONCE):
                tried(root, "update-index", option, "--", *paths[start : start + _AT_ONCE], env=env)
        yield env


_AT_ONCE = 500
"""Paths on one command line."""


def _is_seen(path: Path, options: tuple[str, ...]) -> bool:
    return os.path.lexists(path) or _OPTIONS["skip-worktree"] not in options
