"""The tour, watched to its end, and what it leaves in the folder that is kept.

It is on the real plate where that is on this machine (its figures are known), else on a made-up one.
"""

from __future__ import annotations

import csv
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from huggingface_hub.hf_api import RepoFile
from labdata.core.packs import is_pack
from playwright.sync_api import Browser, expect

from demo.plate import BARCODE
from demo.recording import outline, recorded
from localhub.testing import Hub
from tests.browsing import Visit
from tests.demo.watching import Shown, left_behind, surroundings, watch
from tests.template.generating import REPOSITORY, SHARED
from tests.terminal import converse

PNG = b"\x89PNG\r\n\x1a\n"
RESULTS = "lab/mito-screen-results"
REAL = SHARED / "realdata"
REAL_BARCODE = "SQ00015054"


@dataclass(frozen=True)
class Kept:
    """A tour that was watched, and the folder that it kept."""

    shown: Shown
    folder: Path
    around: Path

    def data(self, who: str) -> Path:
        return self.folder / who / "mito-screen" / "data"

    def files(self, who: str, *layers: str) -> dict[str, bytes]:
        data = self.data(who)
        found = [path for layer in layers for path in (data / layer).rglob("*") if path.is_file()]
        return {path.relative_to(data).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    around = tmp_path_factory.mktemp("tour")
    folder = around / "kept" / "tour"
    plate = ("--data", str(REAL)) if REAL.exists() else ()
    return Kept(watch(around, "--keep", str(folder), *plate), folder, around)


def test_the_tour_keeps_every_promise_and_says_so(kept: Kept) -> None:
    assert kept.shown.code == 0, kept.shown.out + kept.shown.err
    assert kept.shown.err == ""
    assert "every promise held" in kept.shown.out
    chapters = [line[:2].strip() for line in kept.shown.out.splitlines() if line[:2].strip().isdigit()]
    assert chapters == [str(n) for n in range(1, len(chapters) + 1)]
    assert len(chapters) >= 10


def test_its_lines_fit_into_80_columns_and_are_plain_where_nobody_watches(kept: Kept) -> None:
    told, _heading, paths_to_copy = kept.shown.out.partition("Where to look")
    assert [line for line in told.splitlines() if len(line) > 80] == []
    assert "\x1b" not in kept.shown.out
    assert "\r" not in kept.shown.out
    assert str(kept.folder) in paths_to_copy
    assert str(kept.folder) not in told


def test_the_recording_in_the_readme_shows_this_very_tour(kept: Kept) -> None:
    shown = kept.shown.out.replace(REAL_BARCODE, BARCODE).splitlines()
    assert outline(recorded()) == outline(shown), "run: uv run python -m demo.recording"


@pytest.mark.skipif(not REAL.exists(), reason="the real plate is not on this machine: ../shared/realdata")
def test_it_tells_how_well_the_known_controls_of_a_real_plate_replicate(kept: Kept) -> None:
    rows = {line.split()[0]: line.split()[1:3] for line in kept.shown.out.splitlines() if len(line.split()) > 2}
    assert rows["bortezomib"] == ["12", "0.810"]
    assert rows["MG-132"] == ["12", "0.784"]
    assert rows["DMSO"] == ["24", "-0.007"]
    assert "(yours)" in kept.shown.out


def test_it_leaves_a_figure_and_a_table(kept: Kept) -> None:
    barcode, treatment = (REAL_BARCODE, "bortezomib") if REAL.exists() else (BARCODE, "madeupzomib")
    results = kept.data("ann") / "processed" / barcode
    assert (results / "figures" / "pca.png").read_bytes().startswith(PNG)
    with (results / "tables" / "replicate_correlation.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["name"] or row["sample"]: row for row in csv.DictReader(lines)}
    assert rows[treatment]["wells"] == "12"
    assert float(rows[treatment]["correlation"]) > 0.7 > 0.2 > float(rows["DMSO"]["correlation"])


def test_ann_and_bob_have_the_same_files_and_nobodys_words_are_lost(kept: Kept) -> None:
    layers = ("external", "raw", "interim", "processed")
    assert kept.files("ann", *layers) == kept.files("bob", *layers)
    assert len(kept.files("ann", *layers)) == 12
    page = (kept.data("ann") / "processed" / "findings.md").read_text(encoding="utf-8")
    assert "Ann:" in page
    assert "Bob:" in page
    [aside] = (kept.data("bob") / "_recycle").rglob("findings.md")
    assert "Bob:" in aside.read_text(encoding="utf-8")


def test_the_hub_that_was_kept_serves_the_same_files_again(kept: Kept, tmp_path: Path) -> None:
    with Hub.start(kept.folder / "hub") as hub:
        api = hub.api("ann")
        entries = api.list_repo_tree(RESULTS, recursive=True, repo_type="dataset")
        paths = {entry.path for entry in entries if isinstance(entry, RepoFile) and "/" in entry.path}
        paths = {path for path in paths if not is_pack(path)}
        local = kept.files("ann", "interim", "processed")
        assert paths == local.keys()
        for path in paths:
            copy = api.hf_hub_download(RESULTS, path, repo_type="dataset", cache_dir=tmp_path)
            assert Path(copy).read_bytes() == local[path]
        merged = [request.status for request in api.get_repo_discussions(RESULTS, repo_type="dataset")]
        assert merged == ["merged"] * 3
        branches = {branch.name for branch in api.list_repo_refs(RESULTS, repo_type="dataset").branches}
        assert branches == {"main", "ann", "bob"}


def test_the_addresses_at_its_end_open_in_a_browser(kept: Kept, browser: Browser) -> None:
    _told, _heading, ending = kept.shown.out.partition("Where to look")
    lines = [line.strip() for line in ending.splitlines()]
    [serve] = [shlex.split(line) for line in lines if line.startswith("uv run localhub serve")]
    [link] = [line for line in lines if line.startswith(f"{kept.shown.endpoint}/")]
    [report] = [line for line in lines if line.startswith("file:")]
    command = [sys.executable, "-m", *serve[2:], "--stop-with-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY) as hub:
        assert hub.stdout is not None
        assert kept.shown.endpoint.encode() in hub.stdout.readline()
        visit = Visit(browser.new_page(), kept.shown.endpoint)
        visit.page.goto(link)
        visit.page.get_by_role("link", name="Pull requests").click()
        visit.page.get_by_role("link", name="First results").click()
        expect(visit.page.get_by_alt_text("after: ").first).to_be_visible()
        visit.page.get_by_role("link", name="this request").first.click()
        expect(visit.page.get_by_text("384 rows")).to_be_visible()
        assert (visit.complaints, visit.elsewhere) == ([], [])
        visit.page.goto(report)
        expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
        assert visit.complaints == []
        hub.communicate(timeout=30)
    visit.page.close()


def test_on_a_terminal_its_hub_stays_until_somebody_presses_ctrl_c(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from demo.__main__ import interruptible; from demo.ending import stay;"
        "from demo.hub import start_hub; from demo.narrator import Narrator; from demo.stage import Stage;"
        "tell = Narrator(sys.stdout); stage = Stage(Path(sys.argv[1]), tell)\n"
        "with interruptible():\n"
        "    hub = start_hub(stage); print(hub.links['ann'], flush=True)\n"
        "    try: stay(hub, tell)\n"
        "    finally: stage.close()\n"
    )
    answers: list[int] = []

    def press(shown: str) -> str | None:
        if "still at work" not in shown or answers:
            return None
        answers.append(httpx2.get(shown.split()[0], timeout=60).status_code)
        return "\x03"

    command = [sys.executable, "-c", program, str(tmp_path)]
    code, shown = converse(command, REPOSITORY, surroundings(tmp_path / "me"), press, pause=0.2)
    assert (code, answers) == (0, [303])
    assert "The Hub has ended; everything else is kept." in shown
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(shown.split()[0])


def test_the_code_is_anns_alone_and_nothing_of_the_machine_is_in_it(kept: Kept) -> None:
    asked = ["git", "log", "--format=%an <%ae>"]
    authors = subprocess.run(asked, cwd=kept.folder / "bob" / "mito-screen", capture_output=True, text=True, check=True)
    assert set(authors.stdout.split("\n")) - {""} == {"Ann <ann@example.org>"}


def test_no_process_and_no_file_outside_the_kept_folder_is_left(kept: Kept) -> None:
    port = int(kept.shown.endpoint.rpartition(":")[2])
    with socket.socket() as door:
        assert door.connect_ex(("127.0.0.1", port)) != 0
    assert left_behind(kept.around) == []
