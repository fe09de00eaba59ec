"""What made two versions of the data: code, parameters and inputs, as labdata wrote them down; and what is stale."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.content import same
from labdata.core.errors import LabdataError
from labdata.core.merge_base import with_parents
from labdata.core.trailers import commit_of, sealed_trailers
from labdata.local import code
from labdata.review.compare.model import Finding

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.review.sides import Sides
    from labdata.workspace import Workspace

_LOOKED_AT = 20
"""Commits that are looked at for the newest that says what it was made with."""

_SHOWN = 5
_PARAMETERS = "config"
"""The folder of a project whose files are parameters of its pipeline."""

Facts = list[tuple[str, str]]


def origin(workspace: Workspace, repo: Repo, sides: Sides) -> tuple[Facts, list[Finding]]:
    """Return what made both versions, and a finding where the inputs have changed since."""
    before = _trailers(workspace, repo, sides.commits[0])
    after = _trailers(workspace, repo, sides.commits[1]) if sides.commits[1] else _here(workspace)
    if not (before or after):
        return [], []
    facts = [("Code", _both(sides, before.get("Code", ""), after.get("Code", "")))]
    facts += _code_between(workspace, before.get("Code", ""), after.get("Code", ""))
    was, now = before.get("Inputs", ""), after.get("Inputs", "")
    if was or now:
        facts.append(("Inputs", "the same for both" if was == now else _both(sides, was, now)))
    if before.get("Template") != after.get("Template"):
        facts.append(("Template", _both(sides, before.get("Template", ""), after.get("Template", ""))))
    return facts, _stale(workspace, now) if sides.commits[1] else []


def _here(workspace: Workspace) -> dict[str, str]:
    """Return what a put would write now, as far as it is known without the Hub."""
    root = workspace.settings.root
    found = {"Code": code.code_version(root), "Template": code.template_version(root)}
    return {name: value for name, value in found.items() if value}


def _trailers(workspace: Workspace, repo: Repo, commit: str) -> dict[str, str]:
    """Return the trailers of the newest commit that labdata made."""
    if not commit:
        return {}
    for one, parent in islice(with_parents(workspace.commits(repo.id, commit)), _LOOKED_AT):
        if found := sealed_trailers(one.message, parent):
            return found
    return {}


def _both(sides: Sides, was: str, now: str) -> str:
    was, now = was or "not recorded", now or "not recorded"
    if was == now:
        return _told(now)
    return f"{sides.before.name}: {_told(was)}; {sides.after.name}: {_told(now)}"


def _told(value: str) -> str:
    if value.endswith("(dirty)"):
        return f"{value.removesuffix('(dirty)').strip()}, with changes that git did not have"
    return value.removesuffix(" (clean)")


def _code_between(workspace: Workspace, was: str, now: str) -> Facts:
    """Return which commits of code lie between two versions, and which parameters changed, as git here knows them."""
    old, new = commit_of(was), commit_of(now)
    if not (old and new) or old == new:
        return []
    root = workspace.settings.root
    titles = code.titles_between(root, old, new)
    if titles is None:
        return [("Commits between", "not known to git here: `git fetch` may bring them")]
    shown = "; ".join(titles[:_SHOWN]) + (" …" if len(titles) > _SHOWN else "")
    said = f"{words.number(len(titles), 'commit')}: {shown}" if titles else "none: it was made with older code"
    found = [("Commits between", said)]
    name = now.partition("@")[0]
    if "/" in name:
        found.append(("Compare the code", f"https://github.com/{name}/compare/{old}...{new}"))
    changed = code.lines_between(root, old, new, _PARAMETERS)
    found.append(("Parameters", "; ".join(changed[: 2 * _SHOWN]) if changed else "no file of config/ changed"))
    return found


def _stale(workspace: Workspace, inputs: str) -> list[Finding]:
    """Return a finding where main of the inputs holds other contents than those that the data were made with."""
    commit, name = commit_of(inputs), inputs.partition("@")[0]
    repo = next((one for one in workspace.settings.repos.values() if one.id == name), None)
    if not commit or repo is None:
        return []
    try:
        main = workspace.hub.refs(repo.id).branches["main"]
        used, now = workspace.known_tree(repo.id, commit), workspace.known_tree(repo.id, main)
    except (LabdataError, KeyError):
        return []
    if main == commit or used is None or now is None:
        return []
    # What was added since cannot have been used.
    other = sorted(path for path, content in used.items() if repo.holds(path) and not same(content, now.get(path)))
    if not other:
        return []
    shown = ", ".join(f"data/{path}" for path in other[:_SHOWN]) + (" …" if len(other) > _SHOWN else "")
    text = f"It was made with inputs of which {words.number(len(other), 'file')} changed since: {shown}."
    return [Finding("warning", text, check="inputs")]
