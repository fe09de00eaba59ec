"""Write a version of the Hub into a folder beside the working copy."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, paths, words
from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.sync.apply import left_out_error
from labdata.sync.open_pushes import warn_of_unfinished
from labdata.sync.options import GetOptions
from labdata.sync.remote import Remote, read_remote
from labdata.sync.version import resolve_revision

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


def get_beside(workspace: Workspace, repo: Repo, revision: str, folder: Path, options: GetOptions) -> None:
    """Write a version beside the working copy, into a folder of its own that must be new or empty.

    It is made under another name and gets its own when it is whole, so that it can be repeated after a kill.
    """
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LabdataError(f"{folder} is not an empty folder. Nothing was changed.", hints.NEW_FOLDER)
    remote = read_remote(workspace, repo)
    commit = resolve_revision(workspace, repo, revision) if revision else remote.branch or remote.main
    label = revision or remote.branch_name
    warn_of_unfinished(workspace, Remote(workspace, repo, label, commit, commit), label)
    tree = workspace.tree(repo.id, commit)
    wanted = {path: c for path, c in tree.items() if repo.holds(path) and (not options.parts or options.parts(path))}
    wanted = {path: content for path, content in wanted.items() if not paths.refusal(path)}
    size = sum(content.size for content in wanted.values())
    if options.dry_run:
        workspace.console.say(f"would write {words.number(len(wanted), 'file')} ({words.size(size)}) to {folder}")
        return
    failed = _fetch_beside(workspace, repo, commit, folder, wanted)
    if failed:
        there = words.number(len(wanted) - len(failed), "file")
        raise left_out_error(f"{repo.name}: {there} of {commit[:8]} are in {_half_made(folder, commit)}", failed)
    workspace.console.good(f"{repo.name}: wrote {words.number(len(wanted), 'file')} of {commit[:8]} to {folder}")


def _fetch_beside(
    workspace: Workspace, repo: Repo, commit: str, folder: Path, wanted: dict[str, Content]
) -> dict[str, str]:
    """Download a version into a folder; returns what could not be fetched, with the reason."""
    from labdata.hub.download import Download

    half_made = _half_made(folder, commit)
    size = sum(content.size for content in wanted.values())
    with workspace.console.progress(f"Downloading {words.number(len(wanted), 'file')}", size) as count:
        download = Download(workspace.hub, repo.id, commit, half_made, count)
        download.fetch(wanted)
    half_made.mkdir(parents=True, exist_ok=True)
    _drop_others(half_made, wanted)
    if download.failed:
        return download.failed
    if folder.is_dir():
        folder.rmdir()
    half_made.rename(folder)
    return download.failed


def _half_made(folder: Path, commit: str) -> Path:
    """Return where a version is put together that is to be ``folder`` once it is whole."""
    return folder.with_name(f"{folder.name}.part-{commit[:8]}")


def _drop_others(half_made: Path, wanted: Collection[str]) -> None:
    """Remove what an earlier get of other parts has left in a folder of ours."""
    for where in [path for path in half_made.rglob("*") if path.is_file()]:
        if where.relative_to(half_made).as_posix() not in wanted:
            where.unlink()
