"""Changes are proposed, discussed, and merged as git merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.community import DiscussionComment, DiscussionStatusChange, DiscussionTitleChange
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from tests.localhub.test_files import commit, contents

if TYPE_CHECKING:
    from pathlib import Path

    from huggingface_hub import HfApi

    from localhub.testing import Hub


def propose(api: HfApi, repo: str, files: dict[str, bytes], parent: str | None = None) -> int:
    """Open a pull request with one commit; returns its number."""
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    title = f"Add {', '.join(files)}"
    done = api.create_commit(
        repo, operations, commit_message=title, create_pr=True, parent_commit=parent, repo_type="dataset"
    )
    assert done.pr_num is not None
    return int(done.pr_num)


def test_two_proposals_from_the_same_start_are_both_merged(shared_hub: Hub) -> None:
    ann, bob = shared_hub.api("ann"), shared_hub.api("bob")
    repo = shared_hub.new_repo()
    start = commit(ann, repo, {"table.csv": b"one\ntwo\nthree\nfour\nfive\n", "data.parquet": b"p" * 900})
    first = propose(ann, repo, {"table.csv": b"ONE\ntwo\nthree\nfour\nfive\n"}, start)
    second = propose(bob, repo, {"table.csv": b"one\ntwo\nthree\nfour\nFIVE\n", "new.txt": b"n"}, start)
    ann.merge_pull_request(repo, first, comment="Thanks", repo_type="dataset")
    bob.merge_pull_request(repo, second, repo_type="dataset")

    assert contents(ann, repo)["table.csv"] == b"ONE\ntwo\nthree\nfour\nFIVE\n"
    log = ann.list_repo_commits(repo, repo_type="dataset")
    assert [one.title for one in log[:2]] == [f"Add table.csv, new.txt (#{second})", f"Add table.csv (#{first})"]
    assert "Co-authored-by: bob" in log[0].message
    merged = ann.get_discussion_details(repo, second, repo_type="dataset")
    assert (merged.status, merged.merge_commit_oid, merged.target_branch) == (
        "merged",
        log[0].commit_id,
        "refs/heads/main",
    )
    assert merged.diff is not None
    assert "+FIVE" in merged.diff
    assert "ONE" not in merged.diff
    with pytest.raises(BadRequestError, match="is merged"):
        ann.merge_pull_request(repo, second, repo_type="dataset")


def test_a_conflict_is_shown_and_never_merged(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    start = commit(api, repo, {"a.parquet": b"1" * 500, "same.txt": b"x", "gone.txt": b"x"})
    mine = propose(api, repo, {"a.parquet": b"2" * 500, "gone.txt": b"edited", "fine.txt": b"f"}, start)
    commit(api, repo, {"a.parquet": b"3" * 500})
    head = api.delete_file("gone.txt", repo, repo_type="dataset").oid
    shown = api.get_discussion_details(repo, mine, repo_type="dataset")
    assert shown.conflicting_files == ["a.parquet", "gone.txt"]
    with pytest.raises(HfHubHTTPError, match="conflicts with refs/heads/main"):
        api.merge_pull_request(repo, mine, repo_type="dataset")
    assert api.repo_info(repo, repo_type="dataset").sha == head
    # Made anew on the head of main, the same change goes in.
    commit_to = f"refs/pr/{mine}"
    api.create_commit(
        repo,
        [CommitOperationAdd("a.parquet", b"3" * 500), CommitOperationDelete("gone.txt")],
        commit_message="follow main",
        revision=commit_to,
        repo_type="dataset",
    )
    api.merge_pull_request(repo, mine, repo_type="dataset")
    assert set(contents(api, repo)) == {"a.parquet", "same.txt", "fine.txt"}


def test_promoting_a_branch_sends_no_bytes(hub: Hub) -> None:
    api = hub.api("ann")
    repo = hub.new_repo()
    api.create_branch(repo, branch="ann", repo_type="dataset")
    operations = [CommitOperationAdd("processed/big.parquet", b"0123456789abcdef" * 50_000)]
    head = api.create_commit(repo, operations, commit_message="mine", revision="ann", repo_type="dataset").oid
    hub.reset_requests()
    copy = CommitOperationCopy("processed/big.parquet", "processed/big.parquet", src_revision=head)
    done = api.create_commit(repo, [copy], commit_message="promote", create_pr=True, repo_type="dataset")
    assert done.pr_num is not None
    api.merge_pull_request(repo, done.pr_num, repo_type="dataset")
    assert sum(request.bytes_in for request in hub.requests()) < 2000
    assert api.file_exists(repo, "processed/big.parquet", repo_type="dataset")


def test_a_folder_upload_as_pull_request_is_a_draft_until_opened(shared_hub: Hub, tmp_path: Path) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.parquet").write_bytes(b"b" * 900)
    api.upload_folder(
        repo_id=repo, repo_type="dataset", folder_path=tmp_path, create_pr=True, commit_message="My results"
    )
    [draft] = api.get_repo_discussions(repo, discussion_type="pull_request", repo_type="dataset")
    assert (draft.status, draft.git_reference) == ("draft", "refs/pr/1")
    assert set(contents(api, repo, "refs/pr/1")) == {"a.txt", "b.parquet"}
    with pytest.raises(BadRequestError, match="draft"):
        api.merge_pull_request(repo, 1, repo_type="dataset")
    api.change_discussion_status(repo, 1, "open", repo_type="dataset")
    api.merge_pull_request(repo, 1, repo_type="dataset")
    assert set(contents(api, repo)) == {"a.txt", "b.parquet"}
    refs = api.list_repo_refs(repo, repo_type="dataset", include_pull_requests=True)
    assert [ref.ref for ref in refs.pull_requests or []] == ["refs/pr/1"]


def test_a_discussion_is_told_in_order(shared_hub: Hub) -> None:
    ann, bob = shared_hub.api("ann"), shared_hub.api("bob")
    repo = shared_hub.new_repo()
    opened = ann.create_discussion(repo, "Which plate?", description="The one of May?", repo_type="dataset")
    said = bob.comment_discussion(repo, opened.num, "Jun", repo_type="dataset")
    bob.edit_discussion_comment(repo, opened.num, said.id, "June", repo_type="dataset")
    noise = bob.comment_discussion(repo, opened.num, "oops", repo_type="dataset")
    bob.hide_discussion_comment(repo, opened.num, noise.id, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="403"):
        ann.edit_discussion_comment(repo, opened.num, said.id, "not mine", repo_type="dataset")
    ann.rename_discussion(repo, opened.num, "Which plate is it?", repo_type="dataset")
    ann.change_discussion_status(repo, opened.num, "closed", comment="Found it", repo_type="dataset")

    told = ann.get_discussion_details(repo, opened.num, repo_type="dataset")
    assert (told.title, told.status, told.author, told.is_pull_request) == (
        "Which plate is it?",
        "closed",
        "ann",
        False,
    )
    comments = [(event.author, event.content) for event in told.events if isinstance(event, DiscussionComment)]
    assert comments == [("ann", "The one of May?"), ("bob", "June"), ("bob", ""), ("ann", "Found it")]
    assert [event.new_title for event in told.events if isinstance(event, DiscussionTitleChange)] == [
        "Which plate is it?",
    ]
    assert [event.new_status for event in told.events if isinstance(event, DiscussionStatusChange)] == ["closed"]


def test_long_lists_of_discussions_can_be_sifted(shared_hub: Hub) -> None:
    ann, bob = shared_hub.api("ann"), shared_hub.api("bob")
    repo = shared_hub.new_repo()
    for number in range(55):
        ann.create_discussion(repo, f"Question {number}", repo_type="dataset")
    ann.change_discussion_status(repo, 1, "closed", repo_type="dataset")
    bob.create_pull_request(repo, "An empty proposal", repo_type="dataset")
    assert len(list(ann.get_repo_discussions(repo, repo_type="dataset"))) == 56
    closed = ann.get_repo_discussions(repo, discussion_status="closed", repo_type="dataset")
    assert [one.num for one in closed] == [1]
    proposals = ann.get_repo_discussions(repo, discussion_type="pull_request", author="bob", repo_type="dataset")
    assert [one.num for one in proposals] == [56]
    ann.change_discussion_status(repo, 56, "open", repo_type="dataset")
    with pytest.raises(BadRequestError, match="no commits"):
        ann.merge_pull_request(repo, 56, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="Discussion 99 not found"):
        ann.get_discussion_details(repo, 99, repo_type="dataset")
