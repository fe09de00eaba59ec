"""Who I am, what is mine, whether I mean it: asked or known, never guessed (A5, B11, B12, B16)."""

from __future__ import annotations

import getpass
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from labdata.core import hints

from tests.endurance.runner import Conditions, Quick
from tests.members import Lab
from tests.terminal import on_a_terminal

Join = Callable[..., Quick]
IMPATIENT = Conditions(impatient=True)


# --- B16: an old version over reviewed files


def old_and_reviewed(lab: Lab, join: Join) -> Quick:
    """Main holds what was reviewed; Ann, who got it, is about to publish an older version over it."""
    ann, bob = join("ann"), join("bob")
    for path in ("processed/a.csv", "processed/b.csv"):
        bob.write(path, "reviewed")
    bob.put("--main")
    ann.get()
    ann.write("processed/a.csv", "old version")
    ann.remove("processed/b.csv")
    return ann


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
def test_a_put_to_main_asks_on_a_terminal_and_shows_what_it_replaces(answer: str, lab: Lab, join: Join) -> None:
    ann = old_and_reviewed(lab, join)
    before = lab.head()
    code, shown = on_a_terminal(ann, answer, "put", "results", "--main")
    assert code not in (0, 3)
    assert "data/processed/a.csv" in shown
    assert "data/processed/b.csv" in shown
    assert "Traceback" not in shown
    assert lab.head() == before
    assert ann.files() == {"processed/a.csv": "old version"}


@pytest.mark.hint("REVIEW_INSTEAD", "branchs_own")
def test_whoever_says_no_is_told_the_other_way(lab: Lab, join: Join) -> None:
    ann = old_and_reviewed(lab, join)
    _code, shown = on_a_terminal(ann, "n\n", "put", "results", "--main")
    assert hints.REVIEW_INSTEAD in " ".join(shown.split())
    ann.put()
    ann.run("pr", "create")
    shutil.rmtree(ann.root / "data" / ".labdata")
    ann.write("processed/new.csv", "new")
    _code, shown = on_a_terminal(ann, "n\n", "put", "results")
    assert hints.branchs_own("results") in " ".join(shown.split())
    ann.get("--restore", "**")
    assert ann.files() == lab.on_hub("ann") | {"processed/new.csv": "new"}


def test_a_put_to_main_goes_on_when_the_answer_is_yes(lab: Lab, join: Join) -> None:
    ann = old_and_reviewed(lab, join)
    code, shown = on_a_terminal(ann, "y\n", "put", "results", "--main")
    assert code == 0, shown
    assert "[y/N]" in shown
    assert lab.on_hub() == {"processed/a.csv": "old version"}


def test_a_put_to_main_with_yes_does_not_ask(lab: Lab, join: Join) -> None:
    ann = old_and_reviewed(lab, join)
    code, shown = on_a_terminal(ann, "n\n", "put", "results", "--main", "--yes")
    assert code == 0, shown
    assert "[y/N]" not in shown
    assert lab.on_hub() == {"processed/a.csv": "old version"}


def test_a_put_to_main_without_a_terminal_goes_on_and_shows_what_it_replaces(lab: Lab, join: Join) -> None:
    said = old_and_reviewed(lab, join).put("--main")
    assert "change  data/" in said
    assert "data/processed/a.csv" in said
    assert "data/processed/b.csv" in said
    assert lab.on_hub() == {"processed/a.csv": "old version"}


def test_a_put_to_my_branch_does_not_ask(lab: Lab, join: Join) -> None:
    ann = old_and_reviewed(lab, join)
    code, shown = on_a_terminal(ann, "n\n", "put", "results")
    assert (code, "[y/N]" in shown) == (0, False)


# --- A5: the same question before the recycle folder is emptied


def test_emptying_the_recycle_folder_asks_for_what_a_person_put_there(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("_recycle/old-figure.csv", "months of work")
    code, shown = on_a_terminal(ann, "n\n", "recycle", "empty")
    assert code != 0
    assert "[y/N]" in shown
    assert ann.recycled() == ["months of work"]


# --- B11: the notes are lost while another branch is looked at


def noise(folder: Path) -> None:
    (folder / "state.db").write_bytes(random.Random(1).randbytes(20_000))


def deleted(folder: Path) -> None:
    (folder / "state.db").unlink()


def emptied(folder: Path) -> None:
    (folder / "state.db").write_bytes(b"")


def torn(folder: Path) -> None:
    data = (folder / "state.db").read_bytes()
    (folder / "state.db").write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


def all_gone(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize("harm", [noise, deleted, emptied, torn, all_gone])
@pytest.mark.parametrize("where", [(), ("--main",)])
def test_notes_lost_while_looking_at_bobs_branch_publish_nothing(
    harm: Callable[[Path], None], where: tuple[str, ...], lab: Lab, join: Join
) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/anns.csv", "ann's")
    ann.put()
    bob.write("processed/bobs.csv", "bob's")
    bob.put()
    ann.get("--from", "bob")
    harm(ann.path(".labdata"))
    for _try in range(2):
        said = ann.put(*where, code=1)
    assert "--yes" in said
    assert lab.on_hub("ann") == {"processed/anns.csv": "ann's"}
    assert lab.on_hub() == {}
    assert ann.files() == {"processed/bobs.csv": "bob's"}
    ann.put(*where, "--yes")
    assert "bob's" in lab.on_hub("main" if where else "ann").values()


@pytest.mark.parametrize("harm", [noise, deleted])
def test_notes_lost_while_looking_at_old_inputs_revert_nothing(
    harm: Callable[[Path], None], lab: Lab, join: Join
) -> None:
    ann = join("ann")
    for text in ("one", "two"):
        ann.write("raw/plate.csv", text)
        ann.run("put", "inputs")
    first = lab.hub.api().list_repo_commits(lab.inputs, repo_type="dataset")[1].commit_id
    ann.run("get", "inputs", "--at", first)
    assert ann.read("raw/plate.csv") == "one"
    harm(ann.path(".labdata"))
    for _try in range(2):
        assert ann.run("put", "inputs", code=None).returncode in (1, 3)
    assert lab.on_hub(repo=lab.inputs) == {"raw/plate.csv": "two"}


@pytest.mark.parametrize("harm", [noise, deleted])
def test_notes_lost_on_my_own_branch_ask_before_an_old_folder_is_published(
    harm: Callable[[Path], None], lab: Lab, join: Join
) -> None:
    """A folder of another project, or an old backup, lies where Ann's files were."""
    ann = join("ann")
    ann.write("processed/anns.csv", "ann's")
    ann.put()
    ann.remove("processed/anns.csv")
    ann.write("processed/old.csv", "of another project")
    harm(ann.path(".labdata"))
    for _try in range(2):
        ann.put(code=1)
    assert lab.on_hub("ann") == {"processed/anns.csv": "ann's"}


# --- B12: no HF_BRANCH, and whoami does not answer


def nameless(member: Quick) -> Quick:
    """The member's HF_BRANCH is nowhere any more."""
    del member.env["HF_BRANCH"]
    dotenv = member.root / ".env"
    dotenv.write_text("".join(line for line in dotenv.open() if not line.startswith("HF_BRANCH")))
    return member


@pytest.mark.parametrize("fault", ["status=403", "status=429", "status=500", "refuse=1"])
def test_without_a_name_nothing_is_removed_and_no_branch_is_made(fault: str, lab: Lab, join: Join) -> None:
    ann = nameless(join("ann"))
    ann.write("processed/a.csv", "ann's")
    ann.put()
    lab.web_commit("cho", {"processed/news.csv": "news"})
    ann.write("processed/b.csv", "unsaved")
    branches = lab.branches()
    with lab.faults(f"path=whoami,{fault}"):
        for command in ("get", "put", "get"):
            ended = ann.under(IMPATIENT, command, "results", code=None)
            assert ended.code in (0, 1), ended.said
            assert {"processed/a.csv", "processed/b.csv"} <= ann.files().keys()
    assert lab.branches() == branches
    ann.get()
    ann.put()
    assert lab.on_hub("ann") == ann.files()


@pytest.mark.parametrize(
    "command", [("pr", "create", "Mine"), ("branch", "create"), ("put", "results"), ("get", "results")]
)
def test_a_new_member_whose_name_is_not_known_gets_no_branch(command: tuple[str, ...], lab: Lab, join: Join) -> None:
    join("ann")
    cho = nameless(join("cho"))
    lab.delete_branch("cho")
    shutil.rmtree(cho.path(".labdata"))
    cho.write("processed/a.csv", "cho's")
    with lab.faults("path=whoami,status=403"):
        ended = cho.under(IMPATIENT, *command, code=1)
    assert "HF_BRANCH" in ended.stderr
    assert lab.branches() == {"main", "ann"}
    assert getpass.getuser() not in (cho.root / ".env").read_text()
    assert cho.files() == {"processed/a.csv": "cho's"}
