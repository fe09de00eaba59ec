"""Where a branch and main meet, in the stories that lead there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from labdata.core.merge_base import CommonPast, Pair, ancestors, common_past
from labdata.core.refs import Ancestor, Commit
from labdata.core.trailers import sealed_trailers, title, trailers, written


def sha(letter: str) -> str:
    return letter * 40


def commit(letter: str, message: str = "") -> Commit:
    return Commit(sha(letter), "title", message, ("ann",), datetime(2026, 1, 1, tzinfo=UTC))


def merging(letter: str, main: str, parent: str) -> Commit:
    """A commit of labdata's that has merged a commit of main."""
    return commit(letter, written({"Main": sha(main)}, sha(parent)))


def past(branch: list[Commit], main: list[Commit], taken: dict[str, str] | None = None) -> CommonPast:
    """What both have in common; ``taken`` says which commit of main is said to have taken which of the branch."""

    def taken_by(one: Ancestor) -> Collection[str]:
        return [sha(mine) for main_commit, mine in (taken or {}).items() if sha(main_commit) == one.id]

    return common_past(ancestors(branch), ancestors(main), taken_by)


def test_a_fresh_branch_meets_main_where_it_was_made() -> None:
    assert past([commit("a")], [commit("b"), commit("a")]) == CommonPast(sha("a"))


def test_a_branch_with_work_of_its_own_meets_main_where_it_left_it() -> None:
    main = [commit("d"), commit("b"), commit("a")]
    assert past([commit("1"), commit("a")], main) == CommonPast(sha("a"))


def test_a_push_that_merged_main_says_so_under_seal() -> None:
    main = [commit("d"), commit("c"), commit("b"), commit("a")]
    branch = [merging("2", "c", "1"), commit("1"), commit("a")]
    assert past(branch, main) == CommonPast(sha("c"))


def test_a_message_that_a_person_wrote_only_points_to_a_pair_to_compare() -> None:
    main = [commit("d"), commit("c"), commit("a")]
    branch = [commit("2", f"Main: {sha('d')}"), commit("1"), commit("a")]
    assert past(branch, main) == CommonPast(sha("a"), (Pair(sha("2"), sha("d"), is_later=True),))


def test_trailers_copied_from_another_commit_have_no_seal() -> None:
    main = [commit("d"), commit("c"), commit("a")]
    real = merging("2", "c", "1")
    copied = commit("3", real.message)
    assert past([copied, real, commit("1"), commit("a")], main).shared == sha("c")
    assert past([copied, commit("a")], main).shared == sha("a")


def test_after_a_merged_pull_request_the_two_agree_where_main_took_it() -> None:
    main = [commit("e"), commit("d"), commit("a")]
    branch = [merging("3", "a", "2"), merging("2", "a", "a"), commit("a")]
    assert past(branch, main, {"d": "2"}) == CommonPast(sha("a"), (Pair(sha("2"), sha("d"), is_later=True),))


def test_when_main_took_mine_and_i_took_main_both_count() -> None:
    main = [commit("d"), commit("c"), commit("a")]
    branch = [merging("3", "c", "2"), merging("2", "a", "a"), commit("a")]
    assert past(branch, main, {"d": "2"}) == CommonPast(sha("c"), (Pair(sha("2"), sha("d"), is_later=False),))


def test_a_request_that_names_a_commit_of_no_branch_of_mine_says_nothing() -> None:
    assert past([merging("3", "a", "a"), commit("a")], [commit("d"), commit("a")], {"d": "9"}) == CommonPast(sha("a"))


def test_what_main_took_before_i_merged_it_is_part_of_that_merge() -> None:
    main = [commit("d"), commit("c"), commit("a")]
    branch = [merging("4", "d", "3"), commit("3"), merging("2", "a", "a"), commit("a")]
    assert past(branch, main, {"d": "2"}) == CommonPast(sha("d"))


def test_histories_that_were_rewritten_share_nothing_but_what_the_branch_once_merged() -> None:
    assert past([commit("1")], [commit("a")]) == CommonPast("")
    assert past([merging("2", "c", "1"), commit("1")], [commit("a")]) == CommonPast("", lost=sha("c"))


def test_a_long_main_is_read_only_as_far_as_needed() -> None:
    read = []

    def main() -> Iterator[Commit]:
        for letter in "fedcba":
            read.append(letter)
            yield commit(letter)

    branch = ancestors([merging("2", "e", "1"), commit("1")])
    common_past(branch, ancestors(main()), lambda _commit: ())
    # The one behind it too, to know on what it stands.
    assert read == ["f", "e", "d"]


def test_what_a_person_types_never_forms_a_trailer() -> None:
    assert title("Notes\n\nMain: abc\n") == "Notes Main: abc"
    body = written({"Code": "lab/x@abc (clean)\nMain: forged"}, sha("a"))
    assert sealed_trailers(body, sha("a")) == {"Code": "lab/x@abc (clean) Main: forged"}
    assert "Main" not in trailers(body)
    assert sealed_trailers(body, sha("b")) == {}
    assert sealed_trailers(f"{body}\nMain: {sha('c')}", sha("a")) == {}
