"""A dataset repo as git sees it: a bare repository with branches, tags and pull request refs."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode, ObjectType

from localhub import errors
from localhub.api import attributes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAIN = "main"
_DATE = "%Y-%m-%dT%H:%M:%S.000Z"
_SHA_PREFIX = re.compile(r"[0-9a-f]{5,40}\Z")
_PULL_REF = re.compile(r"refs/pr/([1-9][0-9]*)\Z")


def create(path: Path, author: str) -> None:
    """Make the bare repository with the first commit that the Hub gives every new repo."""
    git = pygit2.init_repository(path, bare=True, initial_head=MAIN)
    builder = git.TreeBuilder()
    builder.insert(".gitattributes", git.create_blob(attributes.initial()), FileMode.BLOB)
    who = signature(author)
    git.create_commit(f"refs/heads/{MAIN}", who, who, "initial commit", builder.write(), [])


def signature(author: str) -> pygit2.Signature:
    """The git identity of an account, now."""
    return pygit2.Signature(author, f"{author}@users.noreply.localhub", int(time.time()), 0)


def find_commit(git: pygit2.Repository, revision: str) -> pygit2.Commit:
    """The commit a revision names: a full ref, a branch, a tag, or a commit id (5 hex digits or more).

    Raises RevisionNotFound if there is none.
    """
    for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
        commit = _at_ref(git, ref)
        if commit is not None:
            return commit
    if _SHA_PREFIX.match(revision):
        commit = _by_id(git, revision)
        if commit is not None:
            return commit
    raise errors.revision_not_found(revision)


def without(git: pygit2.Repository, commit: pygit2.Commit, paths: Sequence[str]) -> pygit2.Oid:
    """The tree of a commit without some of its files."""
    index = pygit2.Index()
    index.read_tree(commit.tree)
    for path in paths:
        index.remove(path)
    return index.write_tree(git)


def branch_ref(git: pygit2.Repository, revision: str) -> str:
    """The ref that a commit to `revision` moves; raises RevisionNotFound unless it is a branch or a pull request."""
    pull = revision if _PULL_REF.match(revision) else None
    ref = pull or (revision if revision.startswith("refs/heads/") else f"refs/heads/{revision}")
    if _at_ref(git, ref) is None:
        raise errors.revision_not_found(revision)
    return ref


def pull_number(revision: str) -> int | None:
    """The number of the pull request whose ref this is."""
    match = _PULL_REF.match(revision)
    return int(match[1]) if match else None


def refs_under(git: pygit2.Repository, prefix: str) -> list[tuple[str, str, str]]:
    """Name, full ref and commit id of every ref under a prefix such as `refs/heads/`."""
    found = []
    for ref in sorted(git.references):
        if ref.startswith(prefix):
            commit = _at_ref(git, ref)
            if commit is not None:
                found.append((ref.removeprefix(prefix), ref, str(commit.id)))
    return found


def set_ref(git: pygit2.Repository, ref: str, commit: pygit2.Oid) -> None:
    """Point a ref at a commit, whether or not it exists."""
    git.references.create(ref, commit, force=True)


def has_ref(git: pygit2.Repository, ref: str) -> bool:
    """Whether the ref exists."""
    return _at_ref(git, ref) is not None


def store_commit(
    git: pygit2.Repository,
    tree: pygit2.Oid,
    parents: Sequence[pygit2.Oid],
    author: str,
    message: str,
) -> pygit2.Oid:
    """Write a commit object; no ref moves."""
    who = signature(author)
    return git.create_commit(None, who, who, message, tree, list(parents))


def split_message(commit: pygit2.Commit) -> tuple[str, str]:
    """Title and body of a commit's message."""
    title, _, body = commit.message.partition("\n")
    return title, body.strip()


def iso_time(commit: pygit2.Commit) -> str:
    """When the commit was made, as the Hub writes dates."""
    return time.strftime(_DATE, time.gmtime(commit.commit_time))


def now() -> str:
    """The time, as the Hub writes dates."""
    return time.strftime(_DATE, time.gmtime())


def _at_ref(git: pygit2.Repository, ref: str) -> pygit2.Commit | None:
    try:
        found = git.references.get(ref)
    except (ValueError, pygit2.GitError):
        # A name that cannot be a ref ("a..b", "") is just an unknown revision.
        return None
    return found.peel(pygit2.Commit) if found is not None else None


def _by_id(git: pygit2.Repository, prefix: str) -> pygit2.Commit | None:
    try:
        found = git.get(prefix)
    except ValueError:
        return None
    return found if isinstance(found, pygit2.Commit) and found.type == ObjectType.COMMIT else None
