"""The client's own HTTP session, made patient: no request waits without a bound, and none sleeps for long unseen.

``huggingface_hub`` sets no time limit, and for some requests sleeps as long as the Hub asks it to, in silence.
"""

from __future__ import annotations

import threading
from typing import Any

import httpx2
from huggingface_hub.utils import get_session, hf_raise_for_status, set_client_factory
from huggingface_hub.utils._http import hf_request_event_hook

from labdata.hub import waiting
from labdata.hub.certificates import certificates
from labdata.hub.listing import OddAnswerError
from labdata.hub.patient import PatientClient

_SLEPT_FOR = (408, 429, 500, 502, 503, 504)  # the answers after which the client sleeps
_SHORT = 2.0  # seconds for which it may


def install() -> None:
    """Let the client, and all that asks it for its session, use a patient one; once, for it closes the one before."""
    with _installing:
        if not _installed:
            set_client_factory(_Session.made)
            _installed.append(True)


_installing = threading.Lock()
_installed: list[bool] = []


class _Session(PatientClient):
    """Raises the Hub's refusal at once where it asks for a long pause."""

    @classmethod
    def made(cls) -> _Session:
        hooks = {"request": [hf_request_event_hook], "response": [_keep_what_is_sent]}
        return cls(event_hooks=hooks, follow_redirects=True, verify=certificates())

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        response = super().send(request, stream=stream, **options)
        if response.status_code in _SLEPT_FOR and (waiting.asked_pause(response.headers) or 0.0) > _SHORT:
            # The client would sleep now, as long as it is told and in silence.
            response.read()
            hf_raise_for_status(response)
        return response


def _keep_what_is_sent(response: httpx2.Response) -> None:
    """Raise ``OddAnswerError`` where data would be sent on to a server that nobody has named, such as a login page's.

    The token does not go along to one; what a lab has not published must not either.
    """
    request = response.request
    if request.method in ("GET", "HEAD") or response.status_code not in (307, 308):
        return
    if request.url.join(response.headers.get("Location") or "").host != request.url.host:
        raise OddAnswerError("data would be sent on to another server")


def got(url: str, headers: dict[str, str], parameters: dict[str, str] | None = None) -> httpx2.Response:
    """Ask for something; raises the client's own errors."""
    response = get_session().get(url, headers=headers, params=parameters)
    hf_raise_for_status(response)
    return response


def posted_json(url: str, headers: dict[str, str], **what: Any) -> Any:
    """Send something, and return the JSON that comes back; raises the client's own errors, and ``JSONDecodeError``."""
    response = get_session().post(url, headers=headers, **what)
    hf_raise_for_status(response)
    return response.json()
