"""What Snakemake knows on one computer it knows on every other: a pipeline of three rules."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from labdata.core import hints
from labdata.core.packs import FOLDER, PackError, text_of
from labdata.core.records import Record, parsed
from labdata.core.stamps import Stamp, written

from localhub.testing import Hub
from tests.endurance.runner import Quick, Runner, quick_member
from tests.members import Lab, new_lab
from tests.once import programs
from tests.template.generating import environment, git

SNAKEFILE = """\
configfile: "config.yaml"

rule all:
    input: "data/processed/plot.txt"

rule table:
    input: "data/raw/plate.csv"
    output: "data/interim/table.csv"
    shell: "cat {input} > {output}; echo well >> {output}"

rule select:
    input: "data/interim/table.csv"
    output: "data/processed/selected.csv"
    log: "logs/select.log"
    params: threshold=config["threshold"]
    shell: "sed s/well/{params.threshold}/ {input} > {output} 2> {log}"

rule plot:
    input: "data/processed/selected.csv"
    output: "data/processed/plot.txt"
    shell: "wc -l {input} > {output}"
"""
MADE = ["interim/table.csv", "processed/plot.txt", "processed/selected.csv"]
NOTHING = "Nothing to be done"


@dataclass
class Desk:
    """A member with a clone of the code."""

    member: Quick

    @property
    def root(self) -> Path:
        return self.member.root

    def snakemake(self, *arguments: str, code: int = 0) -> str:
        env = self.member.env | environment(self.root.parent / "home")
        command = ["snakemake", "--cores", "1", "--scheduler", "greedy", *arguments]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def stale(self, *arguments: str) -> set[str]:
        """The rules that Snakemake would run."""
        said = self.snakemake("--dry-run", *arguments)
        assert "missing provenance" not in said
        if NOTHING in said:
            return set()
        return {line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith("rule ")} - {"all"}

    def threshold(self, value: str) -> None:
        (self.root / "config.yaml").write_text(f"threshold: '{value}'\n")


@pytest.fixture(scope="module")
def running() -> Iterator[Runner]:
    with Runner.started() as runner:
        yield runner


@pytest.fixture(scope="module")
def lab(shared_hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return new_lab(shared_hub, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def join(lab: Lab, running: Runner) -> Callable[..., Desk]:
    def joined(name: str, computer: str = "") -> Desk:
        desk = Desk(quick_member(lab, running, name, computer))
        (desk.root / "Snakefile").write_text(SNAKEFILE)
        desk.threshold("0.9")
        return desk

    return joined


@pytest.fixture(scope="module")
def ann(join: Callable[..., Desk]) -> Desk:
    """Ann has run the pipeline, and what it made is on main."""
    ann = join("ann")
    (ann.root / ".gitignore").write_text("/data\n/.snakemake\n/logs\n.env\n")
    git(ann.root, "init", "--quiet", "--initial-branch=main")
    git(ann.root, "add", "Snakefile", "config.yaml")
    git(ann.root, "commit", "--quiet", "--message", "feat: a pipeline")
    ann.member.write("raw/plate.csv", "A01\n")
    ann.member.run("put", "inputs")
    ann.snakemake()
    ann.member.write("processed/notes.txt", "by hand\n")
    ann.member.put()
    ann.member.run("pr", "create")
    ann.member.run("pr", "merge", "1")
    return ann


def packs(lab: Lab, branch: str = "main") -> list[str]:
    listed = lab.hub.api("cho").list_repo_files(lab.results, repo_type="dataset", revision=branch)
    return sorted(path for path in listed if path.startswith(f"{FOLDER}/"))


def records(lab: Lab, branch: str = "main") -> dict[str, list[Record]]:
    """The records of a branch by path, read by the plain client."""
    api, kept = lab.hub.api("cho"), lab.folder / "plain"
    found: dict[str, list[Record]] = {}
    for path in packs(lab, branch):
        where = api.hf_hub_download(lab.results, path, repo_type="dataset", revision=branch, cache_dir=kept)
        with suppress(PackError):
            for one in parsed(text_of(path, Path(where).read_bytes())):
                found.setdefault(one.path, []).append(one)
    return found


def test_a_put_records_how_each_file_was_made_and_a_pull_request_takes_that_along(ann: Desk, lab: Lab) -> None:
    found = records(lab)
    assert packs(lab) == packs(lab, "ann")
    assert len(packs(lab)) == 1
    assert sorted(found) == sorted([*MADE, "processed/notes.txt"])
    (selected,), (table,), (notes,) = (
        found["processed/selected.csv"],
        found["interim/table.csv"],
        found["processed/notes.txt"],
    )
    assert (selected.kind, selected.rule, selected.params) == ("rule", "select", ["'0.9'"])
    assert selected.shellcmd.startswith("sed s/well/0.9/ data/interim/table.csv > data/processed/selected.csv")
    assert (selected.inputs, selected.log) == ([["data/interim/table.csv", table.sha256]], ["logs/select.log"])
    assert selected.code["commit"] == git(ann.root, "rev-parse", "HEAD")
    assert selected.code["dirty"] == [".gitignore", "labdata.toml"]
    assert selected.who == "ann"
    assert selected.software["packages"]["snakemake"].startswith("9.")
    assert selected.start is not None
    assert (notes.kind, notes.rule, notes.who) == ("file", "", "ann")
    assert "provenance" not in ann.member.run("files").stdout
    assert "nothing to publish" in ann.member.put()


def test_ann_and_bob_change_a_parameter_and_hear_the_same(ann: Desk, lab: Lab, join: Callable[..., Desk]) -> None:
    bob = join("bob")
    bob.member.run("get", "inputs")
    bob.member.get()
    assert bob.stale() == ann.stale() == set()
    for desk in (ann, bob):
        desk.threshold("0.7")
    assert bob.stale() == ann.stale() == {"select", "plot"}
    # A get that brings nothing gives back what a person has thrown away.
    shutil.rmtree(bob.root / ".snakemake")
    bob.member.get()
    assert bob.stale() == {"select", "plot"}
    bob.snakemake()
    bob.member.put()
    bob.member.run("pr", "create")
    bob.member.run("pr", "merge", "2")
    ann.threshold("0.7")
    ann.member.get()
    assert ann.member.read("processed/selected.csv") == "A01\n0.7\n"
    assert ann.stale() == set()
    # That the plot was made anew, though its bytes stayed, is known to Ann too.
    plots = records(lab)["processed/plot.txt"]
    assert sorted(one.who for one in plots) == ["ann", "bob"]
    packs_before = packs(lab)
    ann.member.put()
    assert packs(lab, "ann") == packs_before


def test_a_put_tells_what_changed_by_hand_and_restamp_records_the_commit(ann: Desk, lab: Lab) -> None:
    ann.member.write("processed/selected.csv", "edited\n")
    said = ann.member.put()
    assert "as (dirty)" in said
    assert "--restamp" in said
    before = records(lab, "ann")
    changed = max(before["processed/selected.csv"], key=lambda one: one.noted)
    assert (changed.kind, changed.rule) == ("changed", "select")
    git(ann.root, "add", "--all")
    git(ann.root, "commit", "--quiet", "--message", "feat: all of it")
    head = git(ann.root, "rev-parse", "HEAD")
    said = ann.member.put("--restamp")
    assert "uploading" not in said
    assert "Recorded how 4 files" in said
    after = records(lab, "ann")
    assert all(len(found) == len(before[path]) + 1 for path, found in after.items())
    newest = {path: next(one for one in found if one.code.get("commit") == head) for path, found in after.items()}
    assert all(one.code["dirty"] == [] for one in newest.values())
    assert newest["processed/selected.csv"].kind == "changed"


def test_damaged_foreign_and_newer_packs_are_told_and_harm_nothing(
    ann: Desk, lab: Lab, join: Callable[..., Desk]
) -> None:
    newer = '{"labdata":"records","format":2}\n[]\n'
    name = hashlib.sha256(newer.encode()).hexdigest()
    lab.web_commit(
        "cho",
        {
            f"{FOLDER}/{name}.jsonl": newer,
            f"{FOLDER}/{'0' * 64}.jsonl": "not what the name says",
            f"{FOLDER}/README.md": "hello",
        },
    )
    cho = join("cho")
    cho.member.run("get", "inputs")
    done = cho.member.run("get", "results")
    said = done.stdout + done.stderr
    assert "record pack of" in said
    assert "a newer labdata wrote" in said
    cho.threshold("0.7")
    assert cho.stale() == set()
    assert "nothing to publish" in cho.member.put()
    assert "Refused" not in said


def test_a_format_of_snakemakes_notes_that_is_not_installed_here_is_left_out_in_one_line(
    lab: Lab, join: Callable[..., Desk]
) -> None:
    dan = join("cho", "-laptop")
    older = dan.root.parent / "older"
    older.mkdir()
    (older / "sitecustomize.py").write_text("import snakemake.persistence as p\np.RECORD_FORMAT_VERSION = 5\n")
    env = dan.member.env | {"PYTHONPATH": os.pathsep.join([str(older), dan.member.env["PYTHONPATH"]])}
    command = [str(programs() / "python"), "-m", "labdata", "get", "results"]
    done = subprocess.run(command, cwd=dan.root, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "was not told how 3 files came to be: that was noted in its format 6" in done.stderr
    assert not (dan.root / ".snakemake" / "metadata").exists()
    dan.member.get()
    assert len(list((dan.root / ".snakemake" / "metadata").iterdir())) == 3


def test_snakemakes_database_is_given_the_same(ann: Desk, join: Callable[..., Desk]) -> None:
    eve = join("ann", "-laptop")
    (eve.root / "profiles" / "default").mkdir(parents=True)
    (eve.root / "profiles" / "default" / "config.yaml").write_text("persistence-backend: db\n")
    eve.member.run("get", "inputs")
    eve.member.get()
    assert (eve.root / ".snakemake" / "metadata.db").is_file()
    eve.threshold("0.7")
    assert eve.stale() == ann.stale()
    eve.threshold("0.5")
    assert eve.stale() == {"select", "plot"}


def which(desk: Desk, file: str | Path) -> dict[str, Any]:
    told: list[dict[str, Any]] = json.loads(desk.member.run("which", "--json", str(file)).stdout)
    return told[0]


@pytest.mark.hint("LIST_DATA", "NOT_OF_THIS_PROJECT")
def test_a_figure_is_traced_to_its_raw_plate_by_another_member_from_a_copy(
    ann: Desk, lab: Lab, join: Callable[..., Desk], tmp_path: Path
) -> None:
    ann.threshold("0.6")
    ann.member.get()
    ann.snakemake("--forcerun", "table")
    found = which(ann, "processed/selected.csv")
    assert (found["record"]["rule"], found["record"]["noted"], found["here"]) == ("select", "", "unpublished")
    assert "not published yet" in ann.member.run("which", "processed/selected.csv").stdout
    figure = f"<svg>{written(Stamp('lab/p', 'processed/figure.svg', script='notebooks/1.py'))}</svg>"
    ann.member.write("processed/figure.svg", figure)
    ann.member.put()
    ann.member.run("tag", "v1", "--results-only")
    ann.member.run("pr", "create")
    dan = join("bob", "-laptop")
    (dan.root / "plot.txt").write_bytes(ann.member.path("processed/plot.txt").read_bytes())
    found = which(dan, "plot.txt")
    assert (found["path"], found["known_by"], found["here"]) == ("processed/plot.txt", "content", "missing")
    assert found["record"]["rule"] == "plot"
    assert {"branch ann", "tag v1"} <= found["holders"].keys()
    (selected,) = found["origin"]["inputs"]
    (table,) = selected["inputs"]
    (plate,) = table["inputs"]
    assert [one["name"] for one in (selected, table, plate)] == [
        "data/processed/selected.csv",
        "data/interim/table.csv",
        "data/raw/plate.csv",
    ]
    assert selected["record"]["params"] == ["'0.6'"]
    assert selected["record"]["code"]["inputs"].startswith(f"{lab.inputs}@")
    dan.member.run("get", "inputs")
    dan.member.get()
    said = dan.member.run("which", "plot.txt").stdout
    assert f"{plate['sha256'][:8]}, as on this disk" in said
    copy = tmp_path / "resaved.svg"
    copy.write_text(figure.replace("<svg>", "<svg width='9'>"))
    found = which(dan, copy)
    assert (found["path"], found["known_by"]) == ("processed/figure.svg", "stamp")
    assert found["record"]["notes"] == {"script": "notebooks/1.py"}
    copy.write_text("nobody's")
    done = dan.member.run("which", str(copy), code=1)
    assert "Nobody knows" in done.stderr
    assert hints.NOT_OF_THIS_PROJECT in done.stderr
    assert (
        hints.did_you_mean(["data/processed/plot.txt"])
        in dan.member.run("which", "data/processed/plott.txt", code=1).stderr
    )
    assert hints.LIST_DATA in dan.member.run("which", "zzz", code=1).stderr
    assert "processed/plot.txt" in dan.member.run("files").stdout


def test_which_says_what_is_stale_and_why(ann: Desk, lab: Lab) -> None:
    assert which(ann, "data/processed/plot.txt")["stale"] == []
    ann.member.write("raw/plate.csv", "A02\n")
    found = which(ann, ann.member.path("processed/plot.txt"))
    assert found["stale"] == [
        "data/raw/plate.csv is another here than the one that data/interim/table.csv was made from"
    ]
    said = ann.member.run("which", "data/processed/plot.txt").stdout
    assert "changed on this disk, not published" in said
    ann.member.write("raw/plate.csv", "A01\n")
    lab.web_commit("cho", {"processed/web.txt": "from the website\n"})
    ann.member.get()
    said = ann.member.run("which", "data/processed/web.txt").stdout
    assert "unknown: cho published it on" in said
    with lab.faults("route=refs,status=403"):
        done = ann.member.run("which", "data/processed/plot.txt")
        assert "as of the last contact" in done.stderr
        assert "rule plot" in done.stdout


STEPS = """\
from labdata.pipeline import code_of

STEP = "steps:shout"

rule shout:
    input: "data/raw/plate.csv"
    output: "data/processed/shout.txt"
    params: one=code_of("steps:shout"), two=code_of("steps:whisper")
    shell: "cp {input} {output}"
"""


def test_the_code_of_a_rule_is_the_projects_wherever_a_person_stands_and_unread_is_not_changed(
    ann: Desk, join: Callable[..., Desk]
) -> None:
    bob = join("bob", "-attic")
    bob.member.run("get", "inputs")
    bob.member.get()
    steps = bob.root / "src" / "steps.py"
    steps.parent.mkdir()
    steps.write_text("def shout(): return 1\n\ndef whisper(): return 1\n")
    (bob.root / "rules").mkdir()
    rules = bob.root / "rules" / "steps.smk"
    rules.write_text(STEPS)
    (bob.root / "Snakefile").write_text(f'include: "rules/steps.smk"\n{SNAKEFILE}')
    # Somebody's own src/ further down is not the project's.
    below = bob.root / "notebooks" / "src" / "steps.py"
    below.parent.mkdir(parents=True)
    below.write_text("def shout(): return 3\n\ndef whisper(): return 3\n")
    bob.snakemake("data/processed/shout.txt")
    bob.member.put()
    stood = replace(bob.member, root=bob.root / "notebooks")

    def told() -> tuple[list[str], list[str]]:
        [found] = json.loads(stood.run("which", "--json", str(bob.member.path("processed/shout.txt"))).stdout)
        # His rules are in no git: whether they changed, nobody can tell.
        return found["stale"], [one for one in found["doubts"] if not one.startswith("its rules and config")]

    assert told() == ([], [])
    # Where one of two steps was changed, the rule would run.
    steps.write_text("def shout(): return 1\n\ndef whisper(): return 2\n")
    assert bob.stale("data/processed/shout.txt") == {"shout"}
    assert told() == (["the code that rule shout runs was changed since it made data/processed/shout.txt"], [])
    # What only Snakemake can read is not said to be another; nor is a comment read for a rule.
    steps.write_text("def shout(): return 1\n\ndef whisper(): return 1\n")
    rules.write_text(STEPS.replace('code_of("steps:shout")', "code_of(STEP)"))
    assert bob.stale("data/processed/shout.txt") == set()
    stale, [doubt] = told()
    assert (stale, "only Snakemake can read" in doubt) == ([], True)
    rules.write_text(f"# code_of(...)\n{STEPS}")
    assert told() == ([], [])
    # Of a rule that names no code nothing is claimed, nor of an input that is nowhere to be seen.
    bob.snakemake("data/processed/selected.csv", "--forcerun", "table")
    *_rules, doubt = which(bob, "processed/selected.csv")["doubts"]
    assert doubt.startswith("the code of select and table is not recorded")
    bob.member.remove("raw/plate.csv")
    assert told() == ([], [])
    ann.member.write("raw/plate.csv", "A03\n")
    ann.member.run("put", "inputs")
    stale, [doubt] = told()
    assert (stale, doubt.startswith("data/raw/plate.csv is not on this disk")) == ([], True)
    ann.member.write("raw/plate.csv", "A01\n")
    ann.member.run("put", "inputs")


def test_new_raw_data_make_stale_what_was_published_later_from_the_old(ann: Desk, join: Callable[..., Desk]) -> None:
    cho = join("cho", "-cluster")
    cho.threshold("0.6")
    cho.member.run("get", "inputs")
    cho.member.get("--from", "ann")
    assert cho.stale() == set()
    ann.member.write("raw/plate.csv", "A03\n")
    ann.member.run("put", "inputs")
    # Ann publishes what she had made before.
    ann.member.write("processed/later.txt", "later\n")
    ann.member.put()
    cho.member.run("get", "inputs")
    cho.member.get("--from", "ann")
    assert cho.stale() == {"table", "select", "plot"}


def test_a_put_stops_at_what_is_half_made_unless_that_is_meant_and_says_so(ann: Desk, lab: Lab) -> None:
    mark = ann.root / ".snakemake" / "incomplete" / base64.urlsafe_b64encode(b"data/processed/plot.txt").decode()
    mark.write_text('{"external_jobid": null}')
    ann.member.write("processed/plot.txt", "half\n")
    said = ann.member.put(code=1)
    assert "data/processed/plot.txt" in said
    assert "just run --rerun-incomplete" in said
    assert "--incomplete" in said
    git(ann.root, "init", "--quiet", "--bare", str(lab.folder / "origin.git"))
    git(ann.root, "remote", "add", "origin", str(lab.folder / "origin.git"))
    git(ann.root, "add", "--all")
    git(ann.root, "commit", "--quiet", "--message", "feat: not pushed yet")
    assert "is committed but not pushed" in ann.member.put("--incomplete")
    newest = max(records(lab, "ann")["processed/plot.txt"], key=lambda one: (one.noted, one.incomplete))
    assert newest.incomplete
    found = which(ann, "data/processed/plot.txt")
    assert "data/processed/plot.txt was published half made" in found["stale"]
    assert found["pushed"] is False
    git(ann.root, "push", "--quiet", "origin", "HEAD")
    assert which(ann, "data/processed/plot.txt")["pushed"] is True
    mark.unlink()


def test_a_project_made_before_records_goes_on_and_has_them_from_its_next_put_on(
    shared_hub: Hub, running: Runner, tmp_path: Path
) -> None:
    lab = new_lab(shared_hub, tmp_path)
    eve = Desk(quick_member(lab, running, "ann"))
    (eve.root / "Snakefile").write_text(SNAKEFILE)
    eve.threshold("0.9")
    lab.web_commit("ann", {"processed/old.txt": "old\n", "interim/table.csv": "A01\nwell\n"})
    eve.member.write("raw/plate.csv", "A01\n")
    done = eve.member.run("get", "results")
    assert (done.stderr, packs(lab)) == ("", [])
    assert "nothing says how it was made" in eve.member.run("which", "data/processed/old.txt").stdout
    eve.member.put()
    assert packs(lab, "ann") == []
    eve.snakemake()
    eve.member.put()
    assert sorted(records(lab, "ann")) == MADE
    assert eve.member.read("processed/old.txt") == "old\n"
    assert "nothing to publish" in eve.member.put()
