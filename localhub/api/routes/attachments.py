"""Pictures for comments: they belong to no repo, and whoever has the address can see them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response

from localhub import errors
from localhub.api.web import Call, route
from localhub.errors import HubError

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = {
    "image/png": (".png", b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": (".jpg", b"\xff\xd8\xff"),
    "image/gif": (".gif", b"GIF8"),
    "image/webp": (".webp", b"RIFF"),
}
_LARGEST = 10_000_000
_NAME = re.compile(r"[0-9a-f]{64}\.(png|jpg|gif|webp)")


def upload(call: Call) -> Response:
    """`upload_attachment`: answers with the address, as plain text."""
    who = call.signed_in()
    ending, beginning = _KINDS.get(call.request.headers.get("content-type", ""), ("", b""))
    if not ending:
        raise HubError(400, "Only PNG, JPEG, GIF and WebP pictures can be attached")
    if len(call.body) > _LARGEST:
        raise HubError(413, "An attachment has at most 10 MB")
    if not call.body.startswith(beginning):
        raise errors.bad_request("The content is not what its type says")
    name = f"{hashlib.sha256(who.name.encode() + call.body).hexdigest()}{ending}"
    folder = _folder(call)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(call.body)
    return PlainTextResponse(f"{call.base}/uploads/{name}")


def show(call: Call) -> Response:
    """The picture, for anybody."""
    name = call.segment("file")
    where = _folder(call) / name
    if not _NAME.fullmatch(name) or not where.is_file():
        raise HubError(404, "Not found")
    kind = next(kind for kind, (ending, _beginning) in _KINDS.items() if name.endswith(ending))
    return Response(where.read_bytes(), media_type=kind, headers={"X-Content-Type-Options": "nosniff"})


def _folder(call: Call) -> Path:
    return call.store.content.incoming.parent / "attachments"


ROUTES = [
    route("/uploads", upload, "POST", "attachment"),
    route("/uploads/{file}", show, name="attachment"),
]
