"""All of the doctor's looks, one after the other; none that fails keeps the others from being made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core.errors import LabdataError
from labdata.core.steps import Mark, Step
from labdata.day import template
from labdata.day.doctor import computer, hub, project
from labdata.local.env_file import mend
from labdata.local.hooks import has_git
from labdata.onboarding.quiet import kept

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from labdata.workspace import Workspace


def examine(root: Path, opened: Callable[[], AbstractContextManager[Workspace]]) -> Iterator[Step]:
    """Give a line for each look. ``opened`` opens the project, and raises ``LabdataError`` where it cannot be."""
    yield from computer.tools(root)
    yield computer.locale()
    yield from _guarded(".env", lambda: project.env(root))
    yield project.hooks(root)
    if has_git(root):
        yield from project.overlooked(root)
        yield from project.secrets(root)
        yield project.tool(root)
    yield from _guarded("settings", lambda: _in_project(opened))
    yield computer.caches()
    if found := template.look(root):
        yield found


def _in_project(opened: Callable[[], AbstractContextManager[Workspace]]) -> Iterator[Step]:
    with opened() as workspace, kept(workspace, warnings=True):
        settings = workspace.settings
        yield Step(Mark.IS, "settings", "labdata.toml can be read.")
        folders = [folder for repo in settings.repos.values() for folder in repo.folders]
        yield from computer.disks(settings.data, folders)
        yield computer.recycled(workspace.recycle_bin, settings.data)
        yield from _guarded("state", lambda: hub.notes(workspace))
        yield from hub.distance()
        found = list(_guarded("login", lambda: [hub.login(workspace)]))
        yield from found
        if found[0].mark is Mark.MISSING:
            return
        for repo in settings.repos.values():
            yield from _guarded(repo.name, partial(hub.rights, workspace, repo))


def _guarded(name: str, look: Callable[[], Iterable[Step]]) -> Iterator[Step]:
    try:
        yield from look()
    except LabdataError as error:
        yield hub.finding(name, error)


def mend_env(root: Path) -> bool:
    """Write ``.env`` so that all can read it; returns whether that changed anything."""
    path = root / ".env"
    return path.is_file() and mend(path)
