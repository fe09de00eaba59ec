"""How a browser is somebody: a link that only this Hub can make, and the cookie that it gives.

A cookie opens what can be looked at, never the API: whoever writes shows a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from localhub.api.accounts import Account
    from localhub.api.store import Store

LOGIN = "/_localhub/login"
_LIFETIME = 7 * 24 * 3600


def link(store: Store, endpoint: str, name: str, to: str = "") -> str:
    """The address that signs a browser in as that account, for a week, and goes on to the page `to`."""
    ticket, _ = store.signer.sign(f"login:{name}", _LIFETIME)
    return f"{endpoint}{LOGIN}?ticket={quote(ticket, safe='')}" + (f"&to={quote(to, safe='')}" if to else "")


def begin(store: Store, request: Request, ticket: str, answer: Response) -> bool:
    """Give the cookie to an answer; False for a ticket that is not ours or has ended."""
    account = _named(store, ticket, "login")
    if account is None:
        return False
    cookie, _ = store.signer.sign(f"session:{account.name}", _LIFETIME)
    answer.set_cookie(_cookie(request), quote(cookie, safe="~"), httponly=True, samesite="lax")
    return True


def account_of(store: Store, request: Request) -> Account | None:
    """The account whose cookie a request for something to look at carries."""
    if request.method not in {"GET", "HEAD"} or request.url.path.startswith(("/api/", "/cas/")):
        return None
    return _named(store, request.cookies.get(_cookie(request), ""), "session")


def _named(store: Store, token: str, kind: str) -> Account | None:
    found, _, name = (store.signer.claim(unquote(token)) or "").partition(":")
    return store.accounts.of_name(name) if found == kind else None


def _cookie(request: Request) -> str:
    """Cookies do not tell ports apart, and several Hubs may run on a machine."""
    return f"localhub-{request.url.port or 80}"
