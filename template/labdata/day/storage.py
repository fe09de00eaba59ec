"""``just storage``: what each repo takes up on the Hub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labdata.core.errors import HubError
from labdata.core.storage import Storage, largest_of, layer_of, layers_of, nearness
from labdata.sync.remote import read_remote

if TYPE_CHECKING:
    from labdata.core.content import Content
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_BRANCHES = 50
"""Branches and tags whose files are looked at; contents of others count as old versions."""


def storage_of(workspace: Workspace, repo: Repo) -> Storage:
    """Return what a repo takes up; raises ``HubError`` where the Hub cannot be asked."""
    remote = read_remote(workspace, repo)
    refs = workspace.hub.refs(repo.id)
    heads = list(dict.fromkeys([remote.main, *refs.branches.values(), *refs.tags.values()]))[:_BRANCHES]
    held: dict[str, tuple[str, int]] = {}
    for head in heads:
        for path, content in workspace.tree(repo.id, head).items():
            held.setdefault(_hash(content), (path, content.size))
    try:
        history = {sha256: (path, size) for path, sha256, size in workspace.hub.large_files(repo.id)}
    except HubError:
        history = None
    tree = remote.main_tree
    return Storage(
        repo.name,
        repo.id,
        layers_of({path: one for path, one in tree.items() if repo.holds(path)}, held, history or {}, repo.folders),
        largest_of({path: one for path, one in tree.items() if repo.holds(path)}),
        nearness(tree),
        history is not None,
        largest_of(tree, _read_by_others(workspace, repo)),
    )


def _hash(content: Content) -> str:
    return str(content.sha256 or content.git)


def _read_by_others(workspace: Workspace, repo: Repo) -> list[str]:
    """Return the files outside of interim that records name as what another file was made from."""
    found: set[str] = set()
    for known in workspace.state.recorded(repo.id).values():
        try:
            names = [str(one[0]) for one in json.loads(known.inputs)]
        except (ValueError, TypeError, IndexError, KeyError):
            continue
        found |= {name.removeprefix("data/") for name in names if name.startswith("data/")}
    return sorted(path for path in found if repo.holds(path) and layer_of(path) not in ("interim", "raw", "external"))
