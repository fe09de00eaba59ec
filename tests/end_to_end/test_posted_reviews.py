"""The review of a pull request, posted at it: one comment, which is the poster's own and brought up to date."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import httpx2
import pytest
from labdata.cli.app import run
from labdata.review import post, signature
from PIL import Image

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]


@pytest.fixture
def ann(join: Join) -> Quick:
    ann = join("ann")
    ann.write("processed/wells.csv", table(96))
    ann.put("--main", "--yes")
    ann.get()
    return ann


def table(rows: int) -> str:
    return "well,area\n" + "".join(f"W{number},{number}.5\n" for number in range(rows))


def propose(member: Quick, rows: int, *options: str, title: str = "Fewer wells") -> str:
    member.write("processed/wells.csv", table(rows))
    member.put()
    done = member.run("pr", "create", title, *options)
    return done.stdout + done.stderr


def comments(lab: Lab, number: int = 1) -> list[tuple[str, str]]:
    """Who wrote each comment of a request, and what; the description is none."""
    events = lab.hub.api("cho").get_discussion_details(lab.results, number, repo_type="dataset").events
    found = [event for event in events if event.type == "comment"][1:]
    return [(event.author, str(vars(event)["content"])) for event in found]


def test_a_proposal_brings_its_review_which_follows_it(ann: Quick, join: Join, lab: Lab) -> None:
    said = propose(ann, 90)
    assert "No check looked at these files: judge them yourself." in said
    assert "Posted the review at pull request 1:" in said
    [(author, text)] = comments(lab)
    assert author == "ann"
    hub = ann.env["HF_ENDPOINT"]
    assert "6 rows removed" in text
    assert f"[before]({hub}/datasets/{lab.results}/blob/{lab.head()}/processed/wells.csv)" in text
    assert f"[after]({hub}/datasets/{lab.results}/blob/{lab.head('refs/pr/1')}/processed/wells.csv)" in text

    # On a terminal its first lines are enough.
    shown = ann.run("pr", "view", "1").stdout
    assert "No check looked at these files: judge them yourself." in shown
    assert "look at it" not in shown

    # Nothing new: nothing is said twice. Something new: the same comment says it.
    again = ann.run("pr", "create").stdout
    assert "The review at pull request 1 is up to date: nothing changed since." in again
    assert comments(lab) == [(author, text)]
    assert "Brought the review at pull request 1 up to date:" in propose(ann, 80)
    [(author, text)] = comments(lab)
    assert "16 rows removed" in text
    assert "6 rows removed" not in text.replace("16 rows removed", "")
    told = json.loads(ann.run("pr", "create", "--json").stdout)
    assert told["review"] == "unchanged"

    # A reviewer posts one of their own, be it that they may only read; inputs that changed make it another one.
    rea = join("rea")
    assert "Posted the review" in rea.run("review", "1", "--post").stdout
    assert (rea.root / "review-pr-1.html").exists()
    ann.write("raw/a.csv", "1")
    ann.run("put", "inputs", "--yes")
    assert json.loads(rea.run("review", "#1", "--post", "--json").stdout)["posted"] == "updated"
    assert [author for author, _text in comments(lab)] == ["ann", "rea"]
    ann.run("pr", "merge", "1", "--yes")
    rea.run("review", "bob", "--post", code=2)
    rea.run("review", "1", "--all-open", code=2)
    assert "Pull request 1 is merged: the review was not posted." in rea.run("review", "1", "--post").stdout
    assert len(comments(lab)) == 2


def test_only_a_comment_that_is_mine_word_for_word_is_replaced(ann: Quick, join: Join, lab: Lab) -> None:
    propose(ann, 90)
    [(_ann, text)] = comments(lab)
    bob = join("bob")
    # bob copies ann's comment, signature and all; cho forges one that would fit, for ann to take for hers.
    bob.run("pr", "comment", "1", text)
    state = re.findall(r"`([0-9a-f]{32})-", text)[0]
    forged = signature.signed("All is well.", f"{lab.results}#1 by ann", state)
    assert signature.state_in(forged, f"{lab.results}#1 by ann") == state
    join("cho").run("pr", "comment", "1", forged)
    propose(ann, 70)
    found = comments(lab)
    assert [author for author, _text in found] == ["ann", "bob", "cho"]
    assert "26 rows removed" in found[0][1]
    assert [text_ for _author, text_ in found[1:]] == [text, forged]
    # Nor does bob's own review replace his copy: it is not what labdata wrote for him.
    bob.run("review", "1", "--post")
    assert [author for author, _text in comments(lab)] == ["ann", "bob", "cho", "bob"]
    assert comments(lab)[1][1] == text

    # ann adds a word on the website: from now on it is her text, and the next review is another comment.
    api = lab.hub.api("ann")
    events = api.get_discussion_details(lab.results, 1, repo_type="dataset").events
    mine = next(event for event in events[1:] if event.type == "comment")
    edited = comments(lab)[0][1].replace("rows removed", "rows removed (I know)")
    api.edit_discussion_comment(lab.results, 1, mine.id, edited, repo_type="dataset")
    propose(ann, 60)
    found = comments(lab)
    assert found[0] == ("ann", edited)
    assert (found[-1][0], "36 rows removed" in found[-1][1]) == ("ann", True)


def test_whatever_goes_wrong_with_a_review_the_request_stands(
    ann: Quick, join: Join, lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Nobody asked for a review, so a large download is none of its business; a review that is asked for makes it.
    for name, value in ann.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ann.root)
    monkeypatch.setattr(post, "UNASKED", 100)
    ann.write("processed/large.txt", "large\n" * 5_000)
    ann.write("processed/wells.csv", table(90))
    ann.put()
    mine = ann.path("processed/wells.csv")
    mine.write_text("elsewhere by now")
    assert run(["pr", "create", "Fewer wells"]) == 0
    said = capsys.readouterr()
    assert "Pull request from ann to main" in said.out
    assert "The review was not posted: It would fetch 1.7 kB; unasked, it does so up to 100 B." in said.err
    assert "The request stands; `just review 1 --post` tries again." in said.err
    assert comments(lab) == []
    monkeypatch.setattr(post, "UNASKED", 2_000)
    assert run(["pr", "create", "--json"]) == 0
    assert "It would read 31.7 kB; unasked, it does so up to 20.0 kB." in json.loads(capsys.readouterr().out)["review"]
    assert run(["review", "1", "--post"]) == 0
    assert len(comments(lab)) == 1

    # The Hub takes no comment (the first is the description), or loses its answer, or finds it too long.
    mine.write_text(table(90))
    with lab.faults("route=comment,skip=1,status=403"):
        said_ = propose(ann, 80)
    assert "The review was not posted: This account may not do that" in said_
    assert "6 rows removed" in comments(lab)[0][1]
    with lab.faults("route=comment,skip=1,drop=1,times=1"):
        propose(ann, 70)
    [(_ann, text)] = comments(lab)
    assert "26 rows removed" in text
    ann.run("pr", "close", "1")
    with lab.faults("route=comment,skip=1,drop=1,times=1"):
        assert "Posted the review at pull request 2:" in propose(ann, 60)
    assert len(comments(lab, 2)) == 1
    for number in range(12):
        ann.write(f"processed/more-{number}.txt", f"{number}")
    with lab.faults("route=comment,skip=1,status=413,times=1"):
        propose(ann, 50)
    [(_ann, text)] = comments(lab, 2)
    assert "46 rows removed" in text
    assert ann.run("pr", "create", "--no-review").stdout.count("review") == 0

    # What could not be fetched is said, and is looked at again though nothing changed.
    bob = join("bob")
    with lab.faults("route=resolve,path=more-1.txt,status=404"):
        bob.run("review", "2", "--post")
    assert "not fetched" in comments(lab, 2)[-1][1]
    assert "Brought the review at pull request 2 up to date:" in bob.run("review", "2", "--post").stdout
    assert "not fetched" not in comments(lab, 2)[-1][1]
    assert "up to date: nothing changed" in bob.run("review", "--all-open", "--post").stdout


def picture(size: int, hole: int) -> bytes:
    image = Image.new("RGB", (size, size), "white")
    image.paste((200, 0, 0), (0, 0, hole, hole))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_pictures_are_attached_only_if_somebody_says_so(join: Join, lab: Lab) -> None:
    ann = join("ann")
    for number in range(8):
        ann.write(f"processed/plot-{number}.png", picture(900, 10))
    ann.put("--main", "--yes")
    ann.get()
    for number in range(8):
        ann.write(f"processed/plot-{number}.png", picture(900, 100 + number))
    ann.put()
    lab.hub.reset_requests()
    ann.run("pr", "create", "Plots")
    [(_ann, text)] = comments(lab)
    assert "![" not in text
    assert lab.hub.requests("attachment") == []

    # What differs most is shown small, in the same comment, and who may see it is said before.
    done = ann.run("review", "1", "--attach")
    said = " ".join(done.stderr.split())
    assert "Attaching the pictures of 6 files: whoever has the address of such a picture can see it" in said
    assert "Brought the review at pull request 1 up to date:" in done.stdout
    [(_ann, text)] = comments(lab)
    addresses = re.findall(r"!\[(before|after|difference)\]\((http://[^)]*/uploads/[0-9a-f]{64}\.png)\)", text)
    assert [name for name, _address in addresses] == ["before", "after", "difference"] * 6
    assert "plot&#45;7.png:" in text
    small = httpx2.get(addresses[0][1]).content
    assert small.startswith(b"\x89PNG")
    assert len(small) < 20_000
    assert Image.open(io.BytesIO(small)).size == (480, 480)

    # They stay as long as nothing changes, and a Hub that takes none does not keep the review from being posted.
    assert "up to date: nothing changed since" in ann.run("pr", "create").stdout
    assert comments(lab) == [("ann", text)]
    ann.write("processed/plot-0.png", picture(900, 500))
    ann.put()
    with lab.faults("route=attachment,status=403"):
        done = ann.run("pr", "create", "--attach")
    assert "The pictures of 6 files are not attached: This account may not do that" in done.stderr
    [(_ann, text)] = comments(lab)
    assert "![" not in text
