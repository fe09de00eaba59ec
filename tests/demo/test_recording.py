"""The recording of the tour in the README: small, self-contained, and still for those who want no motion."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from playwright.sync_api import Browser

from demo.recording import PICTURE, Line, Tape, draw, outline
from tests.browsing import Visit

SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_small_and_asks_for_nothing() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    assert len(text.encode()) <= 200_000
    names = {
        (element.tag.rpartition("}")[2], name) for element in ET.fromstring(text).iter() for name in element.attrib
    }
    assert {tag for tag, _name in names} <= {"svg", "title", "style", "rect", "g", "text", "tspan"}
    assert not {name for _tag, name in names if "href" in name or name.startswith("on")}
    assert "url(" not in text
    assert "@import" not in text


def test_it_moves_and_stands_still_where_somebody_asked_for_that(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 600})
    visit = Visit(page)
    visit.open(PICTURE)
    assert page.locator(".roll").evaluate("one => one.getAnimations().length") == 1
    assert not page.locator(".still").is_visible()
    widest = "Math.max(...[...document.querySelectorAll('.roll text')].map(one => one.getComputedTextLength()))"
    assert 600 < page.evaluate(widest) < 700
    page.emulate_media(reduced_motion="reduce")
    assert page.locator(".still").is_visible()
    assert not page.locator(".roll").is_visible()
    assert (visit.complaints, visit.elsewhere) == ([], [])
    page.close()


def test_a_tape_keeps_what_a_terminal_shows_in_the_end() -> None:
    tape = Tape()
    tape.write("    ann$ just run   0.. s")
    tape.write("\r    ann$ \x1b[1mjust run\x1b[0m <&> 8.8 s\n")
    assert [line.plain for line in tape.lines] == ["    ann$ just run <&> 8.8 s"]
    root = ET.fromstring(draw([*tape.lines, Line("done", tape.lines[0].began + 100)]))
    assert "    ann$ just run <&> 8.8 s" in ["".join(text.itertext()) for text in root.iter(SVG + "text")]


def test_an_outline_has_chapters_and_whole_commands_and_nothing_that_is_another_each_time() -> None:
    told = [
        " 1  Ann goes back",
        "    Some words, and a price of 5 $ too.",
        "    ann$ just get-results-at 0123abcd \\",
        "         --to there                                                        1.2 s",
        "    ok  it is there",
        "      4  rows are no chapter",
    ]
    assert outline(told) == ["1  Ann goes back", "ann$ just get-results-at … --to there"]
