"""A plain line to the Hub: one kept connection and the few requests that most commands make.

Importing the Hub's client takes longer than all else that a small command does. So what is simple is asked here with
the standard library, and whatever is unusual about the answer, or about the way to the Hub, is left to the client,
which knows how to wait, to retry and to explain. Nothing here follows a redirect or speaks through a proxy.
"""

from __future__ import annotations

import json
import os
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

_TIMEOUT = 10.0  # seconds
_LONG_TIMEOUT = 60.0

UNUSUAL = (OSError, HTTPException, ValueError, KeyError, TypeError, IndexError)
"""What may be raised where something did not go smoothly."""


class NotSmoothError(OSError):
    """The client is the one to ask; ``status`` and ``retry_after`` (seconds) are what the Hub said."""

    def __init__(self, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(f"the Hub answered {status}")
        self.status = status
        self.retry_after = retry_after


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


class Line:
    """A connection to the Hub as this account; address and token are read when it is made."""

    def __init__(self) -> None:
        self._address = endpoint()
        self._headers = {"User-Agent": "labdata"}
        if known := token():
            self._headers["Authorization"] = f"Bearer {known}"

    @cached_property
    def _endpoint(self) -> SplitResult:
        return urlsplit(self._address)

    @cached_property
    def _connection(self) -> HTTPConnection:
        scheme, host = self._endpoint.scheme, self._endpoint.hostname or ""
        if scheme not in ("http", "https") or (scheme in getproxies() and not proxy_bypass(host)):
            raise NotSmoothError
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        return kind(host, self._endpoint.port, timeout=_TIMEOUT)

    def get(self, path: str) -> tuple[Any, str]:
        """Return a JSON answer and its ``Link`` header."""
        answer = self._ask("GET", path)
        link = answer.headers.get("Link", "")
        return json.loads(answer.read()), link

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON that changes nothing on the Hub, and return the JSON that comes back."""
        return json.loads(self._ask("POST", path, json.dumps(body).encode(), "application/json").read())

    def post_form(self, path: str, fields: dict[str, Any]) -> Any:
        """Send a form that changes nothing on the Hub, and return the JSON that comes back."""
        body = urlencode(fields, doseq=True).encode()
        return json.loads(self._ask("POST", path, body, "application/x-www-form-urlencoded").read())

    def post_lines(self, path: str, lines: list[dict[str, Any]]) -> Any:
        """Send lines of JSON and return the JSON that comes back. Sent once: it may change something on the Hub."""
        body = "\n".join(json.dumps(line) for line in lines).encode()
        return json.loads(self._ask("POST", path, body, "application/x-ndjson", again=False).read())

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", *, again: bool = True
    ) -> HTTPResponse:
        headers = self._headers | ({"Content-Type": kind} if kind else {})
        kept = self._connection.sock is not None
        try:
            if not again and self._connection.sock is not None:
                self._connection.sock.settimeout(_LONG_TIMEOUT)
            self._connection.request(method, f"{self._endpoint.path}{path}", body, headers)
            answer = self._connection.getresponse()
        except (OSError, HTTPException):
            self._connection.close()
            if kept and again:
                # The Hub may have closed a connection that was not used for a while.
                return self._ask(method, path, body, kind, again=False)
            raise
        if answer.status != 200:
            answer.read()
            wait = answer.headers.get("Retry-After", "")
            raise NotSmoothError(answer.status, float(wait) if wait.isdigit() else None)
        return answer
