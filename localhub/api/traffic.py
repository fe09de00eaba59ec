"""What every request passes on its way in and out: the log, the delay, and the faults."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from localhub.api.faults import Faults, Rule

_KEPT = 200_000
_PATIENCE = 500  # hundredths of a second


@dataclass
class Record:
    """One request: where it went, how it ended (status 0: cut without an answer), and the bytes of both bodies."""

    method: str
    route: str
    path: str
    user: str | None = None
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class Log:
    """The latest requests, oldest first."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=_KEPT)

    def add(self, record: Record) -> None:
        """Note a request; its numbers may still grow."""
        self._records.append(record)

    def clear(self) -> None:
        """Forget all requests."""
        self._records.clear()

    def dump(self) -> list[dict[str, Any]]:
        """All records as JSON objects."""
        return [asdict(record) for record in list(self._records)]


class Connections:
    """The open connections by the client's address, so that one can be cut in the middle of a request."""

    def __init__(self) -> None:
        self._open: dict[Any, asyncio.Transport] = {}

    def opened(self, transport: asyncio.Transport) -> None:
        """Note a new connection."""
        self._open[transport.get_extra_info("peername")[:2]] = transport

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection."""
        self._open = {peer: kept for peer, kept in self._open.items() if kept is not transport}

    async def cut(self, client: tuple[str, int]) -> None:
        """Close a connection once the bytes already given to it are on their way."""
        transport = self._open.get(tuple(client))
        if transport is None:
            return
        for _ in range(_PATIENCE):
            if not transport.get_write_buffer_size():
                break
            await asyncio.sleep(0.01)
        transport.abort()
        # One turn of the loop, in which the server notices that the connection is gone.
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Traffic:
    """What the gates of all routes share. `user_of` names the account of a request, if it has one."""

    log: Log
    faults: Faults
    connections: Connections
    user_of: Callable[[Scope], str | None]


class Gate:
    """Wraps one route: logs its requests, delays them, and lets fault rules strike them."""

    def __init__(self, app: ASGIApp, route: str, traffic: Traffic) -> None:
        self._app = app
        self._route = route
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        faults = self._traffic.faults
        record = Record(scope["method"], self._route, scope["path"], self._traffic.user_of(scope))
        self._traffic.log.add(record)
        rule = faults.for_request(self._route, record.method, record.path, record.user)
        delay = faults.latency_ms + (rule.delay_ms if rule else 0)
        if delay:
            await asyncio.sleep(delay / 1000)

        async def cut() -> None:
            await self._traffic.connections.cut(scope["client"])

        passage = _Passage(record, rule, receive, send, cut)
        if rule and rule.refuse:
            await passage.cut()
        elif rule and rule.hang:
            if rule.after:
                await self._app(scope, passage.receive, passage.send)
            await passage.until_gone()
        elif rule and rule.instead:
            await _fault_answer(rule)(scope, passage.receive, passage.send)
        else:
            await self._app(scope, passage.receive, passage.send)
            if rule and rule.drops:
                await passage.cut()
            elif rule and rule.after:
                await _fault_answer(rule)(scope, passage.receive, passage.pass_on)


class _Passage:
    """One request on its way: counts bytes, and withholds or cuts the answer where a rule says so."""

    def __init__(
        self, record: Record, rule: Rule | None, receive: Receive, send: Send, cut: Callable[[], Awaitable[None]]
    ) -> None:
        self._record = record
        self._withheld = bool(rule and rule.after)
        self._left = rule.cut if rule else None
        self._receive = receive
        self._send = send
        self.cut = cut

    async def receive(self) -> Message:
        """Hand a part of the request to the route."""
        message = await self._receive()
        self._record.bytes_in += len(message.get("body", b""))
        return message

    async def until_gone(self) -> None:
        """Wait until the client gives up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def send(self, message: Message) -> None:
        """Hand a part of the answer to the client, unless it is withheld."""
        if not self._withheld:
            await self.pass_on(message)

    async def pass_on(self, message: Message) -> None:
        """Hand a part of the answer to the client."""
        body = message.get("body", b"")
        if message["type"] == "http.response.start":
            self._record.status = message["status"]
        elif self._left is not None and len(body) >= self._left:
            await self._cut_after(message, body[: self._left])
            return
        elif self._left is not None:
            self._left -= len(body)
        self._record.bytes_out += len(body)
        await self._send(message)

    async def _cut_after(self, message: Message, body: bytes) -> None:
        self._withheld = True
        self._record.bytes_out += len(body)
        await self._send({**message, "body": body, "more_body": True})
        await self.cut()


def _fault_answer(rule: Rule) -> JSONResponse:
    headers = {"X-Error-Message": "Fault on request"}
    if rule.retry_after is not None:
        headers["Retry-After"] = str(rule.retry_after)
    return JSONResponse({"error": "Fault on request"}, status_code=rule.status or 500, headers=headers)
