"""What the Hub says of a file in its listings, where it is, and how its answers are read.

What an answer lacks shows as ``KeyError``, ``TypeError`` or ``AttributeError``; what it should not hold, as
``OddAnswerError``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from labdata.core.content import Content
from labdata.core.refs import Commit
from labdata.hub import SAMPLE, TYPE

PATHS = 500
"""Paths that one request may ask about."""

_LINK = re.compile(r'<([^>]*)>((?:[^",<]|"[^"]*")*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class OddAnswerError(ValueError):
    """What came is not what the Hub answers."""


def file_url(endpoint: str, repo: str, commit: str, path: str) -> str:
    """Return the address of a file of a commit, as the client's ``hf_hub_url`` makes it."""
    return f"{endpoint}/{TYPE}s/{repo}/resolve/{quote(commit, safe='')}/{quote(path)}"


def content_of(item: Mapping[str, Any]) -> Content:
    """Return the content of a listed file; raises ``KeyError`` where the Hub does not say."""
    if lfs := item.get("lfs"):
        return Content(lfs["size"], sha256=lfs["oid"], xet=item.get("xetHash"))
    return Content(item["size"], git=item["oid"])


def items_of(answer: Any) -> list[dict[str, Any]]:
    """Return a listing, or a page of one."""
    if not isinstance(answer, list):
        raise OddAnswerError("no list")
    return answer


def contents_of(items: Iterable[dict[str, Any]]) -> dict[str, Content]:
    """Return the contents of the files that are listed."""
    return {item["path"]: content_of(item) for item in items if item["type"] == "file"}


def folders_of(items: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return git's ids of the folders that are listed."""
    return {item["path"]: item["oid"] for item in items if item["type"] == "directory"}


def commits_of(items: Iterable[dict[str, Any]]) -> list[Commit]:
    """Return the commits that are listed."""
    return [
        Commit(
            id=item["id"],
            title=item["title"],
            message=item.get("message") or "",
            authors=tuple(author.get("user") or "?" for author in item["authors"]),
            date=datetime.fromisoformat(item["date"]),
        )
        for item in items
    ]


def next_page(link: str, asked: str, endpoint: str) -> str:
    """Return where the next page of a list is, or nothing: the ``Link`` headers of the one that was ``asked`` for tell.

    It is at the Hub's own address, whatever that calls itself: behind a proxy it may not know the name by which it is
    asked, and the token is for nobody else.
    """
    for found in _LINK.finditer(link):
        rel = _REL.search(found.group(2))
        if rel is None or "next" not in (rel.group(1) or rel.group(2)).lower().split():
            continue
        url = str(urljoin(asked, found.group(1)))
        if url.startswith(f"{endpoint}/"):
            return url
        parts = urlsplit(url)
        _before, api, path = parts.path.partition("/api/")
        if not api:
            raise OddAnswerError("the next page is elsewhere")
        return f"{endpoint}/api/{path}?{parts.query}"
    return ""


def access_of(answer: Mapping[str, Any], url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what hf_xet needs, from the Hub's answer to the request of ``url``, with which it is renewed."""
    return {
        "endpoint": str(answer["casUrl"]),
        "token": str(answer["accessToken"]),
        "token_expiry_unix_secs": int(answer["exp"]),
        "token_refresh_url": url,
        "token_refresh_headers": dict(headers),
        "custom_headers": {name: value for name, value in headers.items() if name.lower() != "authorization"},
    }


def question(path: str, beginning: bytes, size: int) -> dict[str, Any]:
    """Return a file as the Hub wants to see it when it is asked how it will store it (``preupload``)."""
    return {"path": path, "sample": base64.b64encode(beginning[:SAMPLE]).decode(), "size": size}


def replies_of(answer: Any, questions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the Hub says of each file that it was asked about by ``question``."""
    said = {file["path"]: file for file in answer["files"]}
    found = [said[asked["path"]] for asked in questions]
    if any(
        file["uploadMode"] not in ("lfs", "regular") or not isinstance(file["shouldIgnore"], bool) for file in found
    ):
        raise OddAnswerError("no way to store a file")
    return found


def commit_of(answer: Any) -> str:
    """Return the sha of a commit that was made."""
    sha = answer["commitOid"]
    if not _COMMIT.fullmatch(sha):
        raise OddAnswerError("no commit")
    return str(sha)
