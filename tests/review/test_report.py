"""The report is one page, some lines and a Markdown text; none of them obeys what it shows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from labdata.compare.model import FileChange, FileReview, Review, Version
from labdata.review.report.page import page
from labdata.review.report.text import WIDTH, Attached, as_data, lines, markdown
from labdata.review.report.verdict import verdict

from tests.review.hostile import EVIL, review_of


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return review_of(tmp_path_factory.mktemp("review"))


class Elements(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_same_review_gives_the_same_bytes(review: Review, tmp_path: Path) -> None:
    again = review_of(tmp_path)
    assert page(again) == page(review)
    assert markdown(again) == markdown(review)
    assert json.dumps(as_data(again)) == json.dumps(as_data(review))


def test_nothing_that_is_shown_becomes_a_part_of_the_page(review: Review) -> None:
    made = page(review)
    found = Elements()
    found.feed(made)
    tags = [tag for tag, _attributes in found.seen]
    assert tags.count("script") == 1
    assert tags.count("style") == 1
    assert not {"iframe", "object", "embed", "link", "form", "base"} & set(tags)
    for tag, attributes in found.seen:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("href") or "#").startswith("#")
        assert tag != "img" or "alt" in attributes
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", made)
    assert "&lt;script&gt;document.title" in made
    assert "49" not in re.findall(r"\{\{ 7 \* 7 \}\} (\d\d)", made)


def test_the_verdict_comes_first_and_the_gravest_finding_in_it(review: Review) -> None:
    said = verdict(review)
    assert said[0] == "Look closely: 1 error, 1 warning and 1 note."
    assert said[1] == (
        "2 tables changed, 1 table renamed, 3 pictures changed, 1 notebook changed, 2 texts changed, 1 file changed; "
        "190 of 192 rows kept."
    )
    assert said[2].startswith("a.parquet: Wells are missing")
    assert page(review).index("Verdict") < page(review).index("Findings") < page(review).index("Files that differ")


def test_figures_of_the_change_are_in_the_page(review: Review) -> None:
    made = page(review)
    assert "96 → 95: 0 added, 1 removed" in made
    assert "33.3 % of the pixels differ." in made
    table = as_data(review)["files"][0]["table"]
    assert (table["rows_removed"], table["key"]) == (1, ["Metadata_Well"])
    assert json.loads(json.dumps(as_data(review), allow_nan=False))["worst"] == "error"


def test_a_terminal_gets_short_lines_and_no_command(review: Review) -> None:
    for _level, line in lines(review):
        assert len(line) <= WIDTH
        assert line.isprintable()
        assert not line.startswith("Code: ")
    assert lines(review)[1] == ("error", "Look closely: 1 error, 1 warning and 1 note.")


def test_markdown_shows_names_and_obeys_none(review: Review) -> None:
    from markdown_it import MarkdownIt

    hub = "https://hub.example/"
    sides = [replace(one, address=f"{hub}blob/{one.commit}") for one in (review.before, review.after)]
    attached = [Attached(EVIL[3], [("before", f"{hub}uploads/a.png")])]
    made = markdown(replace(review, before=sides[0], after=sides[1]), attached)
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(made)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & {"html_block", "html_inline", "code_inline", "fence", "code_block", "hr", "s_open"}
    links = [child.attrs["href"] for child in inline if child.type == "link_open"]
    assert len(links) == 2 * len(review.files)
    assert {str(link).partition("/processed/")[0] for link in links} == {one.address for one in sides}
    assert [child.attrs["src"] for child in inline if child.type == "image"] == [f"{hub}uploads/a.png"]
    assert not [line for line in made.splitlines() if re.match(r"(Code|Inputs|Main|Branch|Seal): ", line)]
    assert not re.search(r"@everyone|#1\b|www\.elsewhere|https?://elsewhere", made)
    columns = {line.count(" | ") for line in made.splitlines() if line.startswith("| ") and "processed" in line}
    assert columns <= {2, 4}
    shown = "".join(child.content for child in inline if child.type == "text")
    assert "<script>document.title='stolen'</script>" in shown


def test_markdown_is_as_short_as_a_comment_may_be(review: Review) -> None:
    assert len(markdown(review, most=2_500)) <= 2_500
    assert "Look closely" in markdown(review, most=700)


def test_ten_thousand_files_are_listed_and_the_page_opens() -> None:
    review = Review("p", Version("main"), Version("ann"), "now", "1")
    review.files = [
        FileReview(FileChange(f"processed/{number}.png", "change"), "picture", "changed") for number in range(10_000)
    ] + [FileReview(FileChange("processed/a.csv", "change"), "table", "changed")]
    made = page(review)
    assert "processed/9999.png" in made
    assert made.count('<article class="file"') == 300
    assert "9,701 files of these are not shown in full" in made
    assert "<h3>processed/a.csv</h3>" in made
    assert len(made) < 5_000_000


def test_no_change_is_said_so() -> None:
    review = Review("p", Version("main"), Version("ann"), "now", "1")
    assert verdict(review) == ["Nothing to look at: both versions hold the same files.", "No file differs.", ""]
    assert "Review of ann" in page(review)
