"""Gather one side: the working copy as it is, limited to what a command is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.content import Content, Tree, path_collisions, same
from labdata.core.errors import LabdataError
from labdata.core.patterns import Patterns
from labdata.core.typed_paths import nearest
from labdata.local.scan import Scan

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_LONG_READ = 50_000_000
"""Bytes from which what was read is kept at once, so that a command that fails later does not read it all again."""


@dataclass(frozen=True)
class WorkingCopy:
    """The working copy's side of a repo, limited to the paths that a command is about."""

    base: dict[str, Content]
    scan: Scan
    mine: dict[str, Content]


def unsaved_paths(local: WorkingCopy) -> list[str]:
    """Return the paths that differ from what was last synced: new, changed or removed here."""
    paths = sorted(local.base.keys() | local.mine.keys())
    return [path for path in paths if not same(local.base.get(path), local.mine.get(path))]


def read_working_copy(
    workspace: Workspace,
    base: Tree,
    in_scope: Callable[[str], bool],
    scan: Scan,
    *,
    new: bool = True,
) -> WorkingCopy:
    """Hash what is not known of a scanned working copy; with ``new``, also files that only exist here.

    What cannot be read is left out by name: it is neither here nor gone.
    """
    wanted = [path for path in scan.files if in_scope(path) and (new or path in base)]
    size = workspace.worktree.unread_bytes(scan, wanted)
    with workspace.console.progress("Reading", size) as count:
        mine = workspace.worktree.contents(scan, wanted, count)
    if size > _LONG_READ:
        workspace.keep_learned()
    workspace.warn_of_skipped(scan)
    limited = {path: content for path, content in base.items() if in_scope(path)}
    if scan.skipped:
        limited = {path: content for path, content in limited.items() if not scan.left_out(path)}
    return WorkingCopy(limited, scan, mine)


def scope_of(
    workspace: Workspace,
    repo: Repo,
    base: Tree,
    parts: Patterns,
    theirs: Iterable[str],
    files: Collection[str],
    *,
    away: bool = False,
) -> Callable[[str], bool]:
    """Return which paths a get is about: the named parts, else what is fetched by default or already here.

    What is not fetched but has the name of something here (``files``) is part of it too, for a put would meet it on
    the branch; and so are files here in whose place one of ``theirs`` needs a folder, or the other way round. On the
    way to another version (``away``) it is replaced only by its like: the return to my branch would not restore it.
    """
    excludes = workspace.settings.excludes
    if repo.fetches_all and not parts:
        return cache(lambda path: repo.holds(path) and not excludes.file(path))
    wanted = parts or repo.fetch
    here = set(files)
    beside = {other for _path, other in path_collisions(filter(wanted, theirs), here)}
    if away and not parts:
        beside |= (here | base.keys()) & set(theirs)
    elif not parts:
        beside |= here | base.keys() | {path for path, _other in path_collisions(theirs, here)}
    return cache(lambda path: repo.holds(path) and not excludes.file(path) and (wanted(path) or path in beside))


def nothing_matches(repo: Repo, parts: Patterns, where: str, known: Iterable[str]) -> LabdataError:
    """Return the error for patterns that mean nothing: far more often a slip of the hand than an intention.

    ``known`` are the paths that there are.
    """
    said = f"No file of {repo.name} {where} matches {' '.join(parts.patterns)}. Nothing was changed."
    if close := [name for name in (nearest(pattern, known) for pattern in parts.patterns) if name]:
        return LabdataError(said, hints.did_you_mean(close))
    return LabdataError(
        said,
        hints.folders(repo.folders, repo.name),
    )


def require_layers(workspace: Workspace, repo: Repo) -> None:
    """Raise ``LabdataError`` where a whole layer was left out because it is on a disk that is not there."""
    away = workspace.worktree.away(repo.folders)
    if away:
        what = " and ".join(f"data/{folder} is a link to {target}" for folder, target in away.items())
        raise LabdataError(
            f"{what}, which is not there: it was left out, and nothing in it counts as removed.",
            hints.MOUNT,
        )


def require_own_branch(workspace: Workspace, repo: Repo) -> None:
    """Raise ``LabdataError`` while another version is checked out."""
    detached = workspace.state.heads(repo.id).detached
    if detached:
        raise LabdataError(
            f"data/ shows {detached}, not your own branch; nothing was published.",
            hints.own_branch_first(repo.name),
        )
