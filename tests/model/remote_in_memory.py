"""A Hub in memory: commits with one parent, branches, pull requests that are squashed when they are merged.

It behaves as the real one is known to (facts that ``localhub`` rests on too): one tree holds no file and folder of
the same name, so that adding one silently replaces the other; a merge is git's three-way merge by whole files.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from labdata.core.content import Content, Tree, parents
from labdata.core.errors import HubError, MissingError, StaleParentError
from labdata.core.refs import Commit, PullRequest, Refs
from labdata.hub.commit_lines import Change

REPO = "lab/story-results"
_START = datetime(2026, 1, 1, tzinfo=UTC)

Texts = dict[str, str]
"""A tree by the texts of its files."""


@lru_cache(maxsize=100_000)
def on_disk(text: str) -> Content:
    """A text as it is known of a file on disk: by both hashes."""
    data = text.encode()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data)
    return Content(len(data), hashlib.sha256(data).hexdigest(), blob.hexdigest())


@lru_cache(maxsize=100_000)
def on_hub(path: str, text: str) -> Content:
    """A text as the Hub lists it: data formats by SHA-256, small texts by git's id."""
    content = on_disk(text)
    if path.endswith(".parquet"):
        return Content(content.size, sha256=content.sha256)
    return Content(content.size, git=content.git)


def added(tree: Texts, path: str, text: str) -> None:
    """Put a file into a tree as git does: what has its name as a folder, or is a file above it, is gone."""
    for other in [other for other in tree if other.startswith(f"{path}/")]:
        del tree[other]
    for above in parents(path):
        tree.pop(above, None)
    tree[path] = text


def three_way(base: Texts, ours: Texts, theirs: Texts) -> Texts | None:
    """Merge whole files as git does; None where that is a conflict."""
    tree = dict(ours)
    for path in base.keys() | ours.keys() | theirs.keys():
        before, left, right = base.get(path), ours.get(path), theirs.get(path)
        if left == right or before == right:
            continue
        if before != left:
            return None
        if right is None:
            tree.pop(path, None)
        else:
            tree[path] = right
    if any(above in tree for path in tree for above in parents(path)):
        return None
    return tree


@dataclass
class Stored:
    """A commit as the Hub keeps it."""

    id: str
    parent: str
    tree: Texts
    title: str
    message: str
    author: str
    date: datetime


@dataclass
class Pull:
    """A pull request to main; ``base`` is the commit of main that it was made on."""

    number: int
    head: str
    base: str
    title: str
    open: bool = True
    merge_commit: str = ""


@dataclass
class MemoryServer:
    """The Hub itself, with one repo."""

    stored: dict[str, Stored] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    count: int = 0

    def __post_init__(self) -> None:
        self.branches["main"] = self.store("", {}, "initial commit", "", "cho")

    def store(self, parent: str, tree: Texts, title: str, message: str, author: str) -> str:
        """Keep a commit; returns its sha."""
        number, self.count = self.count, self.count + 1
        sha = hashlib.sha1(b"%d" % number).hexdigest()
        date = _START + timedelta(minutes=number)
        self.stored[sha] = Stored(sha, parent, tree, title, message, author, date)
        self.texts.update(tree.values())
        return sha

    def find(self, revision: str) -> Stored:
        """The commit of a branch, a pull request or a sha; raises what the client's room raises."""
        name = self.branches.get(revision, revision)
        if revision.startswith("refs/pr/"):
            pull = self.pulls.get(int(revision.rpartition("/")[2]))
            name = pull.head if pull else ""
        if name not in self.stored:
            raise MissingError(f"no revision {revision}", status=404)
        return self.stored[name]

    def past(self, revision: str) -> Iterator[Stored]:
        """A commit and all before it."""
        sha = self.find(revision).id
        while sha:
            yield self.stored[sha]
            sha = self.stored[sha].parent

    def reachable(self) -> set[str]:
        """All texts in the histories of branches."""
        return {text for name in self.branches for one in self.past(name) for text in one.tree.values()}

    def web_commit(self, branch: str, path: str, text: str | None, title: str, message: str) -> None:
        """Somebody commits to a branch without labdata."""
        head = self.find(branch)
        self.branches[branch] = self.store(head.id, _edited(head.tree, path, text), title, message, "web")

    def request(self, title: str, message: str, path: str, text: str) -> None:
        """Somebody proposes a change to main without labdata."""
        main = self.find("main")
        sha = self.store(main.id, _edited(main.tree, path, text), title, message, "web")
        number = len(self.pulls) + 1
        self.pulls[number] = Pull(number, sha, main.id, title)

    def commit_to_request(self, number: int, path: str, text: str) -> None:
        """Somebody commits to a pull request, whatever became of it."""
        pull = self.pulls[number]
        head = self.find(pull.head)
        pull.head = self.store(head.id, _edited(head.tree, path, text), "Review", "", "web")

    def squash(self, branch: str) -> None:
        """Replace the history of a branch by one commit."""
        self.branches[branch] = self.store("", dict(self.find(branch).tree), "Super-squash", "", "cho")
        self.texts = self.reachable()

    def remake(self) -> None:
        """Delete the repo and make one of its name, which knows nothing of the old one."""
        self.stored.clear()
        self.branches.clear()
        self.pulls.clear()
        self.branches["main"] = self.store("", {}, "initial commit", "", "cho")
        self.texts = self.reachable()

    def delete_branch(self, name: str) -> None:
        """Remove a branch."""
        del self.branches[name]
        self.texts = self.reachable()

    def merge(self, number: int) -> bool:
        """Accept a pull request by one squashed commit on main; False where it is in conflict, and then closed."""
        pull = self.pulls[number]
        pull.open = False
        main = self.find("main")
        tree = three_way(self.stored[pull.base].tree, main.tree, self.stored[pull.head].tree)
        if tree is None:
            return False
        title = f"{pull.title} (#{number})"
        pull.merge_commit = self.store(main.id, tree, title, "Co-authored-by: someone", "cho")
        self.branches["main"] = pull.merge_commit
        return True


def _edited(tree: Texts, path: str, text: str | None) -> Texts:
    edited = dict(tree)
    if text is None:
        edited.pop(path, None)
    else:
        added(edited, path, text)
    return edited


class MemoryHub:
    """The room ``remote`` as one member's command sees it; ``fuse`` burns at each request and may stop the command."""

    endpoint = "memory"

    def __init__(self, server: MemoryServer, account: str, fuse: Fuse) -> None:
        self.server = server
        self.account = account
        self.fuse = fuse

    def wait(self, _seconds: float) -> None:
        """Waiting takes no time here."""

    def refs(self, _repo: str) -> Refs:
        self.fuse.burn()
        return Refs(dict(self.server.branches), {})

    def resolve(self, _repo: str, revision: str) -> str:
        self.fuse.burn()
        return self.server.find(revision).id

    def tree(self, _repo: str, commit: str, _known: Tree) -> dict[str, Content]:
        self.fuse.burn()
        return {path: on_hub(path, text) for path, text in self.server.find(commit).tree.items()}

    def contents(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, Content]:
        tree = self.tree(repo, commit, {})
        return {path: tree[path] for path in paths if path in tree}

    def last_changes(self, _repo: str, _commit: str, _paths: Sequence[str]) -> dict[str, tuple[str, datetime]]:
        return {}

    def commits(self, _repo: str, revision: str) -> Iterator[Commit]:
        self.fuse.burn()
        for one in self.server.past(revision):
            yield Commit(one.id, one.title, one.message, (one.author,), one.date)

    def pull_request(self, _repo: str, number: int) -> PullRequest:
        self.fuse.burn()
        pull = self.server.pulls.get(number)
        if pull is None:
            raise MissingError(f"no pull request {number}", status=404)
        status = "open" if pull.open else "merged" if pull.merge_commit else "closed"
        return PullRequest(number, status, self.server.stored[pull.head].author, pull.merge_commit)

    def open_pull_requests(self, _repo: str) -> Iterator[tuple[int, str]]:
        self.fuse.burn()
        for number, pull in sorted(self.server.pulls.items(), reverse=True):
            if pull.open:
                yield number, f"memory/discussions/{number}"

    def create_branch(self, _repo: str, branch: str, start: str) -> bool:
        self.fuse.burn()
        if branch in self.server.branches:
            return False
        self.server.branches[branch] = self.server.find(start).id
        return True

    def commit(
        self, _repo: str, change: Change, *, branch: str, parent: str, title: str, body: str, pull_request: bool = False
    ) -> tuple[str, str]:
        self.fuse.burn()
        server = self.server
        request = server.pulls[int(branch.rpartition("/")[2])] if branch.startswith("refs/pr/") else None
        if not pull_request and (request.head if request else server.branches[branch]) != parent:
            raise StaleParentError("moved", status=412)
        sha = server.store(parent, self._changed(change, parent), title, body, self.account)
        if request:
            request.head = sha
            self.fuse.burn(answer=True)
            return sha, ""
        if pull_request:
            number = len(server.pulls) + 1
            server.pulls[number] = Pull(number, sha, parent, title)
        else:
            server.branches[branch] = sha
        self.fuse.burn(answer=True)
        return sha, f"memory/discussions/{number}" if pull_request else ""

    def _changed(self, change: Change, parent: str) -> Texts:
        tree = dict(self.server.find(parent).tree)
        for path in change.delete:
            if path not in tree:
                raise HubError(f"A file with this name doesn't exist: {path}", status=404)
            del tree[path]
        for line in change.additions:
            file = json.loads(line)["value"]
            added(tree, file["path"], base64.b64decode(file["content"]).decode())
        for path, source in change.copy.items():
            added(tree, path, self.server.find(source).tree[path])
        return tree


class Killed(BaseException):
    """The command was killed here."""


class Fuse:
    """Stops a command at a chosen moment: after ``left`` requests, or when its commit has been made (``landed``).

    With ``lost``, the answer to its commit is lost instead.
    """

    def __init__(self, left: int | None = None, *, lost: bool = False, landed: bool = False) -> None:
        self.left = left
        self.lost = lost
        self.landed = landed

    def burn(self, answer: bool = False) -> None:
        """Pass one such moment; with ``answer``, work was done on the Hub and its answer is on the way."""
        if answer and self.lost:
            self.lost = False
            raise HubError("The Hub could not be reached.")
        if answer and self.landed:
            raise Killed
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


def stand_in(**parts: Any) -> Any:
    """An object of a few attributes, for a room that a story never enters."""
    return SimpleNamespace(**parts)
