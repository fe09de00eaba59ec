"""What a computer keeps of the Hub's histories is what the Hub says, also where people have merged with git."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random

import pygit2
import pytest
from labdata.core.merge_base import ancestors
from labdata.core.refs import Ancestor
from labdata.hub.histories import Histories
from labdata.hub.small import LightHub
from labdata.local.state import State

from tests.members import Lab, Member

Join = Callable[..., Member]
_COMMITS = 30


def tangled(lab: Lab, dice: Random) -> list[str]:
    """Put commits into the results repo as a clone with git may: some are merges, some come from nothing; their shas.

    Each is the head of a branch.
    """
    git = pygit2.Repository(str(lab.hub.root / "repos" / f"{lab.results}.git"))
    tree = git[git.references["refs/heads/main"].target].peel(pygit2.Tree).id
    shas: list[str] = []
    for number in range(_COMMITS):
        who = pygit2.Signature("ann", "ann@lab", 1_700_000_000 + number, 0)
        count = min(len(shas), dice.choice([0, 1, 1, 1, 2, 2]))
        parents = dice.sample(shas, count)
        shas.append(str(git.create_commit(f"refs/heads/b{number}", who, who, f"commit {number}", tree, parents)))
    return shas


@pytest.fixture
def ours(lab: Lab, join: Join, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The lab, whose Hub is also the one of this process."""
    ann = join("ann")
    for name in ("HF_ENDPOINT", "HF_TOKEN"):
        monkeypatch.setenv(name, ann.env[name])
    return lab


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_of_tangled_histories_is_what_the_hub_says(seed: int, ours: Lab, tmp_path: Path) -> None:
    dice = Random(seed)
    shas = tangled(ours, dice)
    hub = LightHub()
    told = {sha: list(ancestors(hub.commits(ours.results, sha))) for sha in shas}
    for _command in range(120):
        state = State(tmp_path / "state.db")
        histories = Histories(LightHub(), state)  # type: ignore[arg-type] # as a workspace does
        head, depth = dice.choice(shas), dice.choice([1, 2, 5, _COMMITS])
        assert list(islice(histories.behind(ours.results, head), depth)) == told[head][:depth]
        with state.changes():
            pass
        state.close()


def test_a_commit_that_was_made_here_stands_on_what_was_known_of_its_parent(ours: Lab, tmp_path: Path) -> None:
    parent = tangled(ours, Random(9))[-1]
    state = State(tmp_path / "state.db")
    histories = Histories(LightHub(), state)  # type: ignore[arg-type] # as a workspace does
    mine = Ancestor("f" * 40, parent, "mine", "")
    before = list(histories.behind(ours.results, parent))
    with state.changes():
        state.learn(mine.id, [mine], is_ours=True)
    assert list(Histories(LightHub(), state).behind(ours.results, mine.id)) == [mine, *before]  # type: ignore[arg-type]


def test_the_next_put_of_a_member_asks_for_no_history(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for text in ("one", "two"):
        ann.write("processed/a.csv", text)
        ann.put()
    lab.hub.reset_requests()
    ann.write("processed/a.csv", "three")
    ann.put()
    assert [record.route for record in lab.hub.requests()] == ["refs", "preupload", "commit", "paths-info"]


def test_a_put_after_main_moved_and_was_merged_by_git_takes_what_is_there(lab: Lab, join: Join) -> None:
    """Bob merges Ann's branch into main with git, twice; her next put and get still know what both hold."""
    ann, bob = join("ann"), join("bob")
    for number in range(3):
        ann.write(f"processed/{number}.csv", f"ann's {number}")
        ann.put()
        git = pygit2.Repository(str(lab.hub.root / "repos" / f"{lab.results}.git"))
        main, branch = (git.references[f"refs/heads/{name}"].target for name in ("main", "ann"))
        who = pygit2.Signature("bob", "bob@lab")
        merged = git[branch].peel(pygit2.Tree).id
        git.create_commit("refs/heads/main", who, who, f"merge {number}", merged, [main, branch])
        ann.get()
    bob.get()
    assert bob.files() == ann.files() == {f"processed/{number}.csv": f"ann's {number}" for number in range(3)}
