"""What made two versions of the data: code, parameters and inputs, as labdata wrote them down; and what is stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from labdata.compare.model import Finding
from labdata.core import words
from labdata.core.content import Content, same
from labdata.core.errors import LabdataError
from labdata.core.merge_base import with_parents
from labdata.core.records import Record
from labdata.core.trailers import commit_of, sealed_trailers
from labdata.core.verdicts import Run
from labdata.local import code
from labdata.records import stale, store, verdicts
from labdata.records.making import keeps_records, unpublished
from labdata.review import made
from labdata.review.held import Held

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.review.sides import Sides
    from labdata.sync.working_copy import WorkingCopy
    from labdata.workspace import Workspace

_LOOKED_AT = 20
"""Commits that are looked at for the newest that says what it was made with."""

_SHOWN = 5
_PARAMETERS = "config"
"""The folder of a project whose files are parameters of its pipeline."""


@dataclass
class Origin:
    """What made two versions: ``facts``, ``findings``, how many files are ``stale``, and bytes ``fetched`` for it."""

    facts: made.Facts = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stale: int = 0
    fetched: int = 0


def origin(workspace: Workspace, repo: Repo, sides: Sides, local: WorkingCopy, known: Iterable[Content] = ()) -> Origin:
    """Return what made both versions, and what is not so any more.

    Records tell; where there are none, the trailers of commits do. ``known`` are contents with all their hashes.
    """
    held = Held(workspace, repo, sides, local, known)
    records = _records(workspace, repo, sides, held)
    pairs = _pairs(sides, held, records)
    before = _trailers(workspace, repo, sides.commits[0]) | made.values(pair.before for pair in pairs)
    after = _trailers(workspace, repo, sides.commits[1]) if sides.commits[1] else _here(workspace)
    after |= made.values(pair.after for pair in pairs)
    found = Origin(_told_of_commits(workspace, sides, before, after) if before or after else [])
    found.facts += made.facts(pairs, list(sides.new))
    judged = made.of_verdicts(pairs, _runs(workspace, repo, sides))
    found.facts += judged.facts
    verdict = stale.judge(sides.new.keys() | sides.old.keys(), records, held)
    found.facts += _of_staleness(verdict, pairs)
    found.findings = [*made.of_staleness(verdict), *made.findings(pairs), *judged.findings]
    if sides.commits[1] and not any(pair.after and pair.after.rule for pair in pairs):
        # Without a record only the commit says which inputs there were.
        found.findings += _moved(workspace, after.get("Inputs", ""))
    found.stale, found.fetched = len(verdict.stale), held.fetched
    return found


def _told_of_commits(workspace: Workspace, sides: Sides, before: dict[str, str], after: dict[str, str]) -> made.Facts:
    facts = [("Code", _both(sides, before.get("Code", ""), after.get("Code", "")))]
    facts += _code_between(workspace, before.get("Code", ""), after.get("Code", ""))
    was, now = before.get("Inputs", ""), after.get("Inputs", "")
    if was or now:
        facts.append(("Inputs", "the same for both" if was == now else _both(sides, was, now)))
    if before.get("Template") != after.get("Template"):
        facts.append(("Template", _both(sides, before.get("Template", ""), after.get("Template", ""))))
    return facts


def _records(workspace: Workspace, repo: Repo, sides: Sides, held: Held) -> dict[str, list[Record]]:
    """Return all records of what either version holds or may hold, by path."""
    if not keeps_records(repo):
        return {}
    found: dict[str, list[Record]] = {}
    trees = {commit: workspace.known_tree(repo.id, commit) or {} for commit in filter(None, sides.commits)}
    for record in store.records_in(workspace, store.fetch(workspace, repo.id, trees)):
        sides_of = (held.own.get(record.path), sides.old.get(record.path))
        if any(one is not None and one.sha256 in (None, record.sha256) for one in sides_of):
            found.setdefault(record.path, []).append(record)
    if not sides.commits[1]:
        fresh = {path: one for path, one in sides.new.items() if not stale.record_of(path, one.sha256 or "", found)}
        for path, record in unpublished(workspace, fresh).items():
            found.setdefault(path, []).append(record)
    return found


def _runs(workspace: Workspace, repo: Repo, sides: Sides) -> list[Run]:
    """Return what came of making files again, as far as either version or this disk tells."""
    trees = {commit: workspace.known_tree(repo.id, commit) or {} for commit in filter(None, sides.commits)}
    return verdicts.known(workspace, repo, trees) if keeps_records(repo) else []


def _pairs(sides: Sides, held: Held, records: Mapping[str, list[Record]]) -> list[made.Pair]:
    """Return each file that differs with the records of its contents."""
    return [
        made.Pair(
            path,
            stale.record_of(path, held.sha256_of(sides.old.get(path)), records),
            stale.record_of(path, held.sha256_of(sides.new.get(path)), records),
        )
        for path in sorted(sides.old.keys() | sides.new.keys())
    ]


def _of_staleness(verdict: stale.Verdict, pairs: list[made.Pair]) -> made.Facts:
    """Say how many files are stale, and of how many that could be told."""
    count = sum(pair.after is not None and bool(pair.after.rule) for pair in pairs)
    if not (count or verdict.stale):
        return []
    paths = [f"data/{path}" for path in verdict.stale]
    shown = ", ".join(paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")
    said = f"{words.number(len(paths), 'file')}: {shown}" if paths else "none that is known"
    unknown = f"; {words.number(len(verdict.unknown), 'input')} could not be compared" if verdict.unknown else ""
    return [("Stale", f"{said} (the records of {words.number(count, 'file')} name their inputs{unknown})")]


def _here(workspace: Workspace) -> dict[str, str]:
    """Return what a put would write now, as far as it is known without the Hub."""
    root = workspace.settings.root
    found = {"Code": code.code_version(root), "Template": code.template_version(root)}
    return {name: value for name, value in found.items() if value}


def _trailers(workspace: Workspace, repo: Repo, commit: str) -> dict[str, str]:
    """Return the trailers of the newest commit that labdata made."""
    if not commit:
        return {}
    for one, parent in islice(with_parents(workspace.histories.commits(repo.id, commit)), _LOOKED_AT):
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


def _code_between(workspace: Workspace, was: str, now: str) -> made.Facts:
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
    if address := code.compare_address(root, old, new):
        found.append(("Compare the code", address))
    changed = code.lines_between(root, old, new, _PARAMETERS)
    found.append(("Parameters", "; ".join(changed[: 2 * _SHOWN]) if changed else "no file of config/ changed"))
    return found


def _moved(workspace: Workspace, inputs: str) -> list[Finding]:
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
