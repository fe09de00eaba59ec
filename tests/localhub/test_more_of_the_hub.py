"""What the client asks for beside files, branches and requests: cards, lists, people, pictures, large files as such."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy
from huggingface_hub.errors import BadRequestError, EntryNotFoundError, GatedRepoError, HfHubHTTPError

from localhub.api import cards

if TYPE_CHECKING:
    from localhub.testing import Hub

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
CARD = """---
license: mit
language: [en, de]
tags: [cell painting, microscopy]
size_categories: n<1K
date: 2026-11-25
---
# A card
"""


def put(hub: Hub, repo: str, files: dict[str, bytes], user: str = "ann") -> None:
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    hub.api(user).create_commit(repo, operations, commit_message="Add", repo_type="dataset")


def raw(hub: Hub, method: str, path: str, **headers: str) -> httpx2.Response:
    """A request without the client, which would follow redirects and raise."""
    with httpx2.Client() as client:
        token = {"Authorization": f"Bearer {hub.tokens['ann']}"}
        return client.request(method, f"{hub.endpoint}{path}", headers={**token, **headers})


@pytest.mark.parametrize(
    ("card", "error", "warning"),
    [
        (CARD, "", ""),
        ("# no metadata", "", "empty or missing yaml metadata"),
        ("---\nlicense: mit\n# never closed", "not closed", ""),
        ("---\nlicense: [unbalanced\n---\n", "flow sequence", ""),
        ("---\n- a\n---\n", "must be an object", ""),
        ("---\nlanguage: {a: b}\n---\n", '"language" must be a string or an array of strings', ""),
        ("---\nsize_categories: huge\n---\n", "", "'huge' is not a known size"),
    ],
)
def test_a_card_is_checked_as_the_hub_does(card: str, error: str, warning: str) -> None:
    errors, warnings = cards.problems(card)
    assert error in " ".join(errors)
    assert bool(errors) == bool(error)
    assert warning in " ".join(warnings)
    assert bool(warnings) == bool(warning)


def test_a_card_that_is_wrong_is_refused_before_it_is_uploaded(shared_hub: Hub) -> None:
    repo = shared_hub.new_repo()
    with pytest.raises(ValueError, match="must be a string"):
        put(shared_hub, repo, {"README.md": b"---\nlicense: {a: b}\n---\n"})
    put(shared_hub, repo, {"README.md": CARD.encode()})
    info = shared_hub.api("ann").dataset_info(repo)
    assert info.card_data is not None
    assert info.card_data["license"] == "mit"
    assert {"cell painting", "license:mit", "language:de", "size_categories:n<1K"} <= set(info.tags or [])


def test_a_list_is_filtered_sorted_and_holds_what_was_asked_for(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    first, second = shared_hub.new_repo(), shared_hub.new_repo()
    put(shared_hub, first, {"README.md": CARD.encode()})
    put(shared_hub, second, {"a.csv": b"1"})
    mine = {first, second}
    assert {one.id for one in api.list_datasets(author="lab", filter="license:mit")} & mine == {first}
    shared_hub.api("cho").update_repo_settings(second, gated="auto", repo_type="dataset")
    assert {one.id for one in api.list_datasets(author="lab", gated=True)} & mine == {second}
    assert {one.id for one in api.list_datasets(author="lab", gated=False)} & mine == {first}
    times = [one.created_at for one in api.list_datasets(author="lab", sort="created_at")]
    assert times == sorted(times, key=str, reverse=True)
    [one] = [one for one in api.list_datasets(author="lab", expand=["sha"]) if one.id == first]
    assert (one.sha is not None, one.author, one.card_data) == (True, None, None)
    info = api.dataset_info(first, expand=["cardData", "gated"])
    assert info.card_data is not None
    assert (info.sha, info.gated, info.card_data["license"]) == (None, False, "mit")
    with pytest.raises(BadRequestError, match="nonsense"):
        api.dataset_info(first, expand=["nonsense"])  # type: ignore[list-item]


def test_likes_and_people(shared_hub: Hub) -> None:
    repo, api = shared_hub.new_repo(), shared_hub.api("ann")
    assert raw(shared_hub, "POST", f"/api/datasets/{repo}/like").status_code == 200
    assert repo in api.list_liked_repos("ann").datasets
    assert [who.username for who in api.list_repo_likers(repo, repo_type="dataset")] == ["ann"]
    assert api.dataset_info(repo).likes == 1
    api.unlike(repo, repo_type="dataset")
    assert api.dataset_info(repo).likes == 0
    assert api.get_user_overview("ann").username == "ann"
    assert api.get_organization_overview("lab").num_users == len(shared_hub.tokens)
    assert "bob" in {who.username for who in api.list_organization_members("lab")}
    with pytest.raises(HfHubHTTPError, match="User not found"):
        api.get_user_overview("nobody")


def test_a_gated_repo_is_read_once_its_owner_agrees(hub: Hub) -> None:
    owner, eve = hub.api("ann"), hub.api("eve") if "eve" in hub.tokens else hub.api("bob")
    who = "eve" if "eve" in hub.tokens else "bob"
    owner.create_repo("ann/gated", repo_type="dataset", private=False)
    put(hub, "ann/gated", {"a.csv": b"1"})
    owner.update_repo_settings("ann/gated", gated="manual", repo_type="dataset")
    with pytest.raises(GatedRepoError):
        eve.auth_check("ann/gated", repo_type="dataset")
    with httpx2.Client(headers={"Authorization": f"Bearer {hub.tokens[who]}"}) as client:
        assert client.post(f"{hub.endpoint}/api/datasets/ann/gated/ask-access").status_code == 200
    [asked] = owner.list_pending_access_requests("ann/gated", repo_type="dataset")
    assert asked.username == who
    owner.accept_access_request("ann/gated", who, repo_type="dataset")
    eve.auth_check("ann/gated", repo_type="dataset")
    owner.reject_access_request("ann/gated", who, repo_type="dataset", rejection_reason=None)
    with pytest.raises(GatedRepoError):
        eve.auth_check("ann/gated", repo_type="dataset")
    owner.grant_access("ann/gated", who, repo_type="dataset")
    assert [one.username for one in owner.list_accepted_access_requests("ann/gated", repo_type="dataset")] == [who]


def test_a_picture_is_attached_and_can_be_seen(shared_hub: Hub, tmp_path: Path) -> None:
    where = tmp_path / "plot.png"
    where.write_bytes(PNG)
    address = shared_hub.api("ann").upload_attachment(where)
    with httpx2.Client() as client:
        shown = client.get(address)
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    where.write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(BadRequestError, match="not what its type says"):
        shared_hub.api("ann").upload_attachment(where)


def test_large_files_are_listed_copied_to_another_repo_and_deleted_for_good(shared_hub: Hub) -> None:
    api, repo, other = shared_hub.api("ann"), shared_hub.new_repo(), shared_hub.new_repo()
    data = random.Random(repo).randbytes(300_000)
    put(shared_hub, repo, {"data/a.parquet": data, "notes.csv": b"1"})
    [file] = api.list_lfs_files(repo, repo_type="dataset")
    assert (file.filename, file.size) == ("data/a.parquet", len(data))
    copy = CommitOperationCopy("data/a.parquet", "b.parquet", src_repo_id=repo, src_repo_type="dataset")
    api.create_commit(other, [copy], commit_message="Copy", repo_type="dataset")
    api.permanently_delete_lfs_files(repo, [file], repo_type="dataset")
    assert "data/a.parquet" not in api.list_repo_files(repo, repo_type="dataset")
    assert "notes.csv" in api.list_repo_files(repo, repo_type="dataset")
    assert list(api.list_lfs_files(repo, repo_type="dataset")) == []
    assert Path(api.hf_hub_download(other, "b.parquet", repo_type="dataset")).read_bytes() == data


def test_a_large_file_that_was_deleted_without_the_history_cannot_be_read(shared_hub: Hub) -> None:
    api, repo = shared_hub.api("ann"), shared_hub.new_repo()
    put(shared_hub, repo, {"a.parquet": random.Random(repo).randbytes(300_000)})
    api.permanently_delete_lfs_files(
        repo, api.list_lfs_files(repo, repo_type="dataset"), rewrite_history=False, repo_type="dataset"
    )
    assert "a.parquet" in api.list_repo_files(repo, repo_type="dataset")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo, "a.parquet", repo_type="dataset", force_download=True)


def test_raw_gives_what_git_has(shared_hub: Hub) -> None:
    repo = shared_hub.new_repo()
    put(shared_hub, repo, {"a.parquet": random.Random(repo).randbytes(300_000), "a.csv": b"1,2"})
    assert raw(shared_hub, "GET", f"/datasets/{repo}/raw/main/a.csv").text == "1,2"
    assert raw(shared_hub, "GET", f"/datasets/{repo}/raw/main/a.parquet").text.startswith("version https://git-lfs")


def test_errors_say_what_is_missing(shared_hub: Hub) -> None:
    repo = shared_hub.new_repo()
    for method in ("HEAD", "GET"):
        for path in ("/gpt2/resolve/main/config.json", "/datasets/squad/resolve/main/a.csv", "/api/datasets/squad"):
            assert raw(shared_hub, method, path).headers["x-error-code"] == "RepoNotFound", path
    unknown = raw(shared_hub, "GET", f"/api/datasets/{repo}/no-such-thing")
    assert (unknown.status_code, unknown.headers.get("x-error-code")) == (404, None)
    assert raw(shared_hub, "GET", "/api/whoami-v2", **{"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"
    assert raw(shared_hub, "GET", "/api/whoami-v2", **{"X-Amzn-Trace-Id": "its"}).headers["x-request-id"] == "its"


def test_a_branch_is_not_made_below_refs_and_a_backslash_is_a_letter_like_others(shared_hub: Hub) -> None:
    api, repo = shared_hub.api("ann"), shared_hub.new_repo()
    with pytest.raises(BadRequestError, match="Invalid reference name"):
        api.create_branch(repo, branch="refs/pr/7", repo_type="dataset")
    put(shared_hub, repo, {"folder/..\\..\\file": b"1"})
    assert "folder/..\\..\\file" in api.list_repo_files(repo, repo_type="dataset")
    answer = httpx2.post(
        f"{shared_hub.endpoint}/api/datasets/{repo}/commit/main",
        headers={"Authorization": f"Bearer {shared_hub.tokens['ann']}", "Content-Type": "application/x-ndjson"},
        content=b'{"key": "header", "value": {"summary": "x"}}\n'
        b'{"key": "file", "value": {"path": "..\\\\file", "content": "x"}}\n',
    )
    assert answer.status_code == 422


def test_a_renamed_repo_sends_on_by_a_path(hub: Hub) -> None:
    api = hub.api("cho")
    api.create_repo("lab/old", repo_type="dataset")
    api.move_repo("lab/old", "lab/new", repo_type="dataset")
    sent_on = raw(hub, "GET", "/api/datasets/lab/old/revision/main")
    assert (sent_on.status_code, sent_on.headers["location"]) == (307, "/api/datasets/lab/new/revision/main")
    assert api.dataset_info("lab/old").id == "lab/new"
