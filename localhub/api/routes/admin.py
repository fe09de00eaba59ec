"""For whoever started this Hub, and nobody else: fault rules, latency, and the request log. Not part of the Hub."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from localhub.api import faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from localhub.api.traffic import Traffic

HEADER = "X-Localhub-Admin"


def routes(traffic: Traffic, secret: str) -> list[Route]:
    """The admin routes; each asks for the secret that the server printed when it started."""

    async def set_faults(request: Request) -> Response:
        wish = await request.json()
        try:
            rules = [faults.parse(text) for text in wish.get("rules", [])]
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        traffic.faults.replace(rules, wish.get("latency_ms"))
        return JSONResponse({})

    async def get_faults(_: Request) -> Response:
        return JSONResponse({"rules": traffic.faults.describe(), "latency_ms": traffic.faults.latency_ms})

    async def get_log(_: Request) -> Response:
        return JSONResponse(traffic.log.dump())

    async def clear_log(_: Request) -> Response:
        traffic.log.clear()
        return JSONResponse({})

    def guarded(work: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get(HEADER, ""), secret):
                return JSONResponse({"error": "Forbidden"}, status_code=403)
            return await work(request)

        return handle

    return [
        Route("/_localhub/faults", guarded(set_faults), methods=["PUT"]),
        Route("/_localhub/faults", guarded(get_faults), methods=["GET"]),
        Route("/_localhub/requests", guarded(get_log), methods=["GET"]),
        Route("/_localhub/requests", guarded(clear_log), methods=["DELETE"]),
    ]
