"""Names on the Hub that no honest program would write: refused by name, the rest goes on, nothing leaves data/."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pygit2
import pytest
from labdata.core import paths
from pygit2.enums import ObjectType

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
TREE, FILE, LINK = b"40000", b"100644", b"120000"

HOSTILE = [
    "processed/../../escaped.csv",
    "processed/../escaped.csv",
    "processed/./dot.csv",
    "processed/C:\\windows.csv",
    "processed/back\\slash.csv",
    "processed/..\\..\\escaped.csv",
    "processed/.git/hooks/post-checkout",
    "processed/deep/.GIT/config",
    "processed/.git./hooks/x",
    "processed/.labdata/state.db",
    "processed/deep/.labdata/x.csv",
    "processed/bell\x07.csv",
    "processed/new\nline.csv",
    "processed/escape\x1b[31m.csv",
    "processed/delete\x7f.csv",
    "processed/next\x85line.csv",
]
ELSEWHERE = ["../escaped.csv", "C:\\windows.csv", ".git/hooks/post-checkout", "..", "labdata.toml"]


class Forger:
    """Writes trees that git itself would refuse, straight into the Hub's repository."""

    def __init__(self, lab: Lab) -> None:
        self.git = pygit2.Repository(str(lab.hub.root / "repos" / f"{lab.results}.git"))

    def publish(self, files: dict[str, str], mode: bytes = FILE) -> None:
        """Add files to main under any names at all."""
        head = self.git.references["refs/heads/main"].peel(pygit2.Commit)
        entries = dict(self._blobs(head.tree, ""))
        entries |= {path: (mode, str(self.git.create_blob(text.encode()))) for path, text in files.items()}
        who = pygit2.Signature("mal", "mal@example.org")
        self.git.create_commit("refs/heads/main", who, who, "harmless", self._tree(entries), [head.id])

    def _blobs(self, tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, tuple[bytes, str]]]:
        for item in tree:
            if isinstance(item, pygit2.Tree):
                yield from self._blobs(item, f"{prefix}{item.name}/")
            else:
                yield f"{prefix}{item.name}", (FILE, str(item.id))

    def _tree(self, entries: dict[str, tuple[bytes, str]]) -> pygit2.Oid:
        level: dict[str, tuple[bytes, str]] = {}
        below: dict[str, dict[str, tuple[bytes, str]]] = {}
        for path, entry in entries.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = entry
            else:
                level[name] = entry
        level |= {name: (TREE, str(self._tree(inner))) for name, inner in below.items()}
        # As git sorts: a folder as if its name ended in a slash.
        order = sorted(level, key=lambda name: name + "/" * (level[name][0] == TREE))
        lines = [level[name][0] + b" " + name.encode() + b"\0" + bytes.fromhex(level[name][1]) for name in order]
        return self.git.odb.write(ObjectType.TREE, b"".join(lines))


def everything_outside(member: Quick) -> dict[str, str]:
    """What lies around data/: the project, and the folders above it."""
    top = member.root.parents[1]
    data = member.root / "data"
    found = [path for path in top.rglob("*") if path.is_file() and not path.is_relative_to(data)]
    return {str(path): path.read_text(errors="replace") for path in found if "huggingface" not in path.parts}


@pytest.mark.parametrize("path", HOSTILE)
def test_a_name_is_refused_and_named_and_the_rest_comes(path: str, lab: Lab, join: Join) -> None:
    bob = join("bob")
    bob.write("processed/mine.csv", "unsaved")
    before = everything_outside(bob)
    Forger(lab).publish({path: "evil", "processed/good.csv": "good"})
    said = bob.get()
    assert "Refused" in said
    assert not any(character < " " or character == "\x7f" for character in said.replace("\n", ""))
    assert bob.files() == {"processed/good.csv": "good", "processed/mine.csv": "unsaved"}
    assert everything_outside(bob) == before
    assert "evil" not in "".join(p.read_text(errors="replace") for p in bob.path("").rglob("*.csv"))
    bob.put()
    assert lab.on_hub("bob")["processed/mine.csv"] == "unsaved"


def test_names_outside_the_layers_are_nobodys_business(lab: Lab, join: Join) -> None:
    bob = join("bob")
    before = everything_outside(bob)
    Forger(lab).publish(dict.fromkeys(ELSEWHERE, "evil") | {"processed/good.csv": "good"})
    bob.get()
    assert bob.files() == {"processed/good.csv": "good"}
    assert everything_outside(bob) == before


def test_names_that_no_git_repository_can_hold_are_refused_too() -> None:
    """A Hub that lies could still send them."""
    for path in (
        "processed/nul\0.csv",
        "processed/half\udcff.csv",
        "processed//etc/absolute.csv",
        "/etc/x",
        "",
        "C:/x",
    ):
        assert paths.refusal(path) is not None


def test_a_local_name_that_is_not_utf8_is_left_alone_by_name(lab: Lab, join: Join) -> None:
    ann = join("ann")
    odd = Path(os.fsdecode(os.fsencode(ann.path("processed")) + b"/caf\xe9.csv"))
    odd.write_text("from an old computer")
    ann.write("processed/good.csv", "good")
    assert "not named in UTF-8" in ann.put()
    assert lab.on_hub("ann") == {"processed/good.csv": "good"}
    ann.get()
    assert odd.read_text() == "from an old computer"


def test_a_link_in_the_way_leads_nothing_out(lab: Lab, join: Join, tmp_path: Path) -> None:
    ann, bob = join("ann"), join("bob")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.csv").write_text("kept")
    ann.write("processed/link/kept.csv", "evil")
    ann.write("processed/link/new.csv", "evil")
    ann.write("processed/good.csv", "good")
    ann.put("--main")
    bob.path("processed").joinpath("link").symlink_to(outside)
    said = bob.get(code=1)
    assert "is a link" in said
    assert bob.read("processed/good.csv") == "good"
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"kept.csv": "kept"}


def test_a_file_that_is_a_link_is_not_written_through(lab: Lab, join: Join, tmp_path: Path) -> None:
    ann, bob = join("ann"), join("bob")
    ann.write("processed/a.csv", "one")
    ann.put("--main")
    bob.get()
    outside = tmp_path / "elsewhere.csv"
    outside.write_text("one")
    bob.remove("processed/a.csv")
    bob.path("processed/a.csv").symlink_to(outside)
    ann.write("processed/a.csv", "two")
    ann.put("--main")
    bob.run("get", "results", code=None)
    assert outside.read_text() == "one"


def test_a_link_on_the_hub_is_a_file_here(lab: Lab, join: Join) -> None:
    bob = join("bob")
    Forger(lab).publish({"processed/passwords.csv": "/etc/passwd"}, LINK)
    bob.get()
    assert not bob.path("processed/passwords.csv").is_symlink()


def test_twins_are_not_published(lab: Lab, join: Join) -> None:
    ann = join("ann")
    ann.write("processed/Table.csv", "one")
    ann.put()
    ann.write("processed/table.csv", "two")
    assert "one file on macOS and Windows" in ann.put(code=1)
    assert lab.on_hub("ann") == {"processed/Table.csv": "one"}


def test_twins_on_the_hub_do_not_eat_each_other(lab: Lab, join: Join) -> None:
    bob = join("bob")
    bob.write("processed/TABLE.csv", "mine, unsaved")
    Forger(lab).publish({"processed/Table.csv": "one", "processed/table.csv": "two"})
    bob.get()
    texts = [path.read_text() for path in bob.path("processed").iterdir()]
    assert sorted(texts) == ["mine, unsaved", "one", "two"]
