"""From what is known to a page: templates that escape, and headers that let a browser load nothing from elsewhere."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from localhub.api.web import route
from localhub.errors import HubError
from localhub.pages import markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.routing import Route

    from localhub.api.web import Call

    Page = Callable[[Call], Response]

_HERE = Path(__file__).parent
_HEADERS = {
    # No script has a place here; what a template let through by mistake would be refused by the browser.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Control characters, and what turns the direction of text: a name must look like what it is.
_UNSEEN = {code: f"\\x{code:02x}" for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))}
_UNSEEN |= {code: f"\\u{code:04x}" for code in (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070))}
_UNSEEN[0xFEFF] = "\\ufeff"


def page(call: Call, template: str, status: int = 200, **known: Any) -> Response:
    """The page that a template makes of what is known."""
    shown = _environment.get_template(template).render(account=call.account, **known)
    return Response(shown.encode("utf-8", "replace"), status, _HEADERS, "text/html; charset=utf-8")


def page_route(path: str, work: Page, name: str = "page") -> Route:
    """A route for a page; a refusal becomes a page too."""

    @wraps(work)
    def handle(call: Call) -> Response:
        try:
            return work(call)
        except HubError as error:
            return refusal(call, error)

    return route(path, handle, name=name)


def refusal(call: Call, error: HubError) -> Response:
    """The page for what is not there, or not for this reader."""
    return page(call, "refusal.html", error.status, message=error.message)


def asset(name: str, kind: str) -> Page:
    """A file of the pages' own."""
    content = (_HERE / "templates" / name).read_bytes()

    def give(_: Call) -> Response:
        return Response(content, 200, {**_HEADERS, "Cache-Control": "max-age=600"}, kind)

    return give


def segment(text: object) -> str:
    """A revision as one part of an address."""
    return quote(str(text), safe="")


def visible(value: object) -> object:
    """What is printed, with characters that nobody sees written out."""
    return value.translate(_UNSEEN) if isinstance(value, str) else value


def size(count: int) -> str:
    """A number of bytes as people read it, in the Hub's decimal units."""
    if count < 1000:
        return f"{count} B"
    power = min(int(math.log10(count)) // 3, 4)
    return f"{count / 1000**power:.1f} {' kMGT'[power]}B"


def ago(when: str | int) -> str:
    """How long ago a time was, in one unit; takes unix seconds or the Hub's writing."""
    then = datetime.fromtimestamp(when, UTC) if isinstance(when, int) else datetime.fromisoformat(when)
    seconds = max(0, int((datetime.now(UTC) - then).total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if count := seconds // length:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def date(when: str | int) -> str:
    """A time in UTC, to the minute."""
    then = datetime.fromtimestamp(when, UTC) if isinstance(when, int) else datetime.fromisoformat(when)
    return then.strftime("%Y-%m-%d %H:%M UTC")


_environment = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=visible,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"segment": segment, "path": quote, "size": size, "ago": ago, "date": date}
_environment.filters |= {"comment": markdown.comment}
