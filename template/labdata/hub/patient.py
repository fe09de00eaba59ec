"""A client of ``httpx2`` that does not wait for ever: for the Hub's client, and for what goes through a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2

from labdata.core import hints
from labdata.core.errors import HubError
from labdata.hub import waiting

if TYPE_CHECKING:
    from labdata.hub.waiting import Wait


class PatientClient(httpx2.Client):
    """Raises ``waiting.SilentError`` where no answer comes within the bounds of ``waiting``.

    Making one raises ``HubError`` where the environment names a proxy that cannot be used.
    """

    def __init__(self, **options: Any) -> None:
        try:
            super().__init__(**options)
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            # httpx2 says more after it, for programmers.
            said = str(error).split(". ")[0].rstrip(".")
            raise HubError(
                f"The proxy that the environment names cannot be used ({said}). Nothing was changed.",
                hints.PROXY,
                status=waiting.GAVE_UP,
            ) from error

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send one request; what only asks is sent once more where a kept connection may have died unnoticed."""
        tries = 2 if request.method in ("GET", "HEAD") else 1
        limits = httpx2.Timeout(waiting.patience() / tries, connect=2 * waiting.told_after())
        request.extensions = {**request.extensions, "timeout": limits.as_dict()}
        wait = waiting.Wait(_address(request))
        for left in range(tries - 1, -1, -1):
            waiting.WATCH.begin(wait)
            try:
                response = super().send(request, stream=True, **options)
                response.stream = _Watched(response.stream, wait, None if stream else waiting.patience())
                if not stream:
                    response.read()
            except httpx2.TimeoutException as error:
                waiting.WATCH.end(wait)
                # The next try has a new connection.
                if isinstance(error, httpx2.ConnectTimeout):
                    raise waiting.silent(wait.address, 2 * waiting.told_after()) from error
                if left == 0:
                    raise waiting.silent(wait.address) from error
            except BaseException:
                waiting.WATCH.end(wait)
                raise
            else:
                return response
        raise AssertionError("unreachable")


class _Watched(httpx2.SyncByteStream):
    """An answer's body: what comes counts as a sign of life; all of it has to come within ``bound`` seconds, if any."""

    def __init__(self, stream: Any, wait: Wait, bound: float | None) -> None:
        self._stream, self._wait, self._bound = stream, wait, bound
        wait.heard()
        self._began = wait.since

    def __iter__(self) -> Iterator[bytes]:
        try:
            for block in self._stream:
                self._wait.heard()
                if self._bound is not None and self._wait.since - self._began > self._bound:
                    raise waiting.silent(self._wait.address)
                yield block
        except httpx2.TimeoutException as error:
            raise waiting.silent(self._wait.address) from error
        finally:
            waiting.WATCH.end(self._wait)

    def close(self) -> None:
        """Let go of the connection."""
        waiting.WATCH.end(self._wait)
        self._stream.close()


def _address(request: httpx2.Request) -> str:
    url = request.url
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
