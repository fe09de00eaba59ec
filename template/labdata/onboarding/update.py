"""``just update``: a newer template in this project, told before and after. The update itself is Copier's.

Copier replaces ``labdata/`` while this runs: all that is needed afterwards is imported before.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from labdata.core import changelog, hints, words
from labdata.core.errors import ConflictError, LabdataError
from labdata.core.reporting import Reporter
from labdata.local import template
from labdata.local.git import begun

COPIER = "uvx --with copier-template-extensions copier"
"""What runs Copier unless ``COPIER`` in the environment says otherwise."""

TOOL = "labdata/"
_VERBS = {"D": "removed", "?": "new", "U": "conflict", "A": "new"}


@dataclass(frozen=True)
class Outcome:
    """What an update did to a project's files, by their paths."""

    conflicts: list[str]
    changed: Mapping[str, str]
    """The other files with what became of each; those of the tool are not among them."""

    tool: int
    """How many files of the tool changed."""

    kept: list[str]
    """The lab's own edits of the tool that are still there."""

    dropped: list[str]
    """Files that the template gave up, and that the lab had edited or may have."""


def newer(root: Path, wanted: str = "") -> tuple[template.Origin, str]:
    """Return where a project comes from, and the version that an update brings: the newest, or the ``wanted`` one.

    The version is empty where the project has it already. Raises ``LabdataError`` where the template cannot be
    reached, or has no such version.
    """
    origin = template.origin(root)
    tags = template.tags(origin.address)
    version = wanted or changelog.newest(tags)
    if version not in tags and f"v{version}" in tags:
        version = f"v{version}"
    if version not in tags:
        said = f"The template has no version {version}" if version else "The template has no version yet"
        raise LabdataError(f"{said}. Nothing was done.", hints.template_versions(tags))
    here, there = changelog.number(origin.version), changelog.number(version)
    if here and there and there < here:
        raise LabdataError(
            f"This project is at {origin.version}, and an update does not lead back to {version}. Nothing was done.",
            hints.OLDER_TEMPLATE,
        )
    return origin, "" if version == origin.version else version


def update(
    root: Path, console: Reporter, *, wanted: str = "", answers: Collection[str] = (), dry_run: bool = False
) -> None:
    """Update the project at ``root``, and say what is new before and what to look at after.

    ``answers`` are answers to change, as ``license=MIT``. Raises ``LabdataError`` where the project has uncommitted
    changes, where the template cannot be reached, and where Copier fails; ``ConflictError`` where the update is there
    and some files hold both sides.
    """
    _refuse_uncommitted(root, template.changes(root))
    if half := begun(root):
        what, back = half
        raise LabdataError(
            f"A {what} is begun and not finished. Nothing was done.", hints.finish_code(what, back, "just update")
        )
    origin, version = newer(root, wanted)
    if not version and not answers:
        console.good(f"This project is at {origin.version}, the newest version of the template.")
        return
    version = version or origin.version
    known = {tag for tag in (origin.version, version) if tag in template.tags(origin.address)}
    with template.held(origin.address, known) as held:
        _tell_the_news(console, held.text(version, "CHANGELOG.md"), origin.version, version)
        if dry_run:
            console.say("Nothing was changed.")
            return
        edited = edits(template.committed(root), held.blobs(origin.version)) if origin.version in known else set()
        said = _run_copier(root, version, answers)
    outcome = look(template.changes(root), edited)
    for line in said:
        console.say(line)
    console.good(f"Updated from {origin.version} to {version}.")
    _tell(console, outcome)


def edits(committed: Mapping[str, str], given: Mapping[str, str]) -> set[str]:
    """Return the files that the lab has edited, or may have: those that are not just what the template gave."""
    return {path for path, content in committed.items() if given.get(path) != content}


def look(changes: Mapping[str, str], edited: Collection[str]) -> Outcome:
    """Sort what git says of a project after an update; ``edited`` are the files that the lab had edited before."""
    conflicts = sorted(path for path, letters in changes.items() if "U" in letters or letters in ("AA", "DD"))
    gone = {path for path, letters in changes.items() if "D" in letters} - set(conflicts)
    others = {path: letters for path, letters in changes.items() if path not in conflicts}
    return Outcome(
        # Nothing works before the Justfile and the tool do.
        conflicts=sorted(conflicts, key=lambda path: (path != "Justfile", not path.startswith(TOOL))),
        changed={path: _verb(letters) for path, letters in sorted(others.items()) if not path.startswith(TOOL)},
        tool=sum(path.startswith(TOOL) for path in others),
        kept=sorted(path for path in edited if path.startswith(TOOL) and path not in (*gone, *conflicts)),
        # The template gives up files that keep an empty folder; nobody edits those.
        dropped=sorted(path for path in gone if path in edited and not path.endswith(".gitkeep")),
    )


def settle(path: str) -> str:
    """Return how a conflict in a file is settled."""
    name = shlex.quote(path)
    if path.startswith(TOOL):
        return f"belongs to the template, so take its side: git checkout --theirs {name} && git add {name}"
    if path == "Justfile":
        return "first, for no recipe runs before: keep both changes, then git add Justfile"
    after = {"pixi.toml": ", then pixi install", "labdata.toml": ", then just config"}.get(path, "")
    return f"keep both changes, then git add {name}{after}"


def _verb(letters: str) -> str:
    return next((verb for letter, verb in _VERBS.items() if letter in letters), "changed")


def _refuse_uncommitted(root: Path, changes: Mapping[str, str]) -> None:
    """Raise ``LabdataError`` where git holds not everything: an update could not be told from it."""
    if not changes:
        return
    if half := [path for path, letters in changes.items() if "U" in letters]:
        raise LabdataError(
            f"{words.number(len(half), 'conflict')} of an earlier update or merge {_are(half)} not settled. "
            "Nothing was done.",
            hints.SETTLE_FIRST,
            [f"{path}: {settle(path)}" for path in half],
        )
    if template.ANSWERS in changes:
        raise LabdataError("An earlier update is not committed. Nothing was done.", hints.COMMIT_UPDATE)
    first, hidden = next(iter(changes)), template.overlooked(root, changes)
    raise LabdataError(
        f"{words.number(len(changes), 'file')} {_are(changes)} not committed, {first} for one. Nothing was done.",
        hints.let_git_see(hidden, hints.COMMIT_FIRST),
    )


def _are(things: Collection[object]) -> str:
    return "is" if len(things) == 1 else "are"


def _tell_the_news(console: Reporter, text: str, old: str, new: str) -> None:
    told = changelog.between(text, old, new)
    console.say(f"From {old} to {new}:" if told else f"From {old} to {new}; its changelog says nothing of that.")
    if told:
        console.say()
        console.say(told)
        console.say()


def _run_copier(root: Path, version: str, answers: Collection[str]) -> list[str]:
    """Run Copier; returns what migrations said. Raises ``LabdataError`` where it fails."""
    command = [*shlex.split(os.environ.get("COPIER") or COPIER), "update", "--trust", "--defaults", "--quiet"]
    command += [f"--vcs-ref={version}", *(f"--data={answer}" for answer in answers)]
    # What Snakemake and the project import is not for Copier, which has a Python of its own.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command, cwd=root, env=env, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except FileNotFoundError:
        raise LabdataError(f"{command[0]} is not installed. Nothing was done.", hints.UPDATE_TOOLS) from None
    except KeyboardInterrupt:
        raise _failed(root, "The update was stopped") from None
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "it gave no reason").splitlines()
        shown = "\n  ".join(["Copier could not update the project:", *reason[-4:]])
        raise _failed(root, shown)
    return [line for line in done.stdout.splitlines() if line.strip()]


def _failed(root: Path, said: str) -> LabdataError:
    if template.changes(root):
        return LabdataError(f"{said}\nSome files are changed already; all that was here is in git.", hints.TAKE_BACK)
    return LabdataError(f"{said}\nNothing was changed.", hints.UPDATE_AGAIN)


def _tell(console: Reporter, outcome: Outcome) -> None:
    """Say what an update did and what to look at; raises ``ConflictError`` with the way to settle each conflict."""
    console.rows([[verb, path] for path, verb in outcome.changed.items()])
    if outcome.tool:
        console.say(f"  and {words.number(outcome.tool, 'file')} of {TOOL}, which belongs to the template")
    if outcome.kept:
        console.say(f"Your edits of {TOOL} are still there; no test of the template has seen them:")
        console.rows([[path] for path in outcome.kept])
    if outcome.dropped:
        console.say("The template gave these files up. If you had changed something in one, git still has it:")
        console.rows([[f"git show {shlex.quote(f'HEAD:{path}')}"] for path in outcome.dropped])
    if outcome.conflicts:
        raise ConflictError(
            f"{words.number(len(outcome.conflicts), 'file')} {_are(outcome.conflicts)} in conflict. Each holds both "
            "sides: yours first, then after ======= the template's.",
            hints.SETTLE_THEN_COMMIT,
            words.aligned([[path, settle(path)] for path in outcome.conflicts]),
        )
    console.say("Look at it with `git diff`, and run `just dry`. Then commit:")
    console.say('  git add --all . && git commit -m "chore: update the template"')
    console.say("To take it back: `git restore --staged --worktree .`; `git clean -n` lists the new files.")
