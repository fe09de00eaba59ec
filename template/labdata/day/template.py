"""Whether the template that a project was made with has a newer release."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from labdata.core import hints
from labdata.core.steps import Mark, Step
from labdata.local.code import template_version
from labdata.local.git import ask

_PATIENCE = 15  # seconds
_HOSTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+)")


def look(root: Path) -> Step | None:
    """Return a line on the template; ``None`` where the project names none, or none that can be asked now."""
    current, source = template_version(root), _source(root)
    if not (current and source):
        return None
    listed = ask(root, "ls-remote", "--tags", "--refs", "--", source, patience=_PATIENCE)
    newest = _newest(line.rpartition("refs/tags/")[2] for line in (listed or "").splitlines())
    if listed is None or newest is None:
        return None
    mine = _numbers(current)
    if mine is None or mine >= (_numbers(newest) or ()):
        return Step(Mark.IS, "template", f"{current} is the newest.")
    return Step(Mark.LOOK, "template", f"{newest} is out; this project is at {current}.", hints.UPDATE)


def _source(root: Path) -> str:
    """Return the address of the template's repository, empty where there is none that can be asked."""
    try:
        answers = (root / ".copier-answers.yml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(r"^_src_path: *['\"]?([^'\"\n]+?)['\"]?\s*$", answers, re.MULTILINE)
    source = match.group(1).strip().removeprefix("git+") if match else ""
    for short, address in _HOSTS.items():
        source = source.replace(short, address, 1) if source.startswith(short) else source
    is_here = Path(source).is_absolute() and Path(source).is_dir()
    return source if is_here or re.match(r"(https?|ssh|git)://|git@", source) else ""


def _newest(tags: Iterable[str]) -> str | None:
    numbered = [(numbers, tag) for tag in tags if (numbers := _numbers(tag, whole=True))]
    return max(numbered)[1] if numbered else None


def _numbers(version: str, *, whole: bool = False) -> tuple[int, ...] | None:
    """Return a version's numbers; with ``whole`` only if it is nothing else, as pre-releases are."""
    match = _VERSION.fullmatch(version) if whole else _VERSION.match(version)
    return tuple(int(number) for number in match.group(1).split(".")) if match else None
