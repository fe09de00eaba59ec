"""What a commit holds is asked folder by folder, and only where a folder is not as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labdata.core.content import Content, Tree
from labdata.core.git_tree import git_id, nested
from labdata.hub.tree_since import tree_since
from labdata.local.disk import hashes_of

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def small(text: str) -> Content:
    return Content(len(text.encode()), git=hashes_of(text.encode())[1])


def plate(tables: int = 3000) -> dict[str, Content]:
    """Many small tables in folders, and one large picture."""
    tree = {f"processed/plate-{n // 100:02}/well-{n % 100:02}.csv": small(f"well,{n}\n") for n in range(tables)}
    return tree | {"processed/figures/pca.png": Content(7, sha256="ab" * 32, xet="cd" * 32), "README.md": small("#\n")}


class HubSide:
    """A Hub that lists a tree, and notes what it was asked for."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.asked: list[tuple[str, bool]] = []

    def listed(self, folder: str, deep: bool) -> Iterator[Mapping[str, Any]]:
        self.asked.append((folder, deep))
        seen = set()
        start = f"{folder}/" if folder else ""
        for path, one in self.tree.items():
            if not path.startswith(start):
                continue
            inner, slash, _rest = path[len(start) :].partition("/")
            if slash and not deep:
                if inner not in seen:
                    seen.add(inner)
                    below = {
                        p[len(start + inner) + 1 :]: c for p, c in self.tree.items() if p.startswith(f"{start}{inner}/")
                    }
                    yield {"type": "directory", "path": start + inner, "oid": git_id(nested(below), {}), "size": 0}
                continue
            item: dict[str, Any] = {"type": "file", "path": path, "size": one.size, "oid": one.git or "0" * 40}
            if one.sha256:
                item |= {"lfs": {"oid": one.sha256, "size": one.size, "pointerSize": 130}, "xetHash": one.xet}
            yield item


def test_a_folder_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    tree = {"b.txt": small("b"), "b/c.txt": small("c"), "b-d/e.txt": small("e"), "ä/f g.csv": small("f")}
    tree["b/large.bin"] = Content(5, sha256="12" * 32, git="34" * 20, xet="56" * 32)
    for path in tree:
        where = tmp_path / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(POINTER.format("12" * 32, 5) if path.endswith(".bin") else Path(path).stem[0])
    (tmp_path / "ä/f g.csv").write_text("f")
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    written = subprocess.run(["git", "write-tree"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert git_id(nested(tree), {}) == written.strip()


def test_one_changed_table_costs_a_listing_for_each_folder_above_it() -> None:
    before = plate()
    now = before | {"processed/plate-07/well-05.csv": small("well,changed\n")}
    hub = HubSide(now)
    # As many listings as it has pages would be three: the way down takes three too.
    assert tree_since(before, hub.listed) == now
    assert hub.asked == [("", False), ("processed", False), ("processed/plate-07", False)]


def test_what_came_went_and_changed_its_kind_is_found() -> None:
    before = plate(20_000)
    now = {path: one for path, one in before.items() if not path.startswith(("processed/plate-03/", "README"))}
    now |= {"processed/new/deep/one.csv": small("1"), "processed/plate-03": small("a file now")}
    now |= {"interim/a.csv": small("a"), "processed/figures/pca.png": Content(8, sha256="ef" * 32, xet="01" * 32)}
    hub = HubSide(now)
    assert tree_since(before, hub.listed) == now
    assert ("processed/new", True) in hub.asked
    assert len(hub.asked) < 8


def test_a_commit_that_changed_everywhere_is_listed_whole() -> None:
    before = plate()
    now = {path: small(f"{path} anew") for path in before}
    hub = HubSide(now)
    assert tree_since(before, hub.listed) is None
    assert len(hub.asked) <= 3


def test_a_hub_whose_folders_have_other_ids_is_listed_whole_and_not_believed() -> None:
    before = plate()

    class Odd(HubSide):
        def listed(self, folder: str, deep: bool) -> Iterator[Mapping[str, Any]]:
            for item in super().listed(folder, deep):
                yield {**item, "oid": "0" * 40} if item["type"] == "directory" else item

    assert tree_since(before, Odd(before).listed) is None
