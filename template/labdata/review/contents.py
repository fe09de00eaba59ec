"""The contents that a review looks into: those on this disk are used where they are, the others are fetched."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.compare.files import kind_of
from labdata.compare.model import FileChange
from labdata.core import hints, paths, words
from labdata.core.content import Content, same, verb_of
from labdata.core.errors import LabdataError

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.review.sides import Sides
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace

LARGEST = 4_000_000_000
"""Bytes of a file that is fetched to be looked into."""

ASKED = 1_000_000_000
"""Bytes from which it is asked whether to fetch them, where somebody is there to answer."""

NOT_FETCHED = "not fetched"
"""How it begins what is said of a file that did not come, but might another time."""

_READ = 10
"""How many times as much is read unasked as is fetched: a disk is that much nearer."""

_FOLDER = "review"
_KEPT = 3600.0  # seconds


@dataclass(frozen=True)
class Fetched:
    """Changes with local files, how many bytes came for it, and the ``contents`` that came, with all their hashes."""

    changes: list[FileChange]
    bytes: int
    contents: list[Content]


def bring(
    workspace: Workspace,
    repo: Repo,
    sides: Sides,
    local: WorkingCopy,
    is_checked: Callable[[str], bool],
    *,
    ask: bool,
    most: int | None = None,
) -> Fetched:
    """Bring what both versions hold where they differ; raises ``LabdataError`` where somebody says no.

    It raises that too, before anything comes, where more than ``most`` bytes would have to, or ten times as many would
    have to be read. Of files that the review itself does not look into, only those are brought that a check of the lab
    looks at.
    """
    renames = _renames(sides)
    places, wanted, refused = _sorted(_Here(workspace, local), sides, {*renames, *renames.values()}, is_checked)
    coming = _coming(workspace, sides, wanted)
    size = sum(content.size for content in coming)
    if most is not None:
        trees = zip((sides.old, sides.new), places, wanted, strict=True)
        read = sum(tree[path].size for tree, here, there in trees for path in (*here, *there))
        _require_little("fetch", size, most)
        _require_little("read", read, _READ * most)
    left = sum(map(len, wanted)) - len(coming)
    _tell(workspace, len(coming), size, sum(map(len, places)) + left, ask=ask)
    commits = set()
    came: list[Content] = []
    for number, tree in enumerate(wanted):
        for commit in sorted({sides.commit_of(number, path) for path in tree}):
            some = {path: content for path, content in tree.items() if sides.commit_of(number, path) == commit}
            found, failed = fetch(workspace, repo, commit, some)
            places[number] |= {path: place for path, (place, _content) in found.items()}
            came += [content for _place, content in found.values()]
            refused |= {path: f"{NOT_FETCHED}: {reason}" for path, reason in failed.items()}
            commits.add(commit)
    _drop_others(workspace, commits)
    return Fetched(list(_changes(sides, renames, places, refused)), size, came)


def _sorted(
    here: _Here, sides: Sides, left_out: Collection[str], is_checked: Callable[[str], bool]
) -> tuple[list[dict[str, Path]], list[dict[str, Content]], dict[str, str]]:
    """Return where contents before and after are on this disk, which have to be fetched, and why others are not."""
    places: list[dict[str, Path]] = [{}, {}]
    wanted: list[dict[str, Content]] = [{}, {}]
    refused: dict[str, str] = {}
    for number, tree in enumerate((sides.old, sides.new)):
        for path, content in tree.items():
            if path in left_out or (kind_of(path) == "other" and not is_checked(path)):
                continue
            if content.size > LARGEST:
                refused[path] = f"not looked into: it is larger than {words.size(LARGEST)}"
            elif place := here.find(content):
                places[number][path] = place
            elif sides.commit_of(number, path) and not paths.refusal(path):
                wanted[number][path] = content
    return places, wanted, refused


def _renames(sides: Sides) -> dict[str, str]:
    """Return the paths that hold what another path held before, which is gone, as ``new: old``."""
    gone: dict[str, list[str]] = {}
    for path, content in sorted(sides.old.items(), reverse=True):
        for mark in (content.sha256, content.git):
            if path not in sides.new and mark and content.size:
                gone.setdefault(mark, []).append(path)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for path, content in sorted(sides.new.items()):
        if path in sides.old:
            continue
        known = gone.get(content.sha256 or "") or gone.get(content.git or "") or []
        while known and known[-1] in taken:
            known.pop()
        if known and same(sides.old[known[-1]], content):
            found[path] = known.pop()
            taken.add(found[path])
    return found


def _changes(
    sides: Sides, renames: Mapping[str, str], places: list[dict[str, Path]], refused: Mapping[str, str]
) -> Iterator[FileChange]:
    was = set(renames.values())
    for path in sorted({*sides.old, *sides.new} - was):
        old_path = renames.get(path, "")
        old, new = sides.old.get(old_path or path), sides.new.get(path)
        verb = "rename" if old_path else verb_of(old, new)
        yield FileChange(
            path, verb, old_path, places[0].get(path), places[1].get(path),
            old.size if old else 0, new.size if new else 0,
            (old.sha256 or old.git or "") if old else "", (new.sha256 or new.git or "") if new else "",
            refused.get(path, ""),
        )  # fmt: skip


class _Here:
    """Finds contents in the working copy."""

    def __init__(self, workspace: Workspace, local: WorkingCopy) -> None:
        self.workspace = workspace
        self.mine = local.mine
        self.by_hash = {mark: path for path, one in local.mine.items() for mark in (one.sha256, one.git) if mark}

    def find(self, content: Content) -> Path | None:
        """Return where a content is on this disk, ``None`` if it is not."""
        for mark in (content.sha256, content.git):
            here = self.by_hash.get(mark or "")
            if here is None or self.mine[here].size != content.size:
                continue
            if self.workspace.worktree.unchanged_since(here, self.mine[here]):
                return self.workspace.worktree.path(here)
        return None


def _require_little(verb: str, size: int, most: int) -> None:
    if size > most:
        raise LabdataError(f"It would {verb} {words.size(size)}; unasked, it does so up to {words.size(most)}.", "")


def _coming(workspace: Workspace, sides: Sides, wanted: list[dict[str, Content]]) -> list[Content]:
    """Return which of these contents an earlier review did not leave here."""
    coming = []
    for number, tree in enumerate(wanted):
        for path, content in tree.items():
            left = _folder(workspace).joinpath(sides.commit_of(number, path), *path.split("/"))
            if not (left.is_file() and left.stat().st_size == content.size):
                coming.append(content)
    return coming


def _tell(workspace: Workspace, count: int, size: int, here: int, *, ask: bool) -> None:
    if not count:
        return
    also = f"; on this disk already: {here:,}" if here else ""
    workspace.console.say(f"To fetch: {words.number(count, 'file')}, {words.size(size)}{also}.")
    if ask and size > ASKED and workspace.console.confirm(f"Fetch {words.size(size)}?") is False:
        raise LabdataError("Nothing was fetched.", hints.REVIEW_YES)


def fetch(
    workspace: Workspace, repo: Repo, commit: str, tree: Mapping[str, Content]
) -> tuple[dict[str, tuple[Path, Content]], dict[str, str]]:
    """Download contents of a commit; what an earlier review left is used.

    Returns where they are, each with all its hashes, and why others failed.
    """
    from labdata.hub.download import Download

    size = sum(content.size for content in tree.values())
    with workspace.console.progress(f"Fetching {words.number(len(tree), 'file')}", size) as count:
        download = Download(workspace.hub, repo.id, commit, _folder(workspace) / commit, count)
        staged = download.fetch(tree)
    return staged, download.failed


def _folder(workspace: Workspace) -> Path:
    return workspace.private_folder / _FOLDER


def scratch(workspace: Workspace) -> Path:
    """Return a folder for what one comparison lays out."""
    return _folder(workspace) / f"scratch-{os.getpid()}"


def drop(workspace: Workspace, commit: str) -> None:
    """Remove what was fetched of a commit, where many reviews would fill a disk: it is all on the Hub."""
    shutil.rmtree(_folder(workspace) / commit, ignore_errors=True)


def _drop_others(workspace: Workspace, kept: Collection[str]) -> None:
    """Remove what was fetched for other reviews, of which one may still be running: it is all on the Hub."""
    folder = _folder(workspace)
    for other in folder.iterdir() if folder.is_dir() else ():
        if other.name not in kept and time.time() - other.stat().st_mtime > _KEPT:
            shutil.rmtree(other, ignore_errors=True)
