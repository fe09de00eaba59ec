"""Where the files are that a push sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core.packs import is_pack
from labdata.local.whole import read_beginning

if TYPE_CHECKING:
    from labdata.core.content import Content
    from labdata.workspace import Workspace


class Outgoing:
    """The files that a push sends, by their paths in the repo: those of ``data/``, and a record pack."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def path(self, path: str) -> Path:
        """Return where a file is."""
        return self._workspace.pack(path) if is_pack(path) else self._workspace.worktree.path(path)

    def unchanged_since(self, path: str, content: Content) -> bool:
        """Tell whether a file still is what was hashed; packs never change."""
        return is_pack(path) or self._workspace.worktree.unchanged_since(path, content)

    def held(self, path: str, content: Content) -> bytes | None:
        """Return the very bytes that were hashed, if they were kept in memory."""
        return None if is_pack(path) else self._workspace.worktree.kept.get(path, content)

    def sample(self, path: str, content: Content) -> bytes | None:
        """Return the first bytes of what was hashed, if they were kept in memory."""
        return None if is_pack(path) else self._workspace.worktree.kept.sample(path, content)

    def is_clean(self, path: str, content: Content) -> bool:
        """Tell whether nothing is wrong with the very bytes that were hashed (see ``checks.contents``)."""
        return not is_pack(path) and self._workspace.worktree.kept.is_clean(path, content)

    def beginning(self, path: str, content: Content, size: int) -> bytes:
        """Return the first ``size`` bytes of a file; nothing where it cannot be read."""
        held = self.held(path, content)
        if held is not None:
            return held[:size]
        try:
            return read_beginning(self.path(path), size)
        except OSError:
            return b""
