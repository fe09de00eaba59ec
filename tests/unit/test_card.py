"""The cards of the repos: written, known again, and no place for what comes from outside to do anything."""

from __future__ import annotations

from labdata.core.card import About, Given, Subject, is_ours, merged, names_in, written
from labdata.core.content import Content
from labdata.core.paths import CARD
from labdata.core.plan import merge, plan_proposal

from localhub.api.cards import front_matter, problems

SUBJECT = Subject("results", "lab/screen-results", ["interim", "processed", "odd_one"], True, ["lab/screen-inputs"])


def test_a_card_is_known_as_ours_until_a_letter_of_it_is_changed() -> None:
    text = written(About("Screen", "What matters"), SUBJECT, [Given("v1", "2026-11-29 10:00", "ann", "results 1")])
    assert problems(text) == ([], [])
    assert is_ours(text)
    assert is_ours(text.replace("\n", "\r\n"))
    assert not is_ours(text.replace("matters", "mattered"))
    assert not is_ours(text + "More.\n")
    assert not is_ours("# Anybody's\n")
    assert not is_ours("")


def test_what_is_written_is_read_again_whatever_it_is() -> None:
    given = [
        Given("v1", "2026-11-29 10:00", "ann | <b>bob</b> [x](http://evil) `y`", "results 12345678, code 87654321"),
        Given("old", "", "", ""),
        Given("made|on <the> web`", "", "", "results 1"),
    ]
    about = About("A: title\n# with ---\n", "- <script>alert(1)</script> | *x*", "mit", "Lab (2026), doi:10/1")
    text = written(about, SUBJECT, given)
    assert is_ours(text)
    assert names_in(text) == {one.name: one for one in given}
    assert "<script>" not in text
    assert "<b>" not in text
    assert front_matter(text)["license"] == "mit"
    assert problems(text) == ([], [])
    assert names_in("") == {}


def test_who_gave_a_name_is_kept_by_those_who_know_less() -> None:
    told = Given("v1", "2026-11-29 10:00", "ann", "results 1, inputs 2, code 3")
    there = {"v1": "1" * 40}
    assert merged([told], [Given("v1", "", "", "results 1, inputs 2")], there, "results") == [told]
    assert merged([Given("v1")], [told], there, "results") == [told]
    assert merged([told], [], {"v2": "1" * 40}, "results") == [Given("v2")]
    # Deleted, and given again: to another commit of this repo, or of another one.
    again = Given("v1", "2026-11-30 10:00", "bob", "results 4, inputs 2, code 3")
    assert merged([told], [], {"v1": "4" * 40}, "results") == [Given("v1")]
    assert merged([told], [again], {"v1": "4" * 40}, "results") == [again]
    assert merged([told], [again], {"v1": "2" * 40}, "inputs") == [again]
    assert merged([again], [told], {"v1": "2" * 40}, "inputs") == [again]


def test_the_card_is_mains_and_never_in_conflict() -> None:
    old, new = Content(1, "a" * 64), Content(2, "b" * 64)
    merging = merge([], {CARD: old}, {CARD: new})
    assert (merging.tree, merging.conflicts) == ({CARD: new}, {})
    assert merge([], {CARD: old}, {}).tree == {CARD: old}
    for branch, main in (({CARD: old}, {CARD: new}), ({CARD: old}, {}), ({}, {CARD: new})):
        proposal = plan_proposal([], branch, main)
        assert (proposal.copy, proposal.delete, proposal.conflicts) == ({}, [], [])
