"""The `hf` command, as people type it, against this Hub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.localhub.people import hf, type_in

if TYPE_CHECKING:
    from pathlib import Path

    from localhub.testing import Hub


def test_a_day_with_the_hf_command(hub: Hub, tmp_path: Path) -> None:
    ann, bob = tmp_path / "ann", tmp_path / "bob"
    for home in (ann, bob):
        home.mkdir()
    repo = ("lab/day", "--type", "dataset")
    assert "ann" in hf(hub, "ann", ann, "auth", "whoami")
    hf(hub, "ann", ann, "repos", "create", *repo, "--private")
    hf(hub, "ann", ann, "repos", "branch", "create", "lab/day", "ann", "--type", "dataset")

    (ann / "results").mkdir()
    (ann / "results" / "table.csv").write_text("well,value\nA01,1\n")
    (ann / "results" / "profiles.parquet").write_bytes(b"PAR1" * 5000)
    hf(hub, "ann", ann, "upload", "lab/day", "results", "processed", "--type", "dataset", "--revision", "ann")
    hf(hub, "ann", ann, "repos", "tag", "create", "lab/day", "v1", "--revision", "ann", "--type", "dataset")
    assert "v1" in hf(hub, "ann", ann, "repos", "tag", "list", *repo)

    hf(hub, "bob", bob, "download", "lab/day", "--type", "dataset", "--revision", "v1", "--local-dir", "data")
    assert (bob / "data" / "processed" / "profiles.parquet").read_bytes() == b"PAR1" * 5000
    verify = ("cache", "verify", "lab/day", "--type", "dataset", "--revision", "v1", "--local-dir", "data")
    hf(hub, "bob", bob, *verify)
    (bob / "data" / "processed" / "table.csv").write_text("well,value\nA01,7\n")
    assert type_in(hub, "bob", bob, "hf", *verify).returncode != 0

    hf(hub, "ann", ann, "upload", "lab/day", "results", "processed", "--type", "dataset", "--create-pr")
    listed = json.loads(hf(hub, "bob", bob, "discussions", "list", *repo, "--json"))
    assert [(one["num"], one["status"]) for one in listed] == [(1, "draft")]
    assert "+well,value" in hf(hub, "bob", bob, "discussions", "diff", "lab/day", "1", "--type", "dataset")
    hf(hub, "bob", bob, "discussions", "comment", "lab/day", "1", "--body", "Looks right", "--type", "dataset")
    hf(hub, "bob", bob, "discussions", "reopen", "lab/day", "1", "--yes", "--type", "dataset")
    hf(hub, "bob", bob, "discussions", "merge", "lab/day", "1", "--yes", "--type", "dataset")
    info = json.loads(hf(hub, "bob", bob, "discussions", "info", "lab/day", "1", "--type", "dataset", "--json"))
    assert info["status"] == "merged"
    files = json.loads(hf(hub, "bob", bob, "datasets", "list", "lab/day", "-R", "--json"))
    assert {one["path"] for one in files} >= {"processed/table.csv", "processed/profiles.parquet"}


def test_housekeeping_with_the_hf_command(hub: Hub, tmp_path: Path) -> None:
    repo = hub.new_repo()
    typed = ("--type", "dataset")
    hub.api("ann").upload_file(path_or_fileobj=b"x", path_in_repo="old.txt", repo_id=repo, repo_type="dataset")
    (tmp_path / "note.txt").write_text("on a branch nobody made before")
    hf(hub, "ann", tmp_path, "upload", repo, "note.txt", "note.txt", "--revision", "fresh", *typed)
    assert hub.api("bob").file_exists(repo, "note.txt", revision="fresh", repo_type="dataset")
    hf(hub, "ann", tmp_path, "repos", "delete-files", repo, "old.txt", *typed)
    assert not hub.api("ann").file_exists(repo, "old.txt", repo_type="dataset")
    hf(hub, "cho", tmp_path, "repos", "settings", repo, "--gated", "auto", "--private", *typed)
    info = json.loads(hf(hub, "ann", tmp_path, "datasets", "info", repo, "--json"))
    assert (info["private"], info["gated"]) == (True, "auto")
    hf(hub, "ann", tmp_path, "discussions", "create", repo, "--title", "Keep it?", *typed)
    hf(hub, "ann", tmp_path, "discussions", "rename", repo, "1", "Do we keep it?", *typed)
    hf(hub, "ann", tmp_path, "discussions", "close", repo, "1", "--yes", *typed)
    [closed] = hub.api("ann").get_repo_discussions(repo, repo_type="dataset")
    assert (closed.title, closed.status) == ("Do we keep it?", "closed")
    hf(hub, "cho", tmp_path, "repos", "move", repo, "lab/moved", *typed)
    assert "lab/moved" in hf(hub, "ann", tmp_path, "repos", "list", "--namespace", "lab")
    hf(hub, "cho", tmp_path, "repos", "delete", "lab/moved", "--yes", *typed)
    assert not hub.api("ann").repo_exists("lab/moved", repo_type="dataset")
