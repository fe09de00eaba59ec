"""A lab behind a proxy: small requests go through it as the client's do, with the environment's settings."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.members import Lab

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Proxy(ThreadingHTTPServer):
    """Passes requests on and remembers which."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.seen: list[str] = []


class _Passing(BaseHTTPRequestHandler):
    server: _Proxy

    def _pass(self) -> None:
        self.server.seen.append(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        request = urllib.request.Request(self.path, self.rfile.read(size) or None, headers, method=self.command)
        try:
            answer = _DIRECT.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = _pass  # noqa: N815 - the names that the server calls

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[_Proxy]:
    server = _Proxy()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_small_command_goes_through_the_proxy_of_the_environment(lab: Lab, proxy: _Proxy) -> None:
    ann = lab.slow_member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    ann.env |= {"HTTP_PROXY": f"http://127.0.0.1:{proxy.server_port}", "NO_PROXY": "", "no_proxy": ""}
    assert "nothing to publish" in ann.put()
    assert any(address.endswith(f"{lab.results}/refs") for address in proxy.seen)
    ann.write("processed/a.csv", "two")
    ann.put()
    assert lab.on_hub("ann") == {"processed/a.csv": "two"}
    assert any("/commit/" in address for address in proxy.seen)


def test_a_proxy_that_is_not_there_is_told_in_a_sentence(lab: Lab) -> None:
    ann = lab.slow_member("ann")
    ann.write("processed/a.csv", "one")
    ann.env |= {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    done = ann.run("put", "results", code=1)
    assert "could not be reached" in done.stderr
    assert "Traceback" not in done.stderr
