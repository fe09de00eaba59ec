"""``which``: who made a file, when, of what and with which code; where it is; and whether that is still so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.content import Content, same
from labdata.core.errors import HubError, LabdataError
from labdata.core.records import Record
from labdata.core.stamps import Stamp
from labdata.core.typed_paths import nearest, typed_pattern
from labdata.core.verdicts import about, told
from labdata.local.checkout import has_commit
from labdata.local.code import Code
from labdata.local.disk import hash_file
from labdata.local.stamp_file import read_stamp
from labdata.provenance.hub_side import HubSide
from labdata.provenance.origin import Origin, Origins
from labdata.records.making import keeps_records, unpublished
from labdata.sync.authors import changed_by
from labdata.sync.remote import read_remote

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


@dataclass
class Answer:
    """What is known of one file.

    ``path`` is below ``data/``, empty where nobody knows the file. ``known_by`` is ``path``, ``content`` or ``stamp``.
    ``holders`` are versions on the Hub that hold this very content, with its paths there; ``published``, of what is
    not recorded, who put it at its path there last, and when. ``stale`` says why it would be made anew now; ``doubts``
    what cannot be told; ``verdicts`` what came of making it again.
    """

    asked: str
    path: str = ""
    sha256: str = ""
    known_by: str = ""
    here: str = ""
    record: Record | None = None
    stamp: Stamp | None = None
    pushed: bool | None = None
    holders: dict[str, list[str]] = field(default_factory=dict)
    published: tuple[str, str] | None = None
    origin: Origin | None = None
    stale: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)


class Which:
    """One command's look at where files come from, with the ``sides`` of the Hub, by the name of their repo."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.sides = {name: HubSide(workspace, repo) for name, repo in workspace.settings.repos.items()}

    @cached_property
    def _origins(self) -> Origins:
        return Origins(self._workspace, self.sides)

    def answer(self, asked: str, where: Path) -> Answer:
        """Return what is known of a file, named as ``asked``, that is or was ``where``; raises ``LabdataError``."""
        path = self._path_in_data(asked, where)
        repo = self._repo_of(path) if path else None
        if repo is not None:
            content = self._content(repo, path)
            if content is not None:
                return self._of_path(asked, repo, path, content)
        if where.is_file():
            return self._of_copy(asked, where)
        known = {one for side in self.sides.values() for tree in side.trees.values() for one in tree}
        close = nearest(path or asked, known)
        raise LabdataError(
            f"There is no file {asked}, neither here nor on the Hub. Nothing was changed.",
            hints.did_you_mean([f"data/{close}"]) if close else hints.LIST_DATA,
        )

    def _path_in_data(self, asked: str, where: Path) -> str:
        root = self._workspace.settings.root
        for start in (self._workspace.settings.data, self._workspace.settings.data.resolve()):
            if where.is_relative_to(start):
                return where.relative_to(start).as_posix()
        try:
            return typed_pattern(asked, root.as_posix())
        except LabdataError:
            return ""

    def _repo_of(self, path: str) -> Repo | None:
        return next((repo for repo in self._workspace.settings.repos.values() if repo.holds(path)), None)

    def _content(self, repo: Repo, path: str) -> Content | None:
        """Return what a path holds here, else what it holds on the Hub."""
        if (here := self._origins.content_here(path)) is not None:
            return here
        side = self.sides[repo.name]
        commit, listed = next(((one, tree[path]) for one, tree in side.trees.items() if path in tree), ("", None))
        if listed is None or listed.sha256:
            return listed
        return replace(listed, sha256=side.hashes(commit, {path: listed}).get(path))

    def _of_path(self, asked: str, repo: Repo, path: str, content: Content) -> Answer:
        answer = Answer(asked, path, content.sha256 or "", "path")
        side = self.sides[repo.name]
        sha256 = content.sha256 or ""
        records = side.records({sha256}).get(sha256, []) if sha256 else []
        record = self._origins.best(records, path)
        if record is None and keeps_records(repo) and not side.holders(content):
            # Made, or edited, since the last put.
            record = unpublished(self._workspace, {path: content}).get(path)
        self._fill(answer, side, content, record)
        others = [one for one in records if record and one.path == record.path and one.rule]
        if record and record.rule and others and others[0] is not record:
            answer.doubts.append(
                f"rule {others[0].rule} gave the same content later, of other inputs or with other parameters: "
                f"`just dry data/{record.path}` tells which Snakemake goes by"
            )
        return answer

    def _of_copy(self, asked: str, where: Path) -> Answer:
        """Return what is known of a file that is elsewhere: by what it holds, else by its stamp."""
        size = where.stat().st_size
        sha256, git = hash_file(where, size)
        content = Content(size, sha256, git)
        answer = Answer(asked, sha256=sha256, known_by="content")
        for side in self.sides.values():
            records = side.records({sha256}).get(sha256, [])
            held = [path for paths in side.holders(content).values() for path in paths]
            if records or held:
                answer.path = records[0].path if records else held[0]
                self._fill(answer, side, content, self._origins.best(records, answer.path))
                return answer
        answer.stamp = read_stamp(where)
        answer.known_by = "stamp" if answer.stamp else ""
        if answer.stamp:
            self._by_stamp(answer, answer.stamp)
        return answer

    def _by_stamp(self, answer: Answer, stamp: Stamp) -> None:
        """Find the records of the work that a stamp tells of: same path, made from the same inputs."""
        answer.path = stamp.path
        repo = self._repo_of(stamp.path)
        if repo is None:
            return
        side = self.sides[repo.name]
        found = [record for record in side.all_records_of(stamp.path) if fits(record, stamp)]
        if found:
            self._fill(answer, side, None, found[0])

    def _fill(self, answer: Answer, side: HubSide, content: Content | None, record: Record | None) -> None:
        content = content or (self._held(side, record) if record else None)
        answer.record = record
        if content is not None:
            answer.holders = side.holders(content)
            here = self._origins.content_here(answer.path)
            answer.here = "missing" if here is None else "same" if same(here, content) else "other"
        if record is None:
            answer.published = self._published(side, answer.path)
        else:
            root, commit = self._workspace.settings.root, str(record.code.get("commit") or "")
            # Of a commit that this clone lacks, nobody here knows who else has it.
            answer.pushed = Code(root).has_remote(commit) if has_commit(root, commit) else None
            answer.origin = self._origins.of(record)
            answer.stale, answer.doubts = self._origins.verdict(answer.origin)
            answer.verdicts = [told(run, one) for run, one in about(side.runs, record.path, record.sha256)]
            if not record.noted:
                answer.here = "unpublished"
        if record is None and side.unread:
            packs = words.number(side.unread, "record pack")
            answer.doubts.append(f"{packs} could not be read here: more may be recorded than this")

    def _held(self, side: HubSide, record: Record) -> Content | None:
        """Return a recorded content as the Hub lists it, if any version still holds it."""
        for tree in side.trees.values():
            one = tree.get(record.path)
            if one is not None and one.sha256 == record.sha256:
                return one
        return None

    def _published(self, side: HubSide, path: str) -> tuple[str, str] | None:
        """Return who put what a path holds on the Hub now, and when."""
        try:
            remote = read_remote(self._workspace, side.repo)
            found = changed_by(remote, [path]).get(path)
        except HubError:
            return None
        return (found[0], found[1].isoformat()) if found else None


def fits(record: Record, stamp: Stamp) -> bool:
    """Tell whether a record may be of the work that a stamp tells of."""
    inputs = {str(name): sha256 for name, sha256 in record.inputs}
    if stamp.rule and record.rule != stamp.rule:
        return False
    if any(inputs.get(name) not in (None, sha256) for name, sha256 in stamp.inputs.items()):
        return False
    codes = [one.strip("'\"") for one in record.params if one.strip("'\"").startswith("code:")]
    return not (stamp.code and codes) or stamp.code in codes
