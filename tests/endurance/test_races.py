"""Many push at once: every push is in the branch's history, or was refused with a clear word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pygit2

from tests.endurance.runner import Ended, Quick, Runner
from tests.members import Lab

Join = Callable[..., Quick]
KEEPS_MOVING = "keeps moving"


def at_once(runner: Runner, members: Sequence[Quick], *arguments: str) -> list[Ended]:
    """The same command by all of them at the same time; each must end well, in conflict, or with the one excuse."""
    numbers = [runner.start(member, arguments) for member in members]
    ended = [runner.wait(number) for number in numbers]
    for one in ended:
        assert one.code in (0, 3) or (one.code == 1 and KEEPS_MOVING in one.stderr), one.said
        assert "Traceback" not in one.said
    return ended


def versions(lab: Lab, branch: str, path: str) -> list[str]:
    """Every text that a file had on a branch, newest first."""
    git = pygit2.Repository(str(lab.hub.root / "repos" / f"{lab.results}.git"))
    found: list[str] = []
    for commit in git.walk(git.references[f"refs/heads/{branch}"].target):
        if path not in commit.tree:
            continue
        blob = commit.tree[path]
        text = blob.data.decode() if isinstance(blob, pygit2.Blob) else ""
        if found[-1:] != [text]:
            found.append(text)
    return found


def commits(lab: Lab, branch: str) -> int:
    """How many commits a branch has beside the first of its repo."""
    return len(lab.hub.api().list_repo_commits(lab.results, revision=branch, repo_type="dataset")) - 1


def until_all_are_in(runner: Runner, members: Sequence[Quick], *arguments: str) -> int:
    """Push at once, and again those who were refused because the branch kept moving; returns the pushes that landed."""
    waiting, landed = list(members), 0
    while waiting:
        ended = at_once(runner, waiting, *arguments)
        assert any(one.code == 0 for one in ended)
        assert all(one.code != 3 for one in ended)
        landed += sum(one.code == 0 for one in ended)
        waiting = [member for member, one in zip(waiting, ended, strict=True) if one.code]
    return landed


def test_eight_computers_push_different_files_to_one_branch(lab: Lab, join: Join, runner: Runner) -> None:
    computers = [join("ann", f"-{number}") for number in range(8)]
    computers[0].write("processed/shared.csv", "of all")
    computers[0].put()
    for number, computer in enumerate(computers):
        computer.get()
        computer.write(f"processed/{number}.csv", f"from computer {number}")
        computer.write(f"interim/{number}.parquet", f"table of computer {number}")
    assert until_all_are_in(runner, computers, "put", "results") == 8
    wanted = {f"processed/{n}.csv": f"from computer {n}" for n in range(8)}
    wanted |= {f"interim/{n}.parquet": f"table of computer {n}" for n in range(8)}
    assert lab.on_hub("ann") == wanted | {"processed/shared.csv": "of all"}
    assert commits(lab, "ann") == 9
    assert {one.code for one in at_once(runner, computers, "get", "results")} == {0}
    assert all(computer.files() == lab.on_hub("ann") for computer in (computers[0], computers[7]))


def test_eight_computers_make_one_branch_at_once(lab: Lab, join: Join, runner: Runner) -> None:
    computers = [join("ann", f"-{number}") for number in range(8)]
    for number, computer in enumerate(computers):
        computer.write(f"processed/{number}.csv", f"from computer {number}")
    assert until_all_are_in(runner, computers, "put", "results") == 8
    assert lab.on_hub("ann") == {f"processed/{n}.csv": f"from computer {n}" for n in range(8)}


def test_eight_computers_make_one_branch_for_the_same_file(lab: Lab, join: Join, runner: Runner) -> None:
    computers = [join("ann", f"-{number}") for number in range(8)]
    lab.hub.api("cho").delete_branch(lab.results, branch="ann", repo_type="dataset")
    for number, computer in enumerate(computers):
        computer.write("processed/a.csv", f"from computer {number}")
    ended = at_once(runner, computers, "put", "results")
    winners = [number for number, one in enumerate(ended) if one.code == 0]
    assert len(winners) == 1
    assert versions(lab, "ann", "processed/a.csv") == [f"from computer {winners[0]}"]


def test_eight_computers_change_the_same_file(lab: Lab, join: Join, runner: Runner) -> None:
    computers = [join("ann", f"-{number}") for number in range(8)]
    computers[0].write("processed/a.csv", "one")
    computers[0].put()
    for number, computer in enumerate(computers):
        computer.get()
        computer.write("processed/a.csv", f"from computer {number}")
    ended = at_once(runner, computers, "put", "results")
    winners = [number for number, one in enumerate(ended) if one.code == 0]
    assert len(winners) == 1
    assert all(one.code == 3 and "data/processed/a.csv" in one.stderr for one in ended if one.code)
    assert versions(lab, "ann", "processed/a.csv") == [f"from computer {winners[0]}", "one"]
    assert [one.read("processed/a.csv") for one in computers] == [f"from computer {number}" for number in range(8)]


def test_four_members_push_to_main(lab: Lab, join: Join, runner: Runner) -> None:
    members = [join(name, computer) for name in ("ann", "bob") for computer in ("", "-2")]
    members[0].write("processed/a.csv", "one")
    members[0].put("--main")
    for number, member in enumerate(members):
        member.get()
        member.write(f"processed/{number}.csv", f"by member {number}")
    assert until_all_are_in(runner, members, "put", "results", "--main") == 4
    mine = {f"processed/{number}.csv": f"by member {number}" for number in range(4)}
    assert lab.on_hub() == mine | {"processed/a.csv": "one"}
    for number, member in enumerate(members):
        member.get()
        assert member.files() == lab.on_hub()
        member.write("processed/a.csv", f"by member {number}")
    ended = at_once(runner, members, "put", "results", "--main")
    assert sorted(one.code for one in ended) == [0, 3, 3, 3]
    winner = next(number for number, one in enumerate(ended) if one.code == 0)
    assert versions(lab, "main", "processed/a.csv") == [f"by member {winner}", "one"]


def test_a_branch_moves_between_every_look_and_every_commit(lab: Lab, join: Join, runner: Runner) -> None:
    ann, laptop = join("ann"), join("ann", "-laptop")
    for number in range(3):
        ann.write("processed/desk.csv", f"desk {number}")
        laptop.write("processed/laptop.csv", f"laptop {number}")
        landed = until_all_are_in(runner, [ann, laptop], "put", "results")
        assert landed == 2
    assert lab.on_hub("ann") == {"processed/desk.csv": "desk 2", "processed/laptop.csv": "laptop 2"}
    assert commits(lab, "ann") == 6


def test_two_commands_in_one_working_copy_take_turns(lab: Lab, join: Join, runner: Runner) -> None:
    ann = join("ann")
    for number in range(20):
        ann.write(f"processed/{number}.csv", str(number))
    numbers = [runner.start(ann, ["put", "results"]) for _again in range(4)]
    assert {runner.wait(number).code for number in numbers} == {0}
    assert commits(lab, "ann") == 1
    assert lab.on_hub("ann") == ann.files()
