"""What is to be made again, and whether it can be: each file with its record and the code's commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.paths import refusal
from labdata.core.records import Record
from labdata.local.checkout import has_commit, is_shallow
from labdata.records.making import keeps_records

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.provenance.hub_side import HubSide

_RULE = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Wanted:
    """A file to be made again: ``path`` below ``data/``, its record, and the ``commit`` whose code is run.

    ``version`` is a version of the results that holds it, as ``repo@commit``, empty where it is not published.
    """

    path: str
    record: Record
    commit: str
    version: str = ""

    @property
    def other_commit(self) -> str:
        """Another commit that may be the one: the one checked out when the job started; empty if there is none."""
        before = str(self.record.code.get("ran_at") or "")
        return before if before != self.commit else ""

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs that are data, by their path below ``data/``, with their SHA-256."""
        return {path: sha256 or "" for name, sha256 in self.record.inputs if (path := below_data(name))}

    def at(self, commit: str) -> Wanted:
        """Return the same with another commit of the code."""
        return replace(self, commit=commit)


@dataclass(frozen=True)
class Group:
    """Files that are made again in one folder: with the same code, and with one content at each path."""

    commit: str
    files: list[Wanted]

    @property
    def inputs(self) -> dict[str, str]:
        """What is to be there before: inputs that are not made here, with their SHA-256."""
        made = {one.path for one in self.files}
        return {path: sha256 for one in self.files for path, sha256 in one.inputs.items() if path not in made}

    @property
    def rules(self) -> list[str]:
        """The rules that may run."""
        return sorted({one.record.rule for one in self.files})


def below_data(name: object) -> str:
    """Return the path below ``data/`` of an input as a rule names it, empty if it is elsewhere."""
    text = str(name)
    return text.removeprefix("data/") if text.startswith("data/") else ""


def wanted(
    root: Path, record: Record, version: str = "", *, is_input: Callable[[str], bool], anyway: bool = False
) -> Wanted:
    """Return a recorded file as one to be made again; raises ``LabdataError`` where it cannot be, with the reason.

    ``is_input`` tells which paths no rule makes. With ``anyway`` the recorded commit is taken although git did not have
    all of the code.
    """
    where = f"data/{record.path}"
    if not record.rule:
        script = record.notes.get("script")
        by = f" {script} saved it, and" if isinstance(script, str) and script else ""
        raise LabdataError(f"{where} cannot be made again:{by} no rule of the pipeline makes it.", hints.IN_A_RULE)
    if not _makes_sense(record):
        raise LabdataError(
            f"{where} cannot be made again: its record names no rule and output of a project.", hints.AGAIN_AND_PUT
        )
    commit = str(record.code.get("commit") or "")
    if not commit:
        raise LabdataError(f"{where} cannot be made again: its code was in no git commit.", hints.COMMIT_AND_PUT)
    if record.code.get("dirty") != [] and not anyway:
        raise LabdataError(
            f"{where} cannot be made again: git did not have all of the code{_dirty(record)}.", hints.COMMITTED_SINCE
        )
    if not has_commit(root, commit):
        raise LabdataError(
            f"{where} cannot be made again here: this clone does not have the commit {_shown(commit)} of "
            f"{record.code.get('repo') or 'the code'}.",
            hints.fetch_commit(record.who, shallow=is_shallow(root)),
        )
    found = Wanted(record.path, record, commit, version)
    unknown = sorted(path for path, sha256 in found.inputs.items() if not sha256 and is_input(path))
    if unknown:
        raise LabdataError(
            f"{where} cannot be made again: which data/{unknown[0]} went into it is not known.", hints.AGAIN_AND_PUT
        )
    return found


def _makes_sense(record: Record) -> bool:
    target = record.notes.get("target") or f"data/{record.path}"
    names = [path for name, _sha256 in record.inputs if (path := below_data(name))]
    is_plain = target == f"data/{record.path}" and not any(map(refusal, (record.path, *names)))
    return is_plain and bool(_RULE.fullmatch(record.rule))


def _dirty(record: Record) -> str:
    names = record.code.get("dirty")
    if not isinstance(names, list):
        return ", as far as anybody knows"
    return f" ({', '.join(map(str, names[:3]))}{', …' if len(names) > 3 else ''})"


def _shown(commit: str) -> str:
    return commit[:8]


def grouped(files: Iterable[Wanted]) -> list[Group]:
    """Return files by folder: each path has one content in it, be it brought or made."""
    groups: list[tuple[Group, dict[str, str]]] = []
    for one in files:
        needs = one.inputs | {one.path: one.record.sha256}
        for group, held in groups:
            if group.commit == one.commit and all(held.get(path, sha256) == sha256 for path, sha256 in needs.items()):
                break
        else:
            group, held = Group(one.commit, []), {}
            groups.append((group, held))
        group.files.append(one)
        held |= needs
    return [group for group, _held in groups]


def behind(files: Sequence[Wanted], sides: Mapping[str, HubSide]) -> Iterator[Record]:
    """Give the records of all that was made on the way from raw data to some files, each once."""
    seen = {(one.path, one.record.sha256) for one in files}
    level = [one.record for one in files]
    while level:
        sought = {str(sha256): below_data(name) for one in level for name, sha256 in one.inputs if sha256}
        level = []
        for side in sides.values():
            for sha256, records in (side.records(sought) if keeps_records(side.repo) and sought else {}).items():
                fitting = [one for one in records if one.path == sought[sha256] and one.rule]
                if fitting and (fitting[0].path, sha256) not in seen:
                    seen.add((fitting[0].path, sha256))
                    level.append(fitting[0])
        yield from level
