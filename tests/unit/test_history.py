"""Where a branch and main meet, in the stories that lead there."""

from __future__ import annotations

from datetime import UTC, datetime

from labdata.history import merge_bases
from labdata.refs import Commit


def sha(letter: str) -> str:
    return letter * 40


def commit(letter: str, message: str = "") -> Commit:
    return Commit(sha(letter), "title", message, ("ann",), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_fresh_branch_meets_main_where_it_was_made() -> None:
    main = [commit("b"), commit("a")]
    assert merge_bases("ann", [commit("a")], main) == [sha("a")]


def test_a_branch_with_work_of_its_own_meets_main_where_it_left_it() -> None:
    main = [commit("d"), commit("b"), commit("a")]
    assert merge_bases("ann", [commit("1"), commit("a")], main) == [sha("a")]


def test_a_push_that_merged_main_says_so_in_its_trailer() -> None:
    main = [commit("d"), commit("c"), commit("b"), commit("a")]
    branch = [commit("2", f"Code: lab/x@abc\nMain: {sha('c')}"), commit("1"), commit("a")]
    assert merge_bases("ann", branch, main) == [sha("c")]


def test_after_a_merged_pull_request_the_branch_is_part_of_main() -> None:
    main = [commit("e"), commit("d", f"Main: {sha('a')}\nBranch: ann@{sha('2')}"), commit("a")]
    branch = [commit("3", f"Main: {sha('a')}"), commit("2", f"Main: {sha('a')}"), commit("a")]
    assert merge_bases("ann", branch, main) == [sha("2")]


def test_a_teammates_pull_request_is_not_mine() -> None:
    main = [commit("d", f"Branch: bob@{sha('9')}"), commit("a")]
    assert merge_bases("ann", [commit("3", f"Main: {sha('a')}"), commit("a")], main) == [sha("a")]


def test_when_main_took_mine_and_i_took_main_both_count() -> None:
    main = [commit("d", f"Branch: ann@{sha('2')}"), commit("c"), commit("a")]
    branch = [commit("3", f"Main: {sha('c')}"), commit("2", f"Main: {sha('a')}"), commit("a")]
    assert merge_bases("ann", branch, main) == [sha("2"), sha("c")]


def test_what_main_took_before_i_merged_it_is_part_of_that_merge() -> None:
    main = [commit("d", f"Branch: ann@{sha('2')}"), commit("c"), commit("a")]
    branch = [commit("4", f"Main: {sha('d')}"), commit("3"), commit("2", f"Main: {sha('a')}"), commit("a")]
    assert merge_bases("ann", branch, main) == [sha("d")]
    unfinished = [commit("5", "Part: 1/2 x"), *branch]
    assert merge_bases("ann", unfinished, main) == [sha("d")]


def test_unrelated_histories_share_nothing() -> None:
    assert merge_bases("ann", [commit("1")], [commit("a")]) == []


def test_a_long_main_is_read_only_as_far_as_needed() -> None:
    read = []

    def main() -> object:
        for letter in "fedcba":
            read.append(letter)
            yield commit(letter)

    assert merge_bases("ann", [commit("1", f"Main: {sha('e')}")], main()) == [sha("e")]  # type: ignore[arg-type]
    assert read == ["f", "e"]
