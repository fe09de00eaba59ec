"""Who may do what, with the Hub's own refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from tests.localhub.test_files import commit
from tests.localhub.test_pull_requests import propose

if TYPE_CHECKING:
    from collections.abc import Callable

    from localhub.testing import Hub


def test_everyone_is_who_their_token_says(shared_hub: Hub) -> None:
    who = shared_hub.api("rea").whoami()
    assert (who["name"], [(org["name"], org["roleInOrg"]) for org in who["orgs"]]) == ("rea", [("lab", "read")])
    assert len(set(shared_hub.tokens.values())) == 4
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=shared_hub.endpoint, token="hf_never_given_out").whoami()
    with pytest.raises(HfHubHTTPError, match="Invalid credentials in Authorization header"):
        HfApi(endpoint=shared_hub.endpoint, token="hf_never_given_out").repo_info("lab/x", repo_type="dataset")


def test_a_private_repo_does_not_exist_for_strangers(hub: Hub) -> None:
    repo = hub.new_repo(private=True)
    hub.api("ann").create_repo("diary", repo_type="dataset", private=True)
    for reader, target in ((hub.api(None), repo), (hub.api("bob"), "ann/diary")):
        with pytest.raises(RepositoryNotFoundError):
            reader.repo_info(target, repo_type="dataset")
        with pytest.raises(RepositoryNotFoundError):
            list(reader.list_repo_tree(target, repo_type="dataset"))
        with pytest.raises(RepositoryNotFoundError):
            reader.create_discussion(target, "May I?", repo_type="dataset")
    assert hub.api("rea").repo_exists(repo, repo_type="dataset")


def test_a_reader_proposes_but_changes_nothing(shared_hub: Hub) -> None:
    rea = shared_hub.api("rea")
    repo = shared_hub.new_repo(private=True)
    head = shared_hub.api("ann").repo_info(repo, repo_type="dataset").sha
    rea.auth_check(repo, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="403"):
        rea.auth_check(repo, repo_type="dataset", write=True)
    with pytest.raises(HfHubHTTPError, match="pass `create_pr=1` as a query parameter"):
        commit(rea, repo, {"a.txt": b"a"})
    refused: list[Callable[[], object]] = [
        lambda: rea.create_branch(repo, branch="rea", repo_type="dataset"),
        lambda: rea.create_tag(repo, tag="v1", repo_type="dataset"),
        lambda: rea.super_squash_history(repo, repo_type="dataset"),
        lambda: rea.delete_repo(repo, repo_type="dataset"),
        lambda: rea.update_repo_settings(repo, visibility="public", repo_type="dataset"),
        lambda: rea.create_repo("lab/reas-own-idea", repo_type="dataset"),
        lambda: rea.move_repo(repo, "rea/taken", repo_type="dataset"),
    ]
    for attempt in refused:
        with pytest.raises(HfHubHTTPError) as answer:
            attempt()
        assert answer.value.response.status_code == 403

    def more() -> CommitOperationAdd:
        return CommitOperationAdd("more.txt", b"more")

    mine = propose(rea, repo, {"proposal.parquet": b"p" * 900})
    rea.create_commit(repo, [more()], commit_message="and more", revision=f"refs/pr/{mine}", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="403"):
        rea.merge_pull_request(repo, mine, repo_type="dataset")
    anns = propose(shared_hub.api("ann"), repo, {"b.txt": b"b"})
    with pytest.raises(HfHubHTTPError, match="403"):
        rea.change_discussion_status(repo, anns, "closed", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="403"):
        rea.create_commit(repo, [more()], commit_message="x", revision=f"refs/pr/{anns}", repo_type="dataset")
    assert shared_hub.api("ann").repo_info(repo, repo_type="dataset").sha == head
    shared_hub.api("ann").merge_pull_request(repo, mine, repo_type="dataset")
    assert rea.file_exists(repo, "more.txt", repo_type="dataset")


def test_a_writer_pushes_but_does_not_administer(shared_hub: Hub) -> None:
    bob = shared_hub.api("bob")
    repo = shared_hub.new_repo("ann")
    bob.auth_check(repo, repo_type="dataset", write=True)
    commit(bob, repo, {"a.txt": b"a"})
    for attempt in (
        lambda: bob.delete_repo(repo, repo_type="dataset"),
        lambda: bob.update_repo_settings(repo, gated="auto", repo_type="dataset"),
        lambda: bob.move_repo(repo, "bob/mine-now", repo_type="dataset"),
    ):
        with pytest.raises(HfHubHTTPError, match="403"):
            attempt()
    with pytest.raises(HfHubHTTPError, match="don't have the rights to create a dataset under the namespace 'ann'"):
        bob.create_repo("ann/from-bob", repo_type="dataset")
    shared_hub.api("cho").delete_repo(repo, repo_type="dataset")


def test_a_stranger_reads_what_is_public_and_nothing_more(shared_hub: Hub) -> None:
    stranger = shared_hub.api(None)
    repo = shared_hub.new_repo()
    assert stranger.file_exists(repo, ".gitattributes", repo_type="dataset")
    for attempt in (
        lambda: stranger.create_repo("lab/x", repo_type="dataset"),
        lambda: commit(stranger, repo, {"a.txt": b"a"}),
        lambda: stranger.create_discussion(repo, "Hello there", repo_type="dataset"),
    ):
        with pytest.raises(HfHubHTTPError, match="401"):
            attempt()
