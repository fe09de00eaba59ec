"""What systems and editors leave beside data is no data: it is neither published nor written here."""

from __future__ import annotations

from collections.abc import Callable

from tests.endurance.runner import Quick
from tests.members import Lab

Join = Callable[..., Quick]
LEFT = (
    "processed/._table.csv",
    "processed/.nfs00000001",
    "processed/.fuse_hidden0001",
    "processed/.~lock.table.csv#",
    "processed/~$table.xlsx",
    "processed/Thumbs.db",
    "processed/desktop.ini",
    "processed/.DS_Store",
    "processed/table.csv~",
    "processed/.table.csv.swp",
    "processed/.snakemake/log",
    "processed/deep/.cache/x",
)


def test_nothing_of_it_is_published(lab: Lab, join: Join) -> None:
    ann = join("ann")
    for path in LEFT:
        ann.write(path, "left beside")
    ann.write("processed/table.csv", "data")
    ann.put()
    assert lab.on_hub("ann") == {"processed/table.csv": "data"}
    assert "up to date" in ann.run("status").stdout


def test_what_was_published_before_is_neither_removed_nor_written(lab: Lab, join: Join) -> None:
    """A project of an earlier time holds some of it on main."""
    ann = join("ann")
    lab.web_commit("cho", {"processed/table.csv": "data", "processed/table.csv~": "an older one"})
    ann.get()
    assert ann.files() == {"processed/table.csv": "data"}
    ann.write("processed/more.csv", "more")
    ann.put()
    assert lab.on_hub("ann") == {
        "processed/table.csv": "data",
        "processed/table.csv~": "an older one",
        "processed/more.csv": "more",
    }
