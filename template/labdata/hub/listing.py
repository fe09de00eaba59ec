"""What the Hub says of a file in its listings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labdata.core.content import Content


def content_of(item: Mapping[str, Any]) -> Content:
    """Return the content of a listed file; raises ``KeyError`` where the Hub does not say."""
    if lfs := item.get("lfs"):
        return Content(lfs["size"], sha256=lfs["oid"], xet=item.get("xetHash"))
    return Content(item["size"], git=item["oid"])
