"""What a commit holds, asked folder by folder where most of it is known from an earlier commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from labdata.core.content import Content, Tree
from labdata.core.git_tree import Folder, below, git_id, nested
from labdata.hub import crew
from labdata.hub.listing import content_of

_PAGE = 1000  # files that one answer of the Hub lists
_AT_ONCE = 4

Listed = Callable[[str, bool], Iterable[Mapping[str, Any]]]
"""Lists a folder (empty: the repo), also what is in the folders below it or not; gives the Hub's items."""


def tree_since(known: Tree, listed: Listed) -> dict[str, Content] | None:
    """Return a commit's tree; ``None`` where it takes fewer requests to list all of it.

    A folder with the id of a ``known`` one is not asked for: git gives one id to the same files only.
    """
    most = len(known) // _PAGE
    walk = _Walk()
    level: dict[str, Folder] = {"": nested(known)}
    while level:
        most -= len(level)
        if most < 0:
            return None
        folders = list(level.items())
        # A folder that is new is listed whole.
        answers = crew.each(folders, lambda one: list(listed(one[0], not one[1])), _AT_ONCE)
        level = {}
        for (_path, folder), items in zip(folders, answers, strict=True):
            for item in items:
                level |= walk.take(item, folder)
    return walk.found


class _Walk:
    """What was found so far."""

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}
        self.found: dict[str, Content] = {}

    def take(self, item: Mapping[str, Any], folder: Folder) -> dict[str, Folder]:
        """Take what was listed in a folder, given as it was; returns the folder if it has to be listed too."""
        path = item["path"]
        if item["type"] == "file":
            self.found[path] = content_of(item)
            return {}
        if not folder:
            return {}
        was = folder.get(path.rpartition("/")[2])
        if isinstance(was, Content) or was is None:
            return {path: {}}
        if git_id(was, self._ids) != item["oid"]:
            return {path: was}
        self.found |= below(was, path)
        return {}
