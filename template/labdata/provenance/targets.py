"""What a person asks to have made again, be it named by files or by a tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.errors import LabdataError
from labdata.core.packs import is_pack
from labdata.core.records import Record
from labdata.local.checkout import has_commit, tagged
from labdata.provenance.wanted import Wanted, behind, wanted
from labdata.records.making import keeps_records

if TYPE_CHECKING:
    from labdata.provenance.hub_side import HubSide
    from labdata.provenance.which import Which
    from labdata.workspace import Workspace


@dataclass
class Targets:
    """What is to be made again, and why some of what a tag names is not: a sentence for each reason."""

    files: list[Wanted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Finder:
    """Finds the records of what was named; ``anyway`` takes commits that lack some of the code."""

    def __init__(self, workspace: Workspace, which: Which, *, anyway: bool) -> None:
        self._workspace = workspace
        self._which = which
        self._anyway = anyway
        self._root = workspace.settings.root

    def find(self, asked: Mapping[str, Path], *, from_raw: bool) -> Targets:
        """Return what was named, with where that is if it is a file; raises ``LabdataError`` where that cannot be made.

        With ``from_raw``, also all that was made on the way from raw data to it.
        """
        found = Targets()
        for one, where in asked.items():
            side = None if where.exists() else self._side_with_tag(one)
            if side is None:
                found.files.append(self._file(one, where))
            else:
                self._tagged(side, one, found)
        if from_raw:
            for record in list(behind(found.files, self._which.sides)):
                found.files.append(self._wanted(record, self._version(record)))
        found.files = list({(one.path, one.record.sha256): one for one in found.files}.values())
        return found

    def _side_with_tag(self, name: str) -> HubSide | None:
        sides = self._which.sides.values()
        return next((side for side in sides if keeps_records(side.repo) and f"tag {name}" in side.heads), None)

    def _file(self, asked: str, where: Path) -> Wanted:
        answer = self._which.answer(asked, where)
        if not answer.path:
            raise LabdataError(f"Nobody knows {asked}. Nothing was made.", hints.NOT_OF_THIS_PROJECT)
        record = answer.record
        if self._is_input(answer.path):
            raise LabdataError(f"data/{answer.path} is an input: no rule made it. Nothing was made.", hints.LIST_DATA)
        if record is None:
            who = f": {answer.published[0]} published it" if answer.published else ""
            is_unread = any(side.unread for side in self._which.sides.values())
            recorded = "nothing that can be read here is recorded" if is_unread else "nothing is recorded"
            raise LabdataError(
                f"data/{answer.path} cannot be made again: {recorded} of how it was made{who}.",
                hints.MADE_BEFORE_RECORDS,
            )
        return self._wanted(record, self._version(record))

    def _wanted(self, record: Record, version: str) -> Wanted:
        return wanted(self._root, record, version, is_input=self._is_input, anyway=self._anyway)

    def _is_input(self, path: str) -> bool:
        return any(side.repo.holds(path) and not keeps_records(side.repo) for side in self._which.sides.values())

    def _tagged(self, side: HubSide, name: str, found: Targets) -> None:
        """Add all that a rule made and a tag holds, with the code that the same name has, if it has any here."""
        commit = side.heads[f"tag {name}"]
        own = {p: one for p, one in side.trees.get(commit, {}).items() if side.repo.holds(p) and not is_pack(p)}
        hashes = side.hashes(commit, own)
        records = side.records(set(hashes.values()))
        code = tagged(self._root, name)
        reasons: dict[str, list[str]] = {}
        for path in sorted(own):
            fitting = [one for one in records.get(hashes.get(path, ""), ()) if one.path == path]
            try:
                if not fitting:
                    raise LabdataError("nothing is recorded of how it was made")
                one = wanted(
                    self._root, fitting[0], f"{side.repo.id}@{commit}", is_input=self._is_input, anyway=self._anyway
                )
            except LabdataError as error:
                reasons.setdefault(error.message.replace(f"data/{path}", "it"), []).append(path)
                continue
            found.files.append(one.at(code) if code and has_commit(self._root, code) else one)
        found.refused += [f"data/{paths[0]}{_more(paths)}: {reason}" for reason, paths in reasons.items()]
        if not found.files:
            raise LabdataError(f"Nothing of {name} can be made again.", hints.MADE_BEFORE_RECORDS, found.refused)

    def _version(self, record: Record) -> str:
        """Return a version of the results that holds a recorded file: my branch's, main's, else any other."""
        for side in self._which.sides.values():
            if keeps_records(side.repo):
                names = [f"branch {self._workspace.branch}", "main", *side.heads]
                for name in names:
                    held = side.trees.get(side.heads.get(name, ""), {}).get(record.path)
                    if held is not None and held.sha256 in (None, record.sha256):
                        return f"{side.repo.id}@{side.heads[name]}"
        return ""


def _more(paths: Sequence[str]) -> str:
    return f" and {words.number(len(paths) - 1, 'more file')}" if len(paths) > 1 else ""
