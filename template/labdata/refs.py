"""The heads of a repo, asked for in the cheapest way there is.

Most commands find that nothing moved. Importing the Hub's client takes longer than all else that such a command
does, so the one request it needs is made with the standard library; whatever is unusual about the answer is left to
the client, which knows how to wait, to retry and to explain.
"""

from __future__ import annotations

import json
import os
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Refs:
    """The heads of a repo: names to commit shas."""

    branches: dict[str, str]
    tags: dict[str, str]


def endpoint() -> str:
    """Return the Hub's address as the environment gives it."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)).rstrip("/")


def quick_refs(repo: str) -> Refs | None:
    """Return a dataset repo's branches and tags, ``None`` wherever that did not go smoothly."""
    request = urllib.request.Request(f"{endpoint()}/api/datasets/{repo}/refs")  # noqa: S310 - the user's own Hub
    token = _token()
    if token:
        # Not sent on to wherever a redirect leads; the client knows which places may have it.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            body = json.load(answer)
        return Refs(
            {ref["name"]: ref["targetCommit"] for ref in body["branches"]},
            {ref["name"]: ref["targetCommit"] for ref in body["tags"]},
        )
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None


def _token() -> str:
    """Return the token of ``HF_TOKEN`` or of ``hf auth login``."""
    if token := os.environ.get("HF_TOKEN"):
        return token.strip()
    from huggingface_hub import constants

    try:
        return Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
