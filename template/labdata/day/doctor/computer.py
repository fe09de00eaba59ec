"""This computer: tools, disks, cache, locale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.steps import Mark, Step
from labdata.hub import cache
from labdata.local.room import rooms

if TYPE_CHECKING:
    from labdata.local.recycle import Recycle

_PROGRAMS = ("git", "just")
_PACKAGES = ("huggingface_hub", "hf_xet", "snakemake", "pre-commit")
_OLDEST = (3, 11)
_LITTLE, _SOME = 1_000_000_000, 0.05  # bytes, and the part of a disk, below which it is told
_LARGE_CACHE = _LARGE_RECYCLE = 50_000_000_000
_PIXI_RUN = re.compile(r"^[ \t]*(?:export[ \t]+)?PIXI_RUN[ \t]*=(.*?)(?:\s#.*)?\r?$", re.MULTILINE)
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def tools(root: Path) -> Iterator[Step]:
    """Look whether all programs and packages are there, and which versions."""
    python = ".".join(str(number) for number in sys.version_info[:3])
    programs = {"Python": python if sys.version_info >= _OLDEST else ""}
    programs |= {name: _version_of(name) for name in _PROGRAMS}
    if not shutil.which("snakemake"):
        # Its package alone does not run a pipeline.
        programs["snakemake"] = ""
    packages = {name: _installed(name) for name in _PACKAGES}
    for title, found in (("tools", programs), ("packages", packages)):
        missing = [name for name, version in found.items() if not version]
        if missing:
            yield Step(Mark.MISSING, title, f"Not there, or too old: {', '.join(missing)}.", hints.PIXI_INSTALL)
        else:
            yield Step(Mark.IS, title, ", ".join(f"{name} {version}" for name, version in found.items()))
    runner = _runner(root)
    if runner and not shutil.which(runner):
        yield Step(Mark.MISSING, "recipes", f"They run through {runner}, which is not there.", hints.PIXI_GET)


def _runner(root: Path) -> str:
    """Return the program that recipes run all others through, empty where there is none."""
    told = os.environ.get("PIXI_RUN")
    env = root / ".env"
    if told is None and env.is_file():
        found = _PIXI_RUN.findall(env.read_text(encoding="utf-8", errors="replace"))
        told = found[-1].strip("\"' ") if found else None
    told = "pixi run" if told is None else told
    return (told.split() or [""])[0] if (root / "Justfile").is_file() else ""


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _version_of(program: str) -> str:
    if not shutil.which(program):
        return ""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    match = _VERSION.search(done.stdout)
    return match.group() if match else "of an unknown version"


def disks(data: Path, folders: list[str]) -> Iterator[Step]:
    """Look at the room on each disk that holds layers."""
    for room in rooms(data, folders):
        said = f"{words.size(room.free)} of {words.size(room.total)} are free for {', '.join(room.folders)}."
        mark = Mark.IS if room.free > _SOME * room.total or room.free > 100 * _LITTLE else Mark.LOOK
        mark = Mark.MISSING if room.free < _LITTLE else mark
        yield Step(mark, "disk", said, "" if mark is Mark.IS else hints.DISK_FULL)


def recycled(bin_: Recycle, data: Path) -> Step:
    """Look how much of the disk the files take that were replaced."""
    number, size = bin_.size()
    said = f"data/_recycle holds {words.number(number, 'replaced file')}, {words.size(size)}."
    is_large = size > _LARGE_RECYCLE or (size > _LITTLE and size > shutil.disk_usage(data).free)
    return Step(Mark.LOOK, "recycle", said, hints.RECYCLE) if is_large else Step(Mark.IS, "recycle", said)


def caches() -> Step:
    """Look at the size of the Hub's cache."""
    size = cache.size()
    said = f"The Hub's cache takes {words.size(size)}."
    return Step(Mark.LOOK, "cache", said, hints.CACHE) if size > _LARGE_CACHE else Step(Mark.IS, "cache", said)


def locale() -> Step:
    """Look whether programs take names for UTF-8."""
    told = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := os.environ.get(name))), "")
    if os.name == "nt" or re.search(r"utf-?8", told, re.IGNORECASE):
        return Step(Mark.IS, "locale", told or "UTF-8")
    said = f"Names of files are not UTF-8 by the locale ({told or 'none is set'}); labdata uses UTF-8 all the same."
    return Step(Mark.LOOK, "locale", said, hints.LOCALE)
