"""The table of DESIGN.md, line by line, and what must hold for every history."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labdata.core import plan
from labdata.core.content import Content, parents, same


def text(letter: str | None) -> Content | None:
    """A content known by a letter; None is no file."""
    if letter is None:
        return None
    data = letter.encode()
    return Content(len(data), hashlib.sha256(data).hexdigest(), hashlib.sha1(b"blob 1\0" + data).hexdigest())


def tree(**files: str | None) -> dict[str, Content]:
    return {name: content for name, letter in files.items() if (content := text(letter)) is not None}


GET_TABLE = [
    # base, mine, theirs, what happens
    ("A", "A", "A", "nothing"),
    ("A", "A", "B", "write"),
    (None, None, "B", "write"),
    ("A", "A", None, "remove"),
    ("A", "B", "A", "keep"),
    (None, "B", None, "keep"),
    ("A", None, "A", "keep"),
    ("A", "B", "B", "nothing"),
    (None, "B", "B", "nothing"),
    ("A", None, None, "nothing"),
    ("A", "B", "C", "conflict"),
    (None, "B", "C", "conflict"),
    ("A", None, "B", "conflict"),
    ("A", "B", None, "conflict"),
]


@pytest.mark.parametrize(("base", "mine", "theirs", "outcome"), GET_TABLE)
def test_get_follows_the_table(base: str | None, mine: str | None, theirs: str | None, outcome: str) -> None:
    decided = plan.plan_get(tree(f=base), tree(f=mine), tree(f=theirs))
    found = {
        "write": list(decided.write),
        "remove": decided.remove,
        "keep": decided.keep,
        "conflict": [conflict.path for conflict in decided.conflicts],
    }
    assert {name for name, paths in found.items() if paths} == ({outcome} - {"nothing"})


PUT_TABLE = [
    # base, mine, then, now, what happens
    ("A", "A", "A", "A", "nothing"),
    ("A", "A", "A", "B", "news"),
    ("A", "A", "A", None, "news"),
    (None, None, None, "B", "nothing"),
    ("A", "B", "A", "A", "send"),
    (None, "B", None, None, "send"),
    ("A", None, "A", "A", "delete"),
    ("A", "B", "A", "B", "nothing"),
    ("A", "B", "A", "C", "conflict"),
    ("A", None, "A", "B", "conflict"),
    ("A", "B", "A", None, "conflict"),
    (None, "B", None, "C", "conflict"),
    # main's news, merged here by a get, on their way to my branch
    ("M", "M", "A", "A", "send"),
    ("M", "M", None, None, "send"),
    # ... while the branch moved on another machine
    ("M", "M", "A", "B", "conflict"),
    # the other machine merged the same news of main, then I edited
    ("M", "B", "A", "M", "send"),
]


@pytest.mark.parametrize(("base", "mine", "then", "now", "outcome"), PUT_TABLE)
def test_put_follows_the_table(
    base: str | None, mine: str | None, then: str | None, now: str | None, outcome: str
) -> None:
    decided = plan.plan_put(tree(f=base), tree(f=mine), tree(f=then), tree(f=now))
    found = {
        "send": list(decided.send),
        "delete": decided.delete,
        "news": decided.updates,
        "conflict": [conflict.path for conflict in decided.conflicts],
    }
    assert {name for name, paths in found.items() if paths} == ({outcome} - {"nothing"})


def test_a_file_that_stays_is_never_replaced_by_a_folder() -> None:
    decided = plan.plan_get({}, {"a": Content(1, "x")}, {"a/b": Content(1, "y")})
    assert decided.write == {}
    assert {conflict.path for conflict in decided.conflicts} == {"a", "a/b"}


def test_a_folder_with_my_files_is_never_replaced_by_a_file() -> None:
    decided = plan.plan_get({}, {"a/mine": Content(1, "x")}, {"a": Content(1, "y")})
    assert decided.write == {}
    assert {conflict.path for conflict in decided.conflicts} == {"a", "a/mine"}


def test_a_clean_file_makes_way_for_a_folder_of_its_name() -> None:
    clean = {"a": Content(1, "x")}
    decided = plan.plan_get(clean, clean, {"a/b": Content(1, "y")})
    assert decided.remove == ["a"]
    assert list(decided.write) == ["a/b"]


def test_a_clash_of_branch_and_main_asks_and_each_answer_is_kept() -> None:
    branch, main = text("B"), text("M")
    merge_conflicts = {"f": (branch, main)}
    base = mine = tree(f="B")
    asked = plan.plan_get(base, mine, {}, merge_conflicts=merge_conflicts)
    assert [conflict.path for conflict in asked.conflicts] == ["f"]
    theirs = plan.plan_get(base, mine, {}, merge_conflicts=merge_conflicts, choose=lambda _path: "theirs")
    assert theirs.write == {"f": main}
    kept = plan.plan_get(base, mine, {}, merge_conflicts=merge_conflicts, choose=lambda _path: "mine")
    assert kept.keep == ["f"]
    # My branch's content stays the base: that main's was seen and declined is recorded as resolved.
    assert kept.adopt == {"f": branch}


def test_what_main_holds_already_is_copied_on_the_hub_and_not_sent() -> None:
    decided = plan.plan_put(tree(f="M"), tree(f="M"), tree(f="A"), tree(f="A"))
    plan.add_merge(decided, tree(f="A"), tree(f="M"), tree(f="M"), lambda path: path == "f")
    assert decided.send == {}
    assert list(decided.copy) == ["f"]


def test_mains_news_outside_my_working_copy_reach_my_branch_too() -> None:
    decided = plan.PutPlan()
    plan.add_merge(decided, tree(big="A", gone="A"), tree(big="M"), tree(big="M"), lambda _path: False)
    assert list(decided.copy) == ["big"]
    assert decided.delete == ["gone"]


def test_a_proposal_holds_what_the_branch_changed_and_nothing_that_main_did() -> None:
    proposal = plan.plan_proposal(
        [plan.Base(tree(same="A", mine="A", gone="A", theirs="A"))],
        tree(same="A", mine="B", new="N", theirs="A"),
        tree(same="A", mine="A", gone="A", theirs="T"),
    )
    assert sorted(proposal.copy) == ["mine", "new"]
    assert proposal.delete == ["gone"]
    assert proposal.conflicts == []


def test_two_bases_spare_a_question_that_one_would_ask() -> None:
    # main took X from my branch; I took main's N; then I went on to Y. Neither is a conflict.
    taken, merged = plan.Base(tree(f="X", g="A"), is_latest=False), plan.Base(tree(f="A", g="N"))
    result = plan.merge([taken, merged], tree(f="Y", g="N"), tree(f="X", g="N"))
    assert result.conflicts == {}
    assert result.tree == tree(f="Y", g="N")


def test_a_pair_of_versions_knows_only_where_they_agree() -> None:
    # A pull request was merged without one of its files: main took the other, and removed nothing.
    branch, main = tree(taken="X", left="X"), tree(taken="X", old="A")
    bases = [plan.agreeing(branch, main, is_latest=True), plan.Base(tree(old="A"))]
    result = plan.merge(bases, branch, main)
    assert result.conflicts == {}
    assert result.tree == branch


def test_without_a_common_past_every_difference_is_a_question() -> None:
    result = plan.merge([], tree(same="A", f="X"), tree(same="A", f="Y", removed_by_me="A"))
    assert sorted(result.conflicts) == ["f", "removed_by_me"]


def test_several_files_below_a_name_that_main_made_a_file_are_one_conflict_each() -> None:
    base = tree(**{"d/1": "A", "d/2": "A"})
    result = plan.merge([plan.Base(base)], tree(**{"d/1": "B", "d/2": "B"}), tree(d="X"))
    assert sorted(result.conflicts) == ["d", "d/1", "d/2"]


def test_what_is_gone_from_a_rewritten_history_is_asked_about() -> None:
    decided = plan.plan_get(tree(f="A"), tree(f="A"), {}, lost=lambda _path: True)
    assert [conflict.path for conflict in decided.conflicts] == ["f"]
    assert plan.plan_get(tree(f="A"), tree(f="A"), {}, lost=lambda _p: True, choose=lambda _p: "theirs").remove == ["f"]
    assert plan.plan_get(tree(f="A"), tree(f="A"), {}, lost=lambda _p: True, choose=lambda _p: "mine").keep == ["f"]


NAMES = st.sampled_from(["f", "g", "d/f", "d/g", "f/x"])
TREES = st.dictionaries(NAMES, st.sampled_from("ABC")).map(lambda files: tree(**files))


@settings(max_examples=500, deadline=None)
@given(base=TREES, mine=TREES, theirs=TREES)
def test_get_never_touches_an_unsaved_file(
    base: dict[str, Content], mine: dict[str, Content], theirs: dict[str, Content]
) -> None:
    decided = plan.plan_get(base, mine, theirs)
    for path in [*decided.write, *decided.remove]:
        assert same(mine.get(path), base.get(path))
    staying = mine.keys() - set(decided.remove)
    for path in decided.write:
        assert not any(parent in staying for parent in parents(path))


@settings(max_examples=500, deadline=None)
@given(base=TREES, mine=TREES, then=TREES, now=TREES)
def test_put_never_overwrites_what_it_has_not_seen(
    base: dict[str, Content], mine: dict[str, Content], then: dict[str, Content], now: dict[str, Content]
) -> None:
    decided = plan.plan_put(base, mine, then, now)
    for path in [*decided.send, *decided.delete]:
        seen = same(now.get(path), then.get(path)) or same(now.get(path), base.get(path))
        assert seen or path not in now


@settings(max_examples=500, deadline=None)
@given(base=TREES, branch=TREES, main=TREES)
def test_a_merge_keeps_every_change_or_names_the_conflict(
    base: dict[str, Content], branch: dict[str, Content], main: dict[str, Content]
) -> None:
    merged = plan.merge([plan.Base(base)], branch, main)
    for path in base.keys() | branch.keys() | main.keys():
        if path in merged.conflicts:
            continue
        result = merged.tree.get(path)
        if not same(main.get(path), base.get(path)):
            assert same(result, main.get(path))
        else:
            assert same(result, branch.get(path))


@given(
    clean=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 100)),
    unsaved=st.dictionaries(st.sampled_from("uvw"), st.integers(0, 100)),
    stamp=st.integers(0, 100),
)
def test_a_get_makes_nothing_older_than_what_it_wrote_but_what_is_stale(
    clean: dict[str, int], unsaved: dict[str, int], stamp: int
) -> None:
    times = plan.times_after_get(clean, unsaved, frozenset({"w"}), stamp)
    after = {**clean, **unsaved, **times}
    assert set(times.values()) == {stamp}
    for left in clean:
        assert after[left] >= clean[left]
        for edited in unsaved:
            if clean[left] < unsaved[edited] < stamp:
                assert after[left] < after[edited]
        if not any(clean[left] < time < stamp for time in unsaved.values()):
            assert after[left] >= stamp
