"""Every release of this repository, each a tag of one clone, and projects that are updated from them."""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.once import once
from tests.template.generating import PARTS, REPOSITORY, USUAL, copier, environment, git, release, run

ANSWERS: dict[str, dict[str, object]] = {
    "all layers": {},
    "processed alone": {"hub_layers": ["processed"], "license": "MIT"},
    "other names": {
        "project_name": 'Zoë\'s "3D" map of cells',
        "hf_org": "cell-lab",
        "github_org": "cell-code",
        "project_slug": "cells-3d",
        "package_name": "cellmap",
        "hub_layers": ["external", "raw", "processed"],
        "inputs_fetch": "external/**, raw/profiles/**",
        "license": "BSD-3-Clause",
    },
}
"""Sets of answers that a lab may have given; every release asks these questions."""

OWN_RECIPE = '\n# Count our wells\n[group("ours")]\ncount-wells plate="P1":\n    echo 384 wells\n'
OWN_RULE = """

rule ours:
    output:
        "data/interim/ours.txt",
    log:
        "logs/ours.log",
    shell:
        "echo 1 > {output}"
"""
DELETED = ("notebooks/README.md", "references/README.md")
LOCAL = {".env": "HF_BRANCH=ann-2\nCORES=3\n", "data/processed/first/tables/wells.csv": "well\nA01\n"}
LAYERS = ("external", "raw", "interim", "processed")
READ = (*PARTS, "CHANGELOG.md")
"""What of this repository an update reads."""


def released() -> dict[str, str]:
    """Return the commit of each release, the oldest first: those listed, and those that are tagged here."""
    listed = tomllib.loads((REPOSITORY / "releases.toml").read_text(encoding="utf-8"))["releases"]
    tags = _git("tag", "--list", "v*").split()
    found = {tag.removeprefix("v"): tag for tag in tags} | {str(name): str(commit) for name, commit in listed.items()}
    return {version: found[version] for version in sorted(found, key=_number)}


def current() -> str:
    """Return the version of what lies here: that of the next release, where the one it names is made already."""
    version = str(tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    major, minor, patch = _number(version)
    return f"{major}.{minor}.{patch + 1}" if version in released() else version


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def source() -> Path:
    """Return a repository with a tag for each release and for what lies here; skips where history is missing.

    Copier clones it again and again, so it holds of each only what Copier reads.
    """
    if _git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("this clone is shallow and does not reach back to the releases")
    return once("releases", _lay_out)


def _lay_out(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    for version, commit in released().items():
        _clear(folder)
        held = _git("ls-tree", "--name-only", commit, *READ).split()
        archive = subprocess.run(["git", "archive", commit, *held], cwd=REPOSITORY, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
        release(folder, f"v{version}")
    # What lies here may not be committed yet.
    _clear(folder)
    for name in filter(None, _git("ls-files", "-co", "--exclude-standard", "-z", *READ).split("\0")):
        if (REPOSITORY / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    release(folder, f"v{current()}")


def _clear(folder: Path) -> None:
    git(folder, "rm", "-r", "--quiet", "--ignore-unmatch", *READ)


@dataclass
class Project:
    """A project of one version and set of answers, in which somebody works."""

    root: Path
    env: dict[str, str] = field(repr=False)

    @classmethod
    def made(cls, version: str, answers: Mapping[str, object], folder: Path) -> Project:
        """Generate it with the real Copier; what its task would do, which needs no Hub, is done here."""
        env = environment(folder.parent / f".home-of-{folder.name}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = ["copy", "--skip-tasks", "--quiet", f"--vcs-ref=v{version}", str(source()), str(folder)]
        copier(command, folder.parent, env, USUAL | dict(answers))
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "chore: start from the hublab template")
        for layer in LAYERS:
            (folder / "data" / layer).mkdir(parents=True, exist_ok=True)
        return cls(folder, env)

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return (self.root / name).read_text(encoding="utf-8")

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change the text of a file, which has to be another then."""
        before = self.read(name) if (self.root / name).exists() else ""
        after = change(before)
        assert after != before, name
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(after, encoding="utf-8")

    def commit(self, message: str) -> None:
        """Commit all there is."""
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--message", message)

    def files(self) -> dict[str, bytes]:
        """Return what git tracks or would track, with its content."""
        names = git(self.root, "ls-files", "-co", "--exclude-standard", "-z").split("\0")
        return {name: (self.root / name).read_bytes() for name in names if name and (self.root / name).is_file()}

    def update(self) -> str:
        """Run `copier update` to what lies here, and return what it said."""
        done = copier(["update", f"--vcs-ref=v{current()}"], self.root, self.env)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def conflicts(self) -> set[str]:
        """Return the files that git calls unmerged."""
        return set(git(self.root, "diff", "--name-only", "--diff-filter=U").splitlines())


@functools.cache
def made_anew(answers: str) -> dict[str, bytes]:
    """Return the files of a project that is made anew from what lies here, with a set of `ANSWERS`, by its name."""
    with tempfile.TemporaryDirectory(prefix="hublab-anew-") as folder:
        return Project.made(current(), ANSWERS[answers], Path(folder) / "project").files()


def work(project: Project, *, edit_tool: bool = False) -> set[str]:
    """Do what a lab does in a year; returns the tracked files that it touched."""
    project.edit("config/config.yaml", lambda text: text.replace("threshold: 0.9", "threshold: 0.8"))
    project.edit("README.md", lambda text: f"{text}\n## Our notes\n\nPlate 7 was dropped.\n")
    project.edit("rules/results.smk", lambda text: text + OWN_RULE)
    project.edit("labdata.toml", lambda text: f'{text}\n[repos.images]\nfolders = ["images"]\nbranch = "main"\n')
    project.edit("pixi.toml", lambda text: text.replace("\npooch = ", '\nscikit-learn = "*"\npooch = '))
    project.edit("notebooks/0.01-an-first-look.py", lambda _: "# %%\nprint(1)\n")
    project.edit("Justfile", lambda text: text.replace("snakelint:\n", "snakelint:\n    echo our own lint first\n"))
    project.edit("Justfile", lambda text: text + OWN_RECIPE)
    touched = {"config/config.yaml", "README.md", "rules/results.smk", "labdata.toml", "pixi.toml", "Justfile"}
    if edit_tool:
        project.edit("labdata/__init__.py", lambda text: f"{text}\nOURS = 1\n")
        touched.add("labdata/__init__.py")
    for name in DELETED:
        (project.root / name).unlink()
    project.commit("feat: a year of work")
    for name, text in LOCAL.items():
        project.edit(name, lambda _, text=text: text)  # type: ignore[misc]
    return touched | set(DELETED)


def check_edits(project: Project) -> None:
    """Fail unless every edit is there, on its own or in a conflict that git names, and nothing local was touched."""
    marked = {name for name, content in project.files().items() if b"<<<<<<< before updating" in content}
    assert marked == project.conflicts(), "a conflict that git does not name"
    assert not [name for name in project.files() if name.endswith(".rej")]
    edits = {
        "config/config.yaml": "threshold: 0.8",
        "README.md": "Plate 7 was dropped.",
        "rules/results.smk": OWN_RULE.strip(),
        "labdata.toml": "[repos.images]",
        "pixi.toml": 'scikit-learn = "*"',
        "notebooks/0.01-an-first-look.py": "print(1)",
        "Justfile": "    echo our own lint first",
        "justfile.local": OWN_RECIPE.strip(),
    }
    for name, text in edits.items():
        assert text in project.read(name), name
    assert "count-wells" not in project.read("Justfile")
    for name in DELETED:
        assert not (project.root / name).exists(), name
    for name, text in LOCAL.items():
        assert project.read(name) == text, name


def story(version: str, answers: str, folder: Path, *, edit_tool: bool = False, twice: bool = True) -> set[str]:
    """Take a project with a set of `ANSWERS` from a release to what lies here; returns the files in conflict.

    With `twice` it is updated once more, which must change nothing. Fails with an AssertionError where an edit is lost,
    something local is touched, or the rest is not as if made anew.
    """
    project = Project.made(version, ANSWERS[answers], folder / "project")
    touched = work(project, edit_tool=edit_tool)
    own = {"notebooks/0.01-an-first-look.py", "justfile.local"}

    said = project.update()

    check_edits(project)
    assert "Moved to justfile.local, which no update touches: count-wells." in said
    if edit_tool:
        assert "OURS = 1" in project.read("labdata/__init__.py")
    fresh = made_anew(answers)
    here = project.files()
    assert here.keys() - own == fresh.keys() - set(DELETED)
    differing = {name for name in fresh.keys() & here.keys() if fresh[name] != here[name]}
    assert differing <= touched, "not as if made anew"

    conflicts = project.conflicts()
    for name in conflicts:
        git(project.root, "checkout", "--ours", name)
    project.commit("chore: update the template")
    if conflicts <= {"README.md", "labdata/__init__.py"}:
        shown = run(["just", "--summary"], project.root, project.env).stdout.split()
        assert {"count-wells", "snakelint"} <= set(shown)
    if twice:
        before = project.files()
        project.update()
        assert project.files() == before
        assert git(project.root, "status", "--porcelain") == ""
    return conflicts
