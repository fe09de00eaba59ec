"""A plain line to the Hub: one kept connection and the few requests that most commands make.

Importing the Hub's client takes longer than all else that a small command does. So what is simple is asked here with
the standard library, and whatever is unusual about the answer, or about the way to the Hub, is left to the client,
which knows how to wait, to retry and to explain. Nothing here follows a redirect or speaks through a proxy. A Hub that
does not answer at all is the end of the command (``waiting.SilentError``): the client would only wait once more.
"""

from __future__ import annotations

import io
import json
import os
import time
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from socket import socket
from typing import Any, cast
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from labdata import waiting

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
        return kind(host, self._endpoint.port)

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
        self, method: str, path: str, body: bytes | None = None, kind: str = "", *, again: bool = True, share: int = 1
    ) -> HTTPResponse:
        headers = self._headers | ({"Content-Type": kind} if kind else {})
        kept = self._connection.sock is not None
        if kept and again:
            # It may have died unnoticed: half of the patience is for another one.
            share = 2
        try:
            self._connect()
            answer = self._answer(method, path, body, headers, waiting.patience() / share)
        except (OSError, HTTPException, waiting.SilentError):
            self._connection.close()
            if kept and again:
                # The Hub may have closed a connection that was not used for a while.
                return self._ask(method, path, body, kind, again=False, share=share)
            raise
        if answer.status != 200:
            answer.read()
            raise NotSmoothError(answer.status, waiting.asked_pause(answer.headers))
        return answer

    def _connect(self) -> None:
        """Open the connection if there is none; raises ``SilentError`` where nothing answers."""
        connection = self._connection
        for is_last in (False, True):
            if connection.sock is not None:
                return
            connection.timeout = waiting.told_after()
            try:
                connection.connect()
            except TimeoutError:
                connection.close()
                if is_last:
                    raise waiting.silent(self._address, 2 * waiting.told_after()) from None
                waiting.tell(self._address)

    def _answer(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], bound: float
    ) -> HTTPResponse:
        connection, address = self._connection, self._address

        def patient(sock: socket, *arguments: Any, **options: Any) -> HTTPResponse:
            return HTTPResponse(cast("socket", _PatientSocket(sock, address, bound)), *arguments, **options)

        connection.response_class = cast("type[HTTPResponse]", patient)
        connection.sock.settimeout(bound)
        try:
            connection.request(method, f"{self._endpoint.path}{path}", body, headers)
        except TimeoutError:
            raise waiting.silent(address) from None
        return connection.getresponse()


class _PatientSocket:
    """Gives an answer's reader as a socket does, but one that is patient in its own way."""

    def __init__(self, sock: socket, address: str, bound: float) -> None:
        self._sock, self._address, self._bound = sock, address, bound

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._address, self._bound))


class _Reader(io.RawIOBase):
    """Reads from a socket for ``bound`` seconds in all; then raises ``SilentError``."""

    def __init__(self, sock: socket, address: str, bound: float) -> None:
        # Holds the socket open while there is something to read, also where the connection is closed already.
        self._held = sock.makefile("rb", buffering=0)
        self._sock, self._address = sock, address
        self._end = time.monotonic() + bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while (left := self._end - time.monotonic()) > 0:
            self._sock.settimeout(min(left, waiting.told_after()))
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                waiting.tell(self._address)
        raise waiting.silent(self._address)

    def close(self) -> None:
        if not self.closed:
            self._held.close()
        super().close()
