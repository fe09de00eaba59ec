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
from localhub.api.routes import (
    account,
    admin,
    attachments,
    cas,
    discussions,
    downloads,
    lfs,
    lfs_files,
    listing,
    people,
    refs,
    repos,
    uploads,
)
from localhub.api.traffic import Gate, Traffic
from localhub.api.web import Call, refuse, route, send_on, sender
from localhub.errors import HubError, RepoMoved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from localhub.api.faults import Faults
    from localhub.api.store import Store
    from localhub.api.traffic import Connections, Log

TOPICS = (account, people, repos, refs, listing, uploads, downloads, cas, discussions, lfs, lfs_files, attachments)


def build(
    store: Store,
    faults: Faults,
    log: Log,
    connections: Connections,
    admin_secret: str,
    pages: Sequence[Route] = (),
) -> ASGIApp:
    """The application for one Hub: its API, and beside it the `pages` for browsers."""

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
    wanted = [*(one for topic in TOPICS for one in topic.ROUTES), *pages, *_nothing_here()]
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
        headers = {name.lower(): value for name, value in scope["headers"]}
        # The client's own id for the request, so that its error messages name the one that it has logged.
        request_id = headers.get(b"x-request-id") or headers.get(b"x-amzn-trace-id") or secrets.token_hex(10).encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


def _gated(one: Route, traffic: Traffic) -> Route:
    gate = Middleware(Gate, route=one.name, traffic=traffic)
    return Route(one.path, one.endpoint, methods=list(one.methods or ()), name=one.name, middleware=[gate])


_PLACES = ("/", "/datasets/", "/spaces/", "/{namespace}/")


def _nothing_here() -> list[Route]:
    """What this Hub does not hold: models and spaces are missing repos, all else is an unknown page."""

    def no_repo(call: Call) -> Response:
        namespace, _, name = call.segment("rest").partition("/")
        name = name.partition("/")[0]
        is_dataset = call.request.url.path.startswith("/api/datasets/")
        if is_dataset and name and not name.endswith(".git"):
            call.store.repos.find(f"{namespace}/{name}", call.account)
            raise HubError(404, "Sorry, we can't find the page you are looking for.")
        raise errors.repo_not_found(signed_in=call.account is not None)

    def no_file(call: Call) -> Response:
        """A file's address without a namespace, as models of long ago have: there is no such repo."""
        raise errors.repo_not_found(signed_in=call.account is not None)

    def unknown(_: Call) -> Response:
        raise HubError(404, "Sorry, we can't find the page you are looking for.")

    methods = ("GET", "POST", "PUT", "DELETE")
    kinds = ("models", "spaces", "datasets")
    return [
        *(route(f"/api/{kind}/{{rest:path}}", no_repo, method, "no-repo") for kind in kinds for method in methods),
        *(route(f"{place}{{name}}/resolve/{{rest:path}}", no_file, name="no-repo") for place in _PLACES),
        *(route(f"{place}{{name}}/raw/{{rest:path}}", no_file, name="no-repo") for place in _PLACES),
        *(route("/{rest:path}", unknown, method, "unknown") for method in methods),
    ]
