"""The Hub by plain requests where that is enough, by its client (``client``) where it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labdata.core import hints
from labdata.core.errors import HubError, StaleParentError
from labdata.core.refs import Commit, PullRequest, Refs
from labdata.hub import crew
from labdata.hub.changing import changed_meanwhile, reading
from labdata.hub.commit_lines import Addition, body_of, lines_of
from labdata.hub.http import UNUSUAL, NotSmoothError, Requests
from labdata.hub.listing import (
    PATHS,
    access_of,
    commit_of,
    commits_of,
    contents_of,
    folders_of,
    items_of,
    question,
    replies_of,
)
from labdata.hub.tree_since import tree_since

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.content import Content, Tree
    from labdata.hub.client import Hub
    from labdata.hub.commit_lines import Change

_FILES = 100
_BYTES = 5_000_000
_AT_ONCE = 4
_PASSING = {408, 409, 425, 429}
"""Refusals that another try may not meet; the others are the client's to make into a sentence."""


class LightHub:
    """Stands for a ``client.Hub``, which is made, and its client imported, only when it is needed."""

    def __init__(self) -> None:
        self._requests = Requests()

    @cached_property
    def _client(self) -> Hub:
        from labdata.hub.client import Hub

        return Hub()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def refs(self, repo: str) -> Refs:
        """Return all branches and tags of a repo."""
        try:
            body, _link = self._requests.get(f"/api/datasets/{repo}/refs")
            return Refs(_heads(body["branches"]), _heads(body["tags"]))
        except UNUSUAL:
            return self._client.refs(repo)

    def commits(self, repo: str, revision: str) -> Iterator[Commit]:
        """Give the commits of a revision, newest first."""
        try:
            items, link = self._requests.get(f"/api/datasets/{repo}/commits/{quote(revision, safe='')}")
            first = commits_of(items_of(items))
        except UNUSUAL:
            yield from self._client.commits(repo, revision)
            return
        yield from first
        if "next" in link:
            rest = self._client.commits(repo, revision)
            for _seen in first:
                next(rest, None)
            yield from rest

    def pull_request(self, repo: str, number: int) -> PullRequest:
        """Return what the Hub says of a pull request; raises ``MissingError`` where there is none of that number."""
        try:
            body, _link = self._requests.get(f"/api/datasets/{repo}/discussions/{number}")
            merge_commit = (body.get("changes") or {}).get("mergeCommitId") or ""
            author = (body.get("author") or {}).get("name") or "?"
            if body["isPullRequest"]:
                return PullRequest(number, body["status"], author, merge_commit)
        except UNUSUAL:
            pass
        return self._client.pull_request(repo, number)

    def may_write(self, repo: str) -> bool:
        """Tell whether this account may push to a repo."""
        try:
            self._requests.get(f"/api/datasets/{repo}/auth-check/write")
        except NotSmoothError as error:
            return False if error.status == 403 else self._client.may_write(repo)
        except UNUSUAL:
            return self._client.may_write(repo)
        return True

    @property
    def endpoint(self) -> str:
        """The Hub's address."""
        return self._requests.address

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request as this account."""
        return self._requests.headers

    def tree(self, repo: str, commit: str, known: Tree) -> dict[str, Content]:
        """Return all files of a commit; what is as in a ``known`` tree, perhaps of another commit, is not asked for."""
        try:
            found = tree_since(known, lambda folder, deep: self._listed(repo, commit, folder, deep=deep))
            if found is None:
                found = contents_of(self._listed(repo, commit, "", deep=True))
            return found
        except UNUSUAL:
            return self._client.tree(repo, commit, known)

    def folder_ids(self, repo: str, commit: str) -> dict[str, str]:
        """Return git's id of each folder at the top of a commit."""
        try:
            return folders_of(self._listed(repo, commit, "", deep=False))
        except UNUSUAL:
            return self._client.folder_ids(repo, commit)

    def _listed(self, repo: str, commit: str, folder: str, *, deep: bool) -> Iterator[dict[str, Any]]:
        where = f"/api/datasets/{repo}/tree/{quote(commit, safe='')}"
        where = f"{where}/{quote(folder)}" if folder else where
        return self._requests.pages(f"{where}?recursive=true" if deep else where)

    def contents(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, Content]:
        """Return some files of a commit."""
        where = f"/api/datasets/{repo}/paths-info/{quote(commit, safe='')}"

        def ask(part: Sequence[str]) -> dict[str, Content]:
            return contents_of(items_of(self._requests.post_form(where, {"paths": list(part), "expand": "false"})))

        parts = [paths[start : start + PATHS] for start in range(0, len(paths), PATHS)]
        try:
            # Each answer takes the way to the Hub and back, and after a first put there may be many.
            pages = [ask(parts[0])] if len(parts) == 1 else crew.each(parts, ask, _AT_ONCE)
            return {path: content for page in pages for path, content in page.items()}
        except UNUSUAL:
            return self._client.contents(repo, commit, paths)

    def resolve(self, repo: str, revision: str) -> str:
        """Return the commit sha of a branch, tag, pull request or shortened sha; raises ``MissingError``."""
        try:
            return str(self._requests.get(f"/api/datasets/{repo}/revision/{quote(revision, safe='')}")[0]["sha"])
        except UNUSUAL:
            return self._client.resolve(repo, revision)

    def create_branch(self, repo: str, branch: str, start: str) -> bool:
        """Create a branch at a commit; returns False if it is there already."""
        try:
            self._requests.create(f"/api/datasets/{repo}/branch/{quote(branch, safe='')}", {"startingPoint": start})
        except UNUSUAL:
            return self._client.create_branch(repo, branch, start)
        return True

    def preupload(self, repo: str, branch: str, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Ask how the Hub will store some files, as its API puts question and answer."""
        try:
            return self._preupload(repo, branch, files)
        except UNUSUAL:
            return self._client.preupload(repo, branch, files)

    def _preupload(self, repo: str, branch: str, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
        where = f"/api/datasets/{repo}/preupload/{quote(branch, safe='')}"
        return replies_of(self._requests.post(where, {"files": files}), files)

    def xet_access(self, repo: str, kind: str, revision: str) -> dict[str, Any]:
        """Return what hf_xet needs to ``read`` or ``write`` the contents of a repo (see ``client.Hub``)."""
        where = f"/api/datasets/{repo}/xet-{kind}-token/{quote(revision, safe='')}"
        try:
            return access_of(self._requests.get(where)[0], f"{self.endpoint}{where}", self.headers)
        except UNUSUAL:
            return self._client.xet_access(repo, kind, revision)

    def commit_small(
        self,
        repo: str,
        files: Mapping[str, Content],
        delete: Sequence[str],
        place: Callable[[str], Path],
        *,
        branch: str,
        parent: str,
        title: str,
        body: str,
    ) -> str:
        """Make one commit of a few small files; returns its sha, or nothing where that is the client's work.

        ``place`` tells where a file is on this disk.

        Then nothing was changed. Raises ``HubError`` where it may have been made all the same: only the caller can
        find out.
        """
        if len(files) + len(delete) > _FILES or sum(content.size for content in files.values()) > _BYTES:
            return ""
        data = {path: _read(path, place(path), content) for path, content in files.items()}
        if not self._are_plain(repo, branch, data):
            return ""
        additions = lines_of(Addition(path, files[path], content) for path, content in data.items())
        return self._made(repo, branch, body_of(title, body, parent, additions, delete))

    def commit(
        self, repo: str, change: Change, *, branch: str, parent: str, title: str, body: str, pull_request: bool = False
    ) -> tuple[str, str]:
        """Make one atomic commit, as ``client.Hub`` does; what is copied or proposed is the client's work."""
        made = ""
        if not (change.copy or pull_request):
            made = self._made(repo, branch, body_of(title, body, parent, change.additions, change.delete))
        if made:
            return made, ""
        how = {"branch": branch, "parent": parent, "title": title, "body": body}
        return self._client.commit(repo, change, **how, pull_request=pull_request)

    def _made(self, repo: str, branch: str, lines: bytes) -> str:
        """Make a commit; returns its sha, or nothing where nothing was changed and the client is the one to ask.

        Raises ``StaleParentError`` if the branch moved, and ``HubError`` where it may have been made all the same.
        """
        try:
            made = self._requests.post_lines(f"/api/datasets/{repo}/commit/{quote(branch, safe='')}", lines)
            return commit_of(made)
        except NotSmoothError as error:
            if error.status == 412:
                raise StaleParentError("The branch moved meanwhile.", hints.AGAIN, status=412) from error
            # A renamed repo sends on, which the client follows.
            if 300 <= error.status < 500 and error.status not in _PASSING:
                return ""
            what = f"answered {error.status} to the commit"
            if error.status == 429:
                what = "asks for a pause: too many requests"
            words = f"The Hub {what}{error.said and f' ({error.said})'}. Your files were not touched."
            raise HubError(words, hints.AGAIN_LOOKS_FIRST, error.status, error.retry_after) from error
        except UNUSUAL as error:
            words = (
                f"The Hub could not be reached, or did not answer the commit ({error}). Your files were not touched."
            )
            raise HubError(words, hints.AGAIN_LOOKS_FIRST) from error

    def _are_plain(self, repo: str, branch: str, data: Mapping[str, bytes]) -> bool:
        """Ask the Hub whether it stores all these files as they are: neither by Xet nor not at all."""
        if not data:
            return True
        files = [question(path, content, len(content)) for path, content in data.items()]
        try:
            answer = self._preupload(repo, branch, files)
            modes = {file["path"]: (file["uploadMode"], file["shouldIgnore"]) for file in answer}
        except UNUSUAL:
            return False
        return all(modes.get(path) == ("regular", False) for path in data)


def _read(path: str, where: Path, content: Content) -> bytes:
    with reading(path):
        data = where.read_bytes()
    if hashlib.sha256(data).hexdigest() != content.sha256:
        raise changed_meanwhile(path)
    return data


def _heads(refs: list[dict[str, str]]) -> dict[str, str]:
    return {ref["name"]: ref["targetCommit"] for ref in refs}
