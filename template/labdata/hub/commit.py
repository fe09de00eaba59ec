"""One commit on the Hub, of what is on this computer and of what other commits hold.

It is not made by the client's ``create_commit``: for each of many small files that makes an object that hashes the file
once more, and compares every folder above it with every other, which takes as long as all the rest of a first put. What
it copies it fetches file by file, and compares it with what was promised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

from labdata.core import hints
from labdata.core.content import Content, same
from labdata.core.errors import HubError, MissingError
from labdata.hub import TYPE, crew, waiting
from labdata.hub.commit_lines import Addition, Change, body_of, lines_of
from labdata.hub.listing import commit_of, file_url
from labdata.hub.requests import Caller
from labdata.hub.session import got, posted_json
from labdata.local.disk import hashes_of

_COPIED_AT_ONCE = 8


class Lister(Caller, Protocol):
    """What a commit needs of the Hub's client beside its calls (``client.Hub``)."""

    @property
    def endpoint(self) -> str:
        """The Hub's address."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request as this account."""

    def contents(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, Content]:
        """Return some files of a commit."""


def make(
    hub: Lister, repo: str, change: Change, *, branch: str, parent: str, title: str, text: str, pull_request: bool
) -> tuple[str, str]:
    """Make one commit; returns its sha and the pull request's address, if any. It is sent once."""
    body = body_of(title, text, parent, [*change.additions, *lines_of(_copied(hub, repo, change.copy))], change.delete)
    url = f"{hub.endpoint}/api/{TYPE}s/{repo}/commit/{quote(branch, safe='')}"
    headers = {**hub.headers, "Content-Type": "application/x-ndjson"}

    def made() -> tuple[str, str]:
        answer = posted_json(url, headers, content=body, params={"create_pr": "1"} if pull_request else {})
        return commit_of(answer), str(answer.get("pullRequestUrl") or "")

    return hub.call(made, again=False)


def _copied(hub: Lister, repo: str, sources: Mapping[str, str]) -> list[Addition]:
    """Return additions of files that a commit holds already: large ones by their hash, others with their bytes."""
    by_commit = defaultdict(list)
    for path, commit in sources.items():
        by_commit[commit].append(path)
    found: dict[str, Content] = {}
    for commit, paths in by_commit.items():
        there = hub.contents(repo, commit, paths)
        for path in paths:
            if path not in there:
                raise MissingError(f"data/{path} is not in commit {commit[:8]} of {repo} any more.", hints.AGAIN)
            found[path] = there[path]

    def data(path: str) -> bytes:
        came = hub.call(got, file_url(hub.endpoint, repo, sources[path], path), hub.headers).content
        # What stands in between, such as the login page of a guest network, would be published in the file's place.
        if not same(Content(len(came), *hashes_of(came)), found[path]):
            raise HubError(
                f"What came as data/{path} of commit {sources[path][:8]} of {repo} is not what the Hub's own listing "
                "promises. Nothing was published.",
                hints.NETWORK,
                status=waiting.GAVE_UP,
            )
        return came

    plain = [path for path, content in found.items() if content.sha256 is None]
    inside = dict(zip(plain, crew.each(plain, data, _COPIED_AT_ONCE), strict=True))
    return [Addition(path, content, inside.get(path)) for path, content in found.items()]
