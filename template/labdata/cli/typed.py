"""Where a person typed a command, and the paths that they named there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core.typed_paths import seen_from_root, typed_pattern

if TYPE_CHECKING:
    from labdata.core.project import Settings

TYPED_IN = "LABDATA_TYPED_IN"
"""The variable in which the Justfile hands on where a recipe was typed: recipes run in the project's own folder."""


def typed_in() -> Path:
    """Return the folder in which a person typed the command."""
    here, told = Path.cwd(), Path(os.environ.get(TYPED_IN) or "nowhere")
    # A program that was started in another folder since means that one.
    is_recipe = (here / "labdata.toml").exists() and told.is_absolute()
    return told if is_recipe and told.is_dir() else here


def outside(path: Path) -> Path:
    """Return a path that need not lie in the project, as it was typed."""
    return typed_in() / path.expanduser()


def from_root(settings: Settings, text: str) -> str:
    """Return a path or pattern as seen from the project's root, wherever below it that was typed."""
    root, folder = settings.root.resolve(), typed_in().resolve()
    below = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else ""
    tops = {name.partition("/")[0] for repo in settings.repos.values() for name in repo.folders}
    return seen_from_root(text, "" if below == "." else below, tops, lambda path: os.path.lexists(root / path))


def pattern(settings: Settings, text: str) -> str:
    """Return what was typed as a pattern below ``data/``; see ``typed_pattern``."""
    return typed_pattern(from_root(settings, text), settings.root.as_posix())


def where(settings: Settings, text: str) -> Path:
    """Return where a file is that was named by its path, be it in the project or elsewhere."""
    folder = typed_in()
    is_inside = folder.resolve().is_relative_to(settings.root.resolve())
    seen = Path(from_root(settings, text)).expanduser()
    return Path(os.path.normpath((settings.root if is_inside else folder) / seen))
