"""What labdata knows of files that a killed Snakemake has left half made: asked of a real Snakemake, really killed."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labdata.local.snakemake import incomplete

from tests.template.generating import environment

LONG = "a-name-that-goes-on-" * 11
SNAKEFILE = """
rule all:
    input: "data/processed/whole.csv", {targets}

rule whole:
    output: "data/processed/whole.csv"
    shell: "echo whole > {{output}}"

rule half:
    input: "data/processed/whole.csv"
    output: {targets}
    shell: "{made} touch begun; sleep 60"
"""


def killed(root: Path, made: str, *targets: str, options: tuple[str, ...] = ()) -> None:
    """Let Snakemake make `targets` by the shell command `made`, and kill it and what it started before it has done."""
    root.mkdir(exist_ok=True)
    named = ", ".join(targets)
    (root / "Snakefile").write_text(SNAKEFILE.format(targets=named, made=made), encoding="utf-8")
    command = ["snakemake", "--cores", "1", *options]
    env = environment(root.parent / "home")
    with (root.parent / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=root, env=env, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        end = time.monotonic() + 60
        while not (root / "begun").exists():
            assert process.poll() is None, (root.parent / "said").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        # A job begins while Snakemake is still marking what it makes, one by one.
        time.sleep(1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def marked(root: Path, name: str) -> None:
    """Mark a name as Snakemake does."""
    mark = root / ".snakemake" / "incomplete" / base64.urlsafe_b64encode(name.encode()).decode()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "project"


@pytest.mark.parametrize("backend", ["file", "db"])
def test_what_a_killed_snakemake_was_making_is_known(root: Path, backend: str) -> None:
    killed(
        root,
        "echo half > data/processed/half.csv; mkdir -p data/interim/parts; echo 1 > data/interim/parts/1.csv;",
        "'data/processed/half.csv'",
        "directory('data/interim/parts')",
        "'data/processed/not-begun.csv'",
        "'notes.txt'",
        options=("--persistence-backend", backend),
    )
    assert (root / "data" / "processed" / "half.csv").read_text() == "half\n"
    assert incomplete(root) == {"processed/half.csv", "interim/parts", "processed/not-begun.csv"}


WRITES = """
import os, signal, sqlite3, sys
notes = sqlite3.connect(sys.argv[1])
notes.execute("CREATE TABLE snakemake_metadata (target TEXT, incomplete BOOLEAN)")
notes.execute("INSERT INTO snakemake_metadata VALUES ('data/processed/half.csv', 1)")
notes.commit()
notes.execute("PRAGMA cache_size=1")
notes.executemany("INSERT INTO snakemake_metadata VALUES (?, 0)", [(str(n) * 500,) for n in range(3000)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_is_known_where_snakemake_was_killed_in_the_middle_of_a_write(root: Path) -> None:
    database = root / ".snakemake" / "metadata.db"
    database.parent.mkdir(parents=True)
    subprocess.run([sys.executable, "-c", WRITES, str(database)], check=False)
    journal = database.with_name("metadata.db-journal")
    before = database.read_bytes(), journal.read_bytes()
    assert incomplete(root) == {"processed/half.csv"}
    assert (database.read_bytes(), journal.read_bytes()) == before


def test_it_is_known_however_long_its_name_and_in_any_script(root: Path) -> None:
    deep = f"data/processed/{LONG}/résumé 表.csv"
    killed(root, f"echo half > '{deep}';", f"'{deep}'")
    assert [path.name[0] for path in (root / ".snakemake" / "incomplete").iterdir()] == ["@"]
    assert incomplete(root) == {deep.removeprefix("data/")}


def test_it_is_known_by_an_absolute_path_too_and_through_links_to_other_disks(root: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    for folder in (root / "data", disk / "processed"):
        folder.mkdir(parents=True)
    (root / "data" / "processed").symlink_to(disk / "processed")
    (root / "results").symlink_to(root / "data" / "processed")
    there = [root / "data/processed/a.csv", disk / "processed/b.csv", disk / "elsewhere.csv"]
    killed(root, "", *(f"'{path}'" for path in there), "'./results/c.csv'")
    assert incomplete(root) == {"processed/a.csv", "processed/b.csv", "processed/c.csv"}


def test_it_is_known_where_data_itself_is_a_link(root: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    root.mkdir()
    (root / "data").symlink_to(disk)
    killed(root, "", f"'{disk}/processed/a.csv'", "'data/processed/b.csv'")
    assert incomplete(root) == {"processed/a.csv", "processed/b.csv"}


def test_once_it_is_made_again_nothing_is_half_made(root: Path, tmp_path: Path) -> None:
    killed(root, "echo half > data/processed/half.csv;", "'data/processed/half.csv'")
    snakefile = root / "Snakefile"
    snakefile.write_text(snakefile.read_text().replace("sleep 60", "true"))
    env = environment(tmp_path / "home")
    for options in (["--unlock"], ["--rerun-incomplete"]):
        subprocess.run(["snakemake", "--cores", "1", *options], cwd=root, env=env, check=True, capture_output=True)
    assert incomplete(root) == set()


def test_marks_that_nobody_can_read_are_nobodys(root: Path) -> None:
    folder = root / ".snakemake" / "incomplete"
    for name in ("migration_underway", "not base64!", "aaaaa", "_w==", ".nfs0001", "README", "@"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "no-part-of-a-mark").mkdir()
    (folder / "no-part-of-a-mark" / base64.urlsafe_b64encode(b"data/raw/x").decode()).touch()
    for name in (
        "data/processed/x.csv",
        "data",
        "data/",
        "database/x.csv",
        "../data/y.csv",
        "data/\0",
        "s3://b/data/z",
    ):
        marked(root, name)
    assert incomplete(root) == {"processed/x.csv"}


def test_a_project_without_a_pipeline_has_none(root: Path) -> None:
    assert incomplete(root) == set()
    (root / ".snakemake" / "incomplete").mkdir(parents=True)
    assert incomplete(root) == set()
    (root / ".snakemake" / "metadata.db").write_bytes(b"no database")
    assert incomplete(root) == set()
