"""HTTP to the Hub: a patient client for all that asks, and the few plain requests that most commands make.

``httpx2`` comes with the Hub's client and imports in a third of its time. So what is simple is asked here directly,
with the environment's proxies and certificates; whatever is unusual about an answer is left to the Hub's client,
which knows how to follow, to retry and to explain. A Hub that does not answer at all is the end of the command
(``waiting.SilentError``): the client would only wait once more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from labdata.core import hints
from labdata.core.project import TOKEN_IS_FROM_FILE
from labdata.hub import waiting
from labdata.hub.certificates import certificates

if TYPE_CHECKING:
    from labdata.hub.waiting import Wait

_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="next"')

UNUSUAL = (OSError, httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError, IndexError)
"""What may be raised where something did not go smoothly."""


class NotSmoothError(OSError):
    """The client is the one to ask; ``status`` and ``retry_after`` (seconds) are what the Hub said."""

    def __init__(self, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(f"the Hub answered {status}")
        self.status = status
        self.retry_after = retry_after


class PatientClient(httpx2.Client):
    """Raises ``waiting.SilentError`` where no answer comes within the bounds of ``waiting``."""

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


def endpoint() -> str:
    """Return the Hub's address as the environment gives it."""
    if given := os.environ.get("HF_ENDPOINT"):
        return given.rstrip("/")
    from huggingface_hub import constants

    return str(constants.ENDPOINT).rstrip("/")


def token() -> str:
    """Return the token of ``HF_TOKEN`` or of ``hf auth login``; empty without one."""
    if given := os.environ.get("HF_TOKEN"):
        return given.strip()
    from huggingface_hub import constants

    try:
        return Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def token_hint() -> str:
    """Return what helps where the Hub does not take the token, which depends on where that stands."""
    if not os.environ.get("HF_TOKEN"):
        return hints.LOGIN
    return hints.WORKING_TOKEN if os.environ.get(TOKEN_IS_FROM_FILE) else hints.OUTER_TOKEN


class Requests:
    """Plain requests to the Hub as this account; address and token are read when it is made."""

    def __init__(self) -> None:
        self.address = endpoint()
        self.headers = {"User-Agent": "labdata"}
        if known := token():
            self.headers["Authorization"] = f"Bearer {known}"

    @cached_property
    def _client(self) -> PatientClient:
        return PatientClient(headers=self.headers, verify=certificates())

    def get(self, path: str) -> tuple[Any, str]:
        """Return a JSON answer and its ``Link`` header."""
        answer = self._ask("GET", path)
        return answer.json(), answer.headers.get("Link", "")

    def next_path(self, link: str) -> str:
        """Return where the next page of a list is, given the ``Link`` header of one; empty after the last."""
        found = _NEXT.search(link)
        if found is None:
            return ""
        if not found.group(1).startswith(f"{self.address}/"):
            raise NotSmoothError
        return found.group(1).removeprefix(self.address)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON that changes nothing on the Hub, and return the JSON that comes back."""
        return self._ask("POST", path, json=body).json()

    def post_form(self, path: str, fields: dict[str, Any]) -> Any:
        """Send a form that changes nothing on the Hub, and return the JSON that comes back."""
        return self._ask("POST", path, data=fields).json()

    def post_lines(self, path: str, lines: bytes) -> Any:
        """Send lines of JSON and return the JSON that comes back. Sent once: it may change something on the Hub."""
        headers = {"Content-Type": "application/x-ndjson"}
        return self._ask("POST", path, content=lines, headers=headers).json()

    def _ask(self, method: str, path: str, **what: Any) -> httpx2.Response:
        answer = self._client.request(method, f"{self.address}{path}", **what)
        if answer.status_code != 200:
            raise NotSmoothError(answer.status_code, waiting.asked_pause(answer.headers))
        return answer
