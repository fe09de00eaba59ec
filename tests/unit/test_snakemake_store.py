"""Notes given to Snakemake are what its own class would have written, though most are written without it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labdata.local.snakemake_notes import job_notes
from labdata.records.snakemake_store import Forms, write
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord, file
from snakemake.persistence.file import FilePersistence

LONG = "processed/" + "a-very-long-name-" * 14 + ".csv"


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def notes_on(*paths: str, incomplete: bool = False) -> dict[str, dict[str, Any]]:
    return {
        path: {
            "target": f"data/{path}",
            "record_format_version": RECORD_FORMAT_VERSION,
            "rule": "select",
            "input": ["data/raw/größe.csv"],
            "params": ["0.9"],
            "starttime": 1764000000.25,
            "endtime": 1764000002.5,
            "incomplete": incomplete,
            "input_checksums": {"data/raw/größe.csv": "sha256:00"},
        }
        for path in paths
    }


def metadata(root: Path) -> dict[str, tuple[bytes, int]]:
    folder = root / ".snakemake" / "metadata"
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in found}


def test_snakemake_finds_what_its_own_class_would_have_written(tmp_path: Path) -> None:
    bodies = notes_on("processed/a.csv", "processed/ä b.csv", LONG, "processed/z.csv")
    its = FilePersistence(nolock=True, path=tmp_path / "its" / ".snakemake")
    for body in bodies.values():
        its._write_record(body["target"], MetadataRecord(**{k: v for k, v in body.items() if k != "target"}))
    done = write(tmp_path / "ours", bodies)
    assert (done.written, done.problem) == (set(bodies), "")
    assert metadata(tmp_path / "ours") == metadata(tmp_path / "its")
    assert set(job_notes(tmp_path / "ours", set(bodies), 0)) == set(bodies)

    # What is there already, and readable for others, is written anew and stays so.
    where = tmp_path / "ours" / ".snakemake" / "metadata"
    old = next(path for path in where.iterdir() if path.is_file())
    shutil.copy(old, tmp_path / "copy")
    old.write_text("{half")
    old.chmod(0o664)
    assert write(tmp_path / "ours", bodies).written == set(bodies)
    assert old.read_bytes() == (tmp_path / "copy").read_bytes()
    assert old.stat().st_mode & 0o777 == 0o664

    # Marks of what is half made come and go with the notes.
    assert write(tmp_path / "ours", notes_on("processed/z.csv", incomplete=True)).written
    notes = FilePersistence(nolock=True, path=tmp_path / "ours" / ".snakemake")
    assert notes._filter_incomplete_keys(["data/processed/z.csv", "data/processed/a.csv"]) == {"data/processed/z.csv"}
    write(tmp_path / "ours", notes_on("processed/z.csv"))
    notes._clear_cache()
    assert not notes._filter_incomplete_keys(["data/processed/z.csv"])


def test_texts_that_are_made_before_are_what_the_class_would_have_written(tmp_path: Path) -> None:
    bodies = notes_on("processed/a.csv", "processed/ä b.csv", "processed/z.csv")
    bodies["processed/z.csv"] |= {"input": [], "log": ["logs/z.log"], "starttime": None, "input_checksums": {}}
    forms = Forms()
    texts = {path: forms.text(body, "select") for path, body in bodies.items()}
    for path, body in bodies.items():
        its = MetadataRecord(**{name: value for name, value in body.items() if name != "target"})
        assert texts[path] == json.dumps(its.model_dump()).encode()
    write(tmp_path / "alone", bodies)
    write(tmp_path / "ready", bodies, {path: text for path, text in texts.items() if text})
    assert metadata(tmp_path / "ready") == metadata(tmp_path / "alone")


def test_no_text_is_made_before_of_what_the_class_would_change_or_refuse() -> None:
    forms, (body,) = Forms(), notes_on("processed/a.csv").values()
    assert forms.text(body | {"code": 5}, "refused") is None
    assert forms.text(body | {"starttime": "17.5"}, "changed") is None
    assert forms.text(body | {"unheard of": 1}, "unknown") is None
    assert forms.text(body, "fitting") is not None


def test_a_snakemake_that_writes_its_notes_otherwise_writes_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = json.dump
    monkeypatch.setattr(file.json, "dump", lambda value, where: dump(value, where, indent=1))
    bodies = notes_on("processed/a.csv", "processed/b.csv", "processed/c.csv")
    assert write(tmp_path, bodies).written == set(bodies)
    assert [text.count(b"\n") > 9 for text, _mode in metadata(tmp_path).values()] == [True] * 3
