"""The certificates by which the Hub proves who it is. All clients of one command share them."""

from __future__ import annotations

import functools
import ssl
from typing import Any

import httpx2


class _WhenNeeded(ssl.SSLContext):
    """Stands for the usual context, whose certificates are read when the first TLS connection is made.

    To read them takes longer than a request; a client made with the usual defaults reads them for itself, also where
    nothing it asks is on TLS.
    """

    @functools.cached_property
    def _usual(self) -> ssl.SSLContext:
        return httpx2.create_ssl_context()

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        self._usual.set_alpn_protocols(alpn_protocols)

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        return self._usual.wrap_socket(*arguments, **options)

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        return self._usual.wrap_bio(*arguments, **options)


@functools.cache
def certificates() -> ssl.SSLContext:
    """Return what a client verifies the Hub by, for its ``verify``."""
    return _WhenNeeded(ssl.PROTOCOL_TLS_CLIENT)
