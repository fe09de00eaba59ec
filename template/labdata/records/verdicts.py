"""Verdicts on this disk: those that others published, and one's own, which go to the Hub with the next put."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from labdata.core import packs as core
from labdata.core.packs import MANY, Pack, PackError
from labdata.core.verdicts import Run, in_short, merged, packed, runs_in, texts_in, verdicts_in
from labdata.records import store

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.content import Tree
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_BEGINNING = ".provenance/verdicts/"


def _folder(workspace: Workspace, repo: Repo) -> Path:
    return workspace.private_folder / "verdicts" / repo.name


def note(workspace: Workspace, repo: Repo, run: Run) -> None:
    """Keep a run of one's own until a put has published it."""
    pack = packed(run)
    store.kept(workspace, pack)
    # The name alone is kept here: packs never change.
    where = _folder(workspace, repo) / pack.path.rpartition("/")[2]
    where.parent.mkdir(parents=True, exist_ok=True)
    where.touch()


def _waiting(workspace: Workspace, repo: Repo) -> Iterator[tuple[Path, str]]:
    folder = _folder(workspace, repo)
    for where in sorted(folder.iterdir()) if folder.is_dir() else ():
        if workspace.pack(where.name).is_file():
            yield where, f"{_BEGINNING}{where.name}"


def are_waiting(workspace: Workspace, repo: Repo) -> bool:
    """Tell whether there are verdicts that no put has published."""
    return any(_waiting(workspace, repo))


def to_send(workspace: Workspace, repo: Repo, now: Tree) -> list[Pack]:
    """Return the packs of one's own that a tree does not hold yet; what it holds waits no more."""
    landed(workspace, repo, now)
    paths = [path for _where, path in _waiting(workspace, repo)]
    return [Pack(path, workspace.pack(path).read_bytes()) for path in paths]


def tidied(workspace: Workspace, tree: Tree) -> tuple[list[Pack], list[str]]:
    """Return the pack into which those of a tree are merged where they are many, and those that it makes superfluous.

    Only what is here can be said to be held elsewhere.
    """
    packs = verdicts_in(tree)
    if len(packs) < MANY:
        return [], []
    texts: dict[str, dict[str, bytes]] = {}
    for path in packs:
        with suppress(OSError, PackError):
            texts[path] = texts_in(path, workspace.pack(path).read_bytes())
    merge, drop = core.tidied({path: tree[path].size for path in texts}, {p: frozenset(t) for p, t in texts.items()})
    if not merge:
        return [], drop
    pack = merged(text for path in merge for text in texts[path].values())
    store.kept(workspace, pack)
    return [pack], [path for path in (*merge, *drop) if path != pack.path]


def landed(workspace: Workspace, repo: Repo, paths: Collection[str]) -> None:
    """Note that the branch holds some packs, so that they wait no more."""
    for where, path in list(_waiting(workspace, repo)):
        if path in paths:
            where.unlink(missing_ok=True)


def known(workspace: Workspace, repo: Repo, trees: Mapping[str, Tree], *, ask: bool = True) -> list[Run]:
    """Return the runs that some trees (by commit) hold, and those that came to this disk before, the newest first.

    Without ``ask`` the Hub is not asked. What cannot be read is left out: nothing depends on it.
    """
    paths = dict.fromkeys(path for tree in trees.values() for path in verdicts_in(tree))
    if ask and paths:
        store.fetch(workspace, repo.id, trees, verdicts_in)
    found: dict[str, Run] = {}
    here = (where.name for where in workspace.pack("").glob("*.json*") if ".jsonl" not in where.name)
    for path in dict.fromkeys([*paths, *(f"{_BEGINNING}{name}" for name in sorted(here))]):
        with suppress(OSError, PackError):
            found |= runs_in(path, workspace.pack(path).read_bytes())
    return sorted(found.values(), key=lambda run: (run.noted, run.who), reverse=True)


def by_version(workspace: Workspace, repo: Repo, commit: str) -> dict[str, list[str]]:
    """Return what was found when versions of a repo were made again, by their commit, as a branch's commit tells."""
    tree = workspace.known_tree(repo.id, commit) or {}
    found: dict[str, list[str]] = {}
    for run in known(workspace, repo, {commit: tree}):
        found.setdefault(run.version.rpartition("@")[2], []).append(in_short(run))
    return found
