"""What Snakemake knows on one computer reaches the others whatever came in between: Ann makes the same bytes anew.

Her pipeline takes a threshold that changes no file: only the records tell that it was run with another one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from labdata.core.packs import FOLDER, text_of
from labdata.core.records import Record, packed, parsed
from labdata.local.run_lock import hold_run

from tests.end_to_end.test_records_and_snakemake import SNAKEFILE, Desk
from tests.endurance.runner import Conditions, Quick, Runner
from tests.members import Lab
from tests.once import programs

BYTES_STAY = SNAKEFILE.replace("sed s/well/{params.threshold}/ {input}", "cat {input}")
SELECTED = "data/processed/selected.csv"


@pytest.fixture
def seat(join: Callable[..., Quick]) -> Callable[..., Desk]:
    def seated(name: str, computer: str = "") -> Desk:
        desk = Desk(join(name, computer))
        (desk.root / "Snakefile").write_text(BYTES_STAY)
        desk.threshold("0.9")
        return desk

    return seated


@pytest.fixture
def ann(seat: Callable[..., Desk]) -> Desk:
    """Ann has run the pipeline with 0.9, and what it made is on main."""
    ann = seat("ann")
    ann.member.write("raw/plate.csv", "A01\n")
    ann.member.run("put", "inputs")
    ann.snakemake()
    merged(ann, 1)
    return ann


@pytest.fixture
def bob(ann: Desk, seat: Callable[..., Desk]) -> Desk:
    """Bob has what Ann has."""
    bob = seat("bob")
    bob.member.run("get", "inputs")
    bob.member.get()
    assert bob.stale() == ann.stale() == set()
    return bob


def merged(desk: Desk, number: int) -> None:
    desk.member.put()
    desk.member.run("pr", "create")
    desk.member.run("pr", "merge", str(number))


def made_with(desk: Desk, threshold: str) -> None:
    desk.threshold(threshold)
    desk.snakemake()


def with_threshold(desk: Desk, threshold: str) -> set[str]:
    """What Snakemake would run if the lab agreed on a threshold."""
    desk.threshold(threshold)
    return desk.stale()


def test_a_look_at_a_file_or_the_get_of_a_part_does_not_use_up_what_the_next_get_tells_snakemake(
    ann: Desk, bob: Desk
) -> None:
    made_with(ann, "0.7")
    merged(ann, 2)
    bob.member.run("which", SELECTED)
    bob.member.get("interim")
    bob.member.get()
    assert with_threshold(bob, "0.7") == ann.stale() == set()
    assert with_threshold(bob, "0.9") == with_threshold(ann, "0.9") == {"select", "plot"}


def test_who_has_looked_at_anothers_version_or_undoes_a_get_has_snakemakes_own_notes_again(
    ann: Desk, bob: Desk
) -> None:
    made_with(ann, "0.7")
    ann.member.write("processed/more.txt", "more\n")
    ann.member.put()
    bob.member.get("--from", "ann")
    assert with_threshold(bob, "0.7") == set()
    bob.member.get()
    assert with_threshold(bob, "0.9") == set()
    ann.member.run("pr", "create")
    ann.member.run("pr", "merge", "2")
    bob.member.get()
    assert with_threshold(bob, "0.7") == set()
    bob.member.run("undo")
    assert with_threshold(bob, "0.9") == set()
    bob.member.get()
    assert with_threshold(bob, "0.7") == set()


def test_what_the_hub_or_the_disk_refused_comes_with_the_next_get_though_nothing_is_new(
    ann: Desk, bob: Desk, lab: Lab, runner: Runner
) -> None:
    made_with(ann, "0.7")
    merged(ann, 2)
    with lab.faults("route=resolve,status=403"):
        assert "could not be read" in bob.member.get()
    notes = bob.root / ".snakemake" / "metadata"
    for note in notes.iterdir():
        note.chmod(0o400)
    said = runner.run(bob.member, ["get", "results"], Conditions(obey_modes=True)).said
    assert "up to date" in said
    assert "The next get writes them" in said
    for note in notes.iterdir():
        note.chmod(0o600)
    bob.member.get()
    assert with_threshold(bob, "0.7") == set()
    # Nothing is left to do: the get after that asks for no records.
    lab.hub.reset_requests()
    bob.member.get()
    assert lab.hub.requests("resolve") == []


def test_what_one_snakemake_could_not_take_another_one_is_given_though_nothing_is_new(
    ann: Desk, bob: Desk, tmp_path: Path
) -> None:
    made_with(ann, "0.7")
    merged(ann, 2)
    (tmp_path / "sitecustomize.py").write_text("import snakemake.persistence as p\np.RECORD_FORMAT_VERSION = 5\n")
    about = tmp_path / "snakemake-8.0.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text("Metadata-Version: 2.1\nName: snakemake\nVersion: 8.0\n")
    env = bob.member.env | {"PYTHONPATH": os.pathsep.join([str(tmp_path), bob.member.env["PYTHONPATH"]])}
    command = [str(programs() / "python"), "-m", "labdata", "get", "results"]

    def told() -> str:
        done = subprocess.run(command, cwd=bob.root, env=env, capture_output=True, text=True, check=True, timeout=120)
        return done.stderr

    assert "was not told how 1 file came to be" in told()
    assert told() == ""
    bob.member.get()
    assert with_threshold(bob, "0.7") == set()


def test_a_record_that_snakemake_cannot_take_is_left_out_by_name_and_all_others_are_given(
    ann: Desk, lab: Lab, seat: Callable[..., Desk]
) -> None:
    odd = {f"processed/odd{number}.txt": f"odd {number}\n" for number in range(3)}
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in odd.values()]
    notes = {"version": 6, "code": "x"}
    first, second, third = odd
    pack = packed(
        [
            Record(first, hashes[0], "rule", "odd", notes=notes | {"conda_env": 3}),
            Record(second, hashes[1], "rule", "odd", notes=notes, end=10**400),
            Record(third, hashes[2], "rule", "odd", notes=notes, inputs=[["data/\ud800.txt", "0" * 64]]),
        ]
    )
    lab.web_commit("cho", {pack.path: pack.data.decode(), **odd})
    bob = seat("bob")
    bob.member.run("get", "inputs")
    assert f"was not told how data/{first} came to be" in bob.member.get()
    assert bob.stale() == set()
    assert with_threshold(bob, "0.7") == with_threshold(ann, "0.7") == {"select", "plot"}
    for path in odd:
        bob.member.run("which", path)


def test_the_latest_job_is_recorded_where_the_notes_were_kept_in_a_database_for_a_while(ann: Desk, lab: Lab) -> None:
    profile = ann.root / "profiles" / "default" / "config.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text("persistence-backend: db\n")
    ann.threshold("0.5")
    ann.snakemake("--forceall")
    profile.write_text("printshellcmds: true\n")
    ann.threshold("0.7")
    ann.snakemake("--forceall")
    ann.member.put()
    api = lab.hub.api("cho")
    listed = api.list_repo_files(lab.results, repo_type="dataset", revision="ann")
    found: list[Record] = []
    for path in (one for one in listed if one.startswith(f"{FOLDER}/")):
        where = api.hf_hub_download(lab.results, path, repo_type="dataset", revision="ann", cache_dir=lab.folder / "c")
        found += [one for one in parsed(text_of(path, Path(where).read_bytes())) if f"data/{one.path}" == SELECTED]
    assert {(one.kind, *one.params) for one in found} == {("rule", "'0.9'"), ("rule", "'0.7'")}
    [told] = json.loads(ann.member.run("which", "--json", SELECTED).stdout)
    assert (told["record"]["params"], told["stale"]) == (["'0.7'"], [])


def test_several_look_at_a_file_while_a_get_brings_it_and_none_takes_away_what_another_reads(
    ann: Desk, seat: Callable[..., Desk], runner: Runner
) -> None:
    assert ann.stale() == set()
    for number in range(3):
        bob = seat("bob", f"-{number}")
        looks = [runner.start(bob.member, ["which", SELECTED]) for _look in range(3)]
        ends = [runner.wait(one) for one in [*looks, runner.start(bob.member, ["get", "results"])]]
        assert [end.said for end in ends if end.code or "could not be read" in end.said] == []
        assert list((bob.member.path(".labdata") / "reading").iterdir()) == []


def test_a_get_that_brings_nothing_leaves_the_marks_of_a_run_that_is_at_work(ann: Desk, bob: Desk, lab: Lab) -> None:
    made_with(ann, "0.7")
    merged(ann, 2)
    with lab.faults("route=resolve,status=403"):
        bob.member.get()
    run = hold_run(bob.member.path(".labdata"), print)
    mark = bob.root / ".snakemake" / "incomplete" / base64.urlsafe_b64encode(SELECTED.encode()).decode()
    mark.write_text('{"external_jobid": null}')
    assert "up to date" in bob.member.get()
    assert mark.exists()
    run.close()
    bob.member.get()
    assert with_threshold(bob, "0.7") == set()
