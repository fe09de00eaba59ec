"""What the Hub says of a file in its listings, and where it is."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from labdata.core.content import Content
from labdata.hub import SAMPLE, TYPE

PATHS = 500
"""Paths that one request may ask about."""


def file_url(endpoint: str, repo: str, commit: str, path: str) -> str:
    """Return the address of a file of a commit, as the client's ``hf_hub_url`` makes it."""
    return f"{endpoint}/{TYPE}s/{repo}/resolve/{quote(commit, safe='')}/{quote(path)}"


def content_of(item: Mapping[str, Any]) -> Content:
    """Return the content of a listed file; raises ``KeyError`` where the Hub does not say."""
    if lfs := item.get("lfs"):
        return Content(lfs["size"], sha256=lfs["oid"], xet=item.get("xetHash"))
    return Content(item["size"], git=item["oid"])


def access_of(answer: Mapping[str, Any], url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what hf_xet needs, from the Hub's answer to the request of ``url``, with which it is renewed."""
    return {
        "endpoint": answer["casUrl"],
        "token": answer["accessToken"],
        "token_expiry_unix_secs": answer["exp"],
        "token_refresh_url": url,
        "token_refresh_headers": dict(headers),
        "custom_headers": {name: value for name, value in headers.items() if name.lower() != "authorization"},
    }


def question(path: str, beginning: bytes, size: int) -> dict[str, Any]:
    """Return a file as the Hub wants to see it when it is asked how it will store it (``preupload``)."""
    return {"path": path, "sample": base64.b64encode(beginning[:SAMPLE]).decode(), "size": size}
