"""The project's folder: ``.env``, hooks, secrets, and whether labdata is as the template brought it."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterator
from pathlib import Path

from labdata.core import hints, words
from labdata.core.steps import Mark, Step
from labdata.local.code import Code
from labdata.local.env_file import faults
from labdata.local.git import ask
from labdata.local.hooks import has_git, missing_hooks, no_git, wants_hooks
from labdata.sync.checks import holds_secret

_SECRET_NAMES = (".env", "*.pem", "*.key", "id_rsa", "id_ed25519", "id_ecdsa", ".netrc", "*.p12", "*.pfx")
_LOOKED_AT, _LARGE = 5_000, 1_000_000  # files, and the bytes of one, that are looked into


def env(root: Path) -> Iterator[Step]:
    """Look whether `just`, shells and labdata can all read ``.env``; raises ``LabdataError`` where it is no text."""
    path = root / ".env"
    if not path.is_file():
        yield Step(Mark.LOOK, ".env", "There is none yet.", hints.ONBOARD)
        return
    found = faults(path)
    for what in found.breaks:
        help_ = hints.MEND_ENV_BY_HAND if found.is_guessed else hints.MEND_ENV
        yield Step(Mark.MISSING, ".env", f"{what}, so that `just` does not start.", help_)
    for what in found.odd:
        yield Step(Mark.LOOK, ".env", f"{what}, over which shells stumble.", hints.MEND_ENV)
    if found.is_open:
        yield Step(Mark.LOOK, ".env", "Others on this computer may read it.", hints.MEND_ENV)
    if not (found.breaks or found.odd or found.is_open):
        yield Step(Mark.IS, ".env", "Can be read by all that reads it.")


def hooks(root: Path) -> Step:
    """Look whether the hooks are installed."""
    if not has_git(root):
        return Step(Mark.LOOK, "code", *no_git(root))
    missing = missing_hooks(root) if wants_hooks(root) else []
    if missing:
        return Step(Mark.MISSING, "hooks", f"No checks run before {_before(missing)}.", hints.ONBOARD)
    return Step(Mark.IS, "hooks", "Checks run before each commit and push.")


def overlooked(root: Path) -> Iterator[Step]:
    """Look for edits of code that git is told to overlook: nobody else has them, and no commit will."""
    code = Code(root)
    if commands := code.overlooked:
        said = f"git is told to overlook edits here: {words.number(len(commands), 'file')}."
        yield Step(Mark.LOOK, "code", said, hints.let_git_see(commands))


def _before(kinds: list[str]) -> str:
    return " and ".join({"pre-commit": "a commit", "pre-push": "a push"}[kind] for kind in kinds)


def secrets(root: Path) -> Iterator[Step]:
    """Look for tokens and keys in what git tracks, or would with the next ``git add``."""
    tracked = set((ask(root, "ls-files", "-z") or "").split("\0")) - {""}
    others = set((ask(root, "ls-files", "-z", "--others", "--exclude-standard") or "").split("\0")) - {""}
    found = [path for path in sorted(tracked | others)[:_LOOKED_AT] if _is_secret(root, path)]
    for path in found:
        how = "is in git" if path in tracked else "would go into git with the next `git add`"
        help_ = hints.untrack(shlex.quote(path), tracked=path in tracked)
        yield Step(Mark.MISSING, "secrets", f"{path} holds what looks like a secret, and {how}.", help_)
    if not found:
        yield Step(Mark.IS, "secrets", "git would track none.")


def _is_secret(root: Path, path: str) -> bool:
    where = root / path
    if not where.is_file() or path.startswith(("data/", "labdata/")):
        return False
    if any(fnmatch.fnmatch(where.name, name) for name in _SECRET_NAMES) and where.stat().st_size:
        return True
    return where.stat().st_size <= _LARGE and holds_secret(where)


def tool(root: Path) -> Step:
    """Look whether ``labdata/`` is as the template brought it: an update would meet an edit as a conflict."""
    name = "labdata/"
    base = ask(root, "log", "-1", "--format=%h", "--", ".copier-answers.yml")
    if not base:
        return Step(Mark.IS, name, "Not compared: git knows no update.")
    if ask(root, "status", "--porcelain", "--", ".copier-answers.yml"):
        return Step(Mark.LOOK, name, "An update of the template is not committed yet.", hints.NOT_COMMITTED)
    changed = (ask(root, "diff", "--name-only", base, "--", "labdata") or "").splitlines()
    changed += (ask(root, "ls-files", "--others", "--exclude-standard", "--", "labdata") or "").splitlines()
    if changed:
        said = f"{words.number(len(changed), 'file')} not as the template brought it: the next update is a conflict."
        # What is committed is kept in git's history; what is not has to be put aside.
        edited = ask(root, "status", "--porcelain", "--", "labdata")
        return Step(Mark.LOOK, name, said, hints.STASH_TOOL if edited else hints.restore_tool(base), tuple(changed))
    return Step(Mark.IS, name, "As the template brought it.")
