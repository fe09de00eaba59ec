"""The picture in the README is what the report looks like today."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from demo import pictures
from demo.plate import synthetic_plate


def test_the_picture_of_the_report_is_of_today_and_small() -> None:
    with Image.open(pictures.PICTURE) as picture:
        made_from = picture.info.get(pictures.KEY)
    assert made_from == pictures.fingerprint(), "run: uv run python -m demo.pictures"
    assert pictures.PICTURE.stat().st_size <= 150_000
    assert "docs/report.png" in (pictures.ROOT / "README.md").read_text(encoding="utf-8")


def test_what_it_shows_is_found_in_any_plate(tmp_path: Path) -> None:
    synthetic_plate(tmp_path / "plate")
    page = tmp_path / "report.html"
    done = CliRunner().invoke(pictures.main, ["--data", str(tmp_path / "plate"), "--page", str(page)])
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    for said in ("Look closely", "4 of 384 wells of plate SYNTH00001 are missing", "most by a factor of 1000"):
        assert said in text
    assert "wells hold another treatment than before" in text
    assert "of the pixels differ" in text
