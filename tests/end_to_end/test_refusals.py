"""Ways to get it wrong: each gives one clear sentence, and changes nothing."""

from __future__ import annotations

import pytest

from tests.members import Lab, Member

NOWHERE = "http://127.0.0.1:9"


def sentence(member: Member, *arguments: str, code: int = 1) -> str:
    """What a refused command says; it must not be a traceback, and standard output stays empty."""
    done = member.run(*arguments, code=code)
    assert done.stdout == ""
    assert 1 <= len(done.stderr.strip().splitlines()) <= 4
    return done.stderr


@pytest.fixture
def ann(lab: Lab) -> Member:
    member = lab.member("ann")
    member.write("processed/a.csv", "one")
    member.put()
    return member


def test_without_a_token(ann: Member) -> None:
    del ann.env["HF_TOKEN"]
    assert "hf auth login" in sentence(ann, "get", "results")


def test_onboarding_without_a_token_says_what_is_set_up(lab: Lab) -> None:
    ann = lab.member("ann", ready=False)
    del ann.env["HF_TOKEN"]
    done = ann.run("setup", code=1)
    assert "Wrote .env" in done.stdout
    assert "Nothing was changed" not in done.stderr
    assert "What is set up until here stays." in done.stderr
    assert "HF_TOKEN in .env" in done.stderr


def test_with_a_wrong_token(ann: Member) -> None:
    ann.env["HF_TOKEN"] = "hf_" + "x" * 34
    assert "does not accept this token" in sentence(ann, "get", "results")


def test_with_a_dead_endpoint(ann: Member) -> None:
    ann.env["HF_ENDPOINT"] = NOWHERE
    said = sentence(ann, "put", "results")
    assert NOWHERE in said
    assert "could not be reached" in said


def test_with_a_branch_that_cannot_be(ann: Member) -> None:
    ann.env["HF_BRANCH"] = "my branch"
    assert "'my branch'" in sentence(ann, "get", "results")


def test_of_a_version_that_is_not_there(ann: Member) -> None:
    assert "'v9'" in sentence(ann, "get", "results", "--at", "v9")


def test_of_a_part_that_is_not_there(ann: Member) -> None:
    ann.write("processed/b.csv", "two")
    ann.put()
    assert "processed/nothing" in sentence(ann, "get", "results", "processed/nothing/")
    assert "processed/typo" in sentence(ann, "put", "results", "--for", "typo")


def test_of_a_repo_that_the_project_does_not_have(ann: Member) -> None:
    assert "[repos.images]" in sentence(ann, "get", "images")


def test_outside_a_project(ann: Member) -> None:
    ann.root = ann.root.parent
    assert "labdata.toml" in sentence(ann, "get", "results")


def test_with_a_broken_labdata_toml(ann: Member) -> None:
    with (ann.root / "labdata.toml").open("a") as file:
        file.write("\nfolders = [\n")
    assert "labdata.toml cannot be read" in sentence(ann, "get", "results")


def test_with_nothing_to_propose(ann: Member) -> None:
    ann.run("pr", "create", "One")
    ann.env["HF_BRANCH"] = "empty"
    ann.run("branch", "create")
    assert "nothing that main has not" in sentence(ann, "pr", "create", "Two")


def test_of_a_secret_in_a_data_file(ann: Member, lab: Lab) -> None:
    ann.write("processed/notes.txt", "token: hf_" + "a" * 34)
    assert "looks like a secret" in ann.put(code=1)
    assert "processed/notes.txt" not in lab.on_hub("ann")


def test_of_a_name_that_windows_refuses(ann: Member, lab: Lab) -> None:
    ann.write("processed/what?.csv", "x")
    assert "Windows" in ann.put(code=1)
    assert sorted(lab.on_hub("ann")) == ["processed/a.csv"]


def test_debug_shows_where_it_happened(ann: Member) -> None:
    ann.env["HF_ENDPOINT"] = NOWHERE
    command = ("--debug", "get", "results")
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "labdata", *command], cwd=ann.root, env=ann.env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_part_of_another_version_that_means_nothing_leaves_my_branch_here(lab: Lab) -> None:
    ann = lab.member("ann")
    ann.write("processed/a.csv", "one")
    ann.put()
    assert "typo/**" in ann.get("--at", "main", "typo/**", code=1)
    assert "nothing to publish" in ann.put()


def test_answers_of_copier_that_are_not_utf8_do_not_stop_a_put(lab: Lab) -> None:
    ann = lab.member("ann")
    (ann.root / ".copier-answers.yml").write_bytes(b"_commit: v1\nlab_name: M\xfcller\n")
    ann.write("processed/a.csv", "one")
    ann.put()
    assert lab.on_hub("ann") == ann.files()


def test_a_put_that_is_refused_after_it_made_the_branch_says_that_it_is_made(ann: Member, lab: Lab) -> None:
    lab.delete_branch("ann")
    with lab.faults("route=commit,status=403"):
        said = ann.put("--yes", code=1)
    assert "Nothing was changed" not in said
    assert "Your branch ann was made, and holds what main does." in said
    assert "ann" in lab.branches()
    ann.put()
    assert lab.on_hub("ann") == ann.files()
