"""A project of the time when git kept the layers by .gitkeep files is updated, and its data stay what they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from labdata.local.code import code_version

from tests.template.generating import USUAL, copier, copy_template, environment, git, release, run

OLD, NEW, LATER = "v1.0.0", "v1.1.0", "v1.2.0"
LAYERS = ("external", "raw", "interim", "processed")
IGNORED = """\
# data/ lives on the Hugging Face Hub; git keeps its folders only
data/**
!data/**/
!data/**/.gitkeep
data/.labdata/
data/_recycle/
"""
CONTENTS = {
    "raw/plate.csv": "well\nA01\n",
    "processed/first-look/tables/wells.csv": "well\nA01\n",
    "_recycle/2026-01-01/raw/plate.csv": "an edit",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the template with two versions and a later one; the first tracks a .gitkeep file in each layer."""
    folder = tmp_path_factory.mktemp("source") / "hublab"
    folder.mkdir()
    copy_template(folder, "v0.9.0")
    template = folder / "template"
    rules = template / ".gitignore.jinja"
    new = rules.read_text(encoding="utf-8")
    rules.write_text(IGNORED + new.partition("/data\n")[2], encoding="utf-8")
    for layer in LAYERS:
        (template / "data" / layer).mkdir(parents=True)
        (template / "data" / layer / ".gitkeep").touch()
    release(folder, OLD)
    rules.write_text(new, encoding="utf-8")
    for layer in LAYERS:
        (template / "data" / layer / ".gitkeep").unlink()
    release(folder, NEW)
    (template / "docs" / "new-advice.md").write_text("# New advice\n", encoding="utf-8")
    release(folder, LATER)
    return folder


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann's project of the old version, with data in some of its layers."""
    project = tmp_path_factory.mktemp("made") / "project"
    env = environment(project.parent / "home")
    copier(["copy", f"--vcs-ref={OLD}", str(source), str(project)], project.parent, env, USUAL)
    assert git(project, "ls-files", "data").splitlines() == [f"data/{layer}/.gitkeep" for layer in sorted(LAYERS)]
    fill(project)
    return project


@pytest.fixture(scope="module")
def made_and_updated(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the new version, as a commit on top."""
    project = shutil.copytree(made, tmp_path_factory.mktemp("updated") / "project")
    update(project)
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "project")


@pytest.fixture
def updated(made_and_updated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made_and_updated, tmp_path / "project")


def fill(project: Path) -> None:
    """Write data into some layers."""
    for name, text in CONTENTS.items():
        (project / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "data" / name).write_text(text, encoding="utf-8")


def contents(data: Path) -> dict[str, str]:
    """Return what people have in `data`, links followed; neither a layer's own .gitkeep nor labdata's notes."""
    found = {name: data / name for name in (*LAYERS, "_recycle")}
    files = [(name, path) for name, top in found.items() for path in top.resolve().rglob("*") if path.is_file()]
    texts = {
        f"{name}/{path.relative_to(found[name].resolve()).as_posix()}": path.read_text("utf-8") for name, path in files
    }
    return {name: text for name, text in texts.items() if name.removesuffix("/.gitkeep") not in LAYERS}


def update(project: Path) -> None:
    """Update to the new version, as docs/update.md says."""
    copier(["update", f"--vcs-ref={NEW}"], project, environment(project.parent / "home"))
    assert git(project, "ls-files", "--unmerged") == ""
    git(project, "add", "--all")
    changed = git(project, "diff", "--cached", "--name-only").splitlines()
    assert set(changed) <= {".copier-answers.yml", ".gitignore", *(f"data/{layer}/.gitkeep" for layer in LAYERS)}
    git(project, "commit", "--quiet", "--message", "chore: update the template")
    assert git(project, "ls-files", "data") == ""
    assert git(project, "status", "--porcelain") == ""
    assert "/data\n" in (project / ".gitignore").read_text(encoding="utf-8")


def moved_to_another_disk(project: Path, name: str) -> Path:
    disk = project.parent / f"disk of {project.name}"
    (project / name).rename(disk)
    (project / name).symlink_to(disk)
    return disk


def test_the_files_that_kept_the_layers_go_and_the_data_stay(updated: Path) -> None:
    assert contents(updated / "data") == CONTENTS
    assert not (updated / "data" / "processed" / ".gitkeep").exists()


def test_a_project_that_was_cloned_and_is_empty_is_updated_too(project: Path, tmp_path: Path) -> None:
    bob = tmp_path / "bob"
    git(tmp_path, "clone", "--quiet", str(project), str(bob))
    update(bob)


@pytest.mark.parametrize("linked", ["data/raw", "data"])
def test_a_layer_on_another_disk_stays_what_it_is(project: Path, linked: str) -> None:
    """git misses the .gitkeep file behind the link, so Copier refuses until git forgets it (docs/update.md)."""
    disk = moved_to_another_disk(project, linked)
    refused = copier(["update"], project, environment(project.parent / "home"), check=False)
    assert "dirty" in refused.stderr
    assert contents(project / "data") == CONTENTS
    assert code_version(project).endswith("(clean)")

    git(project, "rm", "-r", "--cached", "data")
    (project / ".gitignore").open("a", encoding="utf-8").write("/data\n")
    git(project, "commit", "--quiet", "--all", "--message", "chore: git need not know of data")
    update(project)
    assert (project / linked).readlink() == disk
    assert contents(project / "data") == CONTENTS


@pytest.mark.parametrize("linked", ["data/raw", "data", None])
def test_a_teammate_pulls_the_update_and_keeps_the_data(
    made: Path, updated: Path, linked: str | None, tmp_path: Path
) -> None:
    bob = tmp_path / "bob"
    git(tmp_path, "clone", "--quiet", str(made), str(bob))
    git(bob, "remote", "set-url", "origin", str(updated))
    fill(bob)
    if linked:
        moved_to_another_disk(bob, linked)
    git(bob, "pull", "--quiet")
    assert contents(bob / "data") == CONTENTS
    assert not linked or (bob / linked).is_symlink()
    assert git(bob, "status", "--porcelain") == ""


def test_the_hooks_let_the_files_go(project: Path) -> None:
    copier(["update"], project, environment(project.parent / "home"))
    git(project, "add", "--all")
    assert "data/raw/.gitkeep" in git(project, "diff", "--cached", "--name-only")
    run(["pre-commit", "run"], project, environment(project.parent / "home"))


def test_from_then_on_no_name_of_a_data_file_stops_an_update(updated: Path) -> None:
    """Copier takes what ends in .rej, and what git sees of it, for its own."""
    rejected = updated / "data" / "raw" / "plate.csv.rej"
    rejected.write_text("rejected wells\n", encoding="utf-8")
    copier(["update"], updated, environment(updated.parent / "home"))
    assert rejected.read_text(encoding="utf-8") == "rejected wells\n"
    assert (updated / "docs" / "new-advice.md").exists()
