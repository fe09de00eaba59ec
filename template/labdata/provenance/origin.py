"""The tree of what a file was made from, back to raw data, compared with what is on this disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from labdata.core.content import Content
from labdata.core.records import Record, path_of
from labdata.provenance.code_now import CodesNow, codes_now, recorded_codes
from labdata.provenance.rules_now import RulesNow

if TYPE_CHECKING:
    from labdata.provenance.hub_side import HubSide
    from labdata.workspace import Workspace

_DEEPEST = 50
_COMPARED = 5  # records of one content that are looked at


@dataclass
class Origin:
    """A file as it went into another, or into the answer itself; ``name`` is as the rule has it.

    ``here`` tells how it compares with this disk: ``same``, ``older`` (this disk has an older one), ``newer``,
    ``unpublished`` (it was changed here), ``missing`` or ``unknown``. ``version`` is where this very content is.
    """

    name: str
    sha256: str | None
    here: str
    version: str = ""
    record: Record | None = None
    inputs: list[Origin] = field(default_factory=list)


class Origins:
    """Follows records from a file to what it was made from, level by level."""

    def __init__(self, workspace: Workspace, sides: Mapping[str, HubSide]) -> None:
        self._workspace = workspace
        self._sides = sides
        self._read: dict[str, Content | None] = {}

    def content_here(self, path: str) -> Content | None:
        """Return what a path below ``data/`` holds on this disk, reading it only if it is not known."""
        if path not in self._read:
            known = self._workspace.state.some_stats([path]).get(path)
            self._read[path] = self._workspace.worktree.content_now(path, known)
        return self._read[path]

    def of(self, record: Record) -> Origin:
        """Return the tree of a recorded file."""
        top = Origin(f"data/{record.path}", record.sha256, "", record=record)
        top.here = self._compared(record.path, record.sha256, record)
        level = [top]
        seen: set[tuple[str, str | None]] = set()
        for _depth in range(_DEEPEST):
            # What several were made from is followed once.
            fresh = [one for one in level if one.record and (one.name, one.sha256) not in seen]
            fresh = list({(one.name, one.sha256): one for one in reversed(fresh)}.values())[::-1]
            seen |= {(one.name, one.sha256) for one in fresh}
            inputs = [(one, str(name), sha256) for one in fresh if one.record for name, sha256 in one.record.inputs]
            if not inputs:
                break
            records = self._records({sha256 for _one, _name, sha256 in inputs if sha256})
            level = []
            for parent, name, sha256 in inputs:
                origin = self._input(name, sha256, records)
                parent.inputs.append(origin)
                level.append(origin)
        return top

    def best(self, records: Sequence[Record], path: str) -> Record | None:
        """Return the record that says most of a content at a path; of those, which are the newest first, the newest.

        Several works may have given the same content: one that would be done in the same way now goes first. What a
        rule made under another name was renamed by hand.
        """
        own = [one for one in records if one.path == path]
        ruled = [one for one in own if one.rule] or [one for one in records if one.rule]
        found = ruled or own or list(records)
        return next(filter(self._holds, found[:_COMPARED]), found[0] if found else None)

    def _holds(self, record: Record) -> bool:
        """Tell whether a file would not be made anew now, as far as its own inputs and parameters tell."""
        if record.rule and self._rules_now.why_stale(record):
            return False
        inputs = [(path, sha256) for name, sha256 in record.inputs if (path := path_of(name))]
        return all((here := self.content_here(path)) is None or here.sha256 == sha256 for path, sha256 in inputs)

    def _records(self, hashes: set[str]) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for side in self._sides.values():
            if side.repo.per_member and hashes:
                found |= side.records(hashes)
        return found

    def _input(self, name: str, sha256: str | None, records: Mapping[str, list[Record]]) -> Origin:
        path = path_of(name)
        record = self.best([one for one in records.get(sha256 or "", ()) if one.path == path], path)
        here = self._compared(path, sha256, record) if path else "unknown"
        return Origin(name, sha256, here, self._version(path, sha256) if path and sha256 else "", record)

    def _compared(self, path: str, sha256: str | None, record: Record | None) -> str:
        """Say how this disk's file compares with a recorded content."""
        if sha256 is None:
            return "unknown"
        content = self.content_here(path)
        if content is None:
            return "missing"
        if content.sha256 == sha256:
            return "same"
        known = self._records({content.sha256 or ""}).get(content.sha256 or "", ())
        others = [one for one in known if one.path == path]
        if record and others:
            return "newer" if others[0].noted >= record.noted else "older"
        return "newer" if self._version(path, content.sha256) else "unpublished"

    def _version(self, path: str, sha256: str | None) -> str:
        """Return a version on the Hub that holds a content at a path, as ``repo@commit``; empty if none has a name."""
        for side in self._sides.values():
            if side.repo.holds(path):
                for name, commit in side.heads.items():
                    one = side.trees.get(commit, {}).get(path)
                    if one is not None and self._is(path, one, sha256):
                        return f"{side.repo.id}@{commit[:8]} ({name})"
        return ""

    def _is_newest(self, origin: Origin) -> bool:
        """Tell whether main, or my branch, holds an input as it was used."""
        path = origin.name.removeprefix("data/")
        for side in self._sides.values():
            if side.repo.holds(path):
                own = f"branch {self._workspace.state.heads(side.repo.id).branch_name}"
                commit = side.heads.get(own) or side.heads.get("main", "")
                one = side.trees.get(commit, {}).get(path)
                if one is None or not origin.sha256:
                    return False
                return self._is(path, one, origin.sha256)
        return True

    def _is(self, path: str, listed: Content, sha256: str | None) -> bool:
        """Tell whether the Hub's listing means a content; it names small texts by their git hash only."""
        if listed.sha256 is not None:
            return listed.sha256 == sha256
        for content in (self._read.get(path), self._synced.get(path)):
            if content is not None and content.sha256 == sha256:
                return content.git == listed.git
        return False

    @cached_property
    def _synced(self) -> dict[str, Content]:
        repos = self._workspace.settings.repos.values()
        return {path: one for repo in repos for path, one in self._workspace.state.synced(repo.id).items()}

    def verdict(self, origin: Origin) -> tuple[list[str], list[str]]:
        """Return why a file would be made anew now, and what cannot be told."""
        stale: list[str] = []
        doubts: list[str] = []
        unnamed: list[str] = []
        waiting = [origin]
        while waiting:
            one = waiting.pop(0)
            if one.record is None:
                continue
            self._judge(one, stale, doubts)
            if one.record.rule and not recorded_codes(one.record):
                unnamed.append(one.record.rule)
            waiting += [below for below in one.inputs if below.here == "same"]
        if unnamed:
            rules = " and ".join(dict.fromkeys(unnamed))
            doubts.append(f"the code of {rules} is not recorded: an edit of it does not show here")
        return list(dict.fromkeys(stale)), list(dict.fromkeys(doubts))

    def _judge(self, one: Origin, stale: list[str], doubts: list[str]) -> None:
        record = one.record
        assert record is not None
        if record.kind == "changed":
            doubts.append(f"{one.name} was changed by hand after rule {record.rule} had made it")
        if record.incomplete:
            stale.append(f"{one.name} was published half made")
        for below in one.inputs:
            if below.here in ("newer", "older", "unpublished"):
                stale.append(f"{below.name} is another here than the one that {one.name} was made from")
            elif below.here == "missing" and not self._is_newest(below):
                doubts.append(f"{below.name} is not on this disk, and not known to be what the Hub holds now")
            elif below.sha256 is None:
                doubts.append(f"which {below.name} went into {one.name} is not known")
        if record.rule:
            reason, doubt = self._rules_now.verdict(record)
            stale += [reason] if reason else []
            doubts += [doubt] if doubt else []
        codes = recorded_codes(record)
        if codes <= self._codes_now.hashes:
            return
        if self._codes_now.is_all:
            stale.append(f"the code that rule {record.rule} runs was changed since it made {one.name}")
        else:
            doubts.append(f"which code rule {record.rule} names now, only Snakemake can read: not compared")

    @cached_property
    def _rules_now(self) -> RulesNow:
        return RulesNow(self._workspace.settings.root)

    @cached_property
    def _codes_now(self) -> CodesNow:
        return codes_now(self._workspace.settings.root)
