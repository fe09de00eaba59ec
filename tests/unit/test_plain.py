"""Connections to the Hub: they are used again, and do not pile up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.client import InvalidURL
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from labdata.hub import crew
from labdata.hub.plain import Plain


class Counting(ThreadingHTTPServer):
    """A server that counts the connections that it was asked for."""

    daemon_threads = True
    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


@pytest.fixture
def server() -> Iterator[Counting]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_what: Any) -> None:
            """Say nothing."""

    server = Counting(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_threads_have_left_others_use(server: Counting) -> None:
    # Each listing of folders has threads of its own: of a long history a connection for each would be left open.
    address = f"http://127.0.0.1:{server.server_port}"
    plain = Plain(address)
    for _listing in range(12):
        bodies = crew.each(range(8), lambda n: plain.ask("GET", f"{address}/{n}", {}).body, 4)
        assert bodies == [b"ok"] * 8
    plain.close()
    assert server.connections <= 8


def test_what_cannot_be_asked_leaves_nothing_half_said(server: Counting) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    plain = Plain(address)
    with pytest.raises(UnicodeEncodeError):
        plain.ask("GET", f"{address}/ä", {})
    assert plain.ask("POST", f"{address}/a", {}).status == 501
    plain.close()


@pytest.mark.parametrize("said", [b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large", b""])
def test_a_proxy_that_refuses_a_large_body_before_it_has_read_it_is_heard(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _where = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(said)

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        plain, body = Plain(address), b"0" * 20_000_000
        if said:
            answer = plain.ask("POST", address, {}, body)
            assert (answer.status, answer.body) == (413, b"too large")
        else:
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                plain.ask("POST", address, {}, body)
        plain.close()
        thread.join()


@pytest.mark.parametrize(
    "address", ["hub.lab.example", "hub.lab.example:8080", "127.0.0.1:8080", "ftp://127.0.0.1", "http://"]
)
def test_an_address_without_a_server_is_not_taken_for_this_computer(address: str) -> None:
    with pytest.raises(InvalidURL):
        Plain(address).ask("GET", f"{address}/api", {"Authorization": "Bearer hf_secret"})
