"""Snakemake gets back what it knew, wherever that was, of the files that are here now."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from labdata.core import records as core
from labdata.core.content import Content, Tree
from labdata.core.errors import HubError
from labdata.core.packs import NewerPackError, PackError
from labdata.core.records import Record
from labdata.local.notes import Known
from labdata.local.snakemake_notes import JobNote, job_notes, keeps_notes
from labdata.records import packs_given, snakemake_store, store
from labdata.records.ahead import Ahead
from labdata.records.given import Given, given_of
from labdata.records.jobs import facts_of
from labdata.records.making import keeps_records
from labdata.records.times import make_older

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_GIVEN = "given"
"""Under which the state keeps the commits of which all is given back here, as far as that can be."""

_MANY = 1_000  # files from which records are read ahead


def is_given(workspace: Workspace, repo: Repo, commits: Iterable[str]) -> bool:
    """Tell whether all that some commits record was given back here already."""
    if not keeps_records(repo) or not has_pipeline(workspace):
        return True
    noted, wanted = workspace.state.quiet(repo.id, _GIVEN), " ".join(commits)
    if noted != wanted and (not noted.startswith(wanted) or noted != f"{wanted} {_readers()}"):
        return False
    return keeps_notes(workspace.settings.root)


def _readers() -> str:
    """Return what decides whether records can be read and given: what cannot be is tried again once it is another."""
    # It takes as long to import as a get without news to look.
    from importlib import metadata

    try:
        snakemake = metadata.version("snakemake")
    except metadata.PackageNotFoundError:
        snakemake = "none"
    return f"format={core.FORMAT} snakemake={snakemake}"


def read_ahead(workspace: Workspace, repo: Repo, commits: Iterable[str], coming: Collection[str]) -> Ahead | None:
    """Begin to read the records in some ``commits`` where so many files are ``coming`` that it pays."""
    if len(coming) < _MANY or not keeps_records(repo) or not has_pipeline(workspace):
        return None
    trees = {commit: _tree(workspace, repo, commit) or {} for commit in commits}
    # What cannot be read is told of when it is given back.
    return Ahead(store.texts_of(workspace, store.fetch(workspace, repo.id, trees), left={}), coming)


def give_back(
    workspace: Workspace, repo: Repo, commits: Iterable[str], here: Tree, *, whole: bool, ahead: Ahead | None = None
) -> None:
    """Give Snakemake its notes on files whose content is the recorded one.

    The records are those in some ``commits``, perhaps read ``ahead``; ``here`` are the files on this disk, which are
    all that there are if ``whole``. What cannot be given is told in one line.
    """
    if not keeps_records(repo):
        return
    trees = {commit: _tree(workspace, repo, commit) for commit in commits}
    packs, are_all = store.fetch_all(workspace, repo.id, {commit: tree or {} for commit, tree in trees.items()})
    if not has_pipeline(workspace):
        return
    left: dict[str, PackError] = {}
    new = packs_given.not_given(workspace, repo, packs, whole=whole)
    chosen = _chosen(workspace, repo, packs, new, here, ahead, left)
    given = _written(workspace, repo, chosen)
    store.tell_left_out(workspace, left)
    make_older(workspace, repo, here)
    are_read = are_all and None not in trees.values() and all(isinstance(one, NewerPackError) for one in left.values())
    if not (whole and are_read and given.is_over):
        return  # The next get tries again.
    is_all = not left and given.written >= chosen.keys()
    workspace.state.set_quiet(repo.id, _GIVEN, " ".join(trees if is_all else [*trees, _readers()]))
    packs_given.set_given(workspace, repo, packs if is_all else ())


def _written(workspace: Workspace, repo: Repo, chosen: Mapping[str, Given]) -> snakemake_store.Written:
    """Write the notes of some files, and keep that; what cannot be given is told in one line."""
    root, state = workspace.settings.root, workspace.state
    bodies = {path: one.body for path, one in chosen.items()}
    if changing := snakemake_store.fitting(bodies):
        # Should this be cut off, the next get looks at them again.
        state.forget_recorded(repo.id, changing)
    given = snakemake_store.write(root, bodies, {path: one.text for path, one in chosen.items() if one.text})
    if given.problem:
        workspace.console.warn(f"{repo.name}: {given.problem}")
    known = {path: one.known for path, one in chosen.items() if path in given.written}
    if known:
        with state.changes():
            state.update_recorded(repo.id, known)
    return given


def _tree(workspace: Workspace, repo: Repo, commit: str) -> dict[str, Content] | None:
    """Return a commit's tree; ``None`` where the Hub does not give it now, for the data are here all the same."""
    try:
        return workspace.known_tree(repo.id, commit) or {}
    except HubError:
        return None


def has_pipeline(workspace: Workspace) -> bool:
    """Tell whether a project has a workflow of Snakemake's."""
    root = workspace.settings.root
    places = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
    return any((root / place).is_file() for place in places)


def _chosen(
    workspace: Workspace,
    repo: Repo,
    packs: Collection[str],
    new: Collection[str],
    here: Tree,
    ahead: Ahead | None,
    left: dict[str, PackError],
) -> dict[str, Given]:
    """Return what to give back, by path: of the newest record of each file's content, if that is news here."""
    hashes = {path: content.sha256 for path, content in here.items() if content.sha256}
    before = workspace.state.recorded(repo.id) if keeps_notes(workspace.settings.root) else {}
    due = {path for path, sha256 in hashes.items() if path not in before or before[path].sha256 != sha256}
    if len(due) < len(hashes):
        found = store.records_in(workspace, new, set(hashes.values()), left)
        due |= {one.path for one in found if hashes.get(one.path) == one.sha256}
    wanted = {path: sha256 for path in due if (sha256 := hashes[path])}
    if not wanted:
        return {}
    latest: dict[str, Record] = {}
    read = ahead.records(packs) if ahead else None
    for one in read or store.records_in(workspace, packs, set(wanted.values()), left):
        if one.rule and wanted.get(one.path) == one.sha256:
            latest[one.path] = core.newest((one, latest.get(one.path, one))) or one
    notes = job_notes(workspace.settings.root, latest, math.inf) if latest else {}
    given = {path: (ahead and ahead.given(one)) or given_of(one) for path, one in latest.items()}
    return {
        path: one
        for path, one in given.items()
        if before.get(path) != one.known and not _is_newer(workspace, notes.get(path), before)
    }


def _is_newer(workspace: Workspace, note: JobNote | None, before: Mapping[str, Known]) -> bool:
    """Tell whether a rule has made a file here that is not published yet, so that its own note is the one to keep."""
    if note is None or (note.path in before and before[note.path].facts == facts_of(note.body)):
        return False
    end = note.body.get("endtime")
    try:
        written = workspace.worktree.path(note.path).stat().st_mtime
    except OSError:
        return False
    return isinstance(end, int | float) and abs(written - end) < 1e-5
