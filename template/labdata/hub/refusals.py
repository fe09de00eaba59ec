"""Turn what the client raises into one sentence, and say how long to wait before another try."""

from __future__ import annotations

import json
import random

import httpx2
from huggingface_hub import get_token
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from labdata.core import hints
from labdata.core.errors import HubError, MissingError, StaleParentError
from labdata.hub import waiting
from labdata.hub.http import offline, token_hint
from labdata.hub.listing import OddAnswerError

_PASSING = {408, 409, 425, 429, 500, 502, 503, 504}
_ODD = (OddAnswerError, KeyError, TypeError, AttributeError, IndexError)
_GARBLED = (json.JSONDecodeError, UnicodeDecodeError, httpx2.DecodingError, httpx2.TooManyRedirects, *_ODD)
NO_ANSWERS = (*_GARBLED, OfflineModeIsEnabled)
"""What is raised where something answers that is not the Hub, or nothing may be asked."""

_FIRST_WAIT = 0.5  # seconds
_LONGEST_WAIT = 60.0  # between two tries, unless the Hub asks for more


def waiting_time(error: Exception, tries: int) -> float | None:
    """Return how long to wait before another try (seconds), ``None`` if there is no use in one."""
    backoff: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**tries) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter
    if isinstance(error, (httpx2.ConnectError, *_GARBLED)):
        # Nothing listens there, or something else does: a wrong address far more often than a passing fault.
        return backoff if tries < 2 else None
    if isinstance(error, httpx2.TransportError):
        return backoff
    response = getattr(error, "response", None)
    if response is None or response.status_code not in _PASSING:
        return None
    if response.status_code == 409 and "already exists" in str(error):
        return None
    asked = waiting.asked_pause(response.headers)
    return backoff if asked is None else asked


def surely_undone(error: Exception) -> bool:
    """Tell whether the Hub did not do what it was asked; else it may be that only its answer was lost."""
    if isinstance(error, (httpx2.ConnectError, LocalTokenNotFoundError, OfflineModeIsEnabled)):
        return True
    response = getattr(error, "response", None)
    return response is not None and 400 <= response.status_code < 500 and response.status_code != 408


def explain(error: Exception, endpoint: str) -> HubError:
    """Turn the client's exception into one sentence with the command that helps."""
    if (unanswered := _unanswered(error, endpoint)) is not None:
        return unanswered
    response = getattr(error, "response", None)
    status = response.status_code if response is not None else 0
    said = _said(error)
    if isinstance(error, GatedRepoError):
        return MissingError(f"{said} Nothing was changed.", hints.ACCESS, status=403)
    if isinstance(error, RepositoryNotFoundError) and get_token() is None:
        return MissingError(
            "There is no Hub token on this machine, so nothing private can be seen. Nothing was changed.",
            hints.LOGIN,
            401,
        )
    if isinstance(error, RepositoryNotFoundError):
        return MissingError(
            f"The Hub at {endpoint} knows no such dataset repo, or this account may not see it. Nothing was changed.",
            hints.MEMBERSHIP,
            status=404,
        )
    if isinstance(error, (RevisionNotFoundError, EntryNotFoundError)):
        return MissingError(
            f"There is no such revision or file on the Hub: {said} Nothing was changed.",
            hints.REVISIONS,
            status=404,
        )
    by_status = {
        400: (f"The Hub refused this: {said} Nothing was changed.", hints.REFUSED),
        401: (f"The Hub does not accept this token: {said} Nothing was changed.", token_hint()),
        403: (f"This account may not do that: {said} Nothing was changed.", hints.WRITE_ACCESS),
        429: ("The Hub asks for a pause: too many requests. Nothing was changed.", hints.AGAIN_IN_FIVE_MINUTES),
    }
    if status == 412:
        return StaleParentError(f"The branch moved meanwhile: {said}", hints.AGAIN, status=412)
    message, hint = by_status.get(
        status, (f"The Hub answered {status or 'nothing'}: {said} Nothing was changed.", hints.AGAIN)
    )
    retry_after = waiting.asked_pause(response.headers) if response is not None else None
    return HubError(message, hint, status=status, retry_after=retry_after)


def _unanswered(error: Exception, endpoint: str) -> HubError | None:
    """Return what to say where the Hub itself has said nothing; ``None`` where it has."""
    if isinstance(error, LocalTokenNotFoundError):
        return HubError("There is no Hub token on this machine. Nothing was changed.", hints.LOGIN, status=401)
    if isinstance(error, OfflineModeIsEnabled):
        return offline()
    if isinstance(error, _GARBLED):
        return HubError(
            f"What answers at {endpoint} does not speak as the Hub does: perhaps a network's login page, or a proxy "
            "that damages answers. Nothing was changed.",
            hints.NETWORK,
        )
    if isinstance(error, httpx2.TransportError):
        return HubError(
            f"The Hub at {endpoint} could not be reached. Nothing was changed.",
            hints.NETWORK,
        )
    return None


def _said(error: Exception) -> str:
    """Return the Hub's own words, on one line."""
    message = getattr(error, "server_message", None) or str(error).split("\n")[-1]
    text = " ".join(str(message).split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
