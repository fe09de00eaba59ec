"""The packs of which Snakemake was given all that is newest, so that only the others are looked at.

Not those that are on this disk: they come for other reasons too (``which``), and a get may be cut off behind them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_PACKS = "given packs"


def not_given(workspace: Workspace, repo: Repo, packs: Collection[str], *, whole: bool) -> set[str]:
    """Return those packs that may say something new to Snakemake here, which is about to be given that.

    What was given before says nothing new as long as this comes on top of it. Once another version was given, or a part
    of something new, all packs count again.
    """
    before, now = {*workspace.state.quiet(repo.id, _PACKS).split()}, {*packs}
    if not before <= now or (before != now and not whole):
        set_given(workspace, repo, ())
    return now - before if before <= now else now


def set_given(workspace: Workspace, repo: Repo, packs: Iterable[str]) -> None:
    """Note which packs were given."""
    workspace.state.set_quiet(repo.id, _PACKS, " ".join(packs))


def add_own(workspace: Workspace, repo: Repo, packs: Iterable[str]) -> None:
    """Note packs that were made of Snakemake's own notes."""
    set_given(workspace, repo, dict.fromkeys([*workspace.state.quiet(repo.id, _PACKS).split(), *packs]))
