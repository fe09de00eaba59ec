"""Commits that come over HTTP: reading the request, checking it, and turning it into a git tree."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pygit2
from pygit2.enums import FileMode

from localhub import errors
from localhub.api import attributes, trees
from localhub.api.pointers import Pointer
from localhub.errors import HubError

if TYPE_CHECKING:
    from pathlib import Path

    from localhub.api.repos import Repo
    from localhub.api.trees import Entry
    from localhub.content.store import Content

_ATTRIBUTES = ".gitattributes"


@dataclass
class Changes:
    """What a commit request asks for. Added files are blobs already, by path."""

    summary: str = ""
    description: str = ""
    parent: str | None = None
    deleted_files: list[str] = field(default_factory=list)
    deleted_folders: list[str] = field(default_factory=list)
    added: dict[str, pygit2.Oid] = field(default_factory=dict)
    lfs_paths: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """The commit message."""
        return f"{self.summary}\n\n{self.description}" if self.description else self.summary


def read(body: Path, git: pygit2.Repository, repo: Repo, content: Content) -> Changes:
    """Read a commit request, one JSON object a line (hub-api §6.3).

    Writes the blobs of added files. Raises HubError 400 for what is malformed or names unknown content, 422 for a path
    that cannot be in a repo.
    """
    changes = Changes()
    too_large = []
    with body.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            key, value = _item(line)
            if key == "header":
                changes.summary = str(value.get("summary") or "")
                changes.description = str(value.get("description") or "")
                changes.parent = value.get("parentCommit")
                continue
            path = _checked_path(str(value.get("path", "")).rstrip("/"))
            if key == "file":
                data = _decoded(value)
                if len(data) > attributes.REGULAR_LIMIT:
                    too_large.append(path)
                changes.added[path] = git.create_blob(data)
            elif key == "lfsFile":
                changes.added[path] = git.create_blob(_pointer(value, path, repo, content).text())
                changes.lfs_paths.append(path)
            elif key == "deletedFile":
                changes.deleted_files.append(path)
            elif key == "deletedFolder":
                changes.deleted_folders.append(path)
            else:
                raise errors.bad_request(f"Unknown key {key!r} in the commit")
    if too_large:
        raise errors.bad_request(
            "Your push was rejected because it contains files larger than 10 MiB. Please use LFS to store large files."
            f" Offending files: {', '.join(too_large)}"
        )
    if not changes.summary:
        raise errors.bad_request("The commit has no summary")
    return changes


def apply(git: pygit2.Repository, parent: pygit2.Commit, changes: Changes) -> pygit2.Oid:
    """The tree after the changes: all deletions first, then all additions (hub-api §6.3).

    Raises EntryNotFound for a deletion of what is not there.
    """
    index = pygit2.Index()
    index.read_tree(parent.tree)
    there = trees.find_all(git, parent, [*changes.deleted_folders, *changes.deleted_files])
    for path in changes.deleted_folders:
        _delete(index, path, there.get(path), parent, folder_only=True)
    for path in changes.deleted_files:
        _delete(index, path, there.get(path), parent, folder_only=False)
    for path, oid in _with_attributes(git, parent, changes).items():
        index.add(pygit2.IndexEntry(path, oid, FileMode.BLOB))
    return index.write_tree(git)


def _item(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        item = json.loads(line)
        key, value = item["key"], item["value"]
    except (ValueError, KeyError, TypeError):
        raise errors.bad_request("The commit is not a list of {key, value} lines") from None
    if not isinstance(value, dict):
        raise errors.bad_request("The commit is not a list of {key, value} lines")
    return str(key), value


def _decoded(value: dict[str, Any]) -> bytes:
    text = str(value.get("content", ""))
    if value.get("encoding") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise errors.bad_request(f"The content of {value.get('path')} is not base64") from None


def _pointer(value: dict[str, Any], path: str, repo: Repo, content: Content) -> Pointer:
    """The pointer for an lfsFile line, whose size is absent for a copy."""
    sha256 = str(value.get("oid", ""))
    stored = content.held_by(repo.pk, sha256)
    if stored is None or value.get("size", stored.size) != stored.size:
        raise errors.bad_request(f"The content of {path} ({sha256}) was not uploaded to this repo")
    return Pointer(sha256, stored.size)


def _checked_path(path: str) -> str:
    parts = path.split("/")
    bad = (
        any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts)
        or path.startswith("..\\")
        or any(ord(character) < 32 or ord(character) == 127 for character in path)
    )
    if bad:
        raise HubError(422, f"Invalid path in repo: {path!r}")
    return path


def _delete(index: pygit2.Index, path: str, entry: Entry | None, parent: pygit2.Commit, *, folder_only: bool) -> None:
    if entry is None or (folder_only and not entry.is_folder):
        message = f"A file with this name doesn't exist: {path}"
        raise errors.entry_not_found(message, str(parent.id))
    if entry.is_folder:
        index.remove_directory(path)
    elif path in index:
        index.remove(path)


def _with_attributes(git: pygit2.Repository, parent: pygit2.Commit, changes: Changes) -> dict[str, pygit2.Oid]:
    """The added files, and a .gitattributes that covers every LFS file among them, as the Hub keeps it."""
    if _ATTRIBUTES in changes.added:
        return changes.added
    commit = str(parent.id)
    new = [path for path in changes.lfs_paths if not attributes.is_lfs_path(git, path, commit)]
    if not new:
        return changes.added
    entry = trees.find(git, parent, _ATTRIBUTES)
    old = git.odb.read(entry.oid)[1] if entry and _ATTRIBUTES not in changes.deleted_files else b""
    data = attributes.with_lfs_lines(old, [attributes.exactly(path) for path in new])
    return {**changes.added, _ATTRIBUTES: git.create_blob(data)}
