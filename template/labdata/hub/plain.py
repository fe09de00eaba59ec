"""HTTP by the standard library: it imports in a fifth of ``httpx2``'s time, and spends a seventh of it on each request.

It knows no proxies, follows nothing and explains nothing: for all that there is the Hub's client.
"""

from __future__ import annotations

import select
import threading
import zlib
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from labdata.hub import waiting
from labdata.hub.waiting import Headers

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its headers, and all of its body."""

    status: int
    headers: Headers
    body: bytes


def is_direct(address: str) -> bool:
    """Tell whether the environment names no proxy on the way to an address."""
    proxies, parts = getproxies(), urlsplit(address)
    if not (proxies.get(parts.scheme) or proxies.get("all")):
        return True
    return bool(proxy_bypass(parts.netloc))


class Plain:
    """Connections to one server, one for each thread that asks; ``close`` ends them all."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._mine = threading.local()
        self._all: list[HTTPConnection] = []

    def ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send one request; what only asks is sent once more where it failed, over a new connection.

        Raises ``SilentError`` where no answer comes within the bounds of ``waiting``, ``OSError`` or ``HTTPException``
        where it fails otherwise: what was to change something may have done so.
        """
        tries = 2 if method in ("GET", "HEAD") else 1
        wait = waiting.Wait(self._address)
        with waiting.WATCH.over(wait):
            for left in range(tries - 1, -1, -1):
                try:
                    return self._asked(method, url, headers, body, waiting.patience() / tries, wait)
                except TimeoutError as error:
                    self._drop()
                    if left == 0:
                        raise waiting.silent(self._address) from error
                except (OSError, HTTPException):
                    self._drop()
                    if left == 0:
                        raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End all connections."""
        for one in self._all:
            one.close()

    def _asked(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, bound: float, wait: waiting.Wait
    ) -> Answer:
        connection = self._connected(bound)
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, {"Accept-Encoding": "gzip", **headers})
        answer = connection.getresponse()
        wait.heard()
        return Answer(answer.status, answer.headers, _whole(answer, wait))

    def _connected(self, bound: float) -> HTTPConnection:
        """Return this thread's connection, a new one where there is none or the server has ended it."""
        connection: HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is not None and not _is_over(connection):
            return connection
        self._drop()
        connection = self._opened(2 * waiting.told_after())
        try:
            connection.connect()
        except TimeoutError as error:
            raise waiting.silent(self._address, 2 * waiting.told_after()) from error
        connection.sock.settimeout(bound)
        self._mine.connection = connection
        self._all.append(connection)
        return connection

    def _opened(self, bound: float) -> HTTPConnection:
        parts = urlsplit(self._address)
        if parts.scheme != "https":
            return HTTPConnection(parts.hostname or "", parts.port, timeout=bound)
        from labdata.hub.certificates import certificates

        return HTTPSConnection(parts.hostname or "", parts.port, timeout=bound, context=certificates())

    def _drop(self) -> None:
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None


def _is_over(connection: HTTPConnection) -> bool:
    """Tell whether the server has ended a kept connection: then there is something to read, though nothing was asked.

    A request that changes something must not find that out by being lost.
    """
    if connection.sock is None:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([connection.sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _whole(answer: HTTPResponse, wait: waiting.Wait) -> bytes:
    """Return an answer's body; raises ``OSError`` or ``HTTPException`` where that is cut off or takes too long."""
    began, blocks, promised = wait.since, [], answer.length
    while block := answer.read(_BLOCK):
        blocks.append(block)
        wait.heard()
        if wait.since - began > waiting.patience():
            raise TimeoutError
    body = b"".join(blocks)
    if promised is not None and len(body) != promised:
        raise IncompleteRead(body, promised - len(body))
    if answer.getheader("Content-Encoding") != "gzip":
        return body
    try:
        return zlib.decompress(body, wbits=31)
    except zlib.error as error:
        raise HTTPException(f"the answer is damaged ({error})") from error
