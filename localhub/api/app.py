"""The ASGI application: all routes, each behind its gate."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.routing import Route

from localhub import errors
from localhub.api.routes import account, admin, cas, discussions, downloads, lfs, listing, refs, repos, uploads
from localhub.api.traffic import Gate, Traffic
from localhub.api.web import Call, refuse, route, send_on, sender
from localhub.errors import HubError, RepoMoved

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from localhub.api.faults import Faults
    from localhub.api.store import Store
    from localhub.api.traffic import Connections, Log

TOPICS = (account, repos, refs, listing, uploads, downloads, cas, discussions, lfs)


def build(store: Store, faults: Faults, log: Log, connections: Connections, admin_secret: str) -> ASGIApp:
    """The application for one Hub."""

    def user_of(scope: Scope) -> str | None:
        request = Request(scope)
        if scope["path"].startswith("/cas/"):
            return cas.user_of(store, request)
        try:
            account = sender(store, request)
        except HubError:
            return None
        return account.name if account else None

    traffic = Traffic(log, faults, connections, user_of)
    wanted = [*(one for topic in TOPICS for one in topic.ROUTES), *_nothing_here()]
    app = Starlette(
        routes=[*admin.routes(traffic, admin_secret), *(_gated(one, traffic) for one in wanted)],
        # A page elsewhere must not reach a Hub on this machine by a name that resolves to it.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        exception_handlers={HubError: refuse, RepoMoved: send_on},
    )
    app.state.store = store
    return Entrance(app)


class Entrance:
    """Gives every request an id, and routes it by its path as it arrived (hub-api §0.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["path"] = scope["raw_path"].decode("ascii")
        request_id = secrets.token_hex(10).encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _gated(one: Route, traffic: Traffic) -> Route:
    gate = Middleware(Gate, route=one.name, traffic=traffic)
    return Route(one.path, one.endpoint, methods=list(one.methods or ()), name=one.name, middleware=[gate])


def _nothing_here() -> list[Route]:
    """What this Hub does not hold: models and spaces are missing repos, all else is an unknown page."""

    def no_repo(call: Call) -> Response:
        raise errors.repo_not_found(signed_in=call.account is not None)

    def unknown(_: Call) -> Response:
        raise HubError(404, "Sorry, we can't find the page you are looking for.")

    methods = ("GET", "POST", "PUT", "DELETE")
    kinds = ("models", "spaces", "datasets")
    return [
        *(route(f"/api/{kind}/{{rest:path}}", no_repo, method, "no-repo") for kind in kinds for method in methods),
        *(route("/{rest:path}", unknown, method, "unknown") for method in methods),
    ]
