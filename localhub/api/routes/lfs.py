"""Classic LFS, for clients without xet and for uploads from open file objects (hub-api §6.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response

from localhub import errors
from localhub.api.permissions import require_push
from localhub.api.web import Body, Call, answer, ranged, route
from localhub.errors import HubError

if TYPE_CHECKING:
    from localhub.api.repos import Repo

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LIFETIME = 3600


def batch(call: Call) -> Response:
    """Where to send or fetch each object; the link carries the permission, as the client sends no token with it."""
    wish = call.json()
    upload = wish.get("operation") == "upload"
    repo = call.repo() if upload else call.readable_repo()
    if upload:
        ref = (wish.get("ref") or {}).get("name")
        if ref is not None:
            require_push(call, repo, str(ref))
        else:
            # Without a ref this is for a pull request, which everyone may propose.
            call.signed_in()
    action = _upload if upload else _download
    objects = [action(call, repo, item) for item in wish.get("objects", [])]
    return answer({"transfer": "basic", "objects": objects}, {"Content-Type": "application/vnd.git-lfs+json"})


def put_object(call: Call) -> Response:
    """The bytes of one object."""
    repo, sha256, size = _claim(call, "put")
    assert call.upload is not None
    call.store.content.add_lfs(call.upload, sha256, size, repo)
    return Response()


def get_object(call: Call) -> Response:
    """The bytes of one object, the other way."""
    _, sha256, size = _claim(call, "get")
    stored = call.store.content.find(sha256)
    if stored is None:
        raise HubError(404, "Object not found")
    return ranged(call, size, lambda start, end: call.store.content.read(stored, start, end), {})


def verify(call: Call) -> Response:
    """Whether an object arrived."""
    repo = call.repo()
    call.signed_in()
    wish = call.json()
    stored = call.store.content.held_by(repo.pk, str(wish.get("oid")))
    if stored is None or stored.size != wish.get("size"):
        raise HubError(404, "Object not found")
    return answer({})


def _upload(call: Call, repo: Repo, item: dict[str, Any]) -> dict[str, Any]:
    sha256, size = str(item.get("oid")), int(item.get("size", -1))
    if not _SHA256.match(sha256) or size < 0:
        error = {"code": 422, "message": "An object has a SHA-256 and a size"}
        return {"oid": sha256, "size": size, "error": error}
    if call.store.content.held_by(repo.pk, sha256) is not None:
        return {"oid": sha256, "size": size}
    actions = {
        "upload": {"href": _link(call, f"put:{repo.pk}:{sha256}:{size}")},
        "verify": {"href": f"{call.base}/datasets/{repo.id}.git/info/lfs/objects/verify"},
    }
    return {"oid": sha256, "size": size, "actions": actions}


def _download(call: Call, repo: Repo, item: dict[str, Any]) -> dict[str, Any]:
    sha256, size = str(item.get("oid")), int(item.get("size", -1))
    stored = call.store.content.held_by(repo.pk, sha256)
    if stored is None:
        return {"oid": sha256, "size": size, "error": {"code": 404, "message": "Object not found"}}
    href = _link(call, f"get:{repo.pk}:{sha256}:{stored.size}")
    return {"oid": sha256, "size": stored.size, "actions": {"download": {"href": href}}}


def _link(call: Call, claim: str) -> str:
    token, _ = call.store.signer.sign(claim, _LIFETIME)
    return f"{call.base}/lfs?token={quote(token)}"


def _claim(call: Call, deed: str) -> tuple[int, str, int]:
    """The repo, SHA-256 and size that a link was made for."""
    parts = (call.store.signer.claim(call.query("token")) or "").split(":")
    if len(parts) != 4 or parts[0] != deed:
        raise errors.forbidden("The link has ended")
    return int(parts[1]), parts[2], int(parts[3])


ROUTES = [
    route("/datasets/{namespace}/{name}.git/info/lfs/objects/batch", batch, "POST", "lfs-batch"),
    route("/datasets/{namespace}/{name}.git/info/lfs/objects/verify", verify, "POST", "lfs-verify"),
    route("/lfs", put_object, "PUT", "lfs-put", Body.FILE),
    route("/lfs", get_object, name="lfs-get"),
]
