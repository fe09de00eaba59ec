"""One name for code, inputs and results: when it is given, refused, finished, listed and shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labdata.core import hints

from localhub.api.cards import front_matter, problems
from tests.endurance.runner import Quick
from tests.members import Lab
from tests.template.generating import git, run

SNAKEFILE = """\
configfile: "config.yaml"

rule all:
    input: "data/processed/plot.txt"

rule plot:
    input: "data/raw/plate.csv"
    output: "data/processed/plot.txt"
    params: threshold=config["threshold"]
    shell: "sed s/well/{params.threshold}/ {input} > {output}"
"""
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
IGNORED = "/data\n/.snakemake\n.env\n"


@dataclass
class Desk:
    """A member with a clone of the code, whose origin is a repository on this disk."""

    member: Quick
    lab: Lab

    @property
    def root(self) -> Path:
        return self.member.root

    def git(self, *arguments: str) -> str:
        return git(self.root, *arguments)

    def commit(self, *, push: bool = True) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "feat: work")
        if push:
            self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def tag(self, *arguments: str, code: int = 0) -> str:
        done = self.member.run("tag", *arguments, code=code)
        return done.stdout + done.stderr

    def tags(self) -> dict[str, dict[str, str]]:
        """Where each name stands, told by the plain clients."""
        found = {}
        for what, repo in (("results", self.lab.results), ("inputs", self.lab.inputs)):
            refs = self.lab.hub.api("cho").list_repo_refs(repo, repo_type="dataset")
            found[what] = {ref.name: ref.target_commit for ref in refs.tags}
        lines = self.git("for-each-ref", "--format=%(refname:short) %(*objectname)", "refs/tags").splitlines()
        return found | {"code": dict(line.split(" ") for line in lines)}


@pytest.fixture
def desk(lab: Lab, join: Callable[..., Quick], tmp_path: Path) -> Callable[..., Desk]:
    """Makes a desk; the first one begins the code."""
    origin = tmp_path / "code.git"

    def made(name: str, computer: str = "") -> Desk:
        one = Desk(join(name, computer, **dict.fromkeys(IDENTITY, f"{name}@lab.example")), lab)
        is_first = not origin.exists()
        if is_first:
            git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        one.git("init", "--quiet", "--initial-branch=main")
        one.git("remote", "add", "origin", str(origin))
        if is_first:
            (one.root / ".gitignore").write_text(IGNORED)
            one.commit()
        else:
            one.git("fetch", "--quiet", "origin")
            one.git("reset", "--quiet", "--hard", "origin/main")
            one.git("branch", "--quiet", "--set-upstream-to=origin/main")
        return one

    return made


@pytest.fixture
def ann(desk: Callable[..., Desk]) -> Desk:
    """Ann has published inputs and results."""
    ann = desk("ann")
    ann.member.write("raw/plate.csv", "well\n")
    ann.member.run("put", "inputs")
    ann.member.write("processed/a.csv", "1")
    ann.member.put()
    return ann


def test_one_name_is_given_to_code_inputs_and_results(ann: Desk, lab: Lab) -> None:
    head = ann.git("rev-parse", "HEAD")
    said = ann.tag("paper-v1")
    assert ann.tags() == {
        "results": {"paper-v1": lab.head("ann")},
        "inputs": {"paper-v1": lab.head("main", lab.inputs)},
        "code": {"paper-v1": head},
    }
    assert "git push origin paper-v1" in said
    message = ann.git("tag", "--list", "--format=%(contents)", "paper-v1")
    for commit in (head, lab.head("ann"), lab.head("main", lab.inputs)):
        assert commit in message
    # The same once more is no error, and pushes what was not pushed.
    assert "already" in ann.tag("paper-v1", "--push")
    assert ann.git("ls-remote", "--tags", "origin", "paper-v1^{}").split()[0] == head
    assert "already" in ann.tag("paper-v1", "--push", "--yes")
    # A later version does not take the name over, on whichever of the three it differs.
    before = ann.tags()
    (ann.root / "notes.md").write_text("more")
    ann.commit()
    assert f"names {head[:8]} of" in ann.tag("paper-v1", code=1)
    ann.git("reset", "--quiet", "--hard", head)
    ann.member.write("processed/a.csv", "2")
    ann.member.put()
    assert hints.ANOTHER_TAG in ann.tag("paper-v1", code=1)
    assert ann.tags() == before


@pytest.mark.hint(
    "COMMIT_CODE", "PUSH_CODE", "GIT_IDENTITY", "publish_to_tag", "get_to_tag", "NO_REMOTE", "WITHOUT_PUSH"
)
def test_what_is_not_so_is_not_named_and_the_hint_gets_there(ann: Desk, desk: Callable[..., Desk], lab: Lab) -> None:
    ann.member.write("processed/b.csv", "2")
    ann.member.write("raw/plate.csv", "other wells\n")
    (ann.root / "step.py").write_text("pass")
    said = ann.tag("v1", code=1)
    for part in (hints.publish_to_tag("results"), hints.publish_to_tag("inputs"), hints.COMMIT_CODE):
        assert part in said
    for path in ("data/processed/b.csv", "data/raw/plate.csv", "step.py"):
        assert f"  {path}\n" in said
    ann.member.put()
    ann.member.run("get", "inputs", "--restore", "raw/plate.csv")
    ann.commit(push=False)
    assert hints.PUSH_CODE in ann.tag("v1", code=1)
    ann.git("push", "--quiet", "origin", "main")
    who = {name: ann.member.env.pop(name) for name in IDENTITY}
    (ann.root.parent / "home" / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    assert hints.GIT_IDENTITY in ann.tag("v1", code=1)
    ann.member.env |= who
    # Another computer has published: what is here is not what the branch holds.
    laptop = desk("ann", "-laptop")
    laptop.member.get()
    laptop.member.write("processed/c.csv", "3")
    laptop.member.put()
    assert hints.get_to_tag("results") in ann.tag("v1", code=1)
    ann.member.get()
    assert ann.tags()["results"] == {}
    address = ann.git("config", "remote.origin.url")
    ann.git("config", "remote.origin.url", str(ann.root / "nowhere.git"))
    assert hints.WITHOUT_PUSH in ann.tag("v1", "--push", code=1)
    ann.git("config", "remote.origin.url", address)
    assert "would be v1" in ann.tag("v1", "--dry-run")
    assert ann.tags() == {"results": {}, "inputs": {}, "code": {}}
    ann.tag("v1")
    assert [*ann.tags()["results"], *ann.tags()["inputs"], *ann.tags()["code"]] == ["v1"] * 3
    ann.git("remote", "remove", "origin")
    assert hints.NO_REMOTE in ann.tag("v2", "--push", code=1)
    assert "no remote" in ann.tag("v2")


def test_what_git_is_told_to_overlook_is_code_that_nobody_else_has(ann: Desk, lab: Lab) -> None:
    (ann.root / "step.py").write_text("pass\n")
    ann.commit()
    ann.git("update-index", "--assume-unchanged", "step.py")
    (ann.root / "step.py").write_text("1 / 0\n")
    assert ann.git("status", "--porcelain") == ""
    see = hints.let_git_see(["git update-index --no-assume-unchanged step.py"])
    ann.member.write("processed/a.csv", "2")
    said = ann.member.put()
    assert "does not have all changes (step.py)" in said
    assert see in said
    said = ann.tag("v1", code=1)
    assert hints.COMMIT_CODE in said
    assert see in said
    ann.git("update-index", "--no-assume-unchanged", "step.py")
    ann.commit()
    ann.tag("v1")


@pytest.mark.hint("STALE_RESULTS")
def test_stale_results_are_named_only_if_that_is_meant(ann: Desk) -> None:
    (ann.root / "Snakefile").write_text(SNAKEFILE)
    (ann.root / "config.yaml").write_text("threshold: '0.9'\n")
    ann.commit()

    def snakemake() -> None:
        run(
            ["snakemake", "--cores", "1", "--scheduler", "greedy"],
            ann.root,
            ann.member.env,
        )

    snakemake()
    ann.member.put()
    # A parameter of another value, committed and pushed; only a new run would show it in the results.
    (ann.root / "config.yaml").write_text("threshold: '0.7'\n")
    ann.commit()
    said = ann.tag("v1", code=1)
    assert hints.STALE_RESULTS in said
    assert "rule plot" in said
    ann.tag("meant", "--stale-ok")
    assert "Stale: yes" in ann.git("tag", "--list", "--format=%(contents)", "meant")
    snakemake()
    ann.member.put()
    # Other inputs, published: told from the records too, without Snakemake.
    ann.tag("v1")
    (ann.root / "Snakefile").unlink()
    ann.commit()
    ann.member.write("raw/plate.csv", "wells of today\n")
    ann.member.run("put", "inputs")
    said = ann.tag("v2", code=1)
    assert "yesterday's data" in said
    assert "data/processed/plot.txt" in said
    assert set(ann.tags()["results"]) == {"v1", "meant"}


@pytest.mark.hint("push_tag", "MAINTAINER_TAGS")
def test_a_tag_that_was_cut_off_is_finished_by_the_same_command(ann: Desk, desk: Callable[..., Desk], lab: Lab) -> None:
    quick = ann.member
    expected = {
        "results": lab.head("ann"),
        "inputs": lab.head("main", lab.inputs),
        "code": ann.git("rev-parse", "HEAD"),
    }
    for number, skipped in enumerate((0, 1)):
        name = f"v{number}"
        # Killed while the Hub takes the inputs' tag, and while it takes the results'.
        lab.hub.set_faults([f"route=tag,method=POST,skip={skipped},hang=1"])
        running = quick.runner.start(quick, ["tag", name, "--push"])
        limit = time.monotonic() + 60
        while not lab.hub.faults()[0]["struck"] and time.monotonic() < limit:
            time.sleep(0.01)
        quick.runner.kill(running)
        quick.runner.wait(running)
        lab.hub.set_faults([])
        assert name not in ann.tags()["results"]
        ann.tag(name, "--push")
        assert {what: names[name] for what, names in ann.tags().items()} == expected
    ann.git("config", "remote.origin.pushurl", str(ann.root / "nowhere.git"))
    assert hints.push_tag("v2") in ann.tag("v2", "--push", code=1)
    ann.git("config", "--unset", "remote.origin.pushurl")
    ann.git("push", "--quiet", "origin", "v2")
    # Who may only read names nothing, not even here; a maintainer does.
    rea = desk("rea")
    assert hints.MAINTAINER_TAGS in rea.tag("v3", code=1)
    assert "v3" not in rea.tags()["code"]
    ann.tag("v3", "--push")
    # Who has only a part of the data here may name all of it, and takes over the code's tag that is pushed already.
    ann.member.write("raw/other.csv", "other")
    ann.member.run("put", "inputs")
    laptop = desk("ann", "-laptop")
    laptop.git("tag", "--delete", "v3")
    laptop.member.run("get", "inputs", "raw/other.csv")
    (laptop.root / "Snakefile").write_text("rule all:\n")
    laptop.commit()
    assert "Not all of it is on this disk" in laptop.tag("v4")
    assert hints.ANOTHER_TAG in laptop.tag("v3", "--push", code=1)
    ann.git("pull", "--quiet", "origin", "main")
    ann.tag("v5", "--push")
    laptop.git("tag", "--list")
    laptop.tag("v5", "--push")
    assert laptop.git("rev-parse", "v5") == ann.git("rev-parse", "v5")


def test_main_is_named_with_the_inputs_that_it_was_made_from(ann: Desk, desk: Callable[..., Desk], lab: Lab) -> None:
    made_from = lab.head("main", lab.inputs)
    ann.member.run("pr", "create", "First")
    ann.member.run("pr", "merge", "1")
    # Bob never got anything, and inputs have moved on: main's own commit says which they were.
    ann.member.write("raw/more.csv", "more")
    ann.member.run("put", "inputs")
    bob = desk("bob")
    bob.member.write("processed/only-here.csv", "unsaved")
    said = bob.tag("release", "--main")
    assert bob.tags()["results"] == {"release": lab.head("main")}
    assert bob.tags()["inputs"] == {"release": made_from}
    assert "main" in said
    # Without a branch it is main too, but then what only this disk holds stands in the way.
    assert hints.publish_to_tag("results") in bob.tag("release-2", code=1)
    # A version of somebody else's is not mine to name as my branch's.
    bob.member.put()
    bob.member.get("--from", "ann")
    assert hints.own_branch_first("results") in bob.tag("mine", code=1)


def test_names_are_listed_with_who_gave_them_when_and_what_is_missing(ann: Desk, desk: Callable[..., Desk]) -> None:
    assert "no version has a name" in ann.member.run("tag-list").stdout.lower()
    ann.git("tag", "release-0.1")
    ann.tag("paper-v1", "--push")
    ann.tag("draft", "--results-only")
    rows = ann.member.run("tag-list").stdout.splitlines()
    assert rows[0].split() == ["name", "by", "on", "results", "inputs", "code"]
    assert [row.split()[0] for row in rows[1:3]] == ["paper-v1", "draft"]
    assert max(map(len, rows)) <= 80
    found = {one["name"]: one for one in json.loads(ann.member.run("tag-list", "--json").stdout)}
    assert found.keys() == {"paper-v1", "draft"}
    assert found["paper-v1"]["who"] == "ann@lab.example"
    assert all(found["paper-v1"]["versions"].values())
    assert found["draft"]["versions"] | {"results": ""} == {"results": "", "inputs": "", "code": ""}
    # Without git's tag nothing is made up; a tag that somebody moved on the Hub is told.
    bob = desk("bob")
    assert "git fetch --tags" in bob.member.run("tag-list").stdout
    bob.git("fetch", "--quiet", "--tags")
    api = ann.lab.hub.api("cho")
    api.delete_tag(ann.lab.results, tag="paper-v1", repo_type="dataset")
    api.create_tag(ann.lab.results, tag="paper-v1", revision="main", repo_type="dataset")
    assert "paper-v1 stands on another version of results" in bob.member.run("tag-list").stdout


@pytest.mark.hint("names")
def test_a_name_shows_inputs_and_results_and_the_way_back(ann: Desk, desk: Callable[..., Desk]) -> None:
    assert hints.names([]) in ann.member.run("get-at", "paper-v1", code=1).stderr
    ann.tag("paper-v1", "--push")
    first = ann.git("rev-parse", "HEAD")
    assert hints.names(["paper-v1"]) in ann.member.run("get-at", "something-else", code=1).stderr
    assert hints.did_you_mean(["paper-v1"]) in ann.member.run("get-at", "papr-v1", code=1).stderr
    ann.member.write("raw/plate.csv", "wells of today\n")
    ann.member.run("put", "inputs")
    ann.member.write("processed/a.csv", "2")
    ann.member.put()
    (ann.root / "step.py").write_text("pass")
    ann.commit()
    # What only this disk holds, of either repo, is never hidden, and then neither of them changes.
    for path in ("processed/mine.csv", "raw/mine.csv"):
        ann.member.write(path, "only here")
        before = ann.member.files()
        assert f"data/{path}" in ann.member.run("get-at", "paper-v1", code=3).stderr
        assert ann.member.files() == before
        ann.member.remove(path)
    assert "would" in ann.member.run("get-at", "paper-v1", "--dry-run").stdout
    said = ann.member.run("get-at", "paper-v1").stdout
    assert ann.member.files() == {"raw/plate.csv": "well\n", "processed/a.csv": "1"}
    assert f"commit {first[:8]}, not" in said
    assert "`git switch --detach paper-v1`" in said
    assert ann.git("rev-parse", "HEAD") != first
    ann.git("switch", "--quiet", "--detach", "paper-v1")
    assert "which is checked out." in ann.member.run("get-at", "paper-v1").stdout
    assert "main" in ann.member.run("get", "inputs").stdout
    ann.member.get()
    assert ann.member.files() == {"raw/plate.csv": "wells of today\n", "processed/a.csv": "2"}
    # A colleague who has only the Hub is told where the code is, and what has no name stays.
    bob = desk("bob")
    ann.git("switch", "--quiet", "main")
    ann.tag("draft", "--results-only")
    done = bob.member.run("get-at", "draft")
    assert "git fetch --tags" in done.stdout
    assert "published with the code" in done.stdout
    assert "inputs: no version is named draft" in done.stderr
    assert bob.member.files() == {"processed/a.csv": "2"}
    bob.member.run("get", "inputs")
    bob.member.run("get", "inputs", "--at", "paper-v1")
    assert bob.member.read("raw/plate.csv") == "well\n"
    assert "data/ shows version paper-v1" in bob.member.run("put", "inputs", code=1).stderr
    bob.member.run("get", "inputs")
    assert bob.member.read("raw/plate.csv") == "wells of today\n"


def test_the_log_tells_code_inputs_names_and_request_and_of_a_path_what_touched_it(ann: Desk, lab: Lab) -> None:
    def log(*arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(ann.member.run("log", *arguments, "--json").stdout)
        return found

    ann.tag("paper-v1")
    ann.member.write("processed/sub/b.csv", "b")
    ann.member.put("-m", "Adds b")
    ann.member.run("pr", "create", "Both")
    ann.member.remove("processed/sub/b.csv")
    ann.member.put("-m", "Removes b")
    ann.member.write("processed/sub/b.csv", "again")
    ann.member.put("-m", "Makes b again")
    newest = log()
    titles = [row["title"] for row in newest]
    assert titles[:3] == ["Makes b again", "Removes b", "Adds b"]
    assert [row["pull_request"] for row in newest[:4]] == [None, None, 1, None]
    assert newest[3]["tags"] == ["paper-v1"]
    assert newest[3]["code"].endswith("(clean)")
    assert newest[3]["inputs"] == f"{lab.inputs}@{lab.head('main', lab.inputs)}"
    touched = ["Makes b again", "Removes b", "Adds b"]
    for path in ("data/processed/sub/b.csv", "processed/sub/", str(ann.member.path("processed/sub"))):
        assert [row["title"] for row in log(path)] == touched
    assert len(log("--limit", "2")) == 2
    assert [row["title"] for row in log("ann", "processed/a.csv")] == titles[3:4]
    assert [row["title"] for row in log("paper-v1")] == titles[3:]
    ann.member.run("pr", "merge", "1")
    [merged, *_] = log("--main")
    assert merged["pull_request"] == 1
    assert "code" in merged
    shown = ann.member.run("log").stdout
    assert "Adds b [#1]" in shown
    assert "[paper-v1]" in shown
    assert "code " in shown
    assert "No commit touched data/processed/none.csv" in ann.member.run("log", "processed/none.csv").stdout
    assert "Did you mean ann" in ann.member.run("log", "an", code=1).stderr
    # A path of the inputs is looked for where the inputs are.
    [row] = log("data/raw/plate.csv")
    assert row["commit"] == lab.head("main", lab.inputs)


ANSWERS = """\
_commit: v0.1.0
description: 'Which compounds | <b>matter</b>'
github_org: lab
project_name: Mito Screen
project_slug: mito-screen
"""


def card(lab: Lab, repo: str) -> str:
    where = lab.hub.api("cho").hf_hub_download(repo, "README.md", repo_type="dataset", cache_dir=lab.folder / "cards")
    return Path(where).read_text()


def test_cards_say_what_the_data_are_and_are_never_written_over_an_edited_one(
    ann: Desk, desk: Callable[..., Desk], lab: Lab
) -> None:
    (ann.root / ".copier-answers.yml").write_text(ANSWERS)
    ann.commit()
    ann.member.run("setup")
    heads = lab.head(), lab.head("main", lab.inputs)
    ann.member.run("setup")
    assert (lab.head(), lab.head("main", lab.inputs)) == heads
    text = card(lab, lab.results)
    assert problems(text) == ([], [])
    assert front_matter(text)["pretty_name"] == "Mito Screen: results"
    for part in (
        "# Mito Screen: results",
        "https://github.com/lab/mito-screen",
        lab.inputs,
        "How to cite",
        "None yet.",
    ):
        assert part in text
    assert "<b>" not in text
    assert "None is given" in text
    # It is no data: nothing to get, put, propose or ask about.
    before = ann.member.files()
    assert "up to date" in ann.member.get()
    assert "nothing to publish" in ann.member.put()
    assert "README" not in ann.member.run("status").stdout + ann.member.run("pr", "create", "-n").stdout
    assert ann.member.files() == before
    # A tag writes itself down, once; a colleague without the code's tag reads there who gave it.
    ann.member.configure("[repos.inputs]", '[card]\nlicense = "CC-BY-4.0"\n\n[repos.inputs]')
    ann.commit()
    ann.tag("paper-v1", "--push")
    head = lab.head()
    assert "already" in ann.tag("paper-v1")
    assert lab.head() == head
    text = card(lab, lab.results)
    assert front_matter(text)["license"] == "cc-by-4.0"
    assert f"results {lab.head('ann')[:8]}" in text
    assert f"code {ann.git('rev-parse', '--short=8', 'HEAD')}" in card(lab, lab.inputs)
    bob = desk("bob")
    bob.git("tag", "--delete", "paper-v1")
    [told] = json.loads(bob.member.run("tag-list", "--json").stdout)
    assert told["who"] == "ann@lab.example"
    assert told["versions"]["code"] == ""
    # And his tag leaves hers as it was told.
    bob.member.run("tag", "mine", "--results-only", "--main")
    assert "ann" in card(lab, lab.results)
    assert "| mine |" in card(lab, lab.results)
    # From the moment that somebody edits it, it is theirs.
    edited = card(lab, lab.results).replace("Mito Screen", "Our screen")
    lab.web_commit("cho", {"README.md": edited})
    assert "stays as it is" in ann.tag("paper-v2")
    assert card(lab, lab.results) == edited
    assert "| paper-v2 |" in card(lab, lab.inputs)
    ann.member.run("setup")
    assert card(lab, lab.results) == edited
    # Histories that have nothing in common any more make no question of it.
    lab.squash("main")
    lab.squash("ann")
    assert "README" not in ann.member.get(code=3) + ann.member.run("status").stdout
    ann.member.get("--mine", "processed/**")
    ann.member.write("processed/new.csv", "new")
    ann.member.put()
    ann.member.run("pr", "create", "New")
    ann.member.run("pr", "merge", "1")
    assert card(lab, lab.results) == edited


def test_a_name_is_given_and_found_whatever_git_is_told_and_whatever_else_has_it(ann: Desk) -> None:
    # What git does not show is no less in the way.
    ann.git("config", "status.showUntrackedFiles", "no")
    (ann.root / "step.py").write_text("pass")
    assert "step.py" in ann.tag("paper-v1", code=1)
    (ann.root / "step.py").unlink()
    # A branch of the code bears the name too.
    ann.git("branch", "paper-v1")
    assert "`git push origin tags/paper-v1`" in ann.tag("paper-v1")
    assert "already" in ann.tag("paper-v1")
    ann.git("push", "--quiet", "origin", "tags/paper-v1")
    [told] = json.loads(ann.member.run("tag-list", "--json").stdout)
    assert all(told["versions"].values())
    (ann.root / "step.py").write_text("pass")
    newer = ann.commit()
    said = ann.member.run("get-at", "paper-v1").stdout
    assert "`git switch --detach tags/paper-v1`" in said
    ann.git("switch", "--quiet", "--detach", "tags/paper-v1")
    assert ann.git("rev-parse", "HEAD") == told["versions"]["code"] != newer


@pytest.mark.hint("TAG_NAME")
def test_what_means_a_branch_or_a_commit_is_no_name(ann: Desk) -> None:
    for name in ("main", "HEAD", ann.lab.head("ann"), ann.lab.head("ann")[:8], "ann"):
        for more in ([], ["--results-only"]):
            assert hints.TAG_NAME in ann.tag(name, *more, code=1)
    assert ann.tags() == {"results": {}, "inputs": {}, "code": {}}
    # Nor does a log pass over what it was asked for.
    ann.member.run("pr", "create", "First")
    ann.member.run("pr", "merge", "1")
    assert "No commit touched data/raw/none" in ann.member.run("log", "--main", "raw/none").stdout
    [row] = json.loads(ann.member.run("log", "--main", "processed", "--json").stdout)
    assert row["pull_request"] == 1
    assert "leave ann out" in ann.member.run("log", "--main", "ann", "processed", code=2).stderr
    assert "not a pattern" in ann.member.run("log", "processed/*.csv").stdout
    assert ann.member.run("which", "data/processed/a.csv").stdout.count("stale") == 0
    ann.member.write("processed/twin.csv", "1")
    ann.member.put()
    (ann.root / "copy.csv").write_text("1")
    said = ann.member.run("which", "copy.csv").stdout
    assert "data/processed/a.csv" in said
    assert "data/processed/twin.csv" in said
    assert "twin" not in ann.member.run("which", "data/processed/a.csv").stdout


def test_a_plan_that_a_profile_hides_does_not_pass_for_none(ann: Desk) -> None:
    (ann.root / "Snakefile").write_text(SNAKEFILE)
    (ann.root / "config.yaml").write_text("threshold: '0.9'\n")
    run(
        ["snakemake", "--cores", "1", "--scheduler", "greedy"],
        ann.root,
        ann.member.env,
    )
    ann.member.put()
    (ann.root / "profiles" / "default").mkdir(parents=True)
    (ann.root / "profiles" / "default" / "config.yaml").write_text("quiet: [rules, reason]\n")
    (ann.root / "config.yaml").write_text("threshold: '0.7'\n")
    ann.commit()
    assert "rule plot: " in ann.tag("v1", code=1)


def test_a_name_that_is_given_again_is_told_as_it_is_now_and_of_one_code(
    ann: Desk, desk: Callable[..., Desk], lab: Lab
) -> None:
    (ann.root / ".copier-answers.yml").write_text(ANSWERS)
    ann.commit()
    ann.tag("paper-v1", "--push")
    bob = desk("bob")
    bob.git("fetch", "--quiet", "--tags")
    first = bob.git("rev-parse", "paper-v1^{commit}")
    for repo in (lab.results, lab.inputs):
        lab.hub.api("cho").delete_tag(repo, tag="paper-v1", repo_type="dataset")
    # As long as the code's tag tells of a version, the name is that one's: it is finished, and given to no other.
    named = lab.head("ann")
    assert "Tagged as paper-v1" in ann.tag("paper-v1")
    for repo in (lab.results, lab.inputs):
        lab.hub.api("cho").delete_tag(repo, tag="paper-v1", repo_type="dataset")
    ann.member.write("processed/later.csv", "later")
    ann.member.put()
    assert f"names {named[:8]} of {lab.results}" in ann.tag("paper-v1", code=1)
    ann.git("tag", "--delete", "paper-v1")
    (ann.root / "step.py").write_text("pass")
    second = ann.commit()
    ann.member.write("processed/a.csv", "2")
    ann.member.put()
    ann.member.run("pr", "create", "First")
    ann.member.run("pr", "merge", "1")
    ann.tag("paper-v1")
    head = lab.head("ann")
    for repo in (lab.results, lab.inputs):
        assert f"results {head[:8]}" in card(lab, repo)
        assert f"code {second[:8]}" in card(lab, repo)
    # A clone with the tag of before does not write it back.
    bob.member.run("tag", "other", "--results-only", "--main")
    assert f"code {second[:8]}" in card(lab, lab.results)
    assert first[:8] not in card(lab, lab.results)
    # Who has no tag at all learns from the card which code it is, and gives the name to no other.
    bob.git("tag", "--delete", "paper-v1")
    bob.member.get("--from", "ann")
    bob.member.get()
    ann.tag("release", "--main")
    assert f"names {second[:8]} of" in bob.tag("release", "--main", code=1)
    assert "release" not in bob.tags()["code"]
    bob.git("pull", "--quiet", "--no-tags", "origin", "main")
    bob.tag("release", "--main")
    assert bob.tags()["code"] == {"release": second}


@pytest.mark.hint("finish_get_at")
def test_what_a_name_has_shown_before_it_was_cut_off_is_told(ann: Desk, lab: Lab) -> None:
    ann.tag("paper-v1")
    ann.member.write("raw/plate.csv", "wells of today\n")
    ann.member.run("put", "inputs")
    ann.member.write("processed/a.csv", "2")
    ann.member.put()
    for skipped, shown in ((0, "wells of today\n"), (1, "well\n")):
        with lab.faults(f"route=resolve,skip={skipped},status=403"):
            said = ann.member.run("get-at", "paper-v1", code=1).stderr
        assert ann.member.files() == {"raw/plate.csv": shown, "processed/a.csv": "2"}
        assert ("Nothing was changed" in said) is (shown != "well\n")
        assert (hints.finish_get_at("paper-v1") in said) is (shown == "well\n")
    assert "`just get-inputs` returns to main" in ann.member.run("status").stdout
    assert "back on" not in ann.member.run("get-at", "paper-v1").stdout
    assert ann.member.files() == {"raw/plate.csv": "well\n", "processed/a.csv": "1"}
    # What is not of the version that is shown says so.
    assert "data/ shows version paper-v1" in ann.member.run("pr", "create", "First").stderr
    assert "data/ shows version paper-v1" in ann.tag("draft", "--results-only")
    assert "back on" not in ann.member.get("--at", "ann")
    ann.member.run("get", "inputs")
    assert "back on your branch" in ann.member.get()
