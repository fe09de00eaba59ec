"""The few requests that most commands make, without the Hub's client, whose import takes longer than all of them.

What is simple is asked here directly; whatever is unusual about an answer is left to the Hub's client, which knows how
to follow, to retry and to explain. A Hub that does not answer at all is the end of the command
(``waiting.SilentError``): the client would only wait once more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from labdata.core import hints
from labdata.core.errors import HubError
from labdata.core.project import TOKEN_IS_FROM_FILE
from labdata.hub import waiting
from labdata.hub.listing import OddAnswerError, items_of, next_page
from labdata.hub.plain import Answer, Plain, is_direct

UNUSUAL = (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What may be raised where something did not go smoothly."""


class NotSmoothError(OSError):
    """The client is the one to ask; ``status``, ``retry_after`` (seconds) and the words ``said`` are the Hub's."""

    def __init__(self, status: int = 0, retry_after: float | None = None, said: str = "") -> None:
        super().__init__(f"the Hub answered {status}")
        self.said = said
        self.status = status
        self.retry_after = retry_after


def endpoint() -> str:
    """Return the Hub's address as the environment gives it."""
    if given := os.environ.get("HF_ENDPOINT", "").strip():
        return given.rstrip("/")
    from huggingface_hub import constants

    return str(constants.ENDPOINT).rstrip("/")


def token() -> str:
    """Return the token of ``HF_TOKEN`` (or its older name) or of ``hf auth login``, as the client reads it; or nothing.

    Raises ``HubError`` for one that cannot be sent: the client would say that the Hub is not to be reached.
    """
    found = _one_line(os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN") or "")
    if not found:
        from huggingface_hub import constants

        try:
            found = _one_line(Path(constants.HF_TOKEN_PATH).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return ""
    if odd := next((letter for letter in found if not "!" <= letter <= "~"), ""):
        hint = token_hint()
        raise HubError(f"The Hub token holds a letter that none has ({odd!a}). Nothing was changed.", hint, 401)
    return found


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "").strip()


def require_online() -> None:
    """Raise ``HubError`` where the environment forbids the client, and so labdata too, to ask the Hub anything."""
    asked = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    if asked.upper() in ("1", "ON", "YES", "TRUE"):
        raise offline()


def offline() -> HubError:
    """Return the error for a Hub that is not to be asked."""
    said = "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set, so the Hub is not asked. Nothing was changed."
    return HubError(said, hints.ONLINE, status=waiting.GAVE_UP)


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
    def _plain(self) -> Plain | None:
        return Plain(self.address) if is_direct(self.address) else None

    def get(self, path: str) -> tuple[Any, str]:
        """Return a JSON answer and its ``Link`` headers."""
        answer = self._ask("GET", path)
        # All of them: what stands in between adds its own.
        return json.loads(answer.body), ", ".join(answer.links)

    def pages(self, path: str) -> Iterator[Any]:
        """Give the items of a list that comes in pages, asking for a further page only when it is needed."""
        asked: set[str] = set()
        while path:
            answer, link = self.get(path)
            yield from items_of(answer)
            asked.add(path)
            path = next_page(link, f"{self.address}{path}", self.address).removeprefix(self.address)
            if path in asked:
                raise OddAnswerError("the pages go round in circles")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON that changes nothing on the Hub, and return the JSON that comes back."""
        return json.loads(self._ask("POST", path, json.dumps(body).encode(), "application/json").body)

    def post_form(self, path: str, fields: dict[str, Any]) -> Any:
        """Send a form that changes nothing on the Hub, and return the JSON that comes back."""
        form = urlencode(fields, doseq=True).encode()
        return json.loads(self._ask("POST", path, form, "application/x-www-form-urlencoded").body)

    def post_lines(self, path: str, lines: bytes) -> Any:
        """Send lines of JSON and return the JSON that comes back. Sent once: it may change something on the Hub."""
        return json.loads(self._ask("POST", path, lines, "application/x-ndjson").body)

    def create(self, path: str, body: dict[str, Any]) -> None:
        """Ask for what is made at most once, however often it is asked for."""
        self._ask("POST", path, json.dumps(body).encode(), "application/json")

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        require_online()
        headers = self.headers | ({"Content-Type": kind} if kind else {})
        url = f"{self.address}{path}"
        plain = self._plain
        answer = plain.ask(method, url, headers, body) if plain else _through_proxy(method, url, headers, body)
        if answer.status != 200:
            raise NotSmoothError(answer.status, waiting.asked_pause(answer.headers), _said(answer))
        return answer


def _said(answer: Answer) -> str:
    """Return the Hub's own words for a refusal, on one line and without their full stop; or nothing."""
    try:
        said = answer.headers.get("X-Error-Message") or json.loads(answer.body)["error"]
    except UNUSUAL:
        return ""
    return " ".join(str(said).split()).rstrip(".")[:200]


def _through_proxy(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
    import httpx2

    from labdata.hub.certificates import certificates
    from labdata.hub.patient import PatientClient

    try:
        with PatientClient(verify=certificates()) as client:
            answer = client.request(method, url, headers=headers, content=body)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ConnectionError(str(error)) from error
    return Answer(answer.status_code, answer.headers, answer.content, answer.headers.get_list("Link"))
