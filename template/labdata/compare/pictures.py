"""Compare two pictures: PNG, JPEG, TIFF, SVG, and PDF page by page where pypdfium2 is there."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

from labdata.compare.drawn import DEEP, LONGEST, difference, shown, size_of
from labdata.compare.model import Image, PictureDiff

ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp", ".bmp", ".svg", ".pdf")
"""Endings of files that are pictures."""

LARGEST = 50_000_000
"""Pixels of a picture that is drawn; beyond, it is told by its size only."""

_FRAMES = 8  # pages or layers that are compared
_SVG = 2_000_000  # bytes of an SVG that a report shows
_BAND = 256  # rows of pixels that are compared at once
_SEEN = 8  # of 255: the difference from which an eye sees it


class PictureError(Exception):
    """A picture cannot be drawn, or is too large to be; the text says why."""


def is_picture(name: str) -> bool:
    """Tell whether a file is a picture by its name."""
    return name.lower().endswith(ENDINGS)


def compare_pictures(before: Path | None, after: Path | None, name: str, *, draw: bool = True) -> list[PictureDiff]:
    """Compare two files that hold pictures; ``None`` is a side without one. Raises ``PictureError``.

    Without ``draw`` they are compared, but nothing is made to be shown.
    """
    lower = name.lower()
    if lower.endswith(".svg"):
        return [PictureDiff("", _svg(before) if before else None, _svg(after) if after else None)]
    frames = _pages if lower.endswith(".pdf") else _frames
    with _drawn(frames, before) as old, _drawn(frames, after) as new:
        counts = [len(old), len(new)]
        count = max(counts)
        titled = count > 1
        found = []
        for number in range(min(count, _FRAMES)):
            pair = [side[number] if number < len(side) else None for side in (old, new)]
            found.append(_compared(pair[0], pair[1], f"page {number + 1}" if titled else "", draw=draw))
    notes = []
    if before and after and counts[0] != counts[1]:
        notes.append(f"{counts[0]} pages became {counts[1]}.")
    if count > _FRAMES:
        notes.append(f"The first {_FRAMES} of {count} pages were compared.")
    if notes and found:
        one = found[0]
        found[0] = replace(one, notes=(*notes, *one.notes), is_visible=one.is_visible or counts[0] != counts[1])
    return found


def compare_bytes(before: bytes | None, after: bytes | None, title: str) -> PictureDiff:
    """Compare two pictures that are held in memory, as a notebook's are."""
    sides: list[Any] = []
    for raw in (before, after):
        if raw is None:
            sides.append(None)
            continue
        try:
            sides.append(_opened(io.BytesIO(raw)))
        except PictureError as error:
            return PictureDiff(title, notes=(f"A picture cannot be shown: {error}",))
    return _compared(sides[0], sides[1], title)


@contextmanager
def _drawn(frames: Any, path: Path | None) -> Iterator[Any]:
    if path is None:
        yield []
        return
    made = frames(path)
    try:
        yield made
    finally:
        made.close()


class _frames:  # noqa: N801 - a function that has to be closed
    """The layers of a picture file, drawn when they are asked for."""

    def __init__(self, path: Path) -> None:
        self.image = _opened(path)
        self.count = int(getattr(self.image, "n_frames", 1))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> Any:
        if self.count > 1:
            try:
                self.image.seek(number)
                _bound(self.image)
                return self.image.copy()
            except (OSError, ValueError, SyntaxError, EOFError) as error:
                raise PictureError(f"its page {number + 1} cannot be read: {str(error)[:200]}") from None
        return self.image

    def close(self) -> None:
        """Close the file."""
        self.image.close()


class _pages:  # noqa: N801 - as above
    """The pages of a PDF, drawn when they are asked for."""

    def __init__(self, path: Path) -> None:
        try:
            import pypdfium2
        except ModuleNotFoundError:
            raise PictureError("pypdfium2, which draws the pages of a PDF, is not installed here") from None
        try:
            self.document = pypdfium2.PdfDocument(path)
        except (pypdfium2.PdfiumError, OSError) as error:
            raise PictureError(f"it cannot be read as a PDF: {error}") from error

    def __len__(self) -> int:
        return len(self.document)

    def __getitem__(self, number: int) -> Any:
        page = self.document[number]
        width, height = page.get_size()
        # As many pixels as are shown: a page may be as large as its author likes.
        scale = min(LONGEST / max(width, height, 1.0), 2.0)
        return page.render(scale=scale).to_pil()

    def close(self) -> None:
        """Close the file."""
        self.document.close()


def _opened(source: Any) -> Any:
    import warnings

    from PIL import Image as Pillow

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            image = Pillow.open(source)
        _bound(image)
        image.load()
    except Pillow.DecompressionBombError as error:
        raise PictureError(f"it has too many pixels to be drawn ({error})") from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise PictureError(f"it cannot be read as a picture: {str(error)[:200]}") from None
    return image


def _bound(image: Any) -> None:
    width, height = image.size
    if width * height > LARGEST:
        raise PictureError(f"{width:,} × {height:,} pixels are too many to be drawn")


def _compared(old: Any, new: Any, title: str, *, draw: bool = True) -> PictureDiff:
    """Compare two drawn pictures."""
    import numpy as np

    if old is None or new is None:
        sides = ((old, "before"), (new, "after"))
        made = [shown(side, word) if draw and side is not None else None for side, word in sides]
        return PictureDiff(title, made[0], made[1])
    notes = []
    if old.size != new.size:
        notes.append(f"The size changed: {size_of(old)} became {size_of(new)} pixels.")
    if old.mode != new.mode:
        notes.append(f"The colour mode changed: {old.mode} became {new.mode}.")
    before, after = (shown(old, "before"), shown(new, "after")) if draw else (None, None)
    if old.size != new.size:
        return PictureDiff(title, before, after, notes=notes)
    distance = _distance(old, new)
    share = float(np.count_nonzero(distance)) / max(distance.size, 1)
    if share == 0:
        notes.append("Every pixel is the same: it was only saved again.")
        return PictureDiff(title, None, after, None, 0.0, notes, is_visible=False)
    scale = float(distance.max())
    is_visible = old.mode in DEEP or scale > _SEEN
    if not is_visible:
        notes.append("No pixel differs by more than an eye sees.")
    drawn = difference(distance / scale) if draw else None
    return PictureDiff(title, before, after, drawn, share, notes, is_visible)


def _distance(old: Any, new: Any) -> Any:
    """Return how far the pixels of two pictures are apart, in a band of rows at a time; what is deep stays deep."""
    import numpy as np

    width, height = old.size
    is_deep = old.mode in DEEP and new.mode in DEEP
    found = np.empty((height, width), np.float32)
    for top in range(0, height, _BAND):
        box = (0, top, width, min(top + _BAND, height))
        if is_deep:
            deep = [np.nan_to_num(np.asarray(side.crop(box)).astype(np.float32)) for side in (old, new)]
            found[top : box[3]] = np.abs(deep[0] - deep[1])
        else:
            # A tenth of the time that a maximum along the last axis takes.
            one, two = (np.asarray(side.crop(box).convert("RGBA")) for side in (old, new))
            apart = np.maximum(one, two) - np.minimum(one, two)
            found[top : box[3]] = reduce(np.maximum, (apart[:, :, channel] for channel in range(4)))
    return found


def _svg(path: Path) -> Image:
    size = path.stat().st_size
    if size > _SVG:
        raise PictureError(f"an SVG of {size:,} bytes is too large to be shown")
    # As an image, a browser neither runs its scripts nor loads what it names.
    return Image(path.read_bytes(), "image/svg+xml", "drawing")


def as_address(image: Image) -> str:
    """Return a picture as an address that holds it."""
    return f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"


def summary(found: list[PictureDiff]) -> str:
    """Return what happened to a picture in one line."""
    shares = [one.share for one in found if one.share is not None]
    if len(shares) < len(found):
        return " ".join(note for one in found for note in one.notes) or "drawn anew"
    if not any(shares):
        return "saved again, every pixel is the same"
    if len(found) == 1:
        return f"{percent(shares[0])} of the pixels differ"
    differing = sum(1 for share in shares if share)
    return f"{differing} of {len(found)} pages differ, the most in {percent(max(shares))} of the pixels"


def percent(share: float) -> str:
    """Return a share in percent; what is not nothing is never shown as nothing."""
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    return f"{share * 100:.3g} %"
