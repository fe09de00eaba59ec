"""HTTP by the standard library: it imports in a fifth of ``httpx2``'s time, and spends a seventh of it on each request.

It knows no proxies, follows nothing and explains nothing: for all that there is the Hub's client.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead, InvalidURL
from urllib.parse import urlsplit

from labdata.hub import waiting
from labdata.hub.waiting import Headers

_BLOCK = 1024 * 1024
_SENT = 64 * 1024
_WAITING = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its headers, all of its body, and its ``Link`` headers, of which there may be several."""

    status: int
    headers: Headers
    body: bytes
    links: Sequence[str] = ()


def is_direct(address: str) -> bool:
    """Tell whether the environment names no proxy on the way to an address."""
    # Only these systems have settings of their own for it, and most environments name none: nobody waits for this.
    if sys.platform not in ("darwin", "win32") and not any(name.lower().endswith("_proxy") for name in os.environ):
        return True
    from urllib.request import getproxies, proxy_bypass

    proxies, parts = getproxies(), urlsplit(address)
    if not (proxies.get(parts.scheme) or proxies.get("all")):
        return True
    return bool(proxy_bypass(parts.netloc))


class Plain:
    """Connections to one server, as many as are asked at the same time; ``close`` ends them."""

    def __init__(self, address: str) -> None:
        self._address = address
        # A thread takes one and gives it back: threads come and go, and connections that stay theirs would pile up.
        self._idle: list[HTTPConnection] = []

    def ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None, *, is_bounded: bool = True
    ) -> Answer:
        """Send one request; what only asks is sent once more where it failed, over a new connection.

        With ``is_bounded`` all of the answer has to come in time; else it is enough that it goes on coming.

        Raises ``SilentError`` where no answer comes within the bounds of ``waiting``, ``OSError`` or ``HTTPException``
        where it fails otherwise: what was to change something may have done so.
        """
        tries = 2 if method in ("GET", "HEAD") else 1
        wait = waiting.Wait(self._address)
        with waiting.WATCH.over(wait):
            for left in range(tries - 1, -1, -1):
                connection = self._connected(waiting.patience() / tries, is_new=left < tries - 1)
                try:
                    answer = _asked(connection, method, url, headers, body, wait, is_bounded=is_bounded)
                except TimeoutError as error:
                    connection.close()
                    if left == 0:
                        raise waiting.silent(self._address) from error
                except (OSError, HTTPException):
                    connection.close()
                    if left == 0:
                        raise
                except BaseException:
                    connection.close()
                    raise
                else:
                    self._idle.append(connection)
                    return answer
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End all connections."""
        while self._idle:
            self._idle.pop().close()

    def _connected(self, bound: float, *, is_new: bool) -> HTTPConnection:
        """Return a connection that nobody uses, or a new one; what the server has ended meanwhile is passed over."""
        while not is_new:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if not _is_over(connection):
                connection.sock.settimeout(bound)
                return connection
            connection.close()
        connection = self._opened(2 * waiting.told_after())
        try:
            connection.connect()
        except TimeoutError as error:
            raise waiting.silent(self._address, 2 * waiting.told_after()) from error
        # What is sent waits in this: of a slow line the rest has to be on its way within the time of the answer.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WAITING)
        connection.sock.settimeout(bound)
        return connection

    def _opened(self, bound: float) -> HTTPConnection:
        parts = urlsplit(self._address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            # The library would ask whatever listens at port 80 of this computer, and show it the token.
            raise InvalidURL(f"{self._address} is no address of a server")
        if parts.scheme == "http":
            return HTTPConnection(parts.hostname, parts.port, timeout=bound)
        from labdata.hub.certificates import certificates

        return HTTPSConnection(parts.hostname, parts.port, timeout=bound, context=certificates())


def _asked(
    connection: HTTPConnection,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes | None,
    wait: waiting.Wait,
    *,
    is_bounded: bool,
) -> Answer:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Accept-Encoding": "gzip", **headers}
    if body is None:
        connection.request(method, target, None, headers)
    else:
        try:
            connection.request(method, target, _blocks(body, wait), headers | {"Content-Length": str(len(body))})
        except (BrokenPipeError, ConnectionResetError) as error:
            return _refusal(connection, wait, error)
    answer = connection.getresponse()
    wait.heard()
    links = answer.headers.get_all("Link") or ()
    return Answer(answer.status, answer.headers, _whole(answer, wait, is_bounded=is_bounded), links)


def _refusal(connection: HTTPConnection, wait: waiting.Wait, error: OSError) -> Answer:
    """Return what a server said that did not read all it was sent; raises the ``error`` where it said nothing.

    A proxy that takes no body of that size says so at once, and hangs up.
    """
    try:
        answer = connection.getresponse()
        wait.heard()
        found = Answer(answer.status, answer.headers, _whole(answer, wait, is_bounded=True))
    except (OSError, HTTPException):
        raise error from None
    finally:
        connection.close()
    if found.status < 400:
        raise error
    return found


def _blocks(body: bytes, wait: waiting.Wait) -> Iterator[bytes]:
    """Give a body in blocks: each has its time, where a line may be too slow to take all of it in that."""
    for start in range(0, len(body), _SENT):
        yield body[start : start + _SENT]
        wait.heard()


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


def _whole(answer: HTTPResponse, wait: waiting.Wait, *, is_bounded: bool) -> bytes:
    """Return an answer's body; raises ``OSError`` or ``HTTPException`` where that is cut off or takes too long."""
    began, blocks, promised = wait.since, [], answer.length
    # What there is, and not a whole block: each read has its time too.
    while block := answer.read1(_BLOCK):
        blocks.append(block)
        wait.heard()
        if is_bounded and wait.since - began > waiting.patience():
            raise TimeoutError
    # Nothing is left to read, which it does not always note by itself: the connection is free.
    answer.close()
    body = b"".join(blocks)
    if promised is not None and len(body) != promised:
        raise IncompleteRead(body, promised - len(body))
    if answer.getheader("Content-Encoding") != "gzip":
        return body
    try:
        return zlib.decompress(body, wbits=31)
    except zlib.error as error:
        raise HTTPException(f"the answer is damaged ({error})") from error
