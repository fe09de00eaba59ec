"""Projects for tests: the real Copier generates them from the template as it lies on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.once import once, programs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localhub.testing import Hub

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
# Nobody listens on the discard port: what asks for the Hub there is refused at once, with no network involved.
NOWHERE = "http://127.0.0.1:9"
PARTS = ("copier.yml", "extensions", "migrations", "template")
"""What of this repository Copier reads."""
USUAL: dict[str, object] = {"project_name": "Mito Screen", "hf_org": "lab"}
PERSONAL = ("PYTEST_", "HF_", "HUGGING", "GIT_", "XDG_", "COPIER_", "SNAKEMAKE_", "PYTHONPATH", "CORES", "PIXI_RUN")


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a member whose home is *home*: the test's own tools on PATH, no Hub, nothing personal.

    *settings* come on top, for example `HF_ENDPOINT` and `HF_TOKEN`.
    """
    home.mkdir(parents=True, exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PERSONAL)}
    return clean | {
        "PATH": os.pathsep.join([str(programs()), clean.get("PATH", os.defpath)]),
        "HOME": str(home),
        "USERPROFILE": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": NOWHERE,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
        "PIXI_RUN": "",
        **settings,
    }


def at_hub(hub: Hub, name: str, home: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a member whose home is *home* and who is *name* on a Hub; *settings* come on top."""
    theirs = {key: value for key, value in hub.env(name, home).items() if key.startswith("HF_")}
    return environment(home) | theirs | settings


def with_slurm(env: Mapping[str, str]) -> dict[str, str]:
    """Return a member's environment as `pixi run -e slurm` makes it: with the plugin for SLURM."""
    return {**env, "PATH": os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])}


def run(
    command: Sequence[str], folder: Path, env: Mapping[str, str], check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *folder*; with *check*, fail with all that it said when it does not end with 0."""
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False, timeout=240)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def git(folder: Path, *arguments: str) -> str:
    """Run git in *folder* and return what it prints."""
    home = folder.parent / f".home-of-{folder.name}"
    return run(["git", *arguments], folder, environment(home)).stdout.strip()


def copy_template(folder: Path, tag: str = "v0.1.0") -> Path:
    """Make *folder* a git repository that holds the template as it lies on disk, committed and tagged."""
    listed = ["git", "ls-files", "-co", "--exclude-standard", "-z", *PARTS]
    names = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        source = REPOSITORY / name
        if source.exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    release(folder, tag)
    return folder


def release(folder: Path, tag: str) -> None:
    """Commit all there is in the template *folder* and tag it as a version."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", f"release: {tag}")
    git(folder, "tag", tag)


def template() -> Path:
    """Return a tagged copy of the template, made once in a test session and removed after it."""
    return once("hublab", copy_template)


def copier(
    arguments: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    answers: Mapping[str, object] | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run the copier command with *arguments* in *folder*, trusting the template; *answers* replace its questions."""
    given: list[str] = []
    for name, answer in (answers or {}).items():
        text = f"[{', '.join(answer)}]" if isinstance(answer, list) else str(answer)
        given += ["--data", f"{name}={text}"]
    action, *rest = arguments
    return run(["copier", action, "--trust", "--defaults", *given, *rest], folder, env, check)


def generate(
    dest: Path,
    answers: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    source: Path | None = None,
) -> Path:
    """Generate a project in *dest* and return it.

    *answers* come on top of the usual ones (project "Mito Screen" of the organisation lab), *env* is the member's whole
    environment (by default one without a Hub), *source* another template repository than the one on disk. Where it is
    the usual project it is a copy of one that was made once.
    """
    if answers is None and env is None and source is None:
        return shutil.copytree(once("usual", _make_usual) / "project", dest, symlinks=True)
    chosen = env if env is not None else environment(dest.parent / f".home-of-{dest.name}")
    source = source or template()
    dest.parent.mkdir(parents=True, exist_ok=True)
    copier(["copy", "--vcs-ref=HEAD", str(source), str(dest)], dest.parent, chosen, USUAL | dict(answers or {}))
    return dest


def _make_usual(folder: Path) -> Path:
    return generate(folder / "project", {})
