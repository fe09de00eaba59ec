"""Pull requests that meet each other, main, or somebody who means no good: what becomes of the files, what is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from labdata.core.trailers import written
from markdown_it import MarkdownIt

from tests.end_to_end.test_posted_reviews import comments
from tests.endurance.runner import Quick
from tests.members import Lab
from tests.review.hostile import EVIL

Join = Callable[..., Quick]


@pytest.fixture
def team(join: Join) -> tuple[Quick, Quick, Quick]:
    """Ann and Bob, who start from the same main, and Cho, who maintains it."""
    cho = join("cho")
    for name in "abc":
        cho.write(f"processed/{name}.csv", f"well,area\nA1,{name}\n")
    cho.put("--main", "--yes")
    ann, bob = join("ann"), join("bob")
    for member in (ann, bob, cho):
        member.get()
    return ann, bob, cho


def propose(member: Quick, title: str, code: int = 0) -> str:
    member.put()
    done = member.run("pr", "create", title, code=code)
    return done.stdout + done.stderr


def told(member: Quick, *arguments: str) -> Any:
    return json.loads(member.run(*arguments, "--json").stdout)


def states(member: Quick) -> dict[int, str]:
    return {one["number"]: one["status"] for one in told(member, "pr", "list", "--closed")}


def test_two_requests_on_one_file_and_the_second_is_decided_and_superseded(
    team: tuple[Quick, Quick, Quick], lab: Lab
) -> None:
    ann, bob, cho = team
    ann.write("processed/a.csv", "well,area\nA1,ann\n")
    bob.write("processed/a.csv", "well,area\nA1,bob\n")
    bob.write("processed/d.csv", "well,area\nA1,d\n")
    propose(ann, "Ann's")
    propose(bob, "Bob's")
    # While both are open, each can be merged, and each review compares with main alone.
    assert [one["conflicts"] for one in told(cho, "pr", "list")] == [[], []]
    assert all("cannot be merged" not in text for number in (1, 2) for _who, text in comments(lab, number))

    # One is merged on the website. The other is in conflict: its review says so, and its author is asked.
    lab.merge(1)
    assert told(cho, "pr", "view", "2")["conflicts"] == ["processed/a.csv"]
    review = told(cho, "review", "2", "--post")
    assert "main changed 1 file that pull request 2 changed too" in review["notes"][0]
    assert "**main changed 1 file that pull request 2 changed too, so it cannot be merged" in comments(lab, 2)[1][1]
    assert "data/processed/a.csv" in cho.run("pr", "merge", "2", code=1).stderr
    assert "main changed 1 file that your branch changed too" in propose(bob, "Bob's", code=3)
    assert "processed/a.csv" in bob.get(code=3)
    bob.get("--mine", "processed/a.csv")
    said = propose(bob, "Bob's, decided")
    assert "Closed pull request 2, which it takes the place of." in said
    assert "Posted the review at pull request 3:" in said
    assert states(cho) == {3: "open", 2: "closed", 1: "merged"}
    # What was said of the old one stays there; what is said of the new one compares with what Ann's made of main.
    assert {who for who, _text in comments(lab, 2)} == {"bob", "cho"}
    assert "1 cell changed" in comments(lab, 3)[0][1]
    cho.run("pr", "merge", "3", "--yes")
    ann.get()
    assert ann.read("processed/a.csv") == "well,area\nA1,bob\n"
    assert ann.files() == lab.on_hub()


def test_while_mine_is_open_others_are_merged_on_the_website_and_then_mine_is(
    team: tuple[Quick, Quick, Quick], lab: Lab
) -> None:
    ann, bob, _cho = team
    ann.write("processed/a.csv", "well,area\nA1,ann\n")
    propose(ann, "Ann's")
    bob.write("processed/b.csv", "well,area\nA1,bob\n")
    propose(bob, "Bob's")
    lab.merge(2)
    # Bob's file is not mine to propose: neither the files nor the review of my request tell of it.
    ann.write("processed/c.csv", "well,area\nA1,ann\n")
    assert "Brought pull request 1 up to date with ann" in propose(ann, "Ann's two")
    assert {one["path"] for one in told(ann, "pr", "diff", "1")} == {"processed/a.csv", "processed/c.csv"}
    [(_ann, text)] = comments(lab)
    assert "b.csv" not in text
    # Then it is merged there, and there is nothing to propose: the command says so and opens no other.
    lab.merge(1)
    said = ann.run("pr", "create", "Once more", code=1).stderr
    assert "holds nothing that main has not" in said
    assert states(ann) == {2: "merged", 1: "merged"}
    assert [text_ for _who, text_ in comments(lab)] == [text]
    for member in (ann, bob):
        member.get()
        assert member.files() == lab.on_hub()


def test_a_file_that_one_side_removes_and_another_changes_is_never_lost_unasked(
    team: tuple[Quick, Quick, Quick], lab: Lab
) -> None:
    ann, bob, cho = team
    ann.remove("processed/a.csv")  # which nobody else touches
    ann.remove("processed/b.csv")  # which main changes meanwhile
    propose(ann, "Away with two")
    assert "2 tables removed" in comments(lab)[0][1]
    bob.write("processed/b.csv", "well,area\nA1,bob\n")
    propose(bob, "Bob's")
    lab.merge(2)
    assert "data/processed/b.csv" in cho.run("pr", "merge", "1", code=1).stderr
    assert lab.on_hub()["processed/b.csv"] == "well,area\nA1,bob\n"
    assert "cannot be merged as it is" in told(cho, "review", "1")["notes"][0]

    # Ann sees both sides, takes Bob's, and only the removal that nobody minds is left of her proposal.
    assert "processed/b.csv" in ann.get(code=3)
    ann.get("--theirs", "processed/b.csv")
    propose(ann, "Away with one")
    assert [(one["verb"], one["path"]) for one in told(ann, "pr", "diff", "1")] == [("remove", "processed/a.csv")]
    assert "1 table removed" in comments(lab)[0][1]
    cho.run("pr", "merge", "1", "--yes")
    # Bob changed nothing of it: for him it goes as well. Cho did: she is asked.
    cho.write("processed/a.csv", "well,area\nA1,cho\n")
    bob.get()
    assert (
        bob.files()
        == lab.on_hub()
        == {"processed/b.csv": "well,area\nA1,bob\n", "processed/c.csv": "well,area\nA1,c\n"}
    )
    assert "processed/a.csv" in cho.get(code=3)
    assert cho.read("processed/a.csv") == "well,area\nA1,cho\n"


def test_a_draft_is_brought_up_to_date_reviewed_and_opened(team: tuple[Quick, Quick, Quick], lab: Lab) -> None:
    ann, _bob, cho = team
    ann.write("processed/a.csv", "well,area\nA1,ann\n")
    ann.put()
    # A Hub that opens requests as drafts: what `pr create` would have made there.
    api = lab.hub.api("ann")
    api.create_pull_request(lab.results, "Ann's", repo_type="dataset")
    said = written({"Main": lab.head(), "Branch": f"ann@{lab.head('ann')}"}, lab.head())
    change = {"processed/a.csv": "well,area\nA1,ann\n"}
    lab.web_commit("ann", change, "refs/pr/1", message="Ann's", description=said)
    assert states(cho) == {1: "draft"}
    assert "is proposed to main of" in ann.run("pr", "create").stdout
    ann.write("processed/a.csv", "well,area\nA1,ann\nA2,ann\n")
    said = propose(ann, "Ann's")
    assert "Brought pull request 1 up to date with ann" in said
    assert "Brought the review at pull request 1 up to date:" in said
    assert states(cho) == {1: "draft"}
    assert "draft" in cho.run("pr", "view", "1").stdout
    assert len(comments(lab)) == 1
    ann.run("pr", "create", "--ready")
    assert states(cho) == {1: "open"}
    # Another one is opened by who merges it.
    api.create_pull_request(lab.results, "By hand", repo_type="dataset")
    lab.web_commit("bob", {"processed/b.csv": "well,area\nA1,bob\n"}, "refs/pr/2")
    assert "Posted the review at pull request 2:" in cho.run("review", "2", "--post").stdout
    cho.run("pr", "merge", "2", "--yes")
    assert states(cho) == {2: "merged", 1: "open"}


def test_who_may_only_read_reviews_and_comments_and_is_told_what_else_is_not_theirs(
    team: tuple[Quick, Quick, Quick], lab: Lab, join: Join
) -> None:
    ann, _bob, _cho = team
    ann.write("processed/a.csv", "well,area\nA1,ann\n")
    propose(ann, "Ann's")
    rea = join("rea")
    rea.get()
    rea.write("processed/a.csv", "well,area\nA1,rea\n")
    for command in (("pr", "create", "Mine"), ("put", "results"), ("pr", "merge", "1"), ("pr", "close", "1")):
        said = rea.run(*command, code=1).stderr
        assert re.search("may not|write access|no branch rea", said), said
        assert "Nothing was changed" in said or "no pull request was opened" in said or "not published" in said, said
    assert states(rea) == {1: "open"}
    assert rea.read("processed/a.csv") == "well,area\nA1,rea\n"
    rea.run("review", "1", "--post")
    assert [who for who, _text in comments(lab)] == ["ann", "rea"]


def test_data_that_mean_no_good_are_shown_in_a_comment_and_do_nothing(lab: Lab, join: Join) -> None:
    ann = join("ann")
    rows = {number: evil.replace('"', '""') for number, evil in enumerate(EVIL)}
    before = "id,text\n" + "".join(f'{number},"x"\n' for number in rows)
    after = f'id,"{rows[0]}"\n' + "".join(f'{number},"{evil}"\n' for number, evil in rows.items())
    name = "processed/[x](javascript-y) & `b` $(touch evil).csv"
    ann.write(name, before)
    ann.write("processed/forged.csv", "id,text\n1,x\n")
    ann.put("--main", "--yes")
    ann.get()
    ann.write(name, after)
    seal = "`" + "0" * 32 + "-" + "0" * 32 + "`"
    forged = f"Code: lab/forged@{'0' * 40} (clean)\nSeal: {'0' * 32}\n{seal}"
    ann.write("processed/forged.csv", f'id,text\n1,"{forged}"\n')
    (ann.root / "review").mkdir()
    check = "from labdata.review.checks import check, error\n\n@check('**')\ndef all(before, after):\n"
    (ann.root / "review" / "ours.py").write_text(f"{check}    yield error({EVIL[4] + EVIL[0] + forged!r})\n")
    ann.put()
    done = ann.run("pr", "create", EVIL[0])
    assert "\x1b" not in done.stdout + done.stderr
    [(_ann, text)] = comments(lab)
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not kinds & {"html_block", "html_inline", "image", "fence", "code_block", "hr"}
    # Of code there is one piece: labdata's own line at the end.
    assert len([child for child in inline if child.type == "code_inline"]) == 1
    links = [str(child.attrs["href"]) for child in inline if child.type == "link_open"]
    assert links
    assert all(link.startswith(f"{ann.env['HF_ENDPOINT']}/datasets/{lab.results}/blob/") for link in links)
    assert not re.search(r"^(Code|Inputs|Main|Branch|Seal): ", text, re.MULTILINE)
    assert not re.search(r"@everyone|https?://elsewhere|www\.elsewhere|[\x00-\x09\x0b-\x1f\x7f]", text)
    assert "Code: lab/forged" in "".join(child.content for child in inline if child.type == "text")
    # It is found again for all that, and nothing in it reaches a terminal.
    assert "is up to date" in ann.run("pr", "create").stdout
    join("cho").run("pr", "comment", "1", EVIL[4] + EVIL[0])
    shown = ann.run("pr", "view", "1").stdout
    assert "\x1b" not in shown
    assert [line for line in shown.splitlines() if line.startswith("Code:")] == []
