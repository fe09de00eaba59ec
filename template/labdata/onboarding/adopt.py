"""What is said after a copy into a repository that was there: what was kept, what was replaced, what stays to do.

Standard library only, as all that runs in Copier's Python; Copier itself renders once more what it would have written.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labdata.core import words
from labdata.onboarding import own_recipes

BESIDE = "hublab-adopt"
"""The folder with the template's versions of files that were kept; git does not see it."""

_UNSEEN = ("/data", ".env", ".snakemake/", "logs/", ".pixi/")
_ANSWERS = ".copier-answers.yml"
_OLD = re.compile(r"\b(?:rclone|s5cmd|aws s3|s3cmd|gsutil|boto3|s3fs)\b|\bs3://")
_URL = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]+(?:/[A-Za-z0-9._/-]*)?")
_SHOWN = 8
_RENDER = """
import sys
from copier import run_copy
run_copy(sys.argv[1], sys.argv[2], answers_file=sys.argv[3], vcs_ref="HEAD", defaults=True, overwrite=True, quiet=True,
         unsafe=True, skip_tasks=True)
"""


@dataclass(frozen=True)
class Adoption:
    """A repository after the copy; all paths are relative to it.

    ``kept`` are files that differ from the template's and stayed, ``replaced`` those that the template's took the
    place of, ``tracked`` the files of ``data/`` that git holds, ``unignored`` what git must not take and would.
    ``old`` are lines that speak to S3, as ``file:line``, and ``urls`` the buckets that they name. ``packages`` lie
    at the top, ``package`` is the template's; ``python`` is what a ``pyproject.toml`` that was kept demands of Python;
    ``recipes`` is the Justfile that was there, in any case; ``needs`` is what a ``requirements.txt`` names.
    """

    kept: Sequence[str]
    replaced: Sequence[str]
    tracked: int
    unignored: Sequence[str]
    old: Sequence[str]
    urls: Sequence[str]
    packages: Sequence[str]
    package: str
    python: str = ""
    needs: Sequence[str] = ()
    recipes: str = ""


def adopted(root: Path, template: Path, package: str) -> str:
    """Return what is to be known of a copy into a repository; nothing where it made the repository itself."""
    tracked = _git(root, "ls-files").splitlines()
    if not tracked or _ANSWERS in tracked:
        return ""
    rendered = _rendered(root, template)
    kept = [path for path in rendered if rendered[path] != (root / path).read_bytes()]
    changed = set(_git(root, "diff", "--name-only", "HEAD").splitlines())
    replaced = [path for path in rendered if path not in kept and path in changed]
    beside = {path: rendered[path] for path in kept}
    if recipes := _recipes(root, kept, rendered):
        texts = [(root / recipes).read_text(encoding="utf-8", errors="replace"), rendered["Justfile"].decode()]
        local = root / "justfile.local"
        beside["Justfile"] = rendered["Justfile"]
        beside["justfile.local"] = (local.read_bytes() if local.is_file() else b"") + own_recipes.own(*texts).encode()
        kept = sorted({*kept, recipes} - ({"Justfile"} if recipes != "Justfile" else set()))
    _lay_beside(root, beside)
    old = [path for path in tracked if _may_speak_to_s3(path)]
    found, urls = _speaking_to_s3(root, [path for path in old if (root / path).is_file()])
    found_packages = sorted(path.parent.name for path in root.glob("*/__init__.py") if path.parent.name != "labdata")
    adoption = Adoption(
        kept=kept,
        replaced=replaced,
        tracked=sum(path.startswith("data/") and not path.endswith(".gitkeep") for path in tracked),
        unignored=[path for path in _UNSEEN if not _is_ignored(root, path)],
        old=found,
        urls=urls,
        packages=[name for name in found_packages if name not in ("tests", "scripts")],
        package=package,
        python=_demanded(root) if "pyproject.toml" in kept else "",
        needs=_needed(root) if "requirements.txt" in tracked else (),
        recipes=recipes,
    )
    return "\n".join([*_what_happened(adoption), "What stays to do:", *_numbered(left_to_do(adoption))])


def _what_happened(adoption: Adoption) -> list[str]:
    lines = ["hublab is in a repository that was there before."]
    if adoption.kept:
        lines += [f"  yours, kept as they are (the template's are in {BESIDE}/):", *_listed(adoption.kept)]
    if adoption.replaced:
        lines += ["  the template's now (`git diff` shows what you had committed):", *_listed(adoption.replaced)]
    if not adoption.kept and not adoption.replaced:
        lines.append("  No file of yours has the name of one of the template's.")
    return lines


def _listed(paths: Sequence[str]) -> list[str]:
    shown = [f"    {path}" for path in paths[:_SHOWN]]
    return shown + ([f"    … and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else [])


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"  {number}. {step}" for number, step in enumerate(steps, 1)]


def left_to_do(adoption: Adoption) -> list[str]:
    """Return what a person still has to do, each with the command that does or shows it."""
    kept, steps = set(adoption.kept), []
    if adoption.unignored:
        lines = "".join(f"{path}\\n" for path in ("", *adoption.unignored))
        steps.append(f"Keep data, tokens and what tools make out of git: printf '{lines}' >> .gitignore")
    if adoption.tracked:
        files = "1 file" if adoption.tracked == 1 else f"{adoption.tracked} files"
        steps.append(
            f"git holds {files} of data/. Copy data/ aside, then: git rm -r -q --cached data "
            '(see "Take in a repository" in the template\'s docs/generate.md).'
        )
    if adoption.recipes:
        steps.append(
            "The recipes are still yours. Take the template's, and keep those that only you have in justfile.local, "
            f"without your `set` lines: mv {adoption.recipes} {BESIDE}/your-recipes && cp {BESIDE}/Justfile "
            f"{BESIDE}/justfile.local ."
        )
    if "pixi.toml" in kept:
        steps.append(f"Add what labdata needs to your environment: git diff --no-index pixi.toml {BESIDE}/pixi.toml")
    if adoption.needs:
        steps.append(f"Your code needs what requirements.txt names: pixi add --pypi {' '.join(adoption.needs)}")
    if adoption.python:
        demand = f"it demands {adoption.python!r}"
        steps.append(f"pixi installs your pyproject.toml with Python 3.12, and {demand}: change one of them.")
    if adoption.packages:
        steps.append(
            f"Your code stays in {', '.join(adoption.packages)}, which every recipe can import; the template's steps "
            f"are in src/{adoption.package}."
        )
    others = [path for path in adoption.kept if path not in (adoption.recipes, "pixi.toml")]
    if others:
        steps.append(f"Take from the template's what you want: git diff --no-index {others[0]} {BESIDE}/{others[0]}, …")
    if adoption.old:
        move = f" Move what is there: {_migration(adoption.urls[0])}." if adoption.urls else ""
        shown = ", ".join(adoption.old[:3]) + (", …" if len(adoption.old) > 3 else "")
        steps.append(f"These still speak to S3: {shown}.{move} Then remove them.")
    steps.append('just dry, just onboard; then: git add --all && git commit -m "chore: adopt hublab"')
    return steps


def _migration(url: str) -> str:
    """Return the command that shows what a move from an address would do; a layer becomes that layer."""
    layer = url.rstrip("/").rpartition("/")[2]
    to = f" --to {layer}/" if layer in ("external", "raw", "interim", "processed") else ""
    return f"just migrate-from-s3 {url}{to} --dry-run"


def _rendered(root: Path, template: Path) -> dict[str, bytes]:
    """Return the files that the template has for this project, where the project has one of that name."""
    with tempfile.TemporaryDirectory(prefix="hublab-") as folder:
        clean = Path(folder) / root.name
        clean.mkdir()
        shutil.copy2(root / _ANSWERS, clean / _ANSWERS)
        command = [sys.executable, "-c", _RENDER, str(template.parent), str(clean), _ANSWERS]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
        found = {}
        for path in sorted(clean.rglob("*")):
            name = path.relative_to(clean).as_posix()
            if path.is_file() and name != _ANSWERS and (root / name).is_file():
                found[name] = path.read_bytes()
    return found


def _recipes(root: Path, kept: Sequence[str], rendered: Mapping[str, bytes]) -> str:
    """Return the name of the Justfile that was there before, empty without one.

    just takes the name in any case, and refuses to run with two: the template's, which nobody has edited, goes then.
    """
    names = {path.name for path in root.iterdir() if path.name.lower() in ("justfile", ".justfile") and path.is_file()}
    others = sorted(names - {"Justfile"})
    if others and "Justfile" in names and "Justfile" in rendered and "Justfile" not in kept:
        (root / "Justfile").unlink()
    return others[0] if others and "Justfile" in rendered else "Justfile" if "Justfile" in kept else ""


def _lay_beside(root: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        where = root / BESIDE / path
        where.parent.mkdir(parents=True, exist_ok=True)
        if where.is_file() and where.read_bytes() != data:
            # Of an earlier copy, and edited since for all we know.
            numbers = (where.with_name(f"{where.name}.before-{number}") for number in range(1, 1000))
            where.rename(next(one for one in numbers if not one.exists()))
        where.write_bytes(data)
    if files:
        (root / BESIDE / ".gitignore").write_text("*\n", encoding="utf-8")


def _needed(root: Path) -> list[str]:
    """Return the packages that a project names, without what the template brings."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    names = [match.group() for line in lines if (match := re.match(r"[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?", line.strip()))]
    return [
        name for name in dict.fromkeys(names) if name.lower() not in ("pip", "ruff", "snakemake", "pandas", "numpy")
    ]


def _demanded(root: Path) -> str:
    """Return the Python that a project demands where it is bound to one that is not the template's 3.12."""
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        demanded = str(table["project"]["requires-python"])
    except (ValueError, KeyError, TypeError):
        return ""
    # Bounds from below alone let a newer Python pass.
    is_bound = any(sign in demanded for sign in ("<", "~=", "==")) and "3.12" not in demanded
    return demanded if is_bound else ""


def _may_speak_to_s3(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    known = ("justfile", "makefile", "snakefile", "dockerfile")
    return name in known or name.endswith(
        (".sh", ".just", ".mk", ".smk", ".toml", ".yml", ".yaml", ".py", ".local", ".ipynb", ".r")
    )


def _speaking_to_s3(root: Path, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the lines that name a tool for S3 or an address, and the addresses in these files."""
    found: list[str] = []
    urls: list[str] = []
    for path in paths:
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        lines = [number for number, line in enumerate(text.splitlines(), 1) if _OLD.search(line)]
        if lines:
            others = f" and {words.number(len(lines) - 1, 'more line')}" if len(lines) > 1 else ""
            found.append(f"{path}:{lines[0]}{others}")
            urls += _URL.findall(text)
    return found, list(dict.fromkeys(urls))


def _is_ignored(root: Path, path: str) -> bool:
    # A file in it, for git does not speak of folders.
    where = path.strip("/") + ("" if path == ".env" else "/x")
    done = subprocess.run(["git", "check-ignore", "-q", "--no-index", where], cwd=root, check=False, timeout=60)
    return done.returncode == 0


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout if done.returncode == 0 else ""
