"""The content-addressed store that hf_xet talks to, and the tokens that open it (hub-api §7.2, §9.3).

What is absent here (`/v2/...`, xorb grants) is answered 404 on purpose: the client then uses the older calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from localhub import errors
from localhub.api.permissions import require_push
from localhub.api.web import Body, Call, answer, byte_range, ranged, route
from localhub.content.reconstruction import plan
from localhub.content.store import read_file
from localhub.errors import HubError

if TYPE_CHECKING:
    from starlette.requests import Request

    from localhub.api.repos import Repo
    from localhub.api.store import Store

_LIFETIME = 15 * 60


def read_token(call: Call) -> Response:
    """A token for downloads."""
    repo = call.readable_repo()
    return _token(call, "read", repo)


def write_token(call: Call) -> Response:
    """A token for uploads; with create_pr the revision is the literal `None` and anyone may (hub-api §7.2)."""
    repo = call.repo()
    require_push(call, repo, call.segment("revision"))
    return _token(call, "write", repo)


def chunk(call: Call) -> Response:
    """Is this chunk known? If so, the shard that tells where it and its neighbours are."""
    _authorised(call, "write")
    shard = call.store.content.dedup_shard(call.segment("hash"))
    if shard is None:
        raise HubError(404, "Chunk not found")
    return _octets(shard)


def upload_xorb(call: Call) -> Response:
    """Keep a xorb."""
    _authorised(call, "write")
    assert call.upload is not None
    return answer({"was_inserted": call.store.content.add_xorb(call.upload, call.segment("hash"))})


def upload_shard(call: Call) -> Response:
    """Learn what the files are made of that were just uploaded."""
    repo = _authorised(call, "write")
    assert call.upload is not None
    call.store.content.add_shard(call.upload.read_bytes(), repo)
    return answer({"result": 1})


def reconstruct(call: Call) -> Response:
    """Which chunks of which xorbs make up a file, or a byte range of it."""
    _authorised(call, "read")
    content = call.store.content
    terms = content.terms(call.segment("hash"))
    if terms is None:
        raise HubError(404, "File not found")
    size = sum(term.length for term in terms)
    start, end = byte_range(call.request.headers.get("range"), size) or (0, size)

    def link(xorb: str) -> str:
        token, _ = call.store.signer.sign(f"xorb:{xorb}", _LIFETIME)
        return f"{call.base}/cas/xorbs/{xorb}?token={quote(token)}"

    return answer(plan(content, terms, start, end, link))


def xorb_bytes(call: Call) -> Response:
    """Bytes of a xorb, for whoever holds the link."""
    xorb = call.segment("hash")
    if call.store.signer.claim(call.query("token")) != f"xorb:{xorb}":
        raise errors.forbidden("The link has ended")
    path = call.store.content.xorb_path(xorb)
    return ranged(call, path.stat().st_size, lambda start, end: read_file(path, start, end), {})


def _token(call: Call, kind: str, repo: Repo) -> Response:
    name = call.account.name if call.account else ""
    token, expires = call.store.signer.sign(f"{kind}:{repo.pk}:{name}", _LIFETIME)
    url = f"{call.base}/cas"
    # Downloads read the headers, uploads the body (hub-api §0.4).
    headers = {
        "X-Xet-Cas-Url": url,
        "X-Xet-Access-Token": token,
        "X-Xet-Token-Expiration": str(expires),
    }
    return answer({"casUrl": url, "accessToken": token, "exp": expires}, headers)


def user_of(store: Store, request: Request) -> str | None:
    """The account for which the xet token of a request was given out."""
    claim = store.signer.claim(request.headers.get("authorization", "").removeprefix("Bearer ")) or "::"
    return claim.split(":")[2] or None


def _authorised(call: Call, need: str) -> int:
    """The repo for which the sender's xet token was given out; a write token also reads."""
    token = call.request.headers.get("authorization", "").removeprefix("Bearer ")
    kind, _, rest = (call.store.signer.claim(token) or "").partition(":")
    if kind not in {need, "write"}:
        raise HubError(401, "The xet token is invalid or has ended")
    return int(rest.partition(":")[0])


def _octets(data: bytes) -> Response:
    return Response(data, media_type="application/octet-stream")


ROUTES = [
    route("/api/datasets/{namespace}/{name}/xet-read-token/{revision}", read_token, name="xet-token"),
    route("/api/datasets/{namespace}/{name}/xet-write-token/{revision}", write_token, name="xet-token"),
    route("/cas/v1/chunks/default/{hash}", chunk, name="cas-chunk"),
    route("/cas/v1/xorbs/default/{hash}", upload_xorb, "POST", "cas-xorb", Body.FILE),
    route("/cas/v1/shards", upload_shard, "POST", "cas-shard", Body.FILE),
    route("/cas/v1/reconstructions/{hash}", reconstruct, name="cas-reconstruction"),
    route("/cas/xorbs/{hash}", xorb_bytes, name="cas-range"),
]
