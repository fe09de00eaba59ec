"""A published file is made again by another member, from what is recorded of it, and compared."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labdata.core import hints
from labdata.core.records import Record, packed

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab
from tests.template.generating import environment, git, run

SNAKEFILE = """\
configfile: "config.yaml"

rule table:
    input: "data/raw/plate.csv"
    output: "data/interim/table.csv"
    shell: "cat {input} > {output}; echo 2,${{VALUE:-0.3}} >> {output}"

rule select:
    input: "data/interim/table.csv"
    output: "data/processed/selected.csv"
    params: factor=config["factor"]
    shell: "sleep ${{PAUSE:-0}}; sed s/0.5/{params.factor}/ {input} > {output}"

rule plot:
    input: "data/processed/selected.csv"
    output: "data/processed/plot.png"
    params: shade=config["shade"]
    shell: "python draw.py {params.shade} {output}"
"""
DRAW = """\
import sys
from PIL import Image

Image.new("L", (40, 30), int(sys.argv[1])).save(sys.argv[2])
"""
IGNORED = "/data\n/.snakemake\n/logs\n/.env\n__pycache__/\n"


def snakemake(member: Quick, *arguments: str) -> None:
    env = member.env | environment(member.root.parent / "home")
    run(["snakemake", "--cores", "1", "--scheduler", "greedy", *arguments], member.root, env)


def everything(root: Path) -> dict[str, str]:
    """The hash of every file of a project, git's own too; but for labdata's private folder, and worktrees in it."""
    own = (root / "data" / ".labdata", root / ".git" / "worktrees")
    files = [path for path in root.rglob("*") if path.is_file() and not any(map(path.is_relative_to, own))]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def reproduce(member: Quick, *arguments: str, code: int = 0) -> dict[str, Any]:
    """`reproduce --json`; it has to leave all as it was, and nothing behind but what it says."""
    before = everything(member.root)
    done = member.run("reproduce", "--json", "--cores", "1", *arguments, code=code)
    assert everything(member.root) == before
    told: dict[str, Any] = json.loads(done.stdout)
    assert not (member.root / ".git" / "worktrees").exists()
    left = [path for path in member.path(".labdata/reproduce").iterdir() if path.is_dir()]
    assert sorted(map(str, left)) == sorted(told["kept"])
    return told


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    return {one["path"]: one["outcome"] for one in told["files"]}


def publish_code(member: Quick, lab: Lab) -> None:
    """Commit the code of a member, and push it to an origin that is new."""
    git(member.root, "init", "--quiet", "--initial-branch=main")
    commit(member, "feat: a pipeline")
    git(lab.folder, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(member.root, "remote", "add", "origin", str(lab.folder / "origin.git"))
    git(member.root, "push", "--quiet", "origin", "main")


def clone_of_bob(lab: Lab, runner: Runner) -> Quick:
    """Bob, with a fresh clone of the code and no data at all."""
    bob = quick_member(lab, runner, "bob")
    git(bob.root, "init", "--quiet", "--initial-branch=main")
    git(bob.root, "remote", "add", "origin", str(lab.folder / "origin.git"))
    git(bob.root, "fetch", "--quiet", "origin")
    git(bob.root, "checkout", "--quiet", "--force", "main")
    return bob


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner.started() as running:
        yield running


@pytest.fixture(scope="module")
def lab(shared_hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return new_lab(shared_hub, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def ann(lab: Lab, runner: Runner) -> Quick:
    """Ann, whose code is pushed and whose results, made with it, are on her branch."""
    ann = quick_member(lab, runner, "ann")
    files = {
        "Snakefile": SNAKEFILE,
        "config.yaml": "factor: '0.9'\nshade: 90\n",
        "draw.py": DRAW,
        ".gitignore": IGNORED,
    }
    for name, text in files.items():
        (ann.root / name).write_text(text)
    publish_code(ann, lab)
    ann.write("raw/plate.csv", "well,value\n1,0.5\n")
    ann.run("put", "inputs")
    snakemake(ann, "data/processed/plot.png")
    ann.write("processed/notes.txt", "by hand\n")
    ann.put()
    return ann


def commit(member: Quick, title: str) -> None:
    git(member.root, "add", "--all")
    git(member.root, "commit", "--quiet", "--message", title)


@pytest.fixture(scope="module")
def bob(ann: Quick, lab: Lab, runner: Runner) -> Quick:
    """Bob, with a fresh clone of the code and no data at all."""
    return clone_of_bob(lab, runner)


def test_bob_makes_anns_figure_again_byte_for_byte_from_a_fresh_clone(ann: Quick, bob: Quick, lab: Lab) -> None:
    told = reproduce(bob, "data/processed/plot.png")
    assert outcomes(told) == {"processed/plot.png": "identical"}
    assert (told["software"], told["page"], told["kept"]) == ([], "", [])
    # From raw data on, and from a copy under another name.
    shutil.copy(ann.path("processed/plot.png"), bob.root.parent / "talk.png")
    told = reproduce(bob, str(bob.root.parent / "talk.png"), "--from-raw")
    assert set(outcomes(told)) == {"interim/table.csv", "processed/plot.png", "processed/selected.csv"}
    assert set(outcomes(told).values()) == {"identical"}
    said = bob.run("which", "data/processed/plot.png").stdout
    assert said.count("made again") == 2
    said = bob.put()
    assert "Published what came of 2 reproductions." in said
    assert "nothing to publish" in bob.put()
    assert "by bob on " in ann.run("which", "data/processed/plot.png").stdout
    found = json.loads(ann.run("which", "--json", "data/processed/plot.png").stdout)[0]
    assert [": identical" in line for line in found["verdicts"]] == [True, True]


@pytest.mark.hint("COMPARE", "IN_A_RULE")
def test_what_was_tampered_with_comes_out_different_and_is_shown(ann: Quick, bob: Quick) -> None:
    snakemake(ann, "data/processed/plot.png", "--config", "shade=200", "factor=0.7")
    ann.put()
    ann.write("processed/selected.csv", "well,value\n1,0.8\n2,0.3\n")
    ann.put()
    before = everything(bob.root)
    # The figure was drawn from another table than the one that is published now: each is made from its own.
    files = ("data/processed/plot.png", "data/processed/selected.csv")
    done = bob.run("reproduce", *files, "--cores", "1", "--keep", code=3)
    assert everything(bob.root) == before
    assert "data/processed/plot.png: different\n      100 % of the pixels differ" in done.stdout
    assert "its parameters are 90, not 200" in done.stdout
    assert "data/processed/selected.csv: different\n      1 cell changed in 1 row" in done.stdout
    assert "it was changed by hand after rule select had made it" in done.stdout
    assert "2 of 2 files came out different. data/ was not touched." in done.stderr
    assert hints.COMPARE in done.stderr
    page = Path(done.stdout.split("Both beside each other: file://")[1].splitlines()[0])
    assert page.read_text().count("<img") >= 2
    for line in done.stdout.split("Kept: ")[1:]:
        kept = Path(line.splitlines()[0])
        assert (kept / "code" / "Snakefile").is_file()
        git(bob.root, "worktree", "remove", "--force", str(kept / "code"))
        shutil.rmtree(kept)
    bob.run("put", "results")
    assert ": different" in ann.run("which", "data/processed/selected.csv").stdout
    assert "made again by bob on " in bob.run("log", "ann").stdout
    review = json.loads(bob.run("review", "ann", "--json").stdout)
    assert ["Made again", "different, by bob (2 files), identical, by bob (1 file)"] in review["facts"]
    assert any("It was made again and came out different: by bob on" in one["text"] for one in review["findings"])
    assert hints.IN_A_RULE in bob.run("reproduce", "data/processed/notes.txt", code=1).stderr


def test_a_figure_of_yesterday_is_traced_and_made_again_though_its_branch_moved_on(bob: Quick, lab: Lab) -> None:
    figure = bob.root.parent / "talk.png"
    found = json.loads(bob.run("which", "--json", str(figure)).stdout)[0]
    assert found["holders"] == {}
    (selected,) = found["origin"]["inputs"]
    (table,) = selected["inputs"]
    assert [one["name"] for one in table["inputs"]] == ["data/raw/plate.csv"]
    # Its table is in the history of a branch only, which lists it by its git hash.
    assert outcomes(reproduce(bob, str(figure))) == {"processed/plot.png": "identical"}
    bob.write("processed/renamed.png", figure.read_bytes())
    found = json.loads(bob.run("which", "--json", "data/processed/renamed.png").stdout)[0]
    assert (found["path"], found["record"]["path"]) == ("processed/renamed.png", "processed/plot.png")
    bob.remove("processed/renamed.png")


def test_noise_is_equal_and_a_tag_is_made_again_as_a_whole(ann: Quick, bob: Quick, lab: Lab) -> None:
    snakemake(ann, "data/processed/plot.png", "--forcerun", "table")
    ann.put()
    lab.hub.api("ann").create_tag(lab.results, repo_type="dataset", tag="v1", revision="ann")
    bob.env["VALUE"] = "0.30000000000000004"
    told = reproduce(bob, "v1")
    assert outcomes(told) == {
        "interim/table.csv": "equal",
        "processed/plot.png": "identical",
        "processed/selected.csv": "equal",
    }
    assert told["left_out"] == ["data/processed/notes.txt: it cannot be made again: no rule of the pipeline makes it."]
    assert json.loads(bob.run("which", "--json", "data/interim/table.csv").stdout)[0]["verdicts"]
    del bob.env["VALUE"]


def test_a_table_is_equal_within_the_tolerance_that_is_asked_for_and_the_verdict_says_which(bob: Quick) -> None:
    bob.env["VALUE"] = "0.301"
    table = "data/interim/table.csv"
    assert outcomes(reproduce(bob, table, code=3)) == {"interim/table.csv": "different"}
    assert outcomes(reproduce(bob, table, "--tolerance", "0.001", code=3)) == {"interim/table.csv": "different"}
    told = reproduce(bob, table, "--tolerance", "0.01")
    assert outcomes(told) == {"interim/table.csv": "equal"}
    assert told["tolerance"] == 0.01
    found = json.loads(bob.run("which", "--json", table).stdout)[0]["verdicts"]
    assert any("equal (1 cell differs by less than 0.01 of its value)" in one for one in found)
    said = bob.run("reproduce", table, "--tolerance", "0.01", "--cores", "1").stdout
    assert f"{table}: equal: no number differs by more than 0.01 of its value" in said
    # Pictures keep their own: no eye sees a difference.
    bob.run("reproduce", table, "--tolerance", "nan", code=2)
    bob.run("reproduce", table, "--tolerance", "1", code=2)
    del bob.env["VALUE"]


@pytest.mark.hint("OTHER_COMMAND", "look_at_log")
def test_one_that_is_cut_off_is_taken_up_again(bob: Quick) -> None:
    bob.env["PAUSE"] = "4"
    process = bob.start("reproduce", "data/processed/plot.png", "data/processed/selected.csv", "--cores", "1")
    log = _log_with(bob, "rule select")
    process.kill()
    process.communicate()
    # Snakemake goes on by itself; two of them in one folder would be one too many.
    again = ("reproduce", "data/processed/plot.png", "data/processed/selected.csv", "--cores", "1")
    assert hints.OTHER_COMMAND in bob.run(*again, code=1).stderr
    deadline = time.monotonic() + 60
    while (done := bob.run("reproduce", *again[1:], code=None)).returncode == 1 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert done.returncode == 0, done.stderr
    assert not log.exists()
    del bob.env["PAUSE"]
    draw = bob.root / "draw.py"
    assert draw.is_file()


def _log_with(member: Quick, text: str) -> Path:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for log in member.path(".labdata/reproduce").glob("*/log.txt"):
            if text in log.read_text():
                return log
        time.sleep(0.1)
    raise AssertionError(f"{text} was never said")


@pytest.mark.hint(
    "MADE_BEFORE_RECORDS", "COMMITTED_SINCE", "fetch_commit", "AGAIN_AND_PUT", "LOST_INPUT", "COMMIT_AND_PUT"
)
def test_what_cannot_be_made_again_says_why_and_what_helps(ann: Quick, bob: Quick, lab: Lab) -> None:
    lab.web_commit("cho", {"processed/web.csv": "1\n"})
    done = bob.run("reproduce", "data/raw/plate.csv", code=1)
    assert "data/raw/plate.csv is an input" in done.stderr
    assert hints.LIST_DATA in done.stderr
    done = bob.run("reproduce", "data/processed/web.csv", code=1)
    assert "nothing is recorded of how it was made: cho published it" in done.stderr
    assert hints.MADE_BEFORE_RECORDS in done.stderr
    ann.get()
    (ann.root / "config.yaml").write_text("factor: '0.9'\nshade: 120\n")
    snakemake(ann, "data/processed/plot.png")
    ann.put()
    done = bob.run("reproduce", "data/processed/plot.png", code=1)
    assert "git did not have all of the code (config.yaml)" in done.stderr
    assert hints.COMMITTED_SINCE in done.stderr
    assert outcomes(reproduce(bob, "data/processed/plot.png", "--anyway", code=3)) == {
        "processed/plot.png": "different"
    }
    commit(ann, "feat: paler")
    ann.put("--restamp")
    done = bob.run("reproduce", "data/processed/plot.png", code=1)
    assert "this clone does not have the commit" in done.stderr
    assert hints.fetch_commit("ann") in done.stderr
    git(ann.root, "push", "--quiet", "origin", "main")
    git(bob.root, "fetch", "--quiet", "--all")
    assert outcomes(reproduce(bob, "data/processed/plot.png")) == {"processed/plot.png": "identical"}
    forged(lab, bob)


def forged(lab: Lab, bob: Quick) -> None:
    """Records that say what cannot be, or what nobody can know."""
    sha256 = hashlib.sha256(b"forged\n").hexdigest()
    code = {"repo": "origin", "commit": git(bob.root, "rev-parse", "origin/main"), "dirty": []}
    lies: list[tuple[dict[str, Any], str]] = [
        ({"rule": "--snakefile"}, hints.AGAIN_AND_PUT),
        ({"notes": {"target": "../x"}}, hints.AGAIN_AND_PUT),
        ({"code": code | {"commit": "--all"}}, hints.fetch_commit("")),
        ({"inputs": [["data/raw/plate.csv", None]]}, hints.AGAIN_AND_PUT),
        ({"inputs": [["data/raw/plate.csv", "0" * 64]]}, hints.LOST_INPUT),
        ({"code": {}}, hints.COMMIT_AND_PUT),
        ({}, "All that it said is in "),
    ]
    for number, (lie, hint) in enumerate(lies):
        path = f"processed/forged-{number}.csv"
        pack = packed([Record(path, sha256, "rule", **({"rule": "nosuch", "code": code} | lie))])
        lab.web_commit("cho", {path: "forged\n", pack.path: pack.data.decode()}, "ann")
        done = bob.run("reproduce", f"data/{path}", code=1)
        assert hint in done.stderr, (lie, done.stderr)
