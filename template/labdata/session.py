"""The client's own HTTP session, made patient: no request waits without a bound, and none sleeps for long unseen.

``huggingface_hub`` sets no time limit, and for some requests sleeps as long as the Hub asks it to, in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2
from huggingface_hub.utils import hf_raise_for_status, set_client_factory
from huggingface_hub.utils._http import hf_request_event_hook

from labdata import waiting

if TYPE_CHECKING:
    from labdata.waiting import Wait

_SLEPT_FOR = (408, 429, 500, 502, 503, 504)  # the answers after which the client sleeps
_SHORT = 2.0  # seconds for which it may


def install() -> None:
    """Let the client, and all that asks it for its session, use a patient one."""
    set_client_factory(_Patient.made)


class _Patient(httpx2.Client):
    """Raises ``waiting.SilentError`` where no answer comes, and the Hub's refusal at once where it asks for a pause."""

    @classmethod
    def made(cls) -> _Patient:
        return cls(event_hooks={"request": [hf_request_event_hook]}, follow_redirects=True)

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        tries = 2 if request.method in ("GET", "HEAD") else 1
        bound = waiting.patience() / tries
        limits = httpx2.Timeout(bound, connect=2 * waiting.told_after())
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
                # A kept connection may have died unnoticed; the next try has a new one.
                if isinstance(error, httpx2.ConnectTimeout):
                    raise waiting.silent(wait.address, 2 * waiting.told_after()) from error
                if left == 0:
                    raise waiting.silent(wait.address) from error
            except BaseException:
                waiting.WATCH.end(wait)
                raise
            else:
                break
        if response.status_code in _SLEPT_FOR and (waiting.asked_pause(response.headers) or 0.0) > _SHORT:
            # The client would sleep now, as long as it is told and in silence.
            response.read()
            hf_raise_for_status(response)
        return response


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
