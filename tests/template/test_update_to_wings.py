"""A project whose labdata is one flat folder is updated: no conflict in it, and its notes go on to be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localhub.testing import Hub
from tests.template.generating import REPOSITORY, USUAL, copier, environment, generate, git, release, run

OLD, NEW = "v1.0.0", "v2.0.0"
FLAT = "template/labdata/sync.py"
"""A module of the flat folder."""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it was before the move, and as it is."""
    removed = _git("log", "-1", "--format=%H", "--diff-filter=D", "--", FLAT)
    before = _git("rev-parse", "--verify", "--quiet", f"{removed}^") if removed else ""
    if not before:
        pytest.skip("this clone does not reach back to the flat folder")
    folder = tmp_path_factory.mktemp("source") / "hublab"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    parts = ("copier.yml", "extensions", "template")
    archive = subprocess.run(["git", "archive", before, *parts], cwd=REPOSITORY, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    release(folder, OLD)
    for part in parts:
        git(folder, "rm", "-r", "--quiet", part)
    listed = _git("ls-files", "-co", "--exclude-standard", *parts).splitlines()
    for name in listed:
        if (REPOSITORY / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    release(folder, NEW)
    return folder


def labdata(project: Path, env: dict[str, str], *arguments: str) -> str:
    return run([sys.executable, "-m", "labdata", *arguments], project, env).stdout


def status(project: Path, env: dict[str, str]) -> list[dict[str, Any]]:
    """What a status says, but for the field that has another name now."""
    rows: list[dict[str, Any]] = json.loads(labdata(project, env, "status", "--json"))
    return [{name: value for name, value in row.items() if name not in ("elsewhere", "detached")} for row in rows]


def test_a_project_with_the_flat_folder_is_updated_without_conflicts(hub: Hub, source: Path, tmp_path: Path) -> None:
    env = environment(tmp_path / "home") | {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.tokens["ann"]}
    project = tmp_path / "project"
    copier(["copy", f"--vcs-ref={OLD}", str(source), str(project)], tmp_path, env, USUAL)
    for name, text in {"processed/a.csv": "one", "processed/b.csv": "two", "raw/plate.csv": "well"}.items():
        (project / "data" / name).write_text(text, encoding="utf-8")
    for repo in ("results", "inputs"):
        labdata(project, env, "put", repo)
    (project / "data/processed/b.csv").write_text("two, better", encoding="utf-8")
    (project / "data/processed/c.csv").write_text("three", encoding="utf-8")
    before = status(project, env)
    assert before[1]["publish"] == ["processed/b.csv", "processed/c.csv"]
    assert (project / "labdata/sync.py").exists()

    copier(["update", f"--vcs-ref={NEW}"], project, env)

    assert not git(project, "diff", "--name-only", "--diff-filter=U")
    assert not list(project.rglob("*.rej"))
    assert "<<<<<<<" not in "".join(path.read_text(encoding="utf-8") for path in project.glob("labdata/**/*.py"))
    assert not (project / "labdata/sync.py").exists()
    # What newer versions tell beside it is more.
    after = status(project, env)
    assert [{name: new[name] for name in old} for new, old in zip(after, before, strict=True)] == before
    labdata(project, env, "put", "results")
    assert [row["unsaved"] for row in status(project, env)] == [[], []]


def test_looking_at_another_version_survives_the_update(hub: Hub, source: Path, tmp_path: Path) -> None:
    """The note that ``data/`` shows another version had another name: forgotten, a put would publish that version."""
    env = environment(tmp_path / "home") | {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.tokens["ann"]}
    project = tmp_path / "project"
    copier(["copy", f"--vcs-ref={OLD}", str(source), str(project)], tmp_path, env, USUAL)
    (project / "data/processed/a.csv").write_text("one", encoding="utf-8")
    labdata(project, env, "put", "results")
    labdata(project, env, "get", "results", "--at", "main")
    copier(["update", f"--vcs-ref={NEW}"], project, env)
    done = run([sys.executable, "-m", "labdata", "put", "results"], project, env, check=False)
    assert done.returncode == 1
    assert "not your own branch" in done.stderr
    labdata(project, env, "get", "results")
    assert (project / "data/processed/a.csv").read_text(encoding="utf-8") == "one"


def test_labdata_is_a_command_where_the_project_is_installed(tmp_path: Path) -> None:
    project, env = generate(tmp_path / "project"), environment(tmp_path / "home")
    venv = tmp_path / "venv"
    run(["uv", "venv", "--quiet", "--python", sys.executable, str(venv)], tmp_path, env)
    bin_ = venv / ("Scripts" if os.name == "nt" else "bin")
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--python", str(bin_ / "python"), "-e", str(project)]
    run(install, tmp_path, env)
    # What labdata needs comes from the test's own environment, as from the project's.
    packages = next(path for path in map(Path, sys.path) if (path / "huggingface_hub").is_dir())
    done = run([str(bin_ / "labdata"), "--help"], tmp_path, env | {"PYTHONPATH": str(packages)})
    assert "put" in done.stdout
