"""Whether the template that a project was made with has a newer release."""

from __future__ import annotations

import re
from pathlib import Path

from labdata.core import changelog, hints
from labdata.core.steps import Mark, Step
from labdata.local.code import template_version
from labdata.local.git import ask
from labdata.local.template import address_of

_PATIENCE = 15  # seconds


def look(root: Path) -> Step | None:
    """Return a line on the template; ``None`` where the project names none, or none that can be asked now."""
    current, source = template_version(root), _source(root)
    if not (current and source):
        return None
    listed = ask(root, "ls-remote", "--tags", "--refs", "--", source, patience=_PATIENCE)
    newest = changelog.newest(line.rpartition("refs/tags/")[2] for line in (listed or "").splitlines())
    if not newest:
        return None
    mine, theirs = changelog.number(current), changelog.number(newest)
    if mine is None or theirs is None or mine >= theirs:
        return Step(Mark.IS, "template", f"{current} is the newest.")
    return Step(Mark.LOOK, "template", f"{newest} is out; this project is at {current}.", hints.UPDATE)


def _source(root: Path) -> str:
    """Return the address of the template's repository, empty where there is none that can be asked."""
    try:
        answers = (root / ".copier-answers.yml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(r"^_src_path: *['\"]?([^'\"\n]+?)['\"]?\s*$", answers, re.MULTILINE)
    source = address_of(match.group(1).strip()) if match else ""
    is_here = Path(source).is_absolute() and Path(source).is_dir()
    return source if is_here or re.match(r"(https?|ssh|git)://|git@", source) else ""
