"""An S3 server on this machine (moto) that counts requests and bytes and can be slow. Run by ``StoreServer``.

It runs in the tools' own environment, as a process of its own, and stops when its stdin ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Counted:
    """Wraps an application: counts, waits, and answers questions about both below ``/_benchmark/``."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._counts = {"requests": 0, "sent": 0, "received": 0}
        self._latency = 0.0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        topic = environ["PATH_INFO"].partition("/_benchmark/")[2]
        if topic:
            return self._about(topic, start)
        self._add(requests=1, sent=int(environ.get("CONTENT_LENGTH") or 0))
        time.sleep(self._latency)
        return self._counted(self._app(environ, start))

    def _about(self, topic: str, start: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            answer = json.dumps(self._counts).encode()
            if topic == "reset":
                self._counts = dict.fromkeys(self._counts, 0)
            elif topic.startswith("latency/"):
                self._latency = int(topic.partition("/")[2]) / 1000
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]

    def _counted(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self._add(received=len(part))
            yield part

    def _add(self, **more: int) -> None:
        with self._lock:
            for name, count in more.items():
                self._counts[name] += count


class _Quiet(WSGIRequestHandler):
    # Connections are kept, as a real store keeps them.
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve on a free port of 127.0.0.1 and print the address."""
    app = Counted(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.port}", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
