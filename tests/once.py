"""What is made once for all processes of a test session: each worker that needs it waits for the first, then has it."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PLACE = "HUBLAB_TESTS_SHARED"
"""The variable by which the first process of a session tells those that it starts where it is."""
SLURM = ("snakemake_executor_plugin_slurm",)
S3 = ("boto3", "botocore", "s3transfer", "jmespath")
"""Beginnings of what a project's usual environment does not bring: each is in an environment of its own there."""


def place() -> Path:
    """Return the folder for all that is made once: that of the process that began, or a new one, gone with this one."""
    if PLACE not in os.environ:
        os.environ[PLACE] = tempfile.mkdtemp(prefix="hublab-tests-")
        atexit.register(shutil.rmtree, os.environ[PLACE], ignore_errors=True)
    return Path(os.environ[PLACE])


def once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder *name*, which `make` fills where no process has done so yet. Nobody changes what is in it."""
    folder, done = place() / name, place() / f"{name}.done"
    with FileLock(place() / f"{name}.lock"):
        if not done.exists():
            # What a test that failed has left of it is made again, and fails again, for the next.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@functools.cache
def programs() -> Path:
    """Return the folder of a member's programs: of a Python that has what a project's usual environment has.

    Snakemake imports each plugin that it finds when it starts, and the one for SLURM imports pandas: a third of all
    that a start takes, which nobody pays who does not use SLURM. What speaks S3 is imported too, where it is there.
    """
    return once("python", _lay_out) / "bin"


@functools.cache
def s3_packages() -> Path:
    """Return a folder with what speaks S3, for the `PYTHONPATH` of a member who asked for that environment."""
    return once("s3", lambda folder: _link([entry for entry in _packages().iterdir() if _is_of(entry, S3)], folder))


def _packages() -> Path:
    return Path(next(path for path in sys.path if path.startswith(sys.prefix) and path.endswith("site-packages")))


def _is_of(entry: Path, beginnings: tuple[str, ...]) -> bool:
    return entry.name.startswith(beginnings)


def _link(entries: Iterable[Path], folder: Path) -> None:
    for entry in entries:
        (folder / entry.name).symlink_to(entry)


def _lay_out(folder: Path) -> None:
    here = Path(sys.prefix)
    there = folder / _packages().relative_to(here)
    there.mkdir(parents=True)
    _link([entry for entry in _packages().iterdir() if not _is_of(entry, SLURM + S3)], there)
    shutil.copyfile(here / "pyvenv.cfg", folder / "pyvenv.cfg")
    (folder / "bin").mkdir()
    for program in (here / "bin").iterdir():
        _install(program, folder / "bin" / program.name)


def _install(program: Path, target: Path) -> None:
    if program.is_symlink():
        target.symlink_to(program.readlink())
        return
    with program.open("rb") as file:
        start = file.read(2)
    if start != b"#!":
        target.symlink_to(program)
        return
    # A script begins with the Python that runs it.
    target.write_bytes(program.read_bytes().replace(str(program.parent).encode(), str(target.parent).encode()))
    target.chmod(0o755)
