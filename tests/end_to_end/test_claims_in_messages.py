"""A commit message is a claim, never a proof: whoever writes one, on the website or with -m, moves nobody's files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
TWO = {"processed/a.csv": "ann's a", "processed/b.csv": "ann's b"}


def proposed(lab: Lab, join: Join) -> Quick:
    """Ann has published two files and proposed them in pull request 1."""
    ann = join("ann")
    for path, text in TWO.items():
        ann.write(path, text)
    ann.put()
    ann.run("pr", "create", "Two tables")
    return ann


def assert_anns_files_stay(lab: Lab, ann: Quick, but: tuple[str, ...] = ()) -> None:
    """Neither a get nor a put nor the next get takes Ann's two files from her disk or her branch."""
    ann.get()
    assert TWO.items() <= ann.files().items()
    ann.write("processed/more.csv", "more")
    ann.put()
    ann.get()
    assert TWO.items() <= ann.files().items()
    assert TWO.items() <= lab.on_hub("ann").items()


# --- B1: a number in a title


def test_a_title_that_names_an_open_pull_request_did_not_merge_it(lab: Lab, join: Join) -> None:
    ann = proposed(lab, join)
    lab.web_commit("bob", {"processed/readme.md": "read me"}, message="Add a readme (#1)")
    assert_anns_files_stay(lab, ann)
    assert lab.hub.api().get_discussion_details(lab.results, 1, repo_type="dataset").status == "open"
    lab.merge()
    assert TWO.items() <= lab.on_hub().items()


def test_a_maintainers_put_whose_title_names_an_open_pull_request_did_not_merge_it(lab: Lab, join: Join) -> None:
    ann, cho = proposed(lab, join), join("cho")
    cho.write("processed/notes.md", "notes")
    cho.put("--main", "-m", "Notes for the review (#1)")
    assert_anns_files_stay(lab, ann)


def test_a_title_that_names_a_closed_pull_request_did_not_merge_it(lab: Lab, join: Join) -> None:
    ann = proposed(lab, join)
    lab.hub.api("cho").change_discussion_status(lab.results, 1, "closed", repo_type="dataset")
    lab.web_commit("bob", {"processed/readme.md": "read me"}, message="Not yet, see the discussion (#1)")
    assert_anns_files_stay(lab, ann)


def test_a_title_that_names_a_pull_request_before_it_is_merged_hides_no_later_merge(lab: Lab, join: Join) -> None:
    """The commit that says so is older than the merge, whose own title was changed."""
    ann = proposed(lab, join)
    lab.web_commit("bob", {"processed/readme.md": "read me"}, message="Add a readme (#1)")
    lab.hub.api("cho").rename_discussion(lab.results, 1, "Two tables, finally (#7)", repo_type="dataset")
    lab.merge()
    assert_anns_files_stay(lab, ann)
    lab.web_commit("bob", {"processed/a.csv": None})
    ann.run("get", "results", code=None)
    assert ann.read("processed/b.csv") == "ann's b"


def assert_told_of_a_conflict(lab: Lab, ann: Quick, title: str) -> None:
    """Whoever looks for who changed a file, in a log or in a conflict, is told, whatever the title names."""
    lab.web_commit("bob", {"processed/a.csv": "bob's a"}, message=title)
    assert "Add a readme" in ann.run("log", "--main").stdout
    assert "bob" in ann.get(code=3)
    ann.get("--mine", "processed/a.csv")
    assert TWO.items() <= ann.files().items()


def test_a_title_that_names_a_discussion_that_is_not_there_stops_nothing(lab: Lab, join: Join) -> None:
    assert_told_of_a_conflict(lab, proposed(lab, join), "Add a readme (#99)")


def test_a_title_that_names_a_talk_and_no_pull_request_stops_nothing(lab: Lab, join: Join) -> None:
    ann = proposed(lab, join)
    talk = lab.hub.api("bob").create_discussion(lab.results, "Which plates?", repo_type="dataset")
    assert_told_of_a_conflict(lab, ann, f"Add a readme (#{talk.num})")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_discussions_that_are_switched_off_stop_nothing(lab: Lab, join: Join, status: int) -> None:
    """A repo's owner may switch discussions off; then the Hub tells of no pull request at all."""
    lab.hub.set_faults([f"route=discussion,status={status},times=99"])
    try:
        ann = join("ann")
        ann.write("processed/a.csv", "ann's a")
        ann.put()
        lab.web_commit("bob", {"processed/a.csv": "bob's a"}, message="Add a readme (#1)")
        assert "Add a readme" in ann.run("log", "--main").stdout
        assert "bob" in ann.get(code=3)
    finally:
        lab.hub.set_faults([])


# --- B2: a description with our trailers


def test_a_readers_request_that_names_anns_branch_takes_nothing_from_her(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for path, text in TWO.items():
        ann.write(path, text)
    ann.put()
    lab.web_commit("cho", {"processed/typo.md": "teh"})
    lab.web_commit(
        "rea",
        {"processed/typo.md": "the"},
        message="Fix a typo",
        description=f"Branch: ann@{lab.head('ann')}",
        propose=True,
    )
    lab.merge()
    assert_anns_files_stay(lab, ann)
    assert ann.read("processed/typo.md") == "the"


def test_a_commit_to_a_merged_requests_ref_takes_nothing_from_ann(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for path, text in TWO.items():
        ann.write(path, text)
    ann.put()
    bob.write("processed/bobs.csv", "bob's")
    bob.put()
    bob.run("pr", "create", "Bob's")
    lab.merge()
    claim = f"Branch: ann@{lab.head('ann')}"
    lab.web_commit("bob", {"processed/late.csv": "late"}, "refs/pr/1", message="Too late", description=claim)
    assert_anns_files_stay(lab, ann)


def test_a_commit_to_main_that_names_anns_branch_takes_nothing_from_her(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for path, text in TWO.items():
        ann.write(path, text)
    ann.put()
    head = lab.head("ann")
    body = f"Code: lab/p@{'1' * 40} (clean)\nMain: {lab.head()}\nPart: 1/1 0011223344556677\nBranch: ann@{head}"
    lab.web_commit("bob", {"processed/readme.md": "read me"}, description=body)
    assert_anns_files_stay(lab, ann)


@pytest.mark.parametrize("claims", [True, False])
def test_a_request_merged_without_one_of_its_files_removes_none_of_anns(claims: bool, lab: Lab, join: Join) -> None:
    ann = proposed(lab, join)
    description = f"Main: {lab.head()}\nBranch: ann@{lab.head('ann')}" if claims else ""
    without = {"processed/b.csv": None}
    lab.web_commit("cho", without, "refs/pr/1", message="Only a for now", description=description)
    lab.merge()
    assert lab.on_hub() == {"processed/a.csv": "ann's a"}
    assert_anns_files_stay(lab, ann)


def test_a_request_that_a_maintainer_corrected_before_the_merge_is_no_revert(lab: Lab, join: Join) -> None:
    ann = proposed(lab, join)
    lab.web_commit("cho", {"processed/b.csv": "b, corrected"}, "refs/pr/1", message="A sign was wrong")
    lab.merge()
    if ann.run("get", "results", code=None).returncode == 0:
        ann.write("processed/more.csv", "more")
        ann.put()
        ann.run("pr", "create", "More", code=None)
        if lab.hub.api().get_discussion_details(lab.results, 2, repo_type="dataset").status == "open":
            lab.merge(2)
    assert lab.on_hub()["processed/b.csv"] == "b, corrected"
    assert {"ann's b"} <= lab.texts() | ann.texts()


# --- B3: a message that claims to hold main


def publish_on(lab: Lab, join: Join, claim: Callable[[Quick], None]) -> None:
    """Main moves on to `shared, two`; someone claims that Ann's branch holds that; her request must not revert it."""
    ann, bob = join("ann"), join("bob")
    bob.write("processed/shared.csv", "shared, one")
    bob.put("--main")
    ann.get()
    ann.write("processed/a.csv", "ann's a")
    ann.put()
    bob.write("processed/shared.csv", "shared, two")
    bob.put("--main")
    claim(ann)
    ann.get()
    assert ann.read("processed/shared.csv") == "shared, two"
    ann.write("processed/a.csv", "ann's a, better")
    ann.put()
    ann.run("pr", "create", "Ann's")
    lab.merge()
    assert lab.on_hub()["processed/shared.csv"] == "shared, two"


def test_a_web_commit_that_claims_to_hold_main_does_not(lab: Lab, join: Join) -> None:
    def claim(ann: Quick) -> None:
        description = f"Main: {lab.head()}"
        lab.web_commit("ann", {"processed/note.md": "a note"}, "ann", description=description)

    publish_on(lab, join, claim)


def test_a_web_commit_that_claims_to_be_a_whole_put_does_not_hold_main(lab: Lab, join: Join) -> None:
    """Copied from a true put: every trailer of it, with another Main."""

    def claim(ann: Quick) -> None:
        newest = lab.hub.api().list_repo_commits(lab.results, revision="ann", repo_type="dataset")[0]
        lines = [line for line in newest.message.splitlines() if not line.startswith("Main: ")]
        body = "\n".join([*lines, f"Main: {lab.head()}"])
        lab.web_commit("ann", {"processed/note.md": "a note"}, "ann", message=newest.title, description=body)

    publish_on(lab, join, claim)


@pytest.mark.parametrize("name", ["Main", "main", " Main"])
def test_a_message_of_anns_own_that_names_main_does_not_hold_it(name: str, lab: Lab, join: Join) -> None:
    def claim(ann: Quick) -> None:
        ann.write("processed/note.md", "a note")
        ann.put("-m", f"A note\n\n{name}: {lab.head()}\n")

    publish_on(lab, join, claim)


def test_a_message_of_a_maintainer_that_names_anns_branch_takes_nothing_from_her(lab: Lab, join: Join) -> None:
    ann, cho = join("ann"), join("cho")
    for path, text in TWO.items():
        ann.write(path, text)
    ann.put()
    cho.write("processed/notes.md", "notes")
    cho.put("--main", "-m", f"Notes\n\nBranch: ann@{lab.head('ann')}")
    assert_anns_files_stay(lab, ann)


def test_a_pull_request_whose_title_names_another_branch_takes_nothing_from_it(lab: Lab, join: Join) -> None:
    ann, bob = join("ann"), join("bob")
    for path, text in TWO.items():
        ann.write(path, text)
    ann.put()
    bob.write("processed/bobs.csv", "bob's")
    bob.put("-m", f"Bob's\n\nBranch: ann@{lab.head('ann')}")
    bob.run("pr", "create", f"Bob's\n\nBranch: ann@{lab.head('ann')}")
    lab.merge()
    assert_anns_files_stay(lab, ann)
    bob.get()
    assert bob.read("processed/bobs.csv") == "bob's"
