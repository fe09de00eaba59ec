"""Tag the versions of this repository that have no tag yet. A tag that is there is never moved.

The version stands in `pyproject.toml`, what is new in it in `CHANGELOG.md`, and the releases from before there were
tags in `releases.toml`. A workflow runs this on main, so that a commit which changes version and changelog is released
by being merged:

    python .ci/release.py             # tag what is missing, and push the tags
    python .ci/release.py --dry-run   # only say what would be tagged

Needs nothing but git and the standard library. Exits with 1, and has then tagged nothing, where the two files do not
agree or where the version is not newer than the last one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

SECTION = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", re.MULTILINE)


class ReleaseError(Exception):
    """What keeps the version from being released, in one sentence."""


def version_of(root: Path) -> str:
    """Return the version of the repository in *root*."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def sections(root: Path) -> dict[str, str]:
    """Return the sections of the changelog that have a version and a date, the newest first."""
    parts = SECTION.split((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    return {version: text.strip() for version, text in zip(parts[1::2], parts[2::2], strict=True)}


def history(root: Path) -> dict[str, str]:
    """Return the commits of the releases from before there were tags, by version."""
    listed = tomllib.loads((root / "releases.toml").read_text(encoding="utf-8"))
    return {str(version): str(commit) for version, commit in listed["releases"].items()}


def number(version: str) -> tuple[int, ...]:
    """Return a *version* as numbers that compare as versions do."""
    return tuple(int(part) for part in version.split("."))


def to_tag(root: Path, tagged: set[str], head: str) -> dict[str, str]:
    """Return the commit of each version that has no tag yet, the oldest first; *tagged* are those that have one.

    Raises ReleaseError where version and changelog do not agree.
    """
    version, told = version_of(root), sections(root)
    newest = next(iter(told), "none")
    if newest != version:
        raise ReleaseError(f"pyproject.toml says {version}, and the newest section of CHANGELOG.md is {newest}.")
    if untold := history(root).keys() - told.keys():
        raise ReleaseError(f"CHANGELOG.md has no section for {', '.join(sorted(untold))}.")
    newer = [other for other in {*tagged, *history(root)} if number(other) > number(version)]
    if newer:
        raise ReleaseError(f"{version} is older than {max(newer, key=number)}, which is released already.")
    wanted = {**history(root), version: head}
    return {one: wanted[one] for one in sorted(wanted, key=number) if one not in tagged}


def release(root: Path, remote: str, *, dry_run: bool = False) -> list[str]:
    """Tag and push what is missing on *remote*, all or nothing; returns the new tags.

    Raises ReleaseError where something does not fit, and CalledProcessError where git refuses.
    """
    there = git(root, "ls-remote", "--tags", "--refs", remote).split()[1::2]
    tagged = {
        name for name in (ref.removeprefix("refs/tags/v") for ref in there) if re.fullmatch(r"\d+\.\d+\.\d+", name)
    }
    missing = to_tag(root, tagged, git(root, "rev-parse", "HEAD"))
    told = sections(root)
    if missing and not dry_run:
        objects = {version: tag_object(root, version, commit, told[version]) for version, commit in missing.items()}
        # By object, without a local tag that could stand elsewhere. Without force git moves no tag of the remote.
        refs = [f"{name}:refs/tags/v{version}" for version, name in objects.items()]
        git(root, "push", "--quiet", "--atomic", remote, *refs)
    return [f"v{version} {commit}" for version, commit in missing.items()]


def tag_object(root: Path, version: str, commit: str, told: str) -> str:
    """Make the tag of a *version* whose message is what the changelog says; returns the name of the object."""
    commit = git(root, "rev-parse", "--verify", f"{commit}^{{commit}}")
    who = git(root, "var", "GIT_COMMITTER_IDENT")
    text = f"object {commit}\ntype commit\ntag v{version}\ntagger {who}\n\n{version}\n\n{told}\n"
    return git(root, "mktag", given=text)


def git(root: Path, *arguments: str, given: str | None = None) -> str:
    """Run git in *root* and return what it prints."""
    done = subprocess.run(["git", *arguments], cwd=root, input=given, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Release what is missing; returns the exit code."""
    parser = argparse.ArgumentParser(description="Tag the versions that have no tag yet.")
    parser.add_argument("--remote", default="origin", help="where the tags go (origin)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be tagged")
    given = parser.parse_args(arguments)
    root = Path(__file__).resolve().parents[1]
    try:
        made = release(root, given.remote, dry_run=given.dry_run)
    except ReleaseError as error:
        print(f"{error} Nothing was tagged.", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"git refused, and nothing was tagged: {error.stderr.strip()}", file=sys.stderr)
        return 1
    print("\n".join(made) if made else f"v{version_of(root)} is tagged already; tags are never moved.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
