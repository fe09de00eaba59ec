"""Files go up and come down: what is listed, what is stored how, and what a commit may do."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import BadRequestError, EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile, RepoFolder

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import CommitOperation

    from localhub.testing import Hub


def commit(api: HfApi, repo: str, files: dict[str, bytes], message: str = "add files") -> str:
    """Commit files and return the commit's id."""
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    return str(api.create_commit(repo, operations, commit_message=message, repo_type="dataset").oid)


def contents(api: HfApi, repo: str, revision: str = "main") -> dict[str, bytes]:
    """Every file of a revision as a fresh download has it, without .gitattributes."""
    root = Path(api.snapshot_download(repo, repo_type="dataset", revision=revision))
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return {path: data for path, data in found.items() if path != ".gitattributes"}


def tree(
    api: HfApi, repo: str, path: str | None = None, recursive: bool = False, expand: bool = False
) -> dict[str, RepoFile | RepoFolder]:
    """A listing by path."""
    return {
        entry.path: entry
        for entry in api.list_repo_tree(repo, path, repo_type="dataset", recursive=recursive, expand=expand)
    }


def test_a_folder_comes_down_exactly_as_it_went_up(shared_hub: Hub, tmp_path: Path) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    files = {
        "README.md": b"---\nlicense: mit\n---\n# Plate\n",
        "profiles/plate 1/well,A01.csv": b"a,b\n1,2\n",
        "profiles/ünïcode+%.txt": "µm".encode(),
        "profiles/big.parquet": os.urandom(300_000),
        "profiles/numbers.npy": bytes(range(256)) * 2000,
        "unknown-kind.dat": b"\x00\x01binary",
        "empty.csv": b"",
    }
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=tmp_path)
    assert contents(api, repo) == files

    listed = tree(api, repo, recursive=True)
    stored = {path: entry.lfs for path, entry in listed.items() if isinstance(entry, RepoFile) and entry.lfs}
    assert set(stored) == {"profiles/big.parquet", "profiles/numbers.npy", "unknown-kind.dat"}
    assert isinstance(listed["profiles/plate 1"], RepoFolder)
    assert set(tree(api, repo, "profiles")) == {path for path in listed if path.count("/") == 1}
    with pytest.raises(EntryNotFoundError):
        tree(api, repo, "no-such-folder")


def test_an_unchanged_folder_makes_no_commit(shared_hub: Hub, tmp_path: Path) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.parquet").write_bytes(b"b" * 1000)
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=tmp_path)
    head = api.repo_info(repo, repo_type="dataset").sha
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=tmp_path)
    assert api.repo_info(repo, repo_type="dataset").sha == head


def test_large_listings_come_in_pages(hub: Hub) -> None:
    api = hub.api("ann")
    repo = hub.new_repo()
    commit(api, repo, {f"wells/{number:04}.txt": b"%d" % number for number in range(1100)})
    hub.reset_requests()
    assert len(tree(api, repo, recursive=True)) == 1102
    assert len(hub.requests("tree")) == 2
    hub.reset_requests()
    assert len([path for path in tree(api, repo, "wells", expand=True) if path.endswith("9.txt")]) == 110
    assert len(hub.requests("tree")) == 22


def test_every_path_tells_which_commit_changed_it_last(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    old = commit(api, repo, {"a/one.txt": b"1", "a/two.txt": b"1", "b/three.txt": b"1"}, "all three")
    new = commit(api, repo, {"a/two.txt": b"2"}, "just two")
    changed = {path: entry.last_commit for path, entry in tree(api, repo, recursive=True, expand=True).items()}
    assert {path: last.oid for path, last in changed.items() if last} == {
        ".gitattributes": api.list_repo_commits(repo, repo_type="dataset")[-1].commit_id,
        "a": new,
        "a/one.txt": old,
        "a/two.txt": new,
        "b": old,
        "b/three.txt": old,
    }
    found = api.get_paths_info(repo, ["a/two.txt", "b", "missing"], expand=True, repo_type="dataset")
    assert [(entry.path, entry.last_commit and entry.last_commit.title) for entry in found] == [
        ("a/two.txt", "just two"),
        ("b", "all three"),
    ]


def test_ignored_files_stay_at_home(shared_hub: Hub, tmp_path: Path) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    (tmp_path / ".gitignore").write_text("*.tmp\nscratch/\n")
    for path in ("kept.csv", "x.tmp", "scratch/y.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    api.upload_folder(repo_id=repo, repo_type="dataset", folder_path=tmp_path)
    assert set(contents(api, repo)) == {".gitignore", "kept.csv"}


def test_a_large_text_file_is_kept_as_lfs_and_gitattributes_says_so(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    table = b"well,value\n" + b"A01,1.0\n" * 1_500_000
    commit(api, repo, {"all wells [raw].csv": table, "small.csv": b"a\n"})
    listed = tree(api, repo)
    assert getattr(listed["all wells [raw].csv"], "lfs", None) is not None
    assert getattr(listed["small.csv"], "lfs", None) is None
    attributes = Path(api.hf_hub_download(repo, ".gitattributes", repo_type="dataset")).read_text()
    assert attributes.splitlines()[-1].startswith("all[[:space:]]wells[[:space:]]\\[raw\\].csv filter=lfs")
    # From now on the same path is LFS by its name, however small.
    commit(api, repo, {"all wells [raw].csv": b"tiny\n"})
    assert getattr(tree(api, repo)["all wells [raw].csv"], "lfs", None) is not None


def test_a_stale_parent_changes_nothing(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    before = commit(api, repo, {"a.txt": b"1"})
    head = commit(api, repo, {"a.txt": b"2"})
    with pytest.raises(HfHubHTTPError, match="The branch was updated since you opened this page") as refused:
        api.create_commit(
            repo,
            [CommitOperationAdd("b.parquet", os.urandom(5000))],
            commit_message="late",
            parent_commit=before,
            repo_type="dataset",
        )
    assert refused.value.response.status_code == 412
    assert refused.value.response.headers["x-request-id"]
    assert api.repo_info(repo, repo_type="dataset").sha == head
    api.create_commit(
        repo,
        [CommitOperationAdd("b.txt", b"in time")],
        commit_message="x",
        parent_commit=head[:7],
        repo_type="dataset",
    )


def test_adding_copying_and_deleting_are_one_commit(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    data = os.urandom(50_000)
    first = commit(api, repo, {"old/a.parquet": data, "old/b.txt": b"b", "gone/x.txt": b"x", "gone/y.txt": b"y"})
    operations: list[CommitOperation] = [
        CommitOperationDelete("gone/"),
        CommitOperationAdd("gone/new.txt", b"new"),
        CommitOperationCopy("old/a.parquet", "new/a.parquet"),
        CommitOperationCopy("old/b.txt", "new/b.txt", src_revision=first),
        CommitOperationDelete("old/a.parquet"),
    ]
    api.create_commit(repo, operations, commit_message="tidy", repo_type="dataset")
    assert contents(api, repo) == {
        "gone/new.txt": b"new",
        "new/a.parquet": data,
        "new/b.txt": b"b",
        "old/b.txt": b"b",
    }
    assert contents(api, repo, first)["gone/x.txt"] == b"x"
    api.delete_folder("new", repo, repo_type="dataset")
    api.delete_file("old/b.txt", repo, repo_type="dataset")
    assert set(contents(api, repo)) == {"gone/new.txt"}


def test_what_cannot_be_committed_is_refused_whole(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo, other = shared_hub.new_repo(), shared_hub.new_repo()
    head = commit(api, repo, {"a.txt": b"a"})
    with pytest.raises(EntryNotFoundError, match="A file with this name doesn't exist"):
        api.create_commit(
            repo,
            [CommitOperationAdd("b.txt", b"b"), CommitOperationDelete("missing.txt")],
            commit_message="half",
            repo_type="dataset",
        )
    with pytest.raises(HfHubHTTPError) as refused:
        commit(api, repo, {"..\\b.txt": b"b"})
    assert refused.value.response.status_code == 422
    with pytest.raises(RevisionNotFoundError):
        api.create_commit(
            repo, [CommitOperationAdd("c", b"c")], commit_message="c", revision="nowhere", repo_type="dataset"
        )
    with pytest.raises(ValueError, match="YAML"):
        commit(api, repo, {"README.md": b"---\nlicense: mit\n# no end\n"})
    commit(api, other, {"secret.parquet": b"s" * 2000})
    secret = tree(api, other)["secret.parquet"]
    assert isinstance(secret, RepoFile)
    assert secret.lfs is not None
    line = f'{{"key":"lfsFile","value":{{"path":"mine","algo":"sha256","oid":"{secret.lfs.sha256}"}}}}'
    body = f'{{"key":"header","value":{{"summary":"take"}}}}\n{line}\n'
    assert _post(shared_hub, f"/api/datasets/{repo}/commit/main", body.encode()) == 400
    assert api.repo_info(repo, repo_type="dataset").sha == head


def test_too_much_for_git_is_refused(shared_hub: Hub) -> None:
    repo = shared_hub.new_repo()
    api = shared_hub.api("ann")
    operation = CommitOperationAdd("big.txt", b"x" * (10 * 1024 * 1024 + 1))
    operation._upload_mode = "regular"
    with pytest.raises(BadRequestError, match="larger than 10 MiB"):
        api.create_commit(repo, [operation], commit_message="too big", repo_type="dataset")


def test_a_missing_file_is_told_from_a_missing_revision(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo, "nothing.txt", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(repo, ".gitattributes", revision="nowhere", repo_type="dataset")
    assert not api.file_exists(repo, "nothing.txt", repo_type="dataset")
    assert not api.revision_exists(repo, "nowhere", repo_type="dataset")


def _post(hub: Hub, path: str, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {hub.tokens['ann']}"}
    request = urllib.request.Request(hub.endpoint + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)
