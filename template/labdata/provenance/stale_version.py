"""Whether a version of the results still is what the code makes of the inputs: told from records alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.content import Content, Tree
from labdata.core.records import Record
from labdata.provenance.code_now import CodesNow, codes_now, recorded_codes
from labdata.provenance.rules_now import RulesNow
from labdata.records import stale, store

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


@dataclass
class Judged:
    """Why files are ``stale``, by their path from the project's folder, and what cannot be told (``doubts``)."""

    stale: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


class Held:
    """What some versions of repos hold by path, with the SHA-256 that records know it by where that is known here."""

    def __init__(self, workspace: Workspace, commits: Mapping[str, str]) -> None:
        """Take the commit of each repo, by the name of its table."""
        self._repos = [repo for repo in workspace.settings.repos.values() if repo.name in commits]
        self._trees: dict[str, Tree] = {
            repo.name: workspace.known_tree(repo.id, commits[repo.name]) or {} for repo in self._repos
        }
        synced = (one for repo in self._repos for one in workspace.state.synced(repo.id).values())
        self._sha256 = {one.git: one.sha256 for one in synced if one.git and one.sha256}

    def files(self, repo: Repo) -> dict[str, Content]:
        """Return what a version holds in the folders of its repo."""
        return {path: one for path, one in self._trees[repo.name].items() if repo.holds(path)}

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of what is held at a path, empty where it is unknown."""
        repo = next((one for one in self._repos if one.holds(path)), None)
        one = self._trees[repo.name].get(path) if repo else None
        return (one.sha256 or self._sha256.get(one.git or "") or "") if one is not None else ""

    def holder(self, path: str) -> str:
        """Say in words who holds it."""
        repo = next((one for one in self._repos if one.holds(path)), None)
        return f"this version of {repo.name}" if repo else "this version"

    def learn(self, paths: Collection[str]) -> None:
        """Fetch nothing: what is not known stays a doubt."""


def judge_version(workspace: Workspace, results: Repo, commits: Mapping[str, str]) -> Judged:
    """Judge the results at a commit beside the other repos at theirs, and the code that is checked out."""
    held = Held(workspace, commits)
    packs = store.fetch(workspace, results.id, {commits[results.name]: held._trees[results.name]})
    files = held.files(results)
    records: dict[str, list[Record]] = {}
    for record in store.records_in(workspace, packs):
        if record.path in files and held.sha256(record.path) in ("", record.sha256):
            records.setdefault(record.path, []).append(record)
    verdict = stale.judge(records.keys(), records, held)
    found = Judged({f"data/{path}": reason for path, reason in verdict.stale.items()})
    known = {path: stale.record_of(path, held.sha256(path), records) for path in records}
    made = {path: record for path, record in known.items() if record is not None}
    _of_code(workspace, made, found)
    rules = RulesNow(workspace.settings.root)
    for path, record in made.items():
        if record.rule and (reason := rules.why_stale(record)):
            found.stale.setdefault(f"data/{path}", f"{reason[0].upper()}{reason[1:]}.")
    for path, record in made.items():
        if record.incomplete:
            found.stale.setdefault(f"data/{path}", "It was published half made.")
    _add_doubts(made, verdict.unknown, len(files), found)
    return found


def _of_code(workspace: Workspace, made: Mapping[str, Record], found: Judged) -> None:
    codes = {path: recorded for path, record in made.items() if (recorded := recorded_codes(record))}
    now = codes_now(workspace.settings.root) if codes else CodesNow()
    changed = {path: recorded for path, recorded in codes.items() if not recorded <= now.hashes}
    if changed and not now.is_all:
        files = words.number(len(changed), "file")
        found.doubts.append(f"Rules name their code in words that only Snakemake can read: not compared for {files}.")
        return
    for path in changed:
        rule = made[path].rule
        found.stale.setdefault(f"data/{path}", f"The code that rule {rule} runs was changed since it was made.")


def _add_doubts(made: Mapping[str, Record], unknown: Collection[str], count: int, found: Judged) -> None:
    ruled = [record for record in made.values() if record.rule]
    by_hand = sum(record.kind == "changed" for record in ruled)
    dirty = sum(record.code.get("dirty") != [] for record in ruled)
    if count > len(ruled):
        found.doubts.append(f"No rule is known to have made {words.number(count - len(ruled), 'file')}.")
    if by_hand:
        found.doubts.append(f"Changed by hand after a rule had made it: {words.number(by_hand, 'file')}.")
    if dirty:
        found.doubts.append(f"Made with code that git did not have: {words.number(dirty, 'file')}.")
    if unknown:
        found.doubts.append(f"Not to be compared: {words.number(len(unknown), 'input')} of rules.")
