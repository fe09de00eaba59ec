"""Between HTTP and the routes: one plain function per route, run in a worker thread, gets a Call and gives a Response.

Paths are matched as they arrive, still percent-encoded: a revision or a tree path is one segment (hub-api §0.1).
"""

from __future__ import annotations

import json
import mimetypes
import secrets
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from localhub import errors
from localhub.api import sessions
from localhub.api.accounts import Account, Role
from localhub.errors import HubError, RepoMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.requests import Request

    from localhub.api.repos import Repo
    from localhub.api.store import Store

    Work = Callable[["Call"], Response]


class Body(Enum):
    """How a route wants the request's body: as bytes, or as a file for what may be large."""

    BYTES = "bytes"
    FILE = "file"


@dataclass(frozen=True)
class Call:
    """One request, its sender, and the Hub it goes to."""

    store: Store
    request: Request
    account: Account | None
    body: bytes
    upload: Path | None

    @property
    def base(self) -> str:
        """This Hub's address as the client spells it: every link we give out must be absolute (hub-api §0.2)."""
        return f"http://{self.request.headers['host']}"

    def segment(self, name: str) -> str:
        """A decoded part of the path."""
        return unquote(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.request.query_params.get(name, default)

    def flag(self, name: str) -> bool:
        """A query parameter that is `1` or `true`."""
        return self.query(name).lower() in {"1", "true"}

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises HubError 400 for anything else."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            raise errors.bad_request("The request body is not JSON") from None
        if not isinstance(value, dict):
            raise errors.bad_request("The request body is not a JSON object")
        return value

    def signed_in(self) -> Account:
        """The sender; raises HubError 401 for a stranger."""
        if self.account is None:
            raise errors.sign_in_first()
        return self.account

    def repo(self, need: Role | None = None, refusal: str | None = None) -> Repo:
        """The repo of the path.

        Raises RepoNotFound if the sender may not see it, RepoMoved if it was renamed, and HubError 403 if the sender's
        role is below `need`.
        """
        asked = f"{self.segment('namespace')}/{self.segment('name')}"
        repo = self.store.repos.find(asked, self.account)
        if repo.id.lower() != asked.lower():
            raise RepoMoved(repo.id)
        if need is not None:
            self.signed_in()
            if (repo.role_of(self.account) or 0) < need:
                raise errors.forbidden(refusal) if refusal else errors.forbidden()
        return repo

    def readable_repo(self) -> Repo:
        """The repo of the path, if the sender may read its files; raises GatedRepo beyond what `repo` raises."""
        repo = self.repo()
        if repo.gated and repo.role_of(self.account) is None and not self._has_access(repo):
            message = f"Access to dataset {repo.id} is restricted and you are not in the authorized list."
            raise HubError(403, message, "GatedRepo")
        return repo

    def _has_access(self, repo: Repo) -> bool:
        who = self.account.name if self.account else ""
        row = self.store.database.row("SELECT status FROM access WHERE repo = ? AND account = ?", repo.pk, who)
        return row is not None and row["status"] == "accepted"

    def page(self, items: Sequence[Any], size: int) -> tuple[Sequence[Any], dict[str, str]]:
        """The wanted page of `items`, and the Link header that leads to the next one."""
        cursor = self.query("cursor", "0")
        start = int(cursor) if cursor.isdecimal() else 0
        if start + size >= len(items):
            return items[start:], {}
        others = [(key, value) for key, value in self.request.query_params.multi_items() if key != "cursor"]
        query = urlencode([*others, ("cursor", str(start + size))])
        return items[start : start + size], {"Link": f'<{self.base}{self.request.url.path}?{query}>; rel="next"'}


def route(
    path: str, work: Work, method: str = "GET", name: str = "", body: Body = Body.BYTES, *, brief: bool = False
) -> Route:
    """A route whose work is a plain function; its name is what fault rules and the request log call it.

    ``brief`` work is done at once: to hand it to a worker thread and back takes longer than to read a small file.
    """

    async def handle(request: Request) -> Response:
        store: Store = request.app.state.store
        account = sender(store, request)
        if brief:
            return work(Call(store, request, account, b"", None))
        if body is Body.BYTES:
            return await run_in_threadpool(work, Call(store, request, account, await request.body(), None))
        upload = store.content.incoming / secrets.token_hex(16)
        try:
            with upload.open("wb") as file:
                async for piece in request.stream():
                    file.write(piece)
            return await run_in_threadpool(work, Call(store, request, account, b"", upload))
        finally:
            upload.unlink(missing_ok=True)

    return Route(path, handle, methods=[method], name=name or work.__name__)


def answer(value: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """A JSON answer."""
    return JSONResponse(value, status_code=status, headers=headers)


_AT_ONCE = 1_000_000


def ranged(call: Call, size: int, read: Callable[[int, int], Iterator[bytes]], headers: dict[str, str]) -> Response:
    """The bytes of something `size` long, or the part that the Range header asks for; `read` gives start..end."""
    headers = {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **headers}
    wanted = byte_range(call.request.headers.get("range"), size)
    start, end = wanted or (0, size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if call.request.method == "HEAD":
        return Response(headers=headers)
    status = 206 if wanted else 200
    if end - start <= _AT_ONCE:
        # Each part of a stream is one more turn in another thread, which costs more than to read a small file.
        return Response(b"".join(read(start, end)), status_code=status, headers=headers)
    return StreamingResponse(read(start, end), status_code=status, headers=headers)


def inert(path: str) -> dict[str, str]:
    """Headers for a file that anybody may have made: no browser runs anything in it as a page of this Hub."""
    kind = mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"
    shown = kind in _SHOWN
    name = quote(path.rsplit("/", 1)[-1])
    return {
        "Content-Type": kind,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


_SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"}


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (excluded) of a Range header; None if there is none to follow; raises HubError 416 beyond the end.

    Several ranges at once may be answered with the whole, so they are.
    """
    if not header or not header.startswith("bytes=") or "," in header:
        return None
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not (first or last) or not (first + last).isdecimal():
        return None
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if start >= end:
        raise HubError(416, "Range not satisfiable", headers={"Content-Range": f"bytes */{size}"})
    return start, end


async def refuse(_: Request, error: Exception) -> Response:
    """The answer for a HubError."""
    assert isinstance(error, HubError)
    headers = {"X-Error-Message": error.message.encode("ascii", "replace").decode(), **error.headers}
    if error.code:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.message, **error.fields}, status_code=error.status, headers=headers)


async def send_on(request: Request, moved: Exception) -> Response:
    """The answer for a renamed repo: 307, because 301 would make the client turn POST into GET (hub-api §1)."""
    assert isinstance(moved, RepoMoved)
    asked = f"{request.path_params['namespace']}/{request.path_params['name']}"
    path = request.url.path.replace(f"/{asked}", f"/{quote(moved.new_id)}", 1)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{path}{query}", status_code=307)


def sender(store: Store, request: Request) -> Account | None:
    """The account whose token or cookie a request carries, if it has one; raises HubError 401 for a strange token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return sessions.account_of(store, request)
    # The CAS has tokens of its own, which hf_xet also sends with its telemetry.
    if not request.scope["path"].startswith(("/api/", "/datasets/", "/uploads")):
        return None
    account = store.accounts.of_token(token.strip())
    if account is None:
        raise errors.invalid_token()
    return account
