"""Running the application: one uvicorn on the loopback interface, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from localhub.api import sessions
from localhub.api.app import build
from localhub.api.store import Store
from localhub.api.traffic import Connections, Log
from localhub.pages.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localhub.api.accounts import Role
    from localhub.api.faults import Faults

HOST = "127.0.0.1"


def serve(
    root: Path,
    users: Mapping[str, Role],
    orgs: Sequence[str],
    faults: Faults,
    *,
    port: int = 0,
    stop_with_stdin: bool = False,
) -> None:
    """Serve the Hub kept in `root` until SIGTERM, SIGINT, or (if asked) the end of stdin.

    Prints one JSON line with the endpoint, the tokens, the links for browsers and the admin secret as soon as requests
    are answered. Raises OSError if the port is taken, sqlite3.OperationalError if the root is.
    """
    # With the protocol named, asyncio sets TCP_NODELAY; without it every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A Hub that was killed and is started again gets its port back at once. Elsewhere the option means sharing a port.
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    store = Store.open(root, users, orgs)
    connections, admin_secret = Connections(), secrets.token_hex(16)
    config = uvicorn.Config(
        build(store, faults, Log(), connections, admin_secret, ROUTES),
        http=_tracking(connections),
        ws="none",
        lifespan="off",
        log_level=logging.WARNING,
        access_log=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    endpoint = f"http://{HOST}:{listener.getsockname()[1]}"
    links = {name: sessions.link(store, endpoint, name) for name in users}
    ready = {"endpoint": endpoint, "tokens": store.accounts.tokens, "links": links, "admin": admin_secret}
    server = _Server(config, json.dumps(ready), links)
    if stop_with_stdin:
        threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
    # uvicorn raises these again when it has shut down; being told to stop is no failure.
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, _end)
    try:
        server.run(sockets=[listener])
    finally:
        store.database.close()


def _end(*_: object) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready_line: str, links: Mapping[str, str]) -> None:
        super().__init__(config)
        self._ready_line = ready_line
        self._links = links

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        print(self._ready_line, flush=True)
        if sys.stderr.isatty():
            for name, link in self._links.items():
                print(f"In a browser, as {name}: {link}", file=sys.stderr, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; a request cut short by it is no error to report."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def _watch_stdin(server: uvicorn.Server) -> None:
    """A parent that dies, however it dies, closes its end of the pipe."""
    while sys.stdin.buffer.read(4096):
        pass
    server.should_exit = True


def _tracking(connections: Connections) -> type[asyncio.Protocol]:
    class Tracking(H11Protocol):
        """Lets fault rules cut a connection."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            connections.opened(transport)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.closed(self.transport)
            super().connection_lost(exc)

    return Tracking
