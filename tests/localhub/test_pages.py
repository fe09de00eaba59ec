"""What a browser sees of a Hub: to look at only, for those who may, and harmless whatever lies in a repo."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import expect

from localhub.pages import markdown
from tests.browsing import Visit
from tests.localhub.test_files import commit
from tests.localhub.test_pull_requests import propose
from tests.review.hostile import EVIL
from tests.template.generating import REPOSITORY
from tests.terminal import converse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from localhub.testing import Hub

SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9' width='90' height='90' onload='evil()'>"
    "<image href='http://elsewhere.example/a.png'/><script>top.document.title='stolen'</script>"
    "<circle cx='4' cy='4' r='4'/></svg>"
)
ODD = "data/<img src=x onerror=alert(1)> \u202e &'\"%2F#?.csv"


def _picture(colour: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(drawn, "PNG")
    return drawn.getvalue()


def _table() -> bytes:
    wide = pd.DataFrame({f"{EVIL[0]} {number}": range(300) for number in range(40)})
    wide.insert(0, "text", [EVIL[number % len(EVIL)] for number in range(300)])
    return _parquet(wide)


def _parquet(table: pd.DataFrame) -> bytes:
    packed = io.BytesIO()
    table.to_parquet(packed)
    return packed.getvalue()


@pytest.fixture(scope="module")
def repo(shared_hub: Hub) -> str:
    """A private repo full of what means no good, with a pull request (1) and a discussion (2) of that kind."""
    ann = shared_hub.api("ann")
    repo = shared_hub.new_repo(private=True)
    files: dict[str, str | bytes] = {
        "README.md": f"---\nlicense: mit\n---\n# P\n\n{EVIL[3]}\n\n{EVIL[0]}\n\n![p](fig/p.png) [odd]({quote(ODD)})",
        "fig/p.png": _picture("red"),
        "fig/drawing.svg": SVG,
        "fig/false.png": "no picture",
        "page.html": "<script>document.title='stolen'</script>",
        "wide.parquet": _table(),
        "broken.parquet": b"PAR1" + b"\0" * 100 + b"PAR1",
        ODD: 'well,text\nA01,"' + EVIL[1].replace('"', '""') + '"\nB01,fine\n',
        "long.txt": "".join(f"line {number} {EVIL[4]}\n" for number in range(3000)),
    }
    contents = {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}
    commit(ann, repo, contents, f"Add {EVIL[1]}")
    change = {"fig/p.png": _picture("blue"), ODD: b"well,text\nA01,other\n", "new/" + ODD: EVIL[0].encode()}
    assert propose(ann, repo, change) == 1
    for text in EVIL:
        ann.comment_discussion(
            repo, 1, f"{text}\n\n[a](javascript:alert(1)) <b>b</b>\n\n| | x |\n|-|-|\n| 1 | 2 |", repo_type="dataset"
        )
    ann.rename_discussion(repo, 1, f"{EVIL[2]} {EVIL[5]}", repo_type="dataset")
    ann.create_discussion(repo, EVIL[0], description=EVIL[3], repo_type="dataset")
    ann.create_tag(repo, tag="v1", repo_type="dataset")
    return repo


@pytest.fixture(scope="module")
def visit(browser: Browser, shared_hub: Hub, repo: str) -> Iterator[Visit]:
    """Ann's browser, after she opened the link that the Hub printed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visit = Visit(context.new_page(), shared_hub.endpoint)
    visit.page.goto(f"{shared_hub.links['ann']}&to={quote(f'/datasets/{repo}')}")
    assert visit.page.url == f"{shared_hub.endpoint}/datasets/{repo}"
    yield visit
    context.close()


def pages(repo: str) -> list[str]:
    """Every kind of page, at the public Hub's addresses."""
    at, request = f"/datasets/{repo}", quote("refs/pr/1", safe="")
    blobs = [f"{at}/blob/main/{quote(path)}" for path in ("README.md", "fig/p.png", "fig/drawing.svg", "fig/false.png")]
    blobs += [
        f"{at}/blob/main/{quote(path)}" for path in ("page.html", "wide.parquet", "broken.parquet", ODD, "long.txt")
    ]
    trees = [f"{at}/tree/main", f"{at}/tree/{request}/{quote(ODD.rpartition('/')[0])}", f"{at}/tree/v1"]
    others = [f"{at}/discussions", f"{at}/discussions/1", f"{at}/discussions/2", f"{at}/discussions/77"]
    return [
        "/",
        at,
        *trees,
        *blobs,
        f"{at}/blob/{request}/new/{quote(ODD)}",
        *others,
        f"{at}/commits/main",
        f"{at}/commit/main",
    ]


def test_no_page_runs_what_a_repo_holds_or_asks_elsewhere_and_everyone_can_read_it(visit: Visit, repo: str) -> None:
    at = f"/datasets/{repo}"
    judged = ["/", at, f"{at}/tree/main", f"{at}/blob/main/wide.parquet", f"{at}/discussions/1", f"{at}/commits/main"]
    for number, address in enumerate(pages(repo)):
        width, scheme = ((1280, "light"), (400, "dark"))[number % 2]
        visit.page.set_viewport_size({"width": width, "height": 900})
        visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        visit.page.goto(visit.home + address)
        assert visit.page.title().endswith("· localhub"), address
        assert visit.overflow <= 0, address
        if address in judged:
            assert visit.barriers() == [], address
        broken = "[...document.images].filter(one => !one.naturalWidth && !one.alt.endsWith('false.png')).length"
        assert visit.page.evaluate(broken) == 0, address
        active = (
            "document.querySelectorAll('script, iframe, object, embed, form, [onload], [onerror], [href^=javascript]')"
        )
        assert visit.page.evaluate(f"{active}.length") == 0, address
    assert [one for one in visit.complaints if "404" not in one] == []
    assert visit.elsewhere == []


def test_a_visitor_walks_from_the_repo_to_a_figure_and_through_a_request(visit: Visit, repo: str) -> None:
    page = visit.page
    page.goto(f"{visit.home}/datasets/{repo}")
    page.get_by_role("link", name="odd").click()
    expect(page.get_by_role("cell", name="fine")).to_be_visible()
    page.goto(f"{visit.home}/datasets/{repo}")
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("link", name="fig/").click()
    page.get_by_role("link", name="p.png").click()
    expect(page.get_by_text("60 × 40 pixels")).to_be_visible()
    page.get_by_role("link", name="Pull requests 2 open").click()
    page.get_by_role("link", name=EVIL[2]).click()
    expect(page.get_by_alt_text("before: fig/p.png")).to_be_visible()
    expect(page.get_by_alt_text("after: fig/p.png")).to_be_visible()
    expect(page.locator(".plus", has_text="A01,other")).to_be_visible()
    assert "\\u202egnp.exe" in page.locator("h2").first.inner_text()
    page.goto(f"{visit.home}/datasets/{repo}/blob/main/wide.parquet")
    assert page.locator("caption").inner_text() == "the first 100 of 300 rows, 30 of 41 columns"


def _get(hub: Hub, path: str, **headers: str) -> httpx2.Response:
    with httpx2.Client(timeout=60) as client:
        return client.get(f"{hub.endpoint}{path}", headers=headers)


def test_a_private_repo_is_shown_to_whoever_opened_the_link_and_the_link_opens_nothing_else(
    shared_hub: Hub, repo: str
) -> None:
    for path in pages(repo)[1:]:
        refused = _get(shared_hub, path)
        assert (refused.status_code, repo in refused.text) == (401, False)
    assert repo not in _get(shared_hub, "/").text
    with httpx2.Client(base_url=shared_hub.endpoint, timeout=60) as client:
        assert client.get("/_localhub/login?ticket=login:ann~9999999999~00").status_code == 403
        answer = client.get(f"{shared_hub.links['rea'].removeprefix(shared_hub.endpoint)}&to=//elsewhere.example")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert client.get(f"/datasets/{repo}").status_code == 200
        assert client.get(f"/datasets/{repo}/resolve/main/fig/p.png").status_code == 200
        # The cookie is for looking: neither the API nor a write takes it.
        assert client.get(f"/api/datasets/{repo}").status_code == 401
        assert client.post(f"/api/datasets/{repo}/discussions", json={"title": "By a cookie"}).status_code == 401
        assert client.post(f"/datasets/{repo}/discussions").status_code in {404, 405}
    stranger = shared_hub.new_repo()
    assert _get(shared_hub, f"/datasets/{stranger}/tree/main").status_code == 200


def test_a_file_from_a_repo_is_no_page_of_the_hub(shared_hub: Hub, repo: str) -> None:
    token = {"authorization": f"Bearer {shared_hub.tokens['ann']}"}
    for path in ("page.html", "fig/drawing.svg", "README.md", "wide.parquet"):
        for kind in ("resolve", "raw"):
            given = _get(shared_hub, f"/datasets/{repo}/{kind}/main/{path}", **token)
            assert "sandbox" in given.headers["content-security-policy"]
            assert given.headers["x-content-type-options"] == "nosniff"
            assert kind == "raw" or given.headers["content-disposition"].startswith("attachment")
    page = _get(shared_hub, f"/datasets/{repo}", **token)
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert page.headers["x-content-type-options"] == "nosniff"


def test_what_is_large_or_broken_is_told_and_not_unpacked(shared_hub: Hub) -> None:
    import gzip
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    files = {
        "huge.png": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b""),
        "bomb.csv.gz": gzip.compress(b"a,b\n" + b"0,0\n" * 5_000_000, 1),
        "bomb.parquet": _parquet(pd.DataFrame({"a": ["0" * 51_000_000]})),
        "no.csv.gz": b"\x1f\x8bnothing",
        "empty.csv": b"",
        "long.csv": b"a,b\n" + b"1,2\n" * 100_000,
        "one-line.json": b"[" + b"1," * 500_000 + b"1]",
        "latin.txt": "Zürich µm".encode("latin-1"),
    }
    repo = shared_hub.new_repo()
    commit(shared_hub.api("ann"), repo, files)
    said = {path: _get(shared_hub, f"/datasets/{repo}/blob/main/{path}").text for path in files}
    assert "<img" not in said["huge.png"] + _get(shared_hub, f"/datasets/{repo}/commit/main").text
    assert "no picture that can be read" in said["huge.png"]
    assert "the first 100 of its rows, 2 columns" in said["bomb.csv.gz"]
    assert "first rows are too large to be shown" in said["bomb.parquet"]
    assert "nothing to show" in said["no.csv.gz"]
    assert "It is empty." in said["empty.csv"]
    assert "the first 100 of its rows" in said["long.csv"]
    assert all(len(page) < 400_000 for page in said.values())


def test_an_odd_address_is_answered_with_a_page_that_says_so(shared_hub: Hub) -> None:
    repo = shared_hub.new_repo()
    commit(shared_hub.api("ann"), repo, {"README.md": b"---\nlicense: mit\n---\n", "only-a-reference.md": b"[a]: /b"})
    at = f"/datasets/{repo}"
    for odd in ("...", "%00", "%ff", "a%2F..", "@{-1}", "x" * 3000, "%C2%B2"):
        for kind in ("tree", "commits", "commit", "discussions", "blob/main", "tree/main"):
            answer = _get(shared_hub, f"{at}/{kind}/{odd}")
            assert (answer.status_code, "nothing to see here" in answer.text) == (404, True), (kind, odd)
    assert _get(shared_hub, f"{at}/tree/main?p=%C2%B2").status_code == 200
    assert _get(shared_hub, at).status_code == 200
    assert _get(shared_hub, f"{at}/blob/main/only-a-reference.md").status_code == 200
    assert _get(shared_hub, "/_localhub/login?ticket=a~%C2%B2~b").status_code == 403
    assert _get(shared_hub, f"{at}/blob/main/").status_code == 404


def test_whoever_starts_a_hub_on_a_terminal_gets_links_to_open(tmp_path: Path) -> None:
    opened: list[int] = []

    def press(shown: str) -> str | None:
        links = re.findall(r"In a browser, as (ann|rea): (\S+)\s", shown)
        if len(links) == 2 and not opened:
            opened.extend(httpx2.get(link, timeout=60).status_code for _name, link in links)
            return "\x03"
        return None

    command = [
        sys.executable,
        "-m",
        "localhub",
        "serve",
        "--root",
        str(tmp_path),
        "--user",
        "ann",
        "--user",
        "rea:read",
    ]
    code, _shown = converse(command, REPOSITORY, os.environ, press, pause=0.2)
    assert (code, opened) == (0, [303, 303])


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[a](javascript:alert(1)) <b>", "<p>[a](javascript:alert(1)) &lt;b&gt;</p>"),
        ("![a](http://elsewhere.example/x.png)", "<p>[picture: a]</p>"),
        ("![a](data:image/png;base64,AAAA)", "<p>[picture: a]</p>"),
        ("![a](http://127.0.0.1:9/uploads/b.png)", '<p><img src="/uploads/b.png" alt="a" /></p>'),
        ("[a](rel.md)", "<p><a>a</a></p>"),
        ("[a](http://[::1)", '<p><a href="http://:1%5B:" rel="nofollow noopener noreferrer">a</a></p>'),
        ("# a\n\n###### b", "<h3>a</h3>\n<h4>b</h4>"),
        ("", ""),
    ],
)
def test_markdown_links_to_pages_and_shows_pictures_of_this_hub_only(written: str, shown: str) -> None:
    assert markdown.comment(written).strip() == shown
