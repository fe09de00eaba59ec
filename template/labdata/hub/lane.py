"""Many small files of the Hub, one after the other over a few connections.

Only what goes smoothly is taken here: an answer 200, straight or after a redirect within the Hub (which it gives for
small files since 2025). Whatever else comes is left to the Hub's client, which knows how to follow, to retry and to
explain.
"""

from __future__ import annotations

from http.client import HTTPException
from urllib.parse import urljoin

from labdata.hub.plain import Plain, is_direct

_HOPS = 3
_MISSES = 3  # in a row, after which it is not tried any more


class Lane:
    """The way to one Hub, for several threads; ``close`` ends its connections."""

    def __init__(self, endpoint: str, headers: dict[str, str]) -> None:
        self._address = endpoint
        self._headers = headers
        self._plain = Plain(endpoint)
        self._misses = 0 if is_direct(endpoint) else _MISSES

    def get(self, url: str) -> bytes | None:
        """Return what is at an address of the Hub, ``None`` where the client is the one to ask.

        Raises ``SilentError`` where no answer comes within the bounds of ``waiting``.
        """
        if self._misses >= _MISSES:
            return None
        try:
            found = self._followed(url)
        except (OSError, HTTPException, ValueError):
            found = None
        self._misses = 0 if found is not None else self._misses + 1
        return found

    def close(self) -> None:
        """End all connections."""
        self._plain.close()

    def _followed(self, url: str) -> bytes | None:
        for _hop in range(_HOPS):
            if not url.startswith(f"{self._address}/"):
                return None
            # A slow line takes its time for a file, and for many at once all the more.
            answer = self._plain.ask("GET", url, self._headers, is_bounded=False)
            if answer.status == 200:
                return answer.body
            to = answer.headers.get("Location") if answer.status in (301, 302, 303, 307, 308) else None
            if not to:
                return None
            url = urljoin(url, to)
        return None
