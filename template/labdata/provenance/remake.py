"""What stands between raw data and a file to be made again, and is kept nowhere: Snakemake makes it first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.errors import LabdataError
from labdata.local.disk import hash_file
from labdata.provenance.wanted import Group, below_data
from labdata.records.making import keeps_records

if TYPE_CHECKING:
    from labdata.core.records import Record
    from labdata.provenance.hub_side import HubSide
    from labdata.provenance.ingredients import Ingredients
    from labdata.provenance.rerun import Rerun

_ROUNDS = 20
"""Checkpoints in a row, after each of which Snakemake knows of more inputs."""


@dataclass
class Remade:
    """What was made first, by its name in the rules, and whether it is as recorded; ``None`` where none is."""

    names: dict[str, bool | None] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """Say in one line what was made first; empty where nothing was."""
        if not self.names:
            return ""
        # What is not as recorded must not be what is cut off.
        first = sorted(self.names, key=lambda name: (self.names[name] is not False, name))[:3]
        shown = ", ".join(f"{name} (not as recorded)" if self.names[name] is False else name for name in first)
        more = f" and {words.number(len(self.names) - 3, 'more file')}" if len(self.names) > 3 else ""
        return f"Kept nowhere, so made again first: {shown}{more}"

    def why(self, inputs: Iterable[str]) -> list[str]:
        """Return what is to be said of a file that was made from some inputs."""
        other = [name for name in dict.fromkeys(inputs) if self.names.get(name) is False]
        return [f"{name}, made again first, came out as another" for name in other]


class Remaking:
    """One group's look at what it needs: brought where it is kept, else made again first."""

    def __init__(self, group: Group, ingredients: Ingredients, sides: Mapping[str, HubSide], project: Path) -> None:
        self._ingredients = ingredients
        self._sides = sides
        self._data = project / "data"
        self._project = project
        self._group = group
        self._made = {one.path for one in group.files}
        about = [one.record.code.get("inputs") for one in group.files]
        self._inputs = next((str(one).rpartition("@")[2] for one in about if one), "")

    def run(self, rerun: Rerun) -> Remade:
        """Bring what the group is made from, and make what is kept nowhere.

        Raises ``LabdataError``, with nothing run, where something is kept nowhere and nothing can make it.
        """
        kept, lost = self._brought()
        self._ingredients.stand_in(self._inputs, self._data, kept, all_of_them=bool(lost))
        if not lost:
            return Remade()
        self._make(rerun, lost)
        # What was made on the way from it, and is kept, is to be as recorded.
        self._bring({path: sha256 for path, sha256 in kept.items() if f"data/{path}" not in lost})
        return Remade({name: self._is_as_recorded(name, sha256) for name, sha256 in sorted(lost.items())})

    def _bring(self, wanted: Mapping[str, str]) -> dict[str, str]:
        return self._ingredients.bring(wanted, self._data, {"inputs": self._inputs})

    def _brought(self) -> tuple[dict[str, str], dict[str, str]]:
        """Bring what is kept; returns it by path, and what is to be made by name, each with its SHA-256 if known.

        What a record tells of how a lost file was made is brought as it was used then.
        """
        kept: dict[str, str] = {}
        lost: dict[str, str] = {}
        level, records = self._group.inputs, [one.record for one in self._group.files]
        while level or records:
            known = {path: sha256 for path, sha256 in level.items() if sha256}
            missing = self._bring(known) | dict.fromkeys(level.keys() - known.keys(), "")
            kept |= {path: sha256 for path, sha256 in known.items() if path not in missing}
            fresh = {f"data/{path}": sha256 for path, sha256 in missing.items()}
            fresh |= dict.fromkeys(self._outside(records), "")
            fresh = {name: sha256 for name, sha256 in fresh.items() if name not in lost}
            lost |= fresh
            records = self._records(fresh)
            found = {path: sha for one in records for name, sha in one.inputs if sha and (path := below_data(name))}
            done = {*kept, *self._made, *map(below_data, lost)}
            level = {path: one for path, one in found.items() if path not in done}
        return kept, lost

    def _outside(self, records: Iterable[Record]) -> list[str]:
        """Return inputs that lie elsewhere in the project, and are not in git."""
        names = {str(name) for one in records for name, _sha256 in one.inputs if not below_data(name)}
        plain = [name for name in names if "://" not in name and not Path(name).is_absolute()]
        return sorted(name for name in plain if not (self._project / name).exists())

    def _records(self, lost: Mapping[str, str]) -> list[Record]:
        sought = {sha256: below_data(name) for name, sha256 in lost.items() if sha256}
        found: list[Record] = []
        for side in self._sides.values():
            for sha256, records in (side.records(sought) if sought and keeps_records(side.repo) else {}).items():
                found += [one for one in records if one.path == sought[sha256] and one.rule][:1]
        return found

    def _make(self, rerun: Rerun, lost: Mapping[str, str]) -> None:
        """Make what is lost, with the inputs of the recorded version that Snakemake says it needs."""
        names = sorted(lost)
        versions = self._ingredients.version(self._inputs)
        is_tried = False
        for _round in range(_ROUNDS):
            with self._ingredients.as_if_there():
                said = rerun.needs(names)
                if said.problem:
                    # What a checkpoint finds, no rule is known to make before it has run: the way to it is the file's.
                    whole = [f"data/{one.path}" for one in self._group.files]
                    names, said = (whole, found) if not (found := rerun.needs(whole)).problem else (names, said)
            is_open = said.has_checkpoint or names != sorted(lost)
            due = {name: sha for name, sha in lost.items() if not (said.makes(name) or _is_here(self._project / name))}
            if said.problem or (due and not is_open):
                raise _lost(due or lost, said.problem)
            fresh = {path: one for path, one in versions.items() if said.takes(f"data/{path}")}
            fresh = {path: one for path, one in fresh.items() if not _is_here(self._data / path)}
            missing = self._ingredients.bring_version(self._inputs, fresh, self._data)
            if missing:
                raise _lost({f"data/{path}": "" for path in missing})
            rerun.tell(f"Snakemake first makes {words.number(len(lost), 'file')} that nobody keeps …")
            try:
                rerun.make(names)
            except LabdataError:
                # What is needed behind a checkpoint is known when it has run.
                if not is_open or (is_tried and not fresh):
                    raise
                is_tried = True
                continue
            return

    def _is_as_recorded(self, name: str, sha256: str) -> bool | None:
        where = self._project / name
        return hash_file(where, where.stat().st_size)[0] == sha256 if sha256 and where.is_file() else None


def _is_here(where: Path) -> bool:
    return where.exists() and not where.is_symlink()


def _lost(lost: Mapping[str, str], problem: list[str] | None = None) -> LabdataError:
    name = sorted(lost)[0]
    more = f" and {words.number(len(lost) - 1, 'more input')}" if len(lost) > 1 else ""
    used = f", as used then (SHA-256 {lost[name][:8]}…)," if lost[name] else ""
    nor = ", and no rule makes it of what is there"
    said = f"{name}{more}{used} is neither on this disk nor in any version on the Hub{nor}. Nothing was run."
    return LabdataError(said, hints.LOST_INPUT, problem)
