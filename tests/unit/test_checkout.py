"""A second folder with the code at another commit, with its submodules; the first stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from labdata.local.checkout import Checkout

from tests.template.generating import git

FILE = ("-c", "protocol.file.allow=always")


def repository(folder: Path, **files: str) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    return committed(folder, **files)


def committed(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "chore: a file")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a submodule in a submodule, both at their second commit by now."""
    inner = repository(tmp_path / "inner", deep="1\n")
    tool = repository(tmp_path / "tool", tool="1\n")
    git(tool, *FILE, "submodule", "--quiet", "add", str(inner), "inner")
    committed(tool)
    project = repository(tmp_path / "project", Snakefile="")
    git(project, *FILE, "submodule", "--quiet", "add", str(tool), "lib/tool")
    git(project, *FILE, "submodule", "--quiet", "update", "--init", "--recursive")
    committed(project)
    committed(project / "lib" / "tool", tool="2\n")
    return committed(project)


def test_submodules_are_filled_from_the_clone_as_they_were_then(project: Path, tmp_path: Path) -> None:
    then = git(project, "rev-parse", "HEAD~1")
    tool = project / "lib" / "tool"
    before = (git(tool, "status", "--porcelain"), git(tool, "rev-parse", "HEAD"), (tool / "tool").read_text())
    made = Checkout(project, then, tmp_path / "second" / "code")
    assert made.make() == []
    assert made.make() == []
    assert (made.folder / "lib/tool/tool").read_text() == "1\n"
    assert (made.folder / "lib/tool/inner/deep").read_text() == "1\n"
    assert before == (git(tool, "status", "--porcelain"), git(tool, "rev-parse", "HEAD"), (tool / "tool").read_text())
    made.remove()
    assert not made.folder.exists()
    assert git(project, "worktree", "list").count("\n") == 0
    # One that was put aside is still in git's own folder.
    git(project, "submodule", "--quiet", "deinit", "--force", "lib/tool")
    assert made.make() == []
    assert (made.folder / "lib/tool/inner/deep").read_text() == "1\n"
    made.remove()


def test_a_submodule_that_the_clone_lacks_is_named_and_stays_empty(project: Path, tmp_path: Path) -> None:
    git(tmp_path, *FILE, "clone", "--quiet", str(project), "clone")
    made = Checkout(tmp_path / "clone", git(project, "rev-parse", "HEAD"), tmp_path / "second" / "code")
    assert made.make() == ["lib/tool"]
    assert list((made.folder / "lib/tool").iterdir()) == []
    made.remove()
