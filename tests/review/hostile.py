"""A review of data that mean no good, and of data that are as they should be: what every page and line is tried on."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
from labdata.compare.files import compare_file
from labdata.compare.model import FileChange, Finding, Grid, Review, Version
from PIL import Image

EVIL = (
    "<script>document.title='stolen'</script>",
    "<img src=x onerror=\"document.title='stolen'\">",
    "'\"><svg onload=alert(1)>",
    "[here](javascript:alert(1)) ![](http://elsewhere.example/p.png) @everyone #1 **bold** `code` | cell",
    "\x1b[31mred\x1b]0;title\x07\r\nCode: lab/forged@" + "0" * 40 + " (clean)",
    "\u202egnp.exe",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "https://elsewhere.example/x www.elsewhere.example",
)


def review_of(folder: Path, *, many: int = 0) -> Review:
    """Make two versions of files full of ``EVIL`` below a folder, and review them."""
    changes = [*_tables(folder), *_pictures(folder), *_notebook(folder), *_texts(folder)]
    for number in range(many):
        changes.append(FileChange(f"processed/many/{number}.txt", "change", size_before=1, size_after=2))
    files = [compare_file(change, folder / "scratch", {}) for change in changes]
    findings = [
        Finding(
            "warning", f"A check says {EVIL[0]} {EVIL[3]}", EVIL[1], EVIL[2], Grid([EVIL[0], "n"], [list(EVIL[4:6])])
        ),
        Finding("error", f"Wells are missing: {EVIL[4]}", "processed/a.parquet", "wells"),
        Finding("note", "384 wells are there.", "processed/a.parquet", "wells"),
    ]
    review = Review(
        "lab/project", Version("main", "a" * 40), Version(f"pull request 3 {EVIL[0]}", "b" * 40), "now", "0"
    )
    review.files, review.findings, review.checks = files, findings, 4
    review.facts = [("Code", f"lab/code {EVIL[1]}")]
    review.notes = [f"A note with {EVIL[2]}"]
    return review


def _sides(folder: Path, name: str) -> list[Path]:
    sides = [folder / side / name for side in ("before", "after")]
    for side in sides:
        side.parent.mkdir(parents=True, exist_ok=True)
    return sides


def _change(path: str, sides: list[Path]) -> FileChange:
    sizes = [side.stat().st_size for side in sides]
    return FileChange(path, "change", "", sides[0], sides[1], sizes[0], sizes[1])


def _tables(folder: Path) -> list[FileChange]:
    rng = np.random.default_rng(0)
    old = pd.DataFrame({"Metadata_Well": [f"{row}{column:02}" for row in "ABCDEFGH" for column in range(1, 13)]})
    for name in ("area", "count", *EVIL[:3]):
        old[name] = rng.normal(size=96)
    old["text"] = [EVIL[number % len(EVIL)] for number in range(96)]
    new = old.copy()
    new.loc[3:9, "area"] += 5
    new["count"] *= 1000
    new.loc[1, "text"] = EVIL[4] + "!"
    new.loc[2, EVIL[0]] = np.nan
    new = new.drop(index=50).rename(columns={EVIL[2]: EVIL[3]})
    sides = _sides(folder, "a.parquet")
    old.to_parquet(sides[0])
    new.to_parquet(sides[1])
    return [_change("processed/a.parquet", sides), _change(f"processed/{EVIL[0]}{EVIL[4]}.parquet", sides)]


def _pictures(folder: Path) -> list[FileChange]:
    pixels = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    other = pixels.copy()
    other[:40] = 0
    found = []
    for name in ("plot.png", "photo.jpg"):
        sides = _sides(folder, name)
        Image.fromarray(pixels).save(sides[0])
        Image.fromarray(other).save(sides[1])
        found.append(_change(f"processed/{name}", sides))
    sides = _sides(folder, "drawing.svg")
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9' width='90' height='90' onload='evil()'>"
        "<style>circle {{ fill: red }}</style><image href='http://elsewhere.example/a.png'/><script>top.document.title"
        "='stolen'</script><circle cx='4' cy='4' r='{}'/></svg>"
    )
    for side, radius in zip(sides, (2, 4), strict=True):
        side.write_text(svg.format(radius))
    return [*found, _change("processed/drawing.svg", sides)]


def _notebook(folder: Path) -> list[FileChange]:
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(drawn, "PNG")
    sides = _sides(folder, "a.ipynb")
    for side, evil in zip(sides, EVIL[:2], strict=True):
        output = {"output_type": "display_data", "data": {"text/html": [evil], "text/plain": [evil]}}
        cell = {"cell_type": "code", "id": "a", "source": f"print({evil!r})", "outputs": [output]}
        side.write_text(json.dumps({"cells": [cell, {"cell_type": "markdown", "id": evil, "source": evil}]}))
    return [_change("processed/a.ipynb", sides)]


def _texts(folder: Path) -> list[FileChange]:
    found = []
    for name, ending in (("notes.md", "\n"), ("page.html", "\n"), ("x.bin", "\0")):
        sides = _sides(folder, name)
        sides[0].write_text("one\n" + ending.join(EVIL[:4]))
        sides[1].write_text("two\n" + ending.join(EVIL[4:]) + "\n\tindented")
        found.append(_change(f"processed/{name}", sides))
    return [*found, FileChange("processed/new.csv", "rename", "processed/old.csv", size_before=9, size_after=9)]
