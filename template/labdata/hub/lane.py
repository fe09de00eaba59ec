"""Many small answers of the Hub, by the standard library's HTTP: it spends a seventh of ``httpx2``'s time on each.

Only what goes smoothly is taken here: an answer 200, straight or after a redirect within the Hub (which it gives for
small files since 2025). Whatever else comes is left to the Hub's client, which knows how to follow, to retry and to
explain.
"""

from __future__ import annotations

import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from labdata.hub import waiting
from labdata.hub.certificates import certificates

_HOPS = 3
_MISSES = 3  # in a row, after which it is not tried any more
_BLOCK = 1024 * 1024


class Lane:
    """Connections to the Hub, one for each thread that asks; ``close`` ends them all."""

    def __init__(self, endpoint: str, headers: dict[str, str]) -> None:
        self._address = endpoint
        self._headers = headers
        self._mine = threading.local()
        self._all: list[HTTPConnection] = []
        self._misses = 0 if _is_direct(endpoint) else _MISSES
        self._is_tls = endpoint.startswith("https:")

    def get(self, url: str) -> bytes | None:
        """Return what is at an address of the Hub, ``None`` where the client is the one to ask.

        Raises ``SilentError`` where no answer comes within the bounds of ``waiting``.
        """
        if self._misses >= _MISSES:
            return None
        wait = waiting.Wait(self._address)
        with waiting.WATCH.over(wait):
            found = self._tried(url, wait)
        self._misses = 0 if found is not None else self._misses + 1
        return found

    def close(self) -> None:
        """End all connections."""
        for one in self._all:
            one.close()

    def _tried(self, url: str, wait: waiting.Wait) -> bytes | None:
        for is_last in (False, True):
            try:
                return self._followed(url, wait)
            except TimeoutError as error:
                self._drop()
                if is_last:
                    raise waiting.silent(self._address) from error
            except (OSError, HTTPException, ValueError):
                # A kept connection may have died unnoticed: the next try has a new one.
                self._drop()
        return None

    def _followed(self, url: str, wait: waiting.Wait) -> bytes | None:
        for _hop in range(_HOPS):
            if not url.startswith(f"{self._address}/"):
                return None
            answer = self._asked(url)
            wait.heard()
            body = _whole(answer, wait)
            if answer.status == 200:
                return body
            to = answer.getheader("Location") if answer.status in (301, 302, 303, 307, 308) else None
            if not to:
                return None
            url = urljoin(url, to)
        return None

    def _asked(self, url: str) -> HTTPResponse:
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._opened()
            self._all.append(connection)
        parts = urlsplit(url)
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=self._headers)
        answer: HTTPResponse = connection.getresponse()
        return answer

    def _opened(self) -> HTTPConnection:
        parts, bound = urlsplit(self._address), waiting.patience() / 2
        if self._is_tls:
            return HTTPSConnection(parts.hostname or "", parts.port, timeout=bound, context=certificates())
        return HTTPConnection(parts.hostname or "", parts.port, timeout=bound)

    def _drop(self) -> None:
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None


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
    return body


def _is_direct(endpoint: str) -> bool:
    """Tell whether the environment names no proxy on the way to the Hub."""
    proxies, parts = getproxies(), urlsplit(endpoint)
    if not (proxies.get(parts.scheme) or proxies.get("all")):
        return True
    return bool(proxy_bypass(parts.netloc))
