"""How far away the Hub is, and by how much its clock and this computer's differ."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx2

from labdata.core.errors import HubError
from labdata.hub.certificates import certificates
from labdata.hub.http import endpoint
from labdata.hub.patient import PatientClient

_ASKED = 3


@dataclass(frozen=True)
class Pulse:
    """Seconds that a small request takes, and by how many this computer is ahead of the Hub (``None``: not told)."""

    seconds: float
    ahead: float | None


def feel() -> Pulse | None:
    """Ask the Hub a few times for next to nothing; ``None`` where it does not answer."""
    address, taken, ahead = endpoint(), [], None
    try:
        with PatientClient(verify=certificates()) as client:
            for _number in range(_ASKED):
                began = time.monotonic()
                answer = client.get(f"{address}/api/agent-harnesses")
                taken.append(time.monotonic() - began)
                if told := answer.headers.get("Date"):
                    ahead = time.time() - parsedate_to_datetime(told).timestamp()
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, HubError):
        return None
    return Pulse(min(taken), ahead)
