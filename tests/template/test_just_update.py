"""`just update`: what is new, the update, and each conflict with the way out of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from labdata.core import changelog, hints
from labdata.local.template import address_of
from labdata.onboarding.update import look, settle

from tests.template.generating import USUAL, copier, copy_template, environment, git, release, run

OLD, NEW = "v0.9.0", "v1.0.0"
CHANGELOG = """\
# Changelog

## [Unreleased]

- not yet

## [1.0.0] - 2026-12-01

### Added

- Advice that is new.

## [0.10.0] - 2026-11-30

- A release between.

## [0.9.0] - 2026-11-29

- What was there already.
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with two versions; the second changes three files and gives two up."""
    folder = tmp_path_factory.mktemp("source") / "hublab"
    folder.mkdir()
    copy_template(folder, "v0.8.0")
    template = folder / "template"
    for name in ("labdata/old_wing.py", "scripts/old.py"):
        (template / name).write_text("# old\n", encoding="utf-8")
    release(folder, OLD)
    for name in ("labdata/old_wing.py", "scripts/old.py"):
        (template / name).unlink()
    for name, old, new in (
        ("labdata/__init__.py", '"""labdata:', '"""labdata, mended:'),
        ("Justfile.jinja", "# List the recipes", "# List all recipes"),
        ("config/config.yaml", "# The settings of the pipeline;", "# All settings of the pipeline;"),
    ):
        text = (template / name).read_text(encoding="utf-8")
        assert old in text
        (template / name).write_text(text.replace(old, new), encoding="utf-8")
    (template / "docs" / "new-advice.md").write_text("# New advice\n", encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    release(folder, NEW)
    return folder


@pytest.fixture(scope="module")
def made(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "project"
    copier(["copy", f"--vcs-ref={OLD}", str(source), str(folder)], folder.parent, environment(folder), USUAL)
    return folder


class Ann:
    """A member with a project of the old version, in git."""

    def __init__(self, made: Path, folder: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(made, self.root)
        self.env = environment(folder / "home", COPIER="copier")

    def just(self, *arguments: str, code: int = 0, **settings: str) -> str:
        done = run(["just", *arguments], self.root, self.env | settings, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        return said

    def shell(self, command: str) -> str:
        return run(["sh", "-c", command], self.root, self.env).stdout

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, message: str = "feat: ours") -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--message", message)

    def version(self) -> str:
        found = re.search(r"^_commit: (.*)$", (self.root / ".copier-answers.yml").read_text(), re.MULTILINE)
        return found[1] if found else ""


@pytest.fixture
def ann(made: Path, tmp_path: Path) -> Ann:
    return Ann(made, tmp_path)


@pytest.mark.hint("COMMIT_FIRST", "SETTLE_FIRST", "SETTLE_THEN_COMMIT")
def test_ann_updates_and_is_led_through_each_conflict(ann: Ann) -> None:
    ann.edit("config/config.yaml", "threshold: 0.9", "threshold: 0.8")
    ann.edit("Justfile", "# List the recipes", "# What there is")
    ann.edit("labdata/__init__.py", '"""labdata:', '"""labdata, as we like it:')
    ann.edit("labdata/core/words.py", '"""Words for people', '"""Our words for people')
    ann.edit("labdata/old_wing.py", "# old", "# ours")
    said = ann.just("update", code=1)
    assert "5 files are not committed, Justfile for one. Nothing was done." in said
    ann.shell("git stash --include-untracked")
    assert "Advice that is new." in ann.just("update", "--dry-run")
    ann.shell("git stash pop")
    ann.commit()

    said = ann.just("update", code=3)
    assert said.startswith(f"From {OLD} to {NEW}:\n\n## [1.0.0] - 2026-12-01\n\n### Added\n\n- Advice that is new.\n")
    assert "A release between." in said
    assert "What was there already." not in said
    assert "not yet" not in said
    assert f"Updated from {OLD} to {NEW}." in said
    assert "new      docs/new-advice.md" in said
    assert "changed  config/config.yaml" in said
    assert "removed  scripts/old.py" in said
    kept = said.partition("Your edits of labdata/ are still there")[2].splitlines()[1:3]
    assert kept[0] == "  labdata/core/words.py"
    assert kept[1].startswith("The template gave these files up.")
    assert "git show HEAD:scripts/old.py" not in said
    assert ann.shell("git show HEAD:labdata/old_wing.py") == "# ours\n"
    assert "  git show HEAD:labdata/old_wing.py\n" in said
    assert "2 files are in conflict. Each holds both sides" in said
    assert said.index("  Justfile") < said.index("  labdata/__init__.py  belongs to the template")

    assert "git checkout --theirs labdata/__init__.py && git add labdata/__init__.py" in said
    ann.shell("git checkout --theirs labdata/__init__.py && git add labdata/__init__.py")
    # The Justfile holds both sides, so labdata is called as the recipe would.
    refused = run(["python", "-m", "labdata", "update"], ann.root, ann.env, check=False)
    assert refused.returncode == 1
    assert "1 conflict of an earlier update or merge is not settled. Nothing was done." in refused.stderr
    assert "Justfile: first, for no recipe runs before" in refused.stderr
    justfile = (ann.root / "Justfile").read_text(encoding="utf-8")
    assert "<<<<<<<" in justfile
    ann.edit("Justfile", "<<<<<<< before updating\n", "")
    (ann.root / "Justfile").write_text(
        re.sub(r"=======\n(.*\n)>>>>>>> after updating\n", "", (ann.root / "Justfile").read_text()), encoding="utf-8"
    )
    ann.shell("git add Justfile")
    commit = re.search(r"`(git add --all \. && git commit .*?)`", said)
    assert commit
    ann.shell(commit[1])
    assert (ann.root / "labdata/__init__.py").read_text().startswith('"""labdata, mended:')
    assert "threshold: 0.8" in (ann.root / "config/config.yaml").read_text()
    assert ann.version() == NEW
    assert ann.just("update") == f"This project is at {NEW}, the newest version of the template.\n"
    assert git(ann.root, "log", "-1", "--format=%s") == "chore: update the template"


@pytest.mark.hint("ANSWERS_BACK", "TEMPLATE_REACH", "template_versions", "OLDER_TEMPLATE", "UPDATE_TOOLS")
def test_what_an_update_needs_is_said_and_the_hint_gets_ann_on(ann: Ann, source: Path) -> None:
    answers = ann.root / ".copier-answers.yml"
    before = answers.read_text()

    answers.unlink()
    ann.commit()
    assert "does not say which version of which template" in ann.just("update", code=1)
    ann.shell("git checkout HEAD~1 .copier-answers.yml")

    ann.edit(".copier-answers.yml", str(source), f"{source}-away")
    ann.commit()
    said = ann.just("update", code=1)
    assert f"The template could not be read: '{source}-away' does not appear to be a git repository. Nothing" in said
    assert "Nothing was done." in said
    ann.edit(".copier-answers.yml", f"{source}-away", str(source))
    ann.commit()
    assert answers.read_text() == before

    ann.shell("git bisect start")
    said = ann.just("update", code=1)
    assert "A bisect is begun and not finished. Nothing was done." in said
    assert hints.finish_code("bisect", "git bisect reset", "just update") in said
    ann.shell("git bisect reset")

    said = ann.just("update", "--to", "v7.0.0", code=1)
    assert "The template has no version v7.0.0. Nothing was done." in said
    assert f"Versions are v0.8.0, {OLD}, {NEW}." in said
    said = ann.just("update", "--to", "0.8.0", code=1)
    assert f"This project is at {OLD}, and an update does not lead back to v0.8.0." in said
    said = ann.just("update", code=1, COPIER="no-such-program")
    assert "no-such-program is not installed. Nothing was done." in said
    head = git(ann.root, "rev-parse", "HEAD")
    assert git(ann.root, "status", "--porcelain") == ""

    ann.just("update", "--to", "1.0.0")
    ann.commit("chore: update the template")
    ann.shell("git revert --no-edit HEAD")
    assert ann.version() == OLD
    assert git(ann.root, "diff", "--stat", head) == ""


@pytest.mark.hint("COMMIT_UPDATE")
def test_a_project_inside_a_larger_repository_is_updated_and_one_update_is_committed_before_the_next(
    ann: Ann,
) -> None:
    outer = ann.root.parent / "outer"
    outer.mkdir()
    shutil.rmtree(ann.root / ".git")
    ann.root = ann.root.rename(outer / "part")
    git(outer, "init", "--quiet")
    (outer / "beside.txt").write_text("of another\n")
    ann.edit("Justfile", "# List the recipes", "# What there is")
    git(outer, "add", "--all")
    git(outer, "commit", "--quiet", "--message", "all")
    (outer / "beside.txt").write_text("being written\n")
    said = ann.just("update", code=3)
    assert "  Justfile  first, for no recipe runs before" in said
    assert "changed  config/config.yaml" in said
    ann.shell("git checkout --theirs Justfile && git add Justfile")
    assert "An earlier update is not committed. Nothing was done." in ann.just("update", code=1)
    ann.shell("git restore --staged --worktree . && git clean -fdq docs")
    assert ann.version() == OLD
    ann.just("update", code=3)
    ann.shell("git checkout --theirs Justfile && git add --all . && git commit --quiet -m 'chore: update the template'")
    assert ann.version() == NEW
    assert git(outer, "status", "--porcelain") == "M beside.txt"


@pytest.mark.hint("UPDATE_AGAIN", "TAKE_BACK", "GIT_FIRST")
def test_an_update_that_fails_says_what_became_of_the_files(ann: Ann) -> None:
    said = ann.just("update", "--data", "license=WTF", code=1)
    assert "Copier could not update the project:" in said
    assert "'WTF' is not in" in said
    assert "Nothing was changed." in said
    assert git(ann.root, "status", "--porcelain") == ""

    half = ann.root.parent / "half"
    half.write_text("#!/bin/sh\necho half > README.md; echo new > new.txt; echo it broke >&2; exit 1\n")
    half.chmod(0o755)
    said = ann.just("update", code=1, COPIER=str(half))
    assert "it broke\nSome files are changed already; all that was here is in git." in said
    ann.shell("git restore --staged --worktree .")
    assert "new.txt" in ann.shell("git clean -n")
    (ann.root / "new.txt").unlink()
    ann.just("update", "--data", "license=MIT")
    assert ann.version() == NEW
    assert (ann.root / "LICENSE").exists()

    shutil.rmtree(ann.root / ".git")
    assert "This project is no git repository" in ann.just("update", code=1)
    ann.shell("git init --quiet && git add . && git commit --quiet -m all")
    assert "the newest version" in ann.just("update")


def test_the_changelog_between_two_versions_is_told_and_no_other() -> None:
    assert changelog.between(CHANGELOG, "v0.9.0", "v0.10.0") == "## [0.10.0] - 2026-11-30\n\n- A release between."
    assert changelog.between(CHANGELOG, "v0.9.0-3-g1234567", "v1.0.0").count("## ") == 3
    assert changelog.between(CHANGELOG, "1.0.0", "1.0.0") == ""
    assert changelog.between("", "0.1.0", "0.2.0") == ""
    assert changelog.newest(["v0.9.0", "v0.10.0", "v0.10.0rc1", "paper-v9", "v1.0"]) == "v0.10.0"
    assert changelog.newest([]) == ""


def test_addresses_are_taken_as_copier_takes_them() -> None:
    assert address_of("gh:my-lab/hublab") == "https://github.com/my-lab/hublab.git"
    assert address_of("gl:my-lab/hublab.git") == "https://gitlab.com/my-lab/hublab.git"
    assert address_of("git+https://example.org/x.git") == "https://example.org/x.git"
    assert address_of("/home/me/hublab") == "/home/me/hublab"


def test_odd_names_can_be_pasted_into_a_shell() -> None:
    assert settle("docs/our page; rm x.md") == "keep both changes, then git add 'docs/our page; rm x.md'"
    seen = look({"a b": "UU", "labdata/x.py": " D", "data/raw/.gitkeep": " D"}, {"labdata/x.py", "data/raw/.gitkeep"})
    assert (seen.conflicts, seen.tool, seen.dropped) == (["a b"], 1, ["labdata/x.py"])
