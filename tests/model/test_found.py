"""What random days found, each as short as it can be told, on a Hub and desks in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.model.desk_in_memory import MemoryDesk, MemoryWorld, rooms_in_memory
from tests.model.remote_in_memory import Fuse, Texts
from tests.model.steps import SHARED, Setting, Step
from tests.model.story import Story

Lab = Callable[..., MemoryWorld]


@pytest.fixture
def lab() -> Iterator[Lab]:
    worlds = []

    def opened(*branches: str, fetch: str = "**", files_per_commit: int = 1000) -> MemoryWorld:
        worlds.append(MemoryWorld(Setting(branches, (fetch,), files_per_commit)))
        return worlds[-1]

    with rooms_in_memory():
        yield opened
    for world in worlds:
        world.close()


def on(world: MemoryWorld, branch: str) -> Texts:
    return world.tree(world.heads()[branch])


def published(world: MemoryWorld, desk: MemoryDesk) -> int:
    """Put, propose and merge; returns how the proposal ended."""
    assert desk.put().code == 0
    code = desk.propose().code
    for number in world.pulls():
        assert world.merge(number)
    return code


def test_a_file_never_takes_the_place_of_a_folder_unseen(lab: Lab) -> None:
    world = lab("ann", "ann")
    desk, laptop = world.desks
    desk.write("processed/a/b", "below")
    desk.put()
    laptop.write("processed/a", "a file of that name")
    assert laptop.put().code == 3
    assert laptop.get().paths == ["processed/a/b", "processed/a"]
    assert on(world, "ann") == {"processed/a/b": "below"}


def test_a_file_and_a_folder_of_one_name_are_settled_by_either_side(lab: Lab) -> None:
    for side, wanted in (("mine", {"processed/a": "bob's"}), ("theirs", {"processed/a/b": "ann's"})):
        world = lab("ann", "bob")
        ann, bob = world.desks
        ann.write("processed/a/b", "ann's")
        published(world, ann)
        bob.write("processed/a", "bob's")
        bob.write("processed/c", "more")
        paths = tuple(bob.get().paths)
        assert (bob.get(mine=paths) if side == "mine" else bob.get(theirs=paths)).code == 0
        assert published(world, bob) == 0
        assert ann.get().code == 0
        assert ann.files() == bob.files() == on(world, "main") == wanted | {"processed/c": "more"}


def test_my_side_of_a_clash_can_be_proposed_at_once(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    bob.write("processed/a", "bob's, published")
    bob.put()
    ann.write("processed/a", "ann's, merged")
    published(world, ann)
    assert bob.get(mine=tuple(bob.get().paths)).code == 0
    assert published(world, bob) == 0
    assert on(world, "main") == {"processed/a": "bob's, published"}


def test_a_decision_does_not_outlive_the_answer_to_it(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    for desk in (ann, bob):
        desk.write("processed/a", f"{desk.branch}'s")
        desk.put()
    bob.put(main=True)
    for desk in (ann, bob):
        assert desk.get(mine=("processed/a",)).code == 0
        assert published(world, desk) == 0
    assert ann.get().code == 0
    assert ann.files() == on(world, "main") == {"processed/a": "bob's"}


def test_my_side_is_my_branch_even_where_it_was_never_on_this_disk(lab: Lab) -> None:
    world = lab("ann", "ann", "bob")
    desk, laptop, bob = world.desks
    desk.write("processed/a", "ann's")
    desk.put()
    bob.write("processed/a", "bob's")
    bob.put(main=True)
    assert laptop.get().code == 3
    assert laptop.get(mine=("processed/a",)).code == 0
    assert laptop.files() == {"processed/a": "ann's"}
    laptop.put()
    assert on(world, "ann") == {"processed/a": "ann's"}


def test_looking_at_main_does_not_settle_what_my_branch_says_otherwise(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    bob.write("processed/a", "bob's")
    bob.put()
    ann.write("processed/a", "ann's")
    ann.put(main=True)
    bob.get(revision="main")
    assert bob.get().code == 3
    assert bob.get(mine=("processed/a",)).code == 0
    assert bob.files() == {"processed/a": "bob's"}


def test_a_part_that_is_put_does_not_claim_the_rest_of_mains_news(lab: Lab) -> None:
    world = lab("ann", "ann")
    desk, laptop = world.desks
    desk.write("processed/a", "from the desk")
    desk.put()
    laptop.write("processed/a", "from the laptop, on main")
    laptop.write("interim/x", "more")
    laptop.put(main=True)
    laptop.put(parts=("interim/",))
    assert laptop.propose().code in (1, 3)
    assert on(world, "main")["processed/a"] == "from the laptop, on main"


def test_a_part_that_is_put_does_not_remove_what_was_settled_as_mine(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    bob.write("processed/a", "bob's")
    bob.put()
    ann.write("processed/a", "ann's")
    published(world, ann)
    assert bob.get(mine=tuple(bob.get().paths)).code == 0
    bob.write("interim/x", "more")
    bob.put(parts=("interim/",))
    assert on(world, "bob") == {"processed/a": "bob's", "interim/x": "more"}


def test_a_file_that_my_other_computer_removed_does_not_come_back(lab: Lab) -> None:
    world = lab("ann", "ann")
    desk, laptop = world.desks
    desk.write("processed/a", "one")
    desk.put()
    laptop.get()
    desk.remove("processed/a")
    desk.put()
    for text in ("one", "two"):
        laptop.write("processed/b", text)
        laptop.put()
    assert on(world, "ann") == {"processed/b": "two"}


def test_what_main_removed_leaves_my_branch_too(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    bob.write("processed/a", "one")
    published(world, bob)
    ann.get()
    ann.remove("processed/a")
    published(world, ann)
    bob.get()
    bob.put()
    assert on(world, "bob") == {}


def test_a_file_that_main_removed_can_be_made_anew(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    bob.write("processed/a", "one")
    published(world, bob)
    ann.get()
    ann.remove("processed/a")
    published(world, ann)
    bob.get()
    bob.write("processed/a", "made anew")
    assert published(world, bob) == 0
    assert on(world, "main") == {"processed/a": "made anew"}


def test_a_file_of_main_that_i_removed_before_my_branch_had_it_goes_with_a_pull_request(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    bob.write("interim/x", "bob's")
    published(world, bob)
    ann.get()
    ann.write("processed/a", "one")
    published(world, ann)
    bob.get()
    bob.remove("processed/a")
    assert published(world, bob) == 0
    assert on(world, "main") == {"interim/x": "bob's"}


def test_what_was_removed_on_main_directly_is_removed_on_my_branch_next(lab: Lab) -> None:
    world = lab("ann")
    (ann,) = world.desks
    ann.write("processed/a", "one")
    ann.put()
    ann.put(main=True)
    ann.remove("processed/a")
    ann.put(main=True)
    ann.get()
    assert ann.files() == {}
    ann.put()
    assert on(world, "ann") == {}


def test_a_name_that_is_not_fetched_but_made_here_is_compared_with_the_hub(lab: Lab) -> None:
    world = lab("ann", "bob", fetch="processed/**")
    ann, bob = world.desks
    bob.write("interim/x", "bob's")
    bob.put(main=True)
    ann.get()
    ann.write("interim/x", "ann's")
    assert ann.put().code == 3
    assert ann.get().paths == ["interim/x"]
    assert ann.get(mine=("interim/x",)).code == 0
    assert published(world, ann) == 0
    assert on(world, "main") == {"interim/x": "ann's"}


def test_what_is_not_fetched_but_here_is_still_here_after_a_look_at_another_version(lab: Lab) -> None:
    world = lab("ann", fetch="processed/**")
    (ann,) = world.desks
    ann.write("interim/x", "one")
    ann.write("processed/a", "one")
    ann.put()
    ann.get(revision="main")
    ann.get()
    assert ann.files() == {"interim/x": "one", "processed/a": "one"}
    before = world.heads()["ann"]
    ann.write("interim/x/y", "a folder now")
    ann.put()
    ann.get(revision=before)
    assert ann.files() == {"interim/x/y": "a folder now", "processed/a": "one"}


def test_a_name_that_my_branch_holds_but_that_was_never_here_is_not_sent_to_main_first(lab: Lab) -> None:
    world = lab("ann", "ann", fetch="processed/**")
    desk, laptop = world.desks
    laptop.write("interim/x", "from the laptop")
    laptop.put()
    desk.write("interim/x", "from the desk")
    assert desk.put(main=True).code == 3
    assert desk.get().paths == ["interim/x"]


def test_a_part_brings_its_file_even_where_a_folder_must_go(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann, bob = world.desks
    ann.write("interim/f", "a file")
    ann.put(main=True)
    bob.get()
    ann.write("interim/f/g", "a folder now")
    ann.put(main=True)
    assert bob.get(parts=("interim/f/g",)).code == 0
    assert bob.files() == {"interim/f/g": "a folder now"}


def test_a_removal_after_a_push_that_was_cut_off_is_still_a_removal(lab: Lab) -> None:
    world = lab("ann")
    (ann,) = world.desks
    ann.write("processed/b", "one")
    ann.put()
    ann.write("processed/a", "one")
    assert ann.put(harm=Fuse(landed=True)).killed
    assert "processed/a" in on(world, "ann")
    ann.remove("processed/a")
    ann.get()
    assert ann.files() == {"processed/b": "one"}
    ann.put()
    assert on(world, "ann") == {"processed/b": "one"}


def test_a_push_whose_rest_was_taken_back_is_finished(lab: Lab) -> None:
    world = lab("ann", files_per_commit=1)
    (ann,) = world.desks
    ann.write("processed/a", "one")
    ann.write("processed/b", "two")
    assert ann.put(harm=Fuse(landed=True)).killed
    assert ann.propose().code == 1
    ann.remove("processed/b")
    assert ann.put().code == 0
    assert ann.propose().code == 0


def test_a_push_to_main_that_was_cut_off_holds_nobody_up(lab: Lab) -> None:
    world = lab("ann", "bob", files_per_commit=1)
    ann, bob = world.desks
    bob.write("processed/a", "one")
    bob.write("processed/b", "two")
    assert bob.put(main=True, harm=Fuse(landed=True)).killed
    ann.write("processed/c", "three")
    assert published(world, ann) == 0


def test_the_promises_of_a_shared_main_hold_where_a_revert_follows_a_get_of_a_part(lab: Lab) -> None:
    world = MemoryWorld(SHARED[0])
    story = Story(world, SHARED[0])
    path = "processed/d.parquet"
    for kind, who, what in (
        ("write", 1, path),
        ("put", 1, ""),
        ("get", 0, ""),
        ("write", 1, path),
        ("put", 1, ""),
        ("get_part", 0, path),
        ("revert", 1, path),
        ("put", 1, ""),
        ("write", 0, "interim/f"),
        ("put", 0, ""),
    ):
        story.tell(Step(kind, who, what))
    assert on(world, "main") == {path: "main-1-1", "interim/f": "main-0-3"}
    world.close()


def test_what_main_merged_since_counts_more_than_what_was_decided_at_one_computer(lab: Lab) -> None:
    world = lab("ann", "ann")
    desk, laptop = world.desks
    desk.write("processed/a", "ann's")
    desk.put()
    desk.lose_state()
    desk.get()
    world.squash("ann")
    assert desk.get(theirs=("processed/a",)).code == 0
    assert laptop.get(mine=("processed/a",)).code == 0
    assert published(world, laptop) == 0
    assert desk.get().code == 0
    assert desk.put().code == 0
    assert desk.files() == on(world, "ann") == on(world, "main") == {"processed/a": "ann's"}


def test_a_removal_that_no_branch_can_show_is_not_unsaved_for_ever(lab: Lab) -> None:
    """Main had the file when Ann got it, and neither main nor her branch has it now."""
    world = lab("ann", "bob")
    ann, bob = world.desks
    ann.write("processed/d", "ann's")
    ann.put()
    bob.write("processed/a", "bob's")
    assert published(world, bob) == 0
    ann.get()
    world.squash("main")
    world.web_commit("main", "processed/a", None, "Away with it", "")
    ann.remove("processed/a")
    assert ann.get(mine=("processed/a", "processed/d")).code == 0
    assert ann.put().code == 0
    assert ann.base().keys() == {"processed/d"}


def test_a_removal_that_both_sides_made_is_over(lab: Lab) -> None:
    world = lab("ann", "bob")
    ann = world.desks[0]
    ann.write("processed/a", "ann's")
    ann.put()
    world.web_commit("ann", "processed/a", "from the website", "Mend it", "")
    world.squash("ann")
    ann.remove("processed/a")
    assert ann.get(theirs=("processed/a",)).code == 0
    assert not ann.base()


def test_what_main_removed_unseen_by_me_does_not_hold_up_my_file_of_that_name(lab: Lab) -> None:
    """Bob's branch still has main's old file: he never fetched it, so no get of his can tell him."""
    world = lab("ann", "bob", fetch="processed/**")
    ann, bob = world.desks
    ann.write("interim/f", "ann's")
    assert ann.put(main=True).code == 0
    bob.write("processed/d", "bob's")
    assert bob.put().code == 0
    ann.remove("interim/f")
    assert published(world, ann) == 0
    bob.write("interim/f", "bob's")
    assert bob.get().code == 0
    assert published(world, bob) == 0
    assert on(world, "main") == {"interim/f": "bob's", "processed/d": "bob's"}


def test_a_put_of_a_part_onto_a_squashed_branch_does_not_hide_what_is_to_be_decided(lab: Lab) -> None:
    """Else a get says up to date, and a pull request is refused with that get as the hint."""
    world = lab("ann", "bob")
    bob = world.desks[1]
    bob.write("processed/d", "bob's")
    bob.put()
    world.squash("bob")
    bob.write("processed/a/c", "bob's too")
    assert bob.put(parts=("processed/a/",)).code == 0
    assert bob.get().code == 3
    assert bob.get(mine=("**",)).code == 0
    assert published(world, bob) == 0
    assert on(world, "main") == {"processed/d": "bob's", "processed/a/c": "bob's too"}


def test_a_file_that_was_renamed_back_after_a_push_to_main_is_mine_again(lab: Lab) -> None:
    """There is no branch that could hold the old name: nothing is to be removed there."""
    world = lab("ann", "bob")
    ann = world.desks[0]
    world.web_commit("main", "processed/e", "from the website", "Add e", "")
    ann.get()
    ann.remove("processed/e")
    ann.write("processed/a", "from the website")
    assert ann.put(main=True).code == 0
    ann.remove("processed/a")
    ann.write("processed/e", "from the website")
    assert "processed/e" not in ann.base()
    assert ann.get().code == 0
    assert published(world, ann) == 0
    assert on(world, "main") == {"processed/e": "from the website"}


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_a_file_and_a_folder_of_one_name_in_a_folder_that_is_not_fetched_are_settled_without_a_past(
    side: str, lab: Lab
) -> None:
    """Both histories were squashed, and this computer has neither the file nor the folder: the request goes through."""
    world = lab("ann", "bob", "bob", fetch="processed/**")
    ann, desk, laptop = world.desks
    desk.write("interim/x/y", "bob's, below")
    assert desk.put().code == 0
    ann.write("interim/x", "ann's file")
    assert ann.put(main=True).code == 0
    world.squash("main")
    world.squash("bob")
    laptop.write("processed/d", "bob's")
    assert laptop.get().paths == ["interim/x", "interim/x/y"]
    settled = laptop.get(mine=("**",)) if side == "mine" else laptop.get(theirs=("**",))
    assert settled.code == 0
    assert published(world, laptop) == 0
    kept = {"interim/x/y": "bob's, below"} if side == "mine" else {"interim/x": "ann's file"}
    assert on(world, "main") == {"processed/d": "bob's", **kept}
    # At the desk, which has the folder, it is asked and not taken away.
    assert desk.get().code in (0, 3)
    assert desk.files()["interim/x/y"] == "bob's, below"
