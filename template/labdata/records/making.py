"""What a put records, and the pack that it sends along."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from labdata.core import records as core
from labdata.core.canonical import canonical
from labdata.core.content import Content, Tree, same
from labdata.core.packs import FOLDER, MANY, can_hold_packs, packs_in, tidied
from labdata.core.records import Record
from labdata.local.code import Code
from labdata.local.notes import Known, Stat
from labdata.local.snakemake_notes import JobNote, JobNotes, find_job_notes, job_notes
from labdata.local.stamp_file import STAMPED, read_stamp
from labdata.local.stats import Signature, signature_of, stat_at
from labdata.records import store, verdicts
from labdata.records.jobs import Circumstances, Disk, facts_of, is_written_at, record_of, restamped, software_of
from labdata.records.noting import LOOKED, Noting

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_FEW = 100  # files of which the notes are read one by one, and not all that there are
_SLACK = 5.0  # seconds that two clocks may differ, as those of a cluster's disk and its computers


@dataclass(frozen=True)
class Published:
    """What a put publishes: files on this disk (``mine``, with their ``stats``), and which of them are ``sent``.

    ``now`` is the target's tree. ``is_whole`` says that nothing was left out; ``incomplete`` are paths that Snakemake
    has not finished.
    """

    mine: Tree
    stats: Mapping[str, Signature]
    sent: Collection[str]
    now: Tree
    is_whole: bool
    incomplete: Collection[str] = ()


def keeps_records(repo: Repo) -> bool:
    """Tell whether a repo is one of results: records live beside them."""
    return repo.per_member or repo.name == "results"


def noting_of(workspace: Workspace, repo: Repo, published: Published, *, restamp: bool = False) -> Noting:
    """Return what a put records."""
    if not keeps_records(repo) or not can_hold_packs(published.now):
        return Noting()
    began = time.time()
    work = _Work(workspace, repo, published)
    if restamp:
        work.restamp()
    else:
        work.decide()
    since = began - _SLACK if published.is_whole else 0.0
    mine = verdicts.to_send(workspace, repo, published.now)
    paths = work.paths
    packs, superfluous = verdicts.tidied(workspace, published.now) if paths or mine else ([], [])
    if not paths:
        return Noting(since=since, drop=superfluous, verdicts=mine, tidied=packs)
    merge, drop = _tidied(workspace, published.now)
    merged = list(store.records_in(workspace, merge))
    unsent = sum(path not in published.sent for path in paths)
    return Noting(paths, work.made, merged, [*merge, *drop, *superfluous], unsent, since, mine, packs)


class _Work:
    """One put's look at what it publishes."""

    def __init__(self, workspace: Workspace, repo: Repo, published: Published) -> None:
        self._workspace = workspace
        self._repo = repo
        self._published = published
        self._known_facts: dict[str, str] = {}
        self._notes = JobNotes()
        self._new: list[str] = []
        self._ready: dict[str, Record] = {}

    @property
    def paths(self) -> list[str]:
        """What is to be recorded."""
        return [*self._new, *self._ready]

    def decide(self) -> None:
        """Find what is to be recorded: what is sent, and what a rule has made anew though its content stayed."""
        published, root = self._published, self._workspace.settings.root
        since = float(self._workspace.state.quiet(self._repo.id, LOOKED) or 0)
        # Of most files the note is read when their record is made: there may be very many.
        self._notes = find_job_notes(root, published.sent, since)
        again, new = self._sorted()
        self._ready = {record.path: record for record in self._known_before(again)}
        self._new = [*new, *sorted(set(again) - self._ready.keys())]
        # Read here: the records may be made in a thread that has no state to read from.
        _ = self._workspace.worktree.known, self._about

    def made(self, paths: Sequence[str]) -> list[tuple[Record, Known]]:
        """Make the records of some paths (see ``Made``), but of none that a rule made again meanwhile."""
        records = [self._ready.get(path) or self._made(path) for path in paths]
        made = [(one, self._known(one)) for one in records if one is not None]
        self._notes.forget(paths)
        return made

    def _made(self, path: str) -> Record | None:
        record = record_of(path, self._published.mine[path], self._notes.get(path), self._about, self._disk)
        if record.kind != "rule" and path in self._notes and self._is_written_since(path):
            # A rule has made it again meanwhile, and the note is of that. The next put records it.
            return None
        return replace(record, incomplete=True) if path in self._incomplete else record

    def _is_written_since(self, path: str) -> bool:
        """Tell whether a file is not as it was when the put looked at it."""
        stat = self._published.stats.get(path)
        try:
            now = stat_at(f"{self._workspace.worktree.data}/{path}")
        except OSError:
            return True
        return stat is None or stat != signature_of(now)

    def _known(self, record: Record) -> Known:
        return Known(record.sha256, self._facts(self._notes.get(record.path)), canonical(record.inputs))

    @cached_property
    def _disk(self) -> Disk:
        return _disk(self._workspace, self._published.stats)

    @cached_property
    def _incomplete(self) -> frozenset[str]:
        return frozenset(self._published.incomplete)

    def _facts(self, note: JobNote | None) -> str:
        """Return the hash of a note, computed once: that takes long."""
        if note is None:
            return ""
        found = self._known_facts.get(note.path)
        if found is None:
            found = self._known_facts[note.path] = facts_of(note.body)
        return found

    def _sorted(self) -> tuple[list[str], list[str]]:
        """Return the paths of which a record is known already, and those of which one is to be made."""
        notes, published = self._notes, self._published
        looked_at, state = sorted({*published.sent, *notes}), self._workspace.state
        few = len(looked_at) <= _FEW
        before = state.some_recorded(self._repo.id, looked_at) if few else state.recorded(self._repo.id)
        again: list[str] = []
        new: list[str] = []
        for path in looked_at:
            content = published.mine.get(path)
            if content is None or not content.sha256:
                continue
            known = before.get(path)
            if known is not None and known.sha256 != content.sha256:
                known = None
            is_known = known is not None and known.facts == self._facts(notes.get(path))
            if path in published.sent:
                (again if is_known else new).append(path)
            elif not is_known and (note := notes.get(path)) and self._is_its_work(path, content, note):
                new.append(path)
        return again, new

    def _is_its_work(self, path: str, content: Content, note: JobNote) -> bool:
        """Tell whether a file that the branch holds already is, beyond doubt, what the noted job left here."""
        stat, end = self._published.stats.get(path), note.body.get("endtime")
        if not same(self._published.now.get(path), content) or stat is None or not isinstance(end, int | float):
            return False
        return is_written_at(stat, end)

    def _known_before(self, paths: Iterable[str]) -> list[Record]:
        """Return records that are here already, of files that go to a branch which may not hold them."""
        wanted = {path: self._published.mine[path].sha256 or "" for path in paths}
        if not wanted:
            return []
        packs = [f"{FOLDER}/{where.name}" for where in self._workspace.pack("").glob("*.jsonl*")]
        packs = [path for path in packs if not path.endswith(".part")]
        return list(_latest(store.records_in(self._workspace, packs, wanted.values()), wanted).values())

    def restamp(self) -> None:
        """Find what ``decide`` does, and the latest record of each published file, with the code as it is now."""
        published = self._published
        wanted = {path: one.sha256 or "" for path, one in published.mine.items() if same(one, published.now.get(path))}
        wanted |= {path: published.mine[path].sha256 or "" for path in published.sent if path in published.mine}
        self.decide()
        packs = packs_in(published.now)
        known = _latest(store.records_in(self._workspace, packs, wanted.values()), wanted)
        made = {*self.paths}
        self._ready |= {path: restamped(one, self._about) for path, one in sorted(known.items()) if path not in made}

    @cached_property
    def _about(self) -> Circumstances:
        return _circumstances(self._workspace, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def _disk(workspace: Workspace, known_stats: Mapping[str, Signature]) -> Disk:
    """Return what this disk tells of files; ``known_stats`` are those of the repo in question."""
    worktree = workspace.worktree
    data = worktree.data

    @cache
    def stats(path: str) -> Signature | None:
        if path in known_stats:
            return known_stats[path]
        try:
            return signature_of(stat_at(f"{data}/{path}"))
        except (OSError, ValueError):
            return None

    def known(path: str) -> Stat | None:
        return worktree.learned.get(path) or worktree.known.get(path)

    def script(path: str) -> str:
        stamp = read_stamp(worktree.path(path)) if path.lower().endswith(STAMPED) else None
        return stamp.script if stamp else ""

    return Disk(stats, known, script)


def _circumstances(workspace: Workspace, noted: str) -> Circumstances:
    root, inputs = workspace.settings.root, workspace.settings.repos.get("inputs")
    commit = workspace.state.heads(inputs.id).branch if inputs else ""
    version = f"{inputs.id}@{commit}" if inputs and commit else ""
    return Circumstances(Code(root), software_of(root), workspace.branch, noted, version)


def unpublished(workspace: Workspace, contents: Tree) -> dict[str, Record]:
    """Return how files were made that are not published yet, if rules made them here; they bear no time of a put."""
    notes = job_notes(workspace.settings.root, contents, math.inf) if contents else {}
    about, disk = (_circumstances(workspace, ""), _disk(workspace, {})) if notes else (None, None)
    if about is None or disk is None:
        return {}
    return {path: record_of(path, contents[path], note, about, disk) for path, note in notes.items()}


def _latest(records: Iterable[Record], wanted: Mapping[str, str]) -> dict[str, Record]:
    """Return the latest record of each wanted file, given as ``path: sha256``."""
    found: dict[str, Record] = {}
    for record in records:
        if wanted.get(record.path) == record.sha256:
            found[record.path] = core.newest((record, found.get(record.path, record))) or record
    return found


def _tidied(workspace: Workspace, tree: Tree) -> tuple[list[str], list[str]]:
    """Return which packs of a tree to merge into the one that is sent, and which others hold in full."""
    packs = packs_in(tree)
    if len(packs) < MANY:
        return [], []
    # Only what is here can be said to be held elsewhere.
    ids = {path: frozenset(one.id for one in store.records_in(workspace, [path])) for path in packs}
    ids = {path: found for path, found in ids.items() if found}
    return tidied({path: tree[path].size for path in ids}, ids)
