"""The report as one HTML file that needs no network: styles, script and pictures are inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from labdata.compare.files import PICTURES, grouped, size_of
from labdata.compare.model import FileReview, PictureDiff, Review
from labdata.compare.pictures import as_address, percent
from labdata.core import words
from labdata.core.paths import visible
from labdata.review.report.drawing import histogram
from labdata.review.report.verdict import sorted_findings, verdict

SHOWN = 300
"""Files that are shown with all that differs in them; of the others, one line each."""

_TITLES = {
    "table": "Tables", "picture": "Pictures", "notebook": "Notebooks", "arrays": "Arrays", "text": "Texts",
    "other": "Other files",
}  # fmt: skip


def is_page(head: bytes) -> bool:
    """Tell by the first bytes of a file whether it is the page of a review."""
    return head.startswith(b"<!doctype html>") and b"<title>Review of " in head


def page(review: Review) -> str:
    """Return the page of a review. The same review gives the same page to the last byte."""
    import jinja2

    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, finalize=_harmless,
    )  # fmt: skip
    budget = _Budget(PICTURES)
    groups = grouped(review.files)
    detailed = _detailed([one for some in groups.values() for one in some])
    names = {id(one): f"file-{number}" for number, one in enumerate(review.files)}
    environment.filters |= {
        "size": words.size,
        "percent": percent,
        "figure": "{:.4g}".format,
        "count": partial("{:,}".format),
        "address": as_address,
        "histogram": _safe(histogram),
        "anchor": lambda one: names[id(one)],
        "pictures": budget.within,
    }
    style, script = ((here / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(
        review=review,
        verdict=verdict(review),
        findings=sorted_findings(review),
        groups=[(_TITLES[kind], [one for one in some if id(one) in detailed]) for kind, some in groups.items()],
        hidden=len(review.files) - len(detailed),
        style=_safe(str)(style),
        script=_safe(str)(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        number=words.number,
    )


def _detailed(files: list[FileReview]) -> set[int]:
    """Return the ids of the files that are shown in full: each kind gets its share, in the order of the files."""
    if len(files) <= SHOWN:
        return {id(one) for one in files}
    chosen: list[FileReview] = []
    queues = [list(reversed(some)) for some in grouped(files).values()]
    while len(chosen) < SHOWN:
        for queue in queues:
            if queue and len(chosen) < SHOWN:
                chosen.append(queue.pop())
    return {id(one) for one in chosen}


def _harmless(value: Any) -> Any:
    """Return what is written as nobody is misled by it: marks that turn or hide text are shown as escapes."""
    if hasattr(value, "__html__"):
        return value
    return visible(value.expandtabs(4)) if isinstance(value, str) else value


def _safe(make: Callable[[Any], str]) -> Callable[[Any], Any]:
    """Return a function whose result is put into the page as it is: nothing in it may come from outside."""
    import markupsafe

    return lambda value: markupsafe.Markup(make(value))  # noqa: S704 - drawn from numbers, or our own file


def _hash(text: str) -> str:
    """Return how the page names the one style and the one script that a browser may follow."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@dataclass
class _Budget:
    """Counts the bytes of pictures, and leaves out those that would make the page too large to be opened."""

    left: int

    def within(self, found: list[PictureDiff]) -> list[PictureDiff]:
        """Return pictures of which those are gone, with a note, that have no room left."""
        return [self._within(one) for one in found]

    def _within(self, one: PictureDiff) -> PictureDiff:
        size = size_of(one)
        if size <= self.left:
            self.left -= size
            return one
        note = "Not shown: the report holds as many pictures as a browser opens well."
        return replace(one, before=None, after=None, difference=None, notes=(*one.notes, note))
