"""Releases: the version and the changelog agree, and a version is tagged once and for good."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = _script()


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tag(work: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(work / ".ci" / "release.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def commit(work: Path, version: str, changelog: str) -> str:
    (work / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    told = "".join(f"## [{one}] - 2026-01-01\n\n### Added\n\n- {one}\n\n" for one in changelog.split())
    (work / "CHANGELOG.md").write_text(f"# Changelog\n\n## [Unreleased]\n\n{told}")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--allow-empty", "--message", version)
    git(work, "push", "--quiet", "origin", "HEAD:main")
    return git(work, "rev-parse", "HEAD")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of a repository with the release script and one release from before there were tags."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ann@example.org")
    git(tmp_path, "init", "--quiet", "--bare", "hublab.git")
    git(tmp_path, "clone", "--quiet", "hublab.git", "work")
    work = tmp_path / "work"
    (work / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "release.py", work / ".ci")
    first = commit(work, "0.1.0", "0.1.0")
    (work / "releases.toml").write_text(f'[releases]\n"0.1.0" = "{first}"\n')
    commit(work, "0.2.0", "0.2.0 0.1.0")
    return work


def test_version_changelog_and_the_list_of_releases_agree() -> None:
    assert release.version_of(ROOT) == next(iter(release.sections(ROOT)))
    assert release.history(ROOT).keys() <= release.sections(ROOT).keys()
    numbers = [release.number(version) for version in release.sections(ROOT)]
    assert numbers == sorted(numbers, reverse=True)


def test_a_version_is_tagged_when_it_lands_and_its_tag_is_never_moved(work: Path) -> None:
    bare = work.parent / "hublab.git"
    first, second = git(work, "rev-parse", "HEAD~1"), git(work, "rev-parse", "HEAD")
    assert (
        f"v0.2.0 {second}"
        in subprocess.run(
            [sys.executable, str(work / ".ci/release.py"), "--dry-run"], capture_output=True, text=True, check=True
        ).stdout
    )
    assert git(bare, "tag") == ""

    assert tag(work).returncode == 0
    assert git(bare, "rev-parse", "v0.1.0^{}", "v0.2.0^{}").split() == [first, second]
    assert "### Added\n\n- 0.2.0" in git(bare, "tag", "--list", "--format=%(contents)", "v0.2.0")
    before = git(bare, "for-each-ref", "refs/tags")

    commit(work, "0.2.0", "0.2.0 0.1.0")
    assert "never moved" in tag(work).stdout
    git(work, "tag", "v0.2.0")  # somebody's own tag of that name changes nothing
    assert tag(work).returncode == 0
    assert git(bare, "for-each-ref", "refs/tags") == before

    third = commit(work, "0.10.0", "0.10.0 0.2.0 0.1.0")
    assert tag(work).stdout == f"v0.10.0 {third}\n"


@pytest.mark.parametrize(
    ("version", "changelog", "said"),
    [
        ("0.3.0", "0.2.0 0.1.0", "pyproject.toml says 0.3.0, and the newest section of CHANGELOG.md is 0.2.0."),
        ("0.3.0", "0.3.0 0.2.0", "CHANGELOG.md has no section for 0.1.0."),
        ("0.0.9", "0.0.9 0.1.0", "0.0.9 is older than 0.1.0, which is released already."),
    ],
)
def test_what_does_not_agree_is_not_tagged(work: Path, version: str, changelog: str, said: str) -> None:
    commit(work, version, changelog)
    done = tag(work)
    assert (done.returncode, done.stderr) == (1, f"{said} Nothing was tagged.\n")
    assert git(work.parent / "hublab.git", "tag") == ""


def test_the_workflows_run_what_people_run() -> None:
    workflows = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yml")}
    runs = {name: str(flow["jobs"]) for name, flow in workflows.items()}
    assert ".ci/run" in runs["tests"]
    assert "python .ci/release.py" in runs["release"]
    # YAML reads the key "on" as true
    assert workflows["release"][True]["push"]["branches"] == ["main"]
    assert all("'fetch-depth': 0" in run for run in runs.values())
