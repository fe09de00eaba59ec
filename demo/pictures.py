"""`uv run python -m demo.pictures`: the picture of a report that the README shows, made of the real plate.

The picture says itself what it was made from, so that a test tells when it is out of date. It needs Chromium, and the
plate in ../shared/realdata or in the folder of --data.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from demo.plate import find_plate

if TYPE_CHECKING:
    import pandas as pd
    from labdata.compare.model import FileChange

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "report.png"
REPORT = ROOT / "template" / "labdata" / "review" / "report"
KEY = "made from"
"""The name under which the picture says what it was made from."""

_WIDTH, _HEIGHT = 1080, 1020  # pixels
_COLOURS = 48
_PLATE = "SQ00015054"
_LOST = ("C05", "C06", "C07", "C08")


def fingerprint() -> str:
    """Return one word for all that decides how the picture looks."""
    found = hashlib.sha256()
    for path in (*sorted(REPORT.glob("page.*")), Path(__file__), ROOT / "template" / "review" / "cell_painting.py"):
        found.update(f"{path.name}\n".encode() + path.read_bytes())
    return found.hexdigest()


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared" / "realdata", help="The plate.")
@click.option("--page", type=click.Path(path_type=Path), help="Write only the report itself, to this file.")
def main(data: Path, page: Path | None) -> None:
    """Draw the picture of a report for the README."""
    sys.path.insert(0, str(ROOT / "template"))
    with tempfile.TemporaryDirectory(prefix="hublab-picture-") as folder:
        html = page or Path(folder) / "report.html"
        html.write_text(_report(find_plate(data).profiles, Path(folder)), encoding="utf-8")
        if page is None:
            PICTURE.write_bytes(_packed(_seen(html)))
            click.echo(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB")


def _report(profiles: Path, folder: Path) -> str:
    """Return the report of a request in which a few things went wrong with a plate, as they do."""
    import pandas as pd
    from labdata.compare.files import Comparer
    from labdata.compare.model import Review, Version
    from labdata.review.checks import Checks
    from labdata.review.report.page import page

    before = pd.read_csv(profiles, low_memory=False)
    changes = _changes(folder, before, _worse(before))
    sides = Version("main"), Version("pull request 3 by bob")
    review = Review("lab/mito-screen-results", *sides, "for the README", "of this repository")
    comparer = Comparer(folder / "scratch")
    review.files = [comparer.compare(change) for change in changes]
    ran = Checks(ROOT / "template" / "review").run(changes)
    review.findings, review.checks = ran.findings, ran.count
    return page(review)


def _worse(plate: pd.DataFrame) -> pd.DataFrame:
    """Lose four wells, write one feature in another unit, and lay the plate map the wrong way round."""
    import numpy as np

    worse = plate[~plate["Metadata_Well"].isin(_LOST)].copy()
    features = [name for name in plate if not name.startswith("Metadata_")]
    worse[features[7]] *= 1000
    layout = [name for name in ("Metadata_broad_sample", "Metadata_mmoles_per_liter", "Metadata_moa") if name in plate]
    worse[layout] = np.asarray(worse[layout])[::-1]
    return worse


def _changes(folder: Path, before: pd.DataFrame, after: pd.DataFrame) -> list[FileChange]:
    from labdata.compare.model import FileChange

    names = (f"processed/{_PLATE}/profiles.parquet", f"processed/{_PLATE}/figures/pca.png")
    for side, table in (("before", before), ("after", after)):
        for name in names:
            (folder / side / name).parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(folder / side / names[0], index=False)
        _draw(table, folder / side / names[1])
    found = []
    for name in names:
        old, new = (folder / side / name for side in ("before", "after"))
        found.append(FileChange(name, "change", "", old, new, old.stat().st_size, new.stat().st_size))
    return found


def _draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the first two principal components, the controls in another colour."""
    import matplotlib as mpl
    import numpy as np

    mpl.use("agg")
    from matplotlib import pyplot as plt

    values = table[[name for name in table if not name.startswith("Metadata_")]].to_numpy(float)
    values = np.nan_to_num((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9))
    left, strength, _right = np.linalg.svd(values, full_matrices=False)
    figure, axes = plt.subplots(figsize=(4, 3))
    for control, colour in ((False, "tab:gray"), (True, "tab:orange")):
        rows = (table["Metadata_broad_sample"] == "DMSO").to_numpy() == control
        first, second = (left[rows, number] * strength[number] for number in (0, 1))
        axes.scatter(first, second, s=8, color=colour, label="DMSO" if control else "treated")
    axes.set(xlabel="PC 1", ylabel="PC 2")
    axes.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _seen(html: Path) -> bytes:
    """Return what a browser shows of a page."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if not chromium:
        raise click.ClickException("There is no Chromium on this machine: apt install chromium.")
    with sync_playwright() as playwright:
        # It opens a page of our own only, from this disk.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        page.goto(html.as_uri())
        picture: bytes = page.screenshot()
        browser.close()
    return picture


def _packed(picture: bytes) -> bytes:
    """Return a picture with few colours, which says what it was made from."""
    from PIL import Image, PngImagePlugin

    says = PngImagePlugin.PngInfo()
    says.add_text(KEY, fingerprint())
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as opened:
        few: Any = opened.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True, pnginfo=says)
    return out.getvalue()


if __name__ == "__main__":
    main()
