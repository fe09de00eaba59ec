"""Upload small pictures of what differs, for a comment to show. Whoever has such an address can see the picture."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.errors import LabdataError
from labdata.hub import requests
from labdata.review.report.text import Attached

if TYPE_CHECKING:
    from labdata.compare.model import FileReview, Image, Review
    from labdata.workspace import Workspace

FILES = 6
"""Files whose pictures are attached: those that differ most."""

_LONGEST = 480  # pixels of the longer side
_ADDRESS = re.compile(r"https?://[\w.:-]+/[\w./~%?&=+-]*", re.ASCII)


def attach(workspace: Workspace, review: Review) -> list[Attached]:
    """Upload before, after and difference of the pictures that differ most; says first who will be able to see them."""
    chosen = _chosen(review)
    if not chosen:
        workspace.console.say("There is no picture to attach: none differs.")
        return []
    workspace.console.warn(
        f"Attaching the pictures of {words.number(len(chosen), 'file')}: whoever has the address of such a picture can "
        "see it, also without an account."
    )
    found = []
    try:
        for one, images in chosen:
            found.append(Attached(one.change.path, _uploaded(workspace, images)))
    except LabdataError as error:
        left = words.number(len(chosen) - len(found), "file")
        workspace.console.warn(f"The pictures of {left} are not attached: {error.message}")
    return [one for one in found if one.shown]


def _chosen(review: Review) -> list[tuple[FileReview, dict[str, Image]]]:
    shares = []
    for one in review.files:
        pictures = [*one.pictures, *(picture for cell in one.cells for picture in cell.pictures)]
        shares += [(picture.share or 0.0, one, picture) for picture in pictures[:1]]
    shares.sort(key=lambda row: (-row[0], row[1].change.path))
    found = []
    for _share, one, picture in shares:
        named = {"before": picture.before, "after": picture.after, "difference": picture.difference}
        images = {name: image for name, image in named.items() if image and image.mime in ("image/png", "image/jpeg")}
        if images and picture.share != 0.0:
            found.append((one, images))
    return found[:FILES]


def _uploaded(workspace: Workspace, images: dict[str, Image]) -> list[tuple[str, str]]:
    found = []
    with tempfile.TemporaryDirectory(prefix="labdata-") as folder:
        for name, image in images.items():
            path = Path(folder) / f"{name}.png"
            path.write_bytes(_small(image))
            address = requests.upload_picture(workspace.hub, path)
            if _ADDRESS.fullmatch(address):
                found.append((name, address))
    return found


def _small(image: Image) -> bytes:
    from PIL import Image as Pillow

    out = io.BytesIO()
    with Pillow.open(io.BytesIO(image.data)) as opened:
        opened.thumbnail((_LONGEST, _LONGEST))
        opened.save(out, "PNG", optimize=True)
    return out.getvalue()
