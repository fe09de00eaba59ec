"""Repos are made, looked at, changed, renamed and deleted; branches and tags come and go."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import CommitOperationAdd
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

if TYPE_CHECKING:
    from localhub.testing import Hub


def say(hub: Hub, repo: str, text: str, revision: str = "main", user: str = "ann") -> str:
    """Commit a one-line file and return the commit's id."""
    operations = [CommitOperationAdd("notes.txt", text.encode())]
    api = hub.api(user)
    done = api.create_commit(repo, operations, commit_message=text, revision=revision, repo_type="dataset")
    return str(done.oid)


def test_a_new_repo_begins_with_gitattributes_and_anyone_can_read_its_git_log(hub: Hub) -> None:
    url = hub.api("ann").create_repo("lab/mito-inputs", repo_type="dataset", private=True)
    assert (url.repo_id, url.namespace, url.repo_type) == ("lab/mito-inputs", "lab", "dataset")
    sha = say(hub, "lab/mito-inputs", "first words")

    git = ["git", "-C", str(hub.root / "repos" / "lab" / "mito-inputs.git")]
    log = subprocess.run([*git, "log", "--format=%H %an %s", "main"], capture_output=True, text=True, check=True)
    assert log.stdout.splitlines()[0] == f"{sha} ann first words"
    assert log.stdout.splitlines()[1].endswith("ann initial commit")
    subprocess.run([*git, "fsck", "--strict"], capture_output=True, check=True)

    info = hub.api("rea").dataset_info("LAB/Mito-Inputs", files_metadata=True)
    assert (info.id, info.private, info.sha) == ("lab/mito-inputs", True, sha)
    assert {file.rfilename: file.size for file in info.siblings or []}["notes.txt"] == len("first words")


def test_making_a_repo_twice_is_an_error_only_if_it_matters(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    with pytest.raises(HfHubHTTPError, match="already created"):
        api.create_repo(repo, repo_type="dataset")
    assert api.create_repo(repo, repo_type="dataset", exist_ok=True).repo_id == repo
    assert api.create_repo("my-own", repo_type="dataset", exist_ok=True).repo_id == "ann/my-own"
    with pytest.raises(BadRequestError, match="dataset repos only"):
        api.create_repo("lab/a-model")
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("lab/a-model")


def test_deleting_a_repo_takes_everything_and_its_name_is_free_again(shared_hub: Hub) -> None:
    api = shared_hub.api("cho")
    repo = shared_hub.new_repo()
    api.create_discussion(repo, "Is this still needed?", repo_type="dataset")
    api.delete_repo(repo, repo_type="dataset")
    assert not api.repo_exists(repo, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo, repo_type="dataset")
    api.delete_repo(repo, repo_type="dataset", missing_ok=True)
    api.create_repo(repo, repo_type="dataset")
    assert [commit.title for commit in api.list_repo_commits(repo, repo_type="dataset")] == ["initial commit"]
    assert not list(api.get_repo_discussions(repo, repo_type="dataset"))


def test_a_renamed_repo_still_answers_to_its_old_name(shared_hub: Hub) -> None:
    api = shared_hub.api("cho")
    old, taken = shared_hub.new_repo(), shared_hub.new_repo()
    say(shared_hub, old, "before")
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.move_repo(old, taken, repo_type="dataset")
    api.move_repo(old, f"{old}-renamed", repo_type="dataset")
    say(shared_hub, old, "by the old name")
    assert api.repo_info(old, repo_type="dataset").id == f"{old}-renamed"
    path = api.hf_hub_download(old, "notes.txt", repo_type="dataset")
    with open(path) as file:  # noqa: PTH123
        assert file.read() == "by the old name"
    api.create_repo(old, repo_type="dataset")
    assert api.repo_info(old, repo_type="dataset").id == old
    api.delete_repo(old, repo_type="dataset")
    assert api.repo_exists(f"{old}-renamed", repo_type="dataset")


def test_private_and_gated_repos_open_and_close_by_settings(shared_hub: Hub) -> None:
    maintainer, stranger = shared_hub.api("cho"), shared_hub.api(None)
    repo = shared_hub.new_repo()
    stranger.auth_check(repo, repo_type="dataset")
    maintainer.update_repo_settings(repo, gated="manual", repo_type="dataset")
    with pytest.raises(GatedRepoError):
        stranger.auth_check(repo, repo_type="dataset")
    with pytest.raises(GatedRepoError):
        stranger.hf_hub_download(repo, ".gitattributes", repo_type="dataset")
    maintainer.update_repo_settings(repo, gated=False, visibility="private", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        stranger.auth_check(repo, repo_type="dataset")
    shared_hub.api("rea").auth_check(repo, repo_type="dataset")


def test_lists_show_private_repos_to_members_only(hub: Hub) -> None:
    open_repo, closed = hub.new_repo(), hub.new_repo(private=True)
    hub.api("bob").create_repo("bobs-own", repo_type="dataset")
    assert {found.id for found in hub.api("rea").list_datasets(author="lab")} == {open_repo, closed}
    assert {found.id for found in hub.api(None).list_datasets(author="lab")} == {open_repo}
    assert [found.id for found in hub.api(None).list_datasets(search="bobs")] == ["bob/bobs-own"]
    assert {found.id for found in hub.api("ann").list_user_repos(namespace="lab")} == {open_repo, closed}


def test_branches_start_where_asked_and_main_cannot_be_deleted(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    first = say(shared_hub, repo, "one")
    second = say(shared_hub, repo, "two")
    api.create_branch(repo, branch="ann", repo_type="dataset")
    api.create_branch(repo, branch="bob/from-one", revision=first, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="Reference refs/heads/ann already exists"):
        api.create_branch(repo, branch="ann", repo_type="dataset")
    api.create_branch(repo, branch="ann", repo_type="dataset", exist_ok=True)
    heads = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo, repo_type="dataset").branches}
    assert heads == {"main": second, "ann": second, "bob/from-one": first}

    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        api.delete_branch(repo, branch="main", repo_type="dataset")
    api.delete_branch(repo, branch="bob/from-one", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id: refs/heads/bob/from-one"):
        api.delete_branch(repo, branch="bob/from-one", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.create_branch(repo, branch="x", revision="no-such-branch", repo_type="dataset")
    with pytest.raises(BadRequestError, match="Invalid reference name"):
        api.create_branch(repo, branch="two..dots", repo_type="dataset")
    with pytest.raises(BadRequestError, match="clashing name"):
        api.create_branch(repo, branch="ann/below", repo_type="dataset", exist_ok=True)


def test_tags_name_a_commit_for_good(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    sha = say(shared_hub, repo, "as published")
    api.create_tag(repo, tag="paper-v1", tag_message="Figure 2", repo_type="dataset")
    api.create_tag(repo, tag="light", revision=sha, repo_type="dataset")
    say(shared_hub, repo, "later")
    assert api.repo_info(repo, revision="paper-v1", repo_type="dataset").sha == sha
    tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo, repo_type="dataset").tags}
    assert tags == {"paper-v1": sha, "light": sha}
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.create_tag(repo, tag="paper-v1", repo_type="dataset")
    api.delete_tag(repo, tag="paper-v1", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo, tag="paper-v1", repo_type="dataset")


def test_a_long_log_comes_in_pages_newest_first(hub: Hub) -> None:
    repo = hub.new_repo()
    for number in range(60):
        say(hub, repo, f"step {number}")
    hub.reset_requests()
    commits = hub.api("ann").list_repo_commits(repo, repo_type="dataset", formatted=True)
    assert [commit.title for commit in commits] == [f"step {number}" for number in reversed(range(60))] + [
        "initial commit",
    ]
    assert commits[0].authors == ["ann"]
    assert commits[0].formatted_title == "step 59"
    assert len(hub.requests("commits")) == 2


def test_squashing_leaves_the_files_and_one_commit(shared_hub: Hub) -> None:
    api = shared_hub.api("ann")
    repo = shared_hub.new_repo()
    say(shared_hub, repo, "one")
    say(shared_hub, repo, "two")
    api.create_tag(repo, tag="kept", repo_type="dataset")
    api.super_squash_history(repo, branch="main", commit_message="fresh start", repo_type="dataset")
    assert [commit.title for commit in api.list_repo_commits(repo, repo_type="dataset")] == ["fresh start"]
    assert api.file_exists(repo, "notes.txt", repo_type="dataset")
    with pytest.raises(BadRequestError):
        api.super_squash_history(repo, branch="kept", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.super_squash_history(repo, branch="missing", repo_type="dataset")
