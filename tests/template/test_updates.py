"""`copier update` brings the template's news and leaves alone what people did: their edits, their data, their .env."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from localhub.testing import Hub
from tests.template.generating import REPOSITORY, USUAL, at_hub, copier, copy_template, git, release, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD, NEW = "v1.0.0", "v1.1.0"
INPUTS, RESULTS = "lab/mito-screen-inputs", "lab/mito-screen-results"


@dataclass
class Ann:
    """A member with a project made from the old version."""

    project: Path
    env: dict[str, str]

    def copier(self, *arguments: str) -> str:
        done = copier(arguments, self.project, self.env)
        return done.stdout + done.stderr

    def read(self, name: str) -> str:
        return (self.project / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.project / name).parent.mkdir(parents=True, exist_ok=True)
        (self.project / name).write_text(text, encoding="utf-8")

    def commit(self, message: str) -> None:
        git(self.project, "add", "--all")
        git(self.project, "commit", "--quiet", "--message", message)


def change(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / "template" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the template with two versions; the second mends three files, adds one and drops one."""
    folder = tmp_path_factory.mktemp("source") / "hublab"
    folder.mkdir()
    copy_template(folder, "v0.9.0")
    (folder / "template" / "docs" / "old-advice.md").write_text("# Old advice\n", encoding="utf-8")
    release(folder, OLD)
    change(folder, "config/config.yaml", "# The settings of the pipeline;", "# All settings of the pipeline;")
    change(folder, "labdata/__init__.py", '"""labdata:', '"""labdata, mended:')
    change(folder, "Justfile.jinja", "# List the recipes", "# List all recipes")
    change(folder, "references/README.md", "# References", "# References and protocols")
    (folder / "template" / "docs" / "new-advice.md").write_text("# New advice\n", encoding="utf-8")
    (folder / "template" / "docs" / "old-advice.md").unlink()
    release(folder, NEW)
    return folder


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub on which this project is the only one."""
    with Hub.start(tmp_path_factory.mktemp("hub") / "hub") as running:
        yield running


@pytest.fixture(scope="module")
def made(hub: Hub, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann's project as the old version made it."""
    folder = tmp_path_factory.mktemp("made")
    env = at_hub(hub, "ann", folder / "home")
    copier(["copy", f"--vcs-ref={OLD}", str(source), str(folder / "mito-screen")], folder, env, USUAL)
    return folder / "mito-screen"


@pytest.fixture
def ann(hub: Hub, made: Path, tmp_path: Path) -> Ann:
    return Ann(shutil.copytree(made, tmp_path / "mito-screen"), at_hub(hub, "ann", tmp_path / "home"))


def work(ann: Ann) -> None:
    """What a member does in a few weeks."""
    ann.write("config/config.yaml", ann.read("config/config.yaml").replace("threshold: 0.9", "threshold: 0.8"))
    ann.write("README.md", f"{ann.read('README.md')}\n## Our notes\n\nPlate 7 was dropped.\n")
    ann.write("notebooks/0.01-an-first-look.py", "# %%\nprint(1)\n")
    ann.write("justfile.local", "# Say so\nours:\n    echo ours\n")
    (ann.project / "notebooks" / "README.md").unlink()
    (ann.project / "references" / "README.md").unlink()
    ann.commit("feat: first look")
    ann.write(".env", f"{ann.read('.env')}CORES=3\nHF_BRANCH=ann-2\n")
    ann.write("data/processed/first-look/tables/wells.csv", "well\nA01\n")


def tree(project: Path) -> dict[str, bytes]:
    """Return all files that people see in the working copy, and what git does not track."""
    files = (path for path in project.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in files
        if "__pycache__" not in path.parts and ".labdata" not in path.parts
    }


def on_hub(hub: Hub) -> dict[str, list[str]]:
    """Return the repos on the Hub with the commits of every branch."""
    api = hub.api("cho")
    found: dict[str, list[str]] = {}
    for repo in api.list_datasets(author="lab"):
        for branch in api.list_repo_refs(repo.id, repo_type="dataset").branches:
            commits = api.list_repo_commits(repo.id, repo_type="dataset", revision=branch.name)
            found[f"{repo.id}@{branch.name}"] = [commit.commit_id for commit in commits]
    return found


def test_an_update_brings_the_news_and_keeps_what_people_did_and_a_second_changes_nothing(hub: Hub, ann: Ann) -> None:
    before = on_hub(hub)
    assert set(before) == {f"{INPUTS}@main", f"{RESULTS}@main", f"{RESULTS}@ann"}
    work(ann)
    mine = {name: ann.read(name) for name in (".env", "data/processed/first-look/tables/wells.csv", "labdata.toml")}

    hub.reset_requests()
    said = ann.copier("update")

    assert "Running task" not in said
    assert hub.requests() == []
    assert on_hub(hub) == before
    assert {name: ann.read(name) for name in mine} == mine
    assert "Plate 7 was dropped." in ann.read("README.md")
    assert ann.read("notebooks/0.01-an-first-look.py") == "# %%\nprint(1)\n"
    config = ann.read("config/config.yaml")
    assert config.startswith("# All settings of the pipeline;")
    assert "threshold: 0.8" in config
    assert ann.read("labdata/__init__.py").startswith('"""labdata, mended:')
    assert "# List all recipes" in ann.read("Justfile")
    assert (ann.project / "docs" / "new-advice.md").exists()
    assert not (ann.project / "docs" / "old-advice.md").exists()
    assert not (ann.project / "notebooks" / "README.md").exists()
    assert not (ann.project / "references" / "README.md").exists()
    assert not [name for name in tree(ann.project) if name.endswith(".rej")]
    for text in tree(ann.project).values():
        assert b"<<<<<<<" not in text
    assert f"_commit: {NEW}" in ann.read(".copier-answers.yml")
    assert run(["just", "ours"], ann.project, ann.env).stdout == "ours\n"
    assert "ours" in run(["just"], ann.project, ann.env).stdout

    ann.commit("chore: template v1.1.0")
    updated = tree(ann.project)
    ann.copier("update")
    assert tree(ann.project) == updated
    assert git(ann.project, "status", "--porcelain") == ""


def test_copying_again_makes_nothing_twice(hub: Hub, ann: Ann) -> None:
    """`copier recopy` runs the tasks of a copy again."""
    before, env = on_hub(hub), ann.read(".env")
    said = ann.copier("recopy", "--overwrite")
    assert "Running task" in said
    assert on_hub(hub) == before
    assert ann.read(".env") == env
    assert git(ann.project, "rev-list", "--count", "HEAD") == "1"


def test_a_package_is_renamed_by_hand_and_later_updates_keep_the_edits(ann: Ann) -> None:
    module = "src/mito_screen/profiles.py"
    ann.write(module, f"{ann.read(module)}\n\nOURS = 1\n")
    ann.commit("feat: ours")
    before = tree(ann.project)
    # A copy over it is refused as an update is, and sooner.
    for action, answer in (
        ("update", "package_name=mito"),
        ("recopy", "project_slug=mito"),
        ("recopy", "hf_org=other"),
    ):
        command = ["copier", action, "--trust", "--defaults", "--data", answer]
        refused = run(command, ann.project, ann.env, check=False)
        assert refused.returncode != 0
        assert 'see "Rename" in docs/update.md' in refused.stderr
        assert "Traceback" not in refused.stderr
        assert tree(ann.project) == before
    git(ann.project, "mv", "src/mito_screen", "src/mito")
    way = "git grep -lw mito_screen | xargs perl -pi -e 's/\\bmito_screen\\b/mito/g'"
    assert way in (REPOSITORY / "docs" / "update.md").read_text(encoding="utf-8")
    run(["sh", "-c", way], ann.project, ann.env)
    ann.commit("refactor: the package is called mito")
    ann.copier("update")
    assert ann.read("src/mito/profiles.py").endswith("OURS = 1\n")
    assert not (ann.project / "src" / "mito_screen").exists()
    assert f"_commit: {NEW}" in ann.read(".copier-answers.yml")
    assert "# List all recipes" in ann.read("Justfile")
