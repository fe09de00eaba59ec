"""Two versions of a picture, a notebook, a text, an array: what a reviewer is told, and that nothing odd stops it."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pypdfium2
import pytest
from labdata.compare.chunks import without_chunks
from labdata.compare.files import Comparer, compare_file
from labdata.compare.model import FileChange, FileReview
from PIL import Image

Compare = Callable[[str, bytes | None, bytes | None], FileReview]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    def run(name: str, before: bytes | None, after: bytes | None) -> FileReview:
        paths: list[Path | None] = []
        for side, raw in (("before", before), ("after", after)):
            where = tmp_path / side / name
            where.parent.mkdir(parents=True, exist_ok=True)
            if raw is not None:
                where.write_bytes(raw)
            paths.append(where if raw is not None else None)
        verb = "add" if before is None else "remove" if after is None else "change"
        sizes = [len(raw or b"") for raw in (before, after)]
        change = FileChange(name, verb, "", paths[0], paths[1], sizes[0], sizes[1])
        return compare_file(change, tmp_path / "scratch", {})

    return run


def picture(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def pixels() -> Any:
    return np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)


def test_a_picture_that_was_only_saved_again_is_said_to_be_the_same(compare: Compare, pixels: Any) -> None:
    review = compare("a.png", picture(pixels, compress_level=1), picture(pixels, compress_level=9))
    assert review.summary == "saved again, every pixel is the same"


def test_the_share_of_pixels_that_differ_is_counted(compare: Compare, pixels: Any) -> None:
    other = pixels.copy()
    other[:10, :10] = 255 - other[:10, :10]
    review = compare("a.png", picture(pixels), picture(other))
    assert review.pictures[0].share == pytest.approx(100 / 2000)
    assert review.summary == "5 % of the pixels differ"
    assert review.pictures[0].difference is not None
    drawn = np.asarray(Image.open(io.BytesIO(review.pictures[0].difference.data)))
    assert (drawn[20:, 20:] == 255).all()
    assert (drawn[:10, :10, 1] < 255).mean() > 0.9
    large = np.zeros((1500, 2000), np.uint8)
    dot = large.copy()
    dot[700, 700] = 255
    review = compare("large.png", picture(large), picture(dot))
    assert review.summary == "less than 0.01 % of the pixels differ"
    assert review.pictures[0].difference is not None
    assert (np.asarray(Image.open(io.BytesIO(review.pictures[0].difference.data)))[:, :, 1] < 255).sum() == 1


def test_another_size_and_another_mode_are_said(compare: Compare, pixels: Any) -> None:
    review = compare("a.tiff", picture(pixels, "TIFF"), picture(pixels[:, :, 0].astype(np.uint16) * 200, "TIFF"))
    assert review.pictures[0].notes == ["The colour mode changed: RGB became I;16."]
    review = compare("a.jpg", picture(pixels, "JPEG"), picture(pixels[:20], "JPEG"))
    assert review.summary == "The size changed: 50 × 40 became 50 × 20 pixels."


def test_a_picture_too_large_to_be_drawn_is_told_and_not_drawn(compare: Compare, pixels: Any) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    review = compare("bomb.png", picture(pixels), bomb)
    assert "too many pixels" in review.notes[0]
    review = compare("wide.png", None, picture(np.zeros((10_000, 8_000), np.uint8)))
    assert "8,000 × 10,000 pixels are too many to be drawn" in review.notes[0]
    review = compare("none.png", b"this is no picture", picture(pixels))
    assert "cannot be read as a picture" in review.notes[0]


def test_pages_of_a_pdf_are_compared_one_by_one(compare: Compare, pixels: Any) -> None:
    def pdf(*sizes: int) -> bytes:
        document = pypdfium2.PdfDocument.new()
        for size in sizes:
            document.new_page(100, size)
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()

    review = compare("a.pdf", pdf(50, 50), pdf(50, 60, 70))
    assert [one.title for one in review.pictures] == ["page 1", "page 2", "page 3"]
    assert review.pictures[0].share == 0
    assert "2 pages became 3." in review.pictures[0].notes
    assert "cannot be read as a PDF" in compare("a.pdf", b"%PDF-1.7 broken", pdf(50)).notes[0]


def test_a_drawing_is_shown_as_an_image_and_its_lines_are_compared(compare: Compare) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><circle r='%d'/>\n<script>alert(1)</script></svg>"
    review = compare("a.svg", svg % 1, svg % 2)
    assert review.pictures[0].after is not None
    assert review.pictures[0].after.mime == "image/svg+xml"
    assert review.summary == "1 line added, 1 removed"


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}).encode()


def cell(name: str, source: str, text: str = "", drawn: bytes = b"") -> dict[str, Any]:
    outputs: list[dict[str, Any]] = []
    if text:
        outputs.append({"output_type": "stream", "name": "stdout", "text": [text]})
    if drawn:
        data = {"image/png": base64.b64encode(drawn).decode(), "text/plain": ["<Figure>"]}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    made = {"cell_type": "code", "id": name, "source": source, "outputs": outputs, "metadata": {}}
    return {**made, "execution_count": 1} if name else {key: one for key, one in made.items() if key != "id"}


def test_a_notebook_has_a_new_figure_and_other_code(compare: Compare, pixels: Any) -> None:
    old = notebook(cell("a", "x = 1", "1"), cell("b", "plot()", "", picture(pixels)), cell("c", "gone"), cell("d", "z"))
    new = notebook(
        cell("a", "x = 2", "1"), cell("b", "plot()", "", picture(255 - pixels)), cell("d", "z"), cell("e", "n")
    )
    review = compare("a.ipynb", old, new)
    assert review.summary == "1 cell added, 1 cell removed, 1 cell with other code or text, 1 cell with other output"
    code, figure = review.cells[:2]
    assert code.output is None
    assert code.source is not None
    assert [line.text for line in code.source.lines if line.mark in "+-"] == ["x = 1", "x = 2"]
    assert figure.source is None
    assert figure.pictures[0].share == pytest.approx(1, abs=0.01)
    nameless = compare("a.ipynb", notebook(cell("", "a"), cell("", "b")), notebook(cell("", "b")))
    assert nameless.summary == "1 cell removed"
    assert "As a notebook it holds no list of cells." in compare("a.ipynb", b"[]", new).notes[0]


def test_texts_are_compared_by_lines_within_bounds(compare: Compare) -> None:
    review = compare("a.md", b"one\ntwo\nthree\n", b"one\n2\nthree\n")
    assert review.text is not None
    assert [(line.mark, line.text) for line in review.text.lines] == [
        ("@", "line 1"), (" ", "one"), ("-", "two"), ("+", "2"), (" ", "three"),
    ]  # fmt: skip
    review = compare("a.json", b'{"a": 1, "b": 2}', b'{"b": 2,\n "a": 1}')
    assert review.notes == ["The same values, in another order or written otherwise."]
    many = "\n".join(str(number * 7919 % 10007) for number in range(100_000)).encode()
    review = compare("long.log", many, many[::-1])
    assert review.text is not None
    assert len(review.text.lines) == 400
    assert "As a table" in compare("bad.csv", b"a,b\n1,2,3\n", b"a,b\n1,2\n").notes[0]
    assert "binary" in compare("a.txt", b"\0\1", b"\0\2").notes[0]
    deep = compare("deep.json", b"[" * 100_000, b"[" * 99_999)
    assert deep.kind == "text"


def test_arrays_are_compared_by_shape_type_and_values(compare: Compare, tmp_path: Path) -> None:
    def packed(**arrays: Any) -> bytes:
        out = io.BytesIO()
        np.savez(out, **arrays)
        return out.getvalue()

    old = packed(same=np.arange(9), other=np.zeros(3), gone=np.ones(2))
    new = packed(same=np.arange(9), other=np.zeros((3, 2), np.float32), new=np.array([{}], object))
    review = compare("a.npz", old, new)
    assert review.summary == "arrays: 1 added, 1 removed, 1 changed, 1 the same"
    assert review.grid is not None
    assert ["other", "changed", "3 float64", "3 × 2 float32"] in [list(row) for row in review.grid.rows]

    def hdf5(value: float) -> bytes:
        path = tmp_path / "made.h5"
        with h5py.File(path, "w") as file:
            file["X/data"] = np.full((4, 4), value)
            file["names"] = ["a", "b"]
            file["outside"] = h5py.ExternalLink("/etc/passwd", "/")
        return path.read_bytes()

    review = compare("a.h5ad", hdf5(1), hdf5(2))
    assert review.summary == "arrays: 1 changed, 2 the same"
    assert "cannot be read" in compare("a.h5", b"no", hdf5(1)).notes[0]


def test_a_packed_array_that_claims_to_be_huge_is_told(compare: Compare) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("x.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**6)})
    review = compare("bomb.npz", out.getvalue(), out.getvalue() + b"\0")
    assert "too large" in review.summary


def test_files_of_other_kinds_are_told_by_size(compare: Compare) -> None:
    assert compare("a.bin", b"1" * 1000, b"2" * 2000).summary == "1.0 kB became 2.0 kB"
    assert compare("a.bin", None, b"2" * 2000).summary == "new, 2.0 kB"
    assert compare("a.csv", None, b"a,b\n1,2\n").summary == "new, 1 row, 2 columns"


def test_a_zarr_array_is_told_as_one(tmp_path: Path) -> None:
    changes = [FileChange(f"processed/a.zarr/X/{row}.0", "change", size_before=10, size_after=12) for row in range(5)]
    for side, shape in (("before", [4, 4]), ("after", [8, 4])):
        (tmp_path / side).write_text(json.dumps({"shape": shape, "dtype": "<f4"}))
    described = FileChange("processed/a.zarr/X/.zarray", "change", "", tmp_path / "before", tmp_path / "after", 5, 5)
    other = FileChange("processed/b.csv", "change")
    newer = FileChange("processed/a.zarr/Y/c/0/1", "change")
    plain, (review,) = without_chunks([*changes, described, other, newer])
    assert plain == [other]
    assert (review.change.path, review.change.verb, review.change.size_after) == ("processed/a.zarr", "change", 65)
    assert review.summary == "2 arrays differ, in 6 of their chunks"
    assert review.grid is not None
    assert list(review.grid.rows) == [
        ["X", "5", "4 × 4 <f4", "8 × 4 <f4"],
        ["Y", "1", "same shape and type", "same shape and type"],
    ]


def test_more_pictures_than_a_page_holds_are_compared_but_not_drawn(tmp_path: Path, pixels: Any) -> None:
    for side, values in (("before", pixels), ("after", 255 - pixels)):
        (tmp_path / f"{side}.png").write_bytes(picture(values))
    comparer = Comparer(tmp_path / "scratch", room=1)
    change = FileChange("a.png", "change", "", tmp_path / "before.png", tmp_path / "after.png")
    first, second = comparer.compare(change), comparer.compare(change)
    assert first.pictures[0].difference is not None
    assert second.pictures[0].after is None
    assert second.summary == first.summary
    assert "Not shown" in second.notes[0]
