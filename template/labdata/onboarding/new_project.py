"""What the template runs once, right after the copy: folders, git, then ``labdata setup``.

Needs only the standard library, for Copier's own Python may have nothing else. It never fails the copy: whatever does
not work is said in one sentence with the command that does it later.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from labdata.core.errors import LabdataError
from labdata.local.settings import load

STANDARD = ("external", "raw", "interim", "processed")
"""The layers of every project; those that are not on the Hub are on this computer only."""


def main() -> int:
    """Set up the project in the current folder; returns 0 always."""
    root = Path.cwd()
    for step in (folders, first_commit, hub_setup, adoption):
        try:
            said = step(root)
        except (OSError, subprocess.SubprocessError) as error:
            said = f"{step.__name__.replace('_', ' ')}: {error}. Run `just onboard` in the project later."
        if said:
            print(said, file=sys.stderr)
    return 0


def folders(root: Path) -> str:
    """Make the layers of ``data/``, which git knows nothing of; returns what could not be done."""
    shared: list[str] = []
    # Settings that cannot be read, as after a copy over an old project, are for `labdata setup` to speak of.
    with suppress(LabdataError):
        shared = [folder for repo in load(root).repos.values() for folder in repo.folders]
    missed = [f"data/{layer}" for layer in make_layers(root / "data", [*STANDARD, *shared])]
    if not missed:
        return ""
    return (
        f"{', '.join(missed)}: no folder could be made, for something else has the name or a disk is not there. "
        "Look at it, then run `just onboard` in the project."
    )


def make_layers(data: Path, layers: Iterable[str]) -> list[str]:
    """Make the folders of ``data`` that are missing; returns those that cannot be.

    That is where a file is in the way, or a link to a disk that is not there.
    """
    missed = []
    for layer in dict.fromkeys(layers):
        try:
            (data / layer).mkdir(parents=True, exist_ok=True)
        except OSError:
            missed.append(layer)
    return missed


def first_commit(root: Path) -> str:
    """Make a git repository with one commit of the template's files where there is none; returns what to know of it.

    Whatever was in the folder before is not committed: it may be a key, a picture, or a notebook with results.
    """
    try:
        if _has_repository(root):
            return ""
        above = _git(root, "rev-parse", "--show-toplevel")
        files = template_files(root, Path(sys.argv[1]), sys.argv[2]) if len(sys.argv) > 2 else ["."]
        for arguments in (
            ["init", "--initial-branch=main"],
            ["add", "--force", "--", *files] if files != ["."] else ["add", "--all"],
            ["commit", "--message", "chore: start from the hublab template"],
        ):
            done = _git(root, *arguments)
            if done.returncode != 0:
                return _refused(root, arguments[0], done)
    except FileNotFoundError:
        return (
            "git is not installed, so there is no repository yet. Install it, then: git init && git add . && git commit"
        )
    said = []
    if above.returncode == 0:
        said.append(
            f"The project lies inside another git repository, {above.stdout.strip()}, and got one of its own. If it is "
            "to be a part of that one: rm -rf .git here, and commit it there."
        )
    if left := _git(root, "ls-files", "--others", "--exclude-standard").stdout.splitlines():
        others = "1 file was" if len(left) == 1 else f"{len(left)} files were"
        said.append(f"{others} here before and not committed, {left[0]} for one: git add what is code.")
    return "\n".join(said)


def template_files(root: Path, template: Path, package: str) -> list[str]:
    """Return what the template brought to a project, by the names that it has in the ``template``."""
    found = []
    for path in template.rglob("*"):
        # What Copier's names stand for, in the three names that have any.
        name = re.sub(r"[{]%.*?%[}]", "", path.relative_to(template).as_posix()).removesuffix(".jinja")
        name = re.sub(r"[{]{2} package_name [}]{2}", package, name)
        name = re.sub(r"[{]{2} _copier_conf.answers_file [}]{2}", _ANSWERS, name)
        if path.is_file() and (root / name).is_file() and "__pycache__" not in path.parts:
            found.append(name)
    return found


_ANSWERS = ".copier-answers.yml"
_IDENTITY = 'Tell git who you are: git config --global user.name "...", user.email "...".'
_ADVICE = {
    **dict.fromkeys(("tell me who you are", "empty ident", "no email was given"), _IDENTITY),
    "sign": "Mend git's signing, or commit once with --no-gpg-sign.",
    "dubious ownership": "The folder belongs to somebody else; the command in git's words says that you trust it.",
}


def _refused(root: Path, step: str, done: subprocess.CompletedProcess[str]) -> str:
    """Say what git refused, in its own words, and what helps."""
    words = (done.stderr or done.stdout).strip() or "git gave no reason"
    advice = next((one for part, one in _ADVICE.items() if part in words.lower()), "Mend that.")
    what = "No git repository was made" if step == "init" else "The files are not committed"
    again = "git add . && git commit" if (root / ".git").exists() else "git init && git add . && git commit"
    return f"{what}. git said:\n{indented(words)}\n{advice} Then: {again}"


def indented(text: str, lines: int = 8) -> str:
    """Return the first lines of a text, indented."""
    return "\n".join(f"  {line}" for line in text.splitlines()[:lines])


def _has_repository(root: Path) -> bool:
    """Tell whether the project is a git repository, or a tracked part of one.

    A home folder under git, or another project further up, is not the project's own repository.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top.returncode != 0:
        return False
    return Path(top.stdout.strip()).resolve() == root.resolve() or bool(_git(root, "ls-files").stdout)


def hub_setup(root: Path) -> str:
    """Run ``labdata setup``; returns what could not be done."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return (
            "The Hub was not set up: huggingface_hub is not installed beside Copier. The project is complete; "
            "run `just onboard` in it."
        )
    done = subprocess.run([sys.executable, "-m", "labdata", "setup"], cwd=root, check=False, timeout=600)
    if done.returncode != 0:
        return "The project is complete, but the Hub was not set up. Run `just onboard` in the project to do it."
    return ""


def adoption(root: Path) -> str:
    """Return what stays to do where the project is in a repository that was there before."""
    if len(sys.argv) < 3:
        return ""
    from labdata.onboarding.adopt import adopted

    return adopted(root, Path(sys.argv[1]), sys.argv[2])


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=120)


if __name__ == "__main__":
    sys.exit(main())
