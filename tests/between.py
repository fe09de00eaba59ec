"""A machine between a member and the Hub, such as a proxy or a guest network has: it may do anything to answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_OF_ONE_CONNECTION = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Passing:
    """A request that passes, and its answer: a test may change any of it."""

    method: str
    path: str
    sent: bytes
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    asked: dict[str, str] = field(default_factory=dict)


Twist = Callable[[Passing], None]


def untouched(_passing: Passing) -> None:
    """Let all pass as it is."""


@dataclass
class Between:
    """What stands there: ``twist`` sees each answer before the member does; the bounds are in bytes a second."""

    hub: str
    endpoint: str = ""
    twist: Twist = untouched
    before: Twist = untouched
    up: float = 0
    down: float = 0
    seen: list[Passing] = field(default_factory=list)


@contextmanager
def between(hub: str) -> Iterator[Between]:
    """Stand between members and a Hub for the time of a block."""
    it = Between(hub)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_what: Any) -> None:
            """Say nothing."""

        def passes(self) -> None:
            sent = _slowly_read(self.rfile, int(self.headers.get("Content-Length") or 0), it.up)
            passing = Passing(self.command, self.path, sent, asked=dict(self.headers))
            it.before(passing)
            if not passing.status:
                _ask(it, passing)
            it.twist(passing)
            it.seen.append(passing)
            self.send_response(passing.status)
            for name, value in passing.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in passing.headers:
                self.send_header("Content-Length", str(len(passing.body)))
            self.end_headers()
            if self.command != "HEAD":
                _slowly_write(self.wfile, passing.body, it.down)

    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.passes)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_what: Any) -> None:
            """Say nothing of those who have gone."""

    server = Server(("127.0.0.1", 0), Handler)
    # Set for all that it will take: nothing of a slow upload is to vanish into a buffer.
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    it.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ask(it: Between, passing: Passing) -> None:
    connection = HTTPConnection(urlsplit(it.hub).hostname or "", urlsplit(it.hub).port, timeout=60)
    try:
        headers = {name: value for name, value in passing.asked.items() if name.lower() not in _OF_ONE_CONNECTION}
        connection.request(passing.method, passing.path, passing.sent or None, headers)
        answer = connection.getresponse()
        passing.status, passing.body = answer.status, answer.read()
        passing.headers |= {
            name: value for name, value in answer.getheaders() if name.lower() not in _OF_ONE_CONNECTION
        }
        if passing.method == "HEAD" and (length := answer.getheader("Content-Length")):
            passing.headers["Content-Length"] = length
    finally:
        connection.close()


def _slowly_read(file: Any, size: int, speed: float) -> bytes:
    if not speed:
        return bytes(file.read(size))
    body = bytearray()
    while len(body) < size and (block := file.read(min(int(speed / 10), size - len(body)))):
        body += block
        time.sleep(0.1)
    return bytes(body)


def _slowly_write(file: Any, body: bytes, speed: float) -> None:
    step = int(speed / 10) if speed else len(body) or 1
    with suppress(OSError):
        for start in range(0, len(body), step):
            file.write(body[start : start + step])
            file.flush()
            if speed:
                time.sleep(0.1)
