"""The report in a real browser: nothing is asked of elsewhere, everything can be read and used by everyone."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from labdata.review.report.page import page

from tests.browsing import Visit
from tests.review.hostile import review_of


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, visit: Visit) -> Visit:
    folder = tmp_path_factory.mktemp("report")
    path = folder / "review.html"
    path.write_text(page(review_of(folder)), encoding="utf-8")
    visit.open(path)
    return visit


def test_it_opens_from_disk_asks_nobody_and_runs_nothing_that_it_shows(report: Visit) -> None:
    assert report.complaints == []
    assert report.elsewhere == []
    assert report.page.title().startswith("Review of pull request 3 <script>")
    broken = "[...document.images].filter(one => !one.complete || one.naturalWidth === 0).length"
    assert report.page.evaluate(broken) == 0
    assert report.page.evaluate("document.images.length") > 10


def test_the_slider_moves_by_mouse_and_by_keyboard(report: Visit) -> None:
    slider = report.page.get_by_role("slider").first
    over = report.page.locator(".stack .over").first
    slider.fill("25")
    assert over.evaluate("one => getComputedStyle(one).clipPath") == "inset(0px 75% 0px 0px)"
    slider.focus()
    slider.press("ArrowRight")
    assert slider.input_value() == "26"
    assert over.evaluate("one => getComputedStyle(one).clipPath") == "inset(0px 74% 0px 0px)"


def test_the_tables_sort_and_say_so(report: Visit) -> None:
    table = report.page.get_by_role("table", name=re.compile("^Columns that differ")).first
    first = table.locator("tbody th").first
    assert first.inner_text() == "count"
    button = table.get_by_role("button", name="cells changed")
    button.focus()
    button.press("Enter")
    assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
    counts = [
        int(text.replace(",", "")) for text in table.locator("tbody tr:first-child td:nth-child(2)").all_inner_texts()
    ]
    assert counts == sorted(counts)
    button.press("Enter")
    assert table.locator("thead th").nth(1).get_attribute("aria-sort") == "descending"
    assert table.locator("tbody tr:first-child td:nth-child(2)").first.inner_text() == str(counts[-1])
    files = report.page.get_by_role("table", name=re.compile("files? differ"))
    files.get_by_role("button", name="before").click()
    sizes = [
        int(value or 0)
        for value in files.locator("tbody td:nth-child(4)").evaluate_all("all => all.map(one => one.dataset.value)")
    ]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_everyone_can_read_it(report: Visit, width: int, scheme: str) -> None:
    report.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    report.page.set_viewport_size({"width": width, "height": 900})
    assert report.overflow <= 0
    assert report.barriers() == []


def test_it_can_be_walked_through_by_keyboard_and_printed(report: Visit) -> None:
    report.page.set_viewport_size({"width": 1280, "height": 900})
    report.page.reload()
    report.page.keyboard.press("Tab")
    assert report.page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    report.page.keyboard.press("Enter")
    assert report.page.evaluate("document.activeElement.id") == "findings"
    headings = report.page.locator("h1, h2, h3, h4, h5").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert headings[0] == 1
    assert all(after - before <= 2 for before, after in pairwise(headings))
    report.page.emulate_media(media="print")
    assert not report.page.locator(".slider").first.is_visible()
    assert report.page.locator(".scroll").first.evaluate("one => getComputedStyle(one).maxHeight") == "none"
    report.page.emulate_media(media="screen")
