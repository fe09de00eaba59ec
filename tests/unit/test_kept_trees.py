"""Trees of commits are kept whole or by what changed since the parent; they read the same."""

from __future__ import annotations

from pathlib import Path

from labdata.core.content import Content
from labdata.local.notes import Heads
from labdata.local.state import State


def push(state: State, number: int, tree: dict[str, Content]) -> dict[str, Content]:
    """Keep the tree of commit ``number``: one file changed, one came and, every third time, one went."""
    changed: dict[str, Content | None] = {"a/same-name": Content(number, sha256=f"s{number}", git=f"g{number}")}
    changed[f"a/new-{number}"] = Content(1, git=f"n{number}", xet="x")
    if number % 3 == 0:
        changed[f"a/new-{number - 1}"] = None
    after = {path: content for path, content in (tree | changed).items() if content is not None}
    with state.changes():
        state.keep_change(f"c{number}", f"c{number - 1}", changed, after)
        state.set_heads("lab/r", Heads("ann", branch=f"c{number}", main="c0"))
    return after


def test_forty_pushes_later_every_head_reads_as_it_was(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    tree = {"a/first": Content(3, sha256="s", git="g", xet="x")}
    state.keep_tree("c0", tree)
    for number in range(1, 41):
        tree = push(state, number, tree)
        assert state.tree(f"c{number}") == tree
        assert state.tree("c0") == {"a/first": Content(3, sha256="s", git="g")}
    state.close()
    assert State(tmp_path / "state.db").tree("c40") == tree


def test_a_change_without_its_parent_is_kept_whole(tmp_path: Path) -> None:
    state = State(tmp_path / "state.db")
    tree = {"a/b": Content(1, git="g")}
    state.keep_change("c9", "unknown", {"a/b": Content(1, git="g")}, tree)
    assert state.tree("c9") == tree
    assert state.tree("unknown") is None
