"""Pictures as a report shows them: small, and where two differ in red."""

from __future__ import annotations

import io
from typing import Any

from labdata.compare.model import Image

LONGEST = 1_000
"""Pixels of the longer side of a picture as a report shows it."""

DEEP = {"I", "F", "I;16", "I;16B", "I;16L"}
"""Pillow's modes of pictures with more than 256 levels."""


def size_of(image: Any) -> str:
    """Return the size of a picture in words."""
    return f"{image.size[0]:,} × {image.size[1]:,}"


def shown(image: Any, word: str) -> Image:
    """Return a picture as a report shows it."""
    import numpy as np
    from PIL import Image as Pillow

    if image.mode in DEEP:
        values = np.nan_to_num(np.asarray(image).astype(np.float32))
        span = float(values.max() - values.min()) or 1.0
        image = Pillow.fromarray(((values - values.min()) * (255 / span)).astype(np.uint8))
    mode = "RGBA" if "A" in image.mode or "transparency" in image.info else "RGB"
    return _packed(_smaller(image.convert(mode)), f"{word}, {size_of(image)} pixels")


def _smaller(image: Any) -> Any:
    if max(image.size) > LONGEST:
        image.thumbnail((LONGEST, LONGEST))
    return image


def difference(share: Any) -> Image:
    """Draw where two pictures differ: white is the same, dark red is most."""
    import numpy as np
    from PIL import Image as Pillow

    strength = np.where(share > 0, 0.25 + 0.75 * share, 0.0)
    channels = [255 - 75 * strength, 255 - 255 * strength, 255 - 215 * strength]
    image = Pillow.fromarray(np.stack(channels, axis=2).astype(np.uint8))
    if max(image.size) > LONGEST:
        # A single pixel that differs must not vanish where the picture is made smaller.
        step = -(-max(image.size) // LONGEST)
        image = image.reduce(step) if strength.mean() > 0.01 else _kept(channels, step)
    return _packed(image, "difference: white is the same, red differs")


def _kept(channels: list[Any], step: int) -> Any:
    import numpy as np
    from PIL import Image as Pillow

    small = []
    for channel in channels:
        height, width = channel.shape
        padded = np.pad(channel, ((0, -height % step), (0, -width % step)), constant_values=255)
        small.append(padded.reshape(padded.shape[0] // step, step, -1, step).min(axis=(1, 3)))
    return Pillow.fromarray(np.stack(small, axis=2).astype(np.uint8))


def _packed(image: Any, alt: str) -> Image:
    """Return a picture as the smaller of PNG and, where it has many colours, JPEG."""
    out = io.BytesIO()
    if image.mode == "RGB" and image.getcolors(4096) is None:
        image.save(out, "JPEG", quality=88)
        return Image(out.getvalue(), "image/jpeg", alt)
    image.save(out, "PNG", compress_level=6)
    return Image(out.getvalue(), "image/png", alt)
