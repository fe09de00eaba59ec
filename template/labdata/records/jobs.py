"""Records made of what is known on this disk: Snakemake's notes, git, the software, and when which file was written."""

from __future__ import annotations

import hashlib
import platform
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata.core.records import Record
from labdata.local.code import Code
from labdata.local.stats import NANOSECONDS, Signature, signature_of_known

if TYPE_CHECKING:
    from labdata.core.content import Content
    from labdata.local.notes import Stat
    from labdata.local.snakemake_notes import JobNote

_SAME_TIME = 1e-5
"""Seconds that a time may lose on its way through Snakemake's floats."""

_FACTS = ("rule", "input", "log", "shellcmd", "params", "code", "record_format_version")
_MORE = ("conda_env", "container_img_url", "software_stack_hash")
_ALL_FACTS = (*_FACTS, *_MORE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def facts_of(body: Mapping[str, Any]) -> str:
    """Return a hash of what Snakemake notes of a job, but for its times: one that does the same again is the same."""
    sums = sorted((body.get("input_checksums") or {}).items())
    # Their Python form: it is kept on this computer only, and made in a third of the time that JSON takes.
    values = repr(([body.get(name) for name in _ALL_FACTS], sums))
    return hashlib.sha256(values.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Circumstances:
    """What all records of one put share: the code, the software, who, when (UTC), and the version of the inputs."""

    code: Code
    software: dict[str, Any]
    who: str
    noted: str
    inputs: str = ""
    codes: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)

    def code_as(self, before: str = "") -> dict[str, Any]:
        """Return the code as it is now, ``before`` being the commit that a job ran at where that was another.

        It is the same object for the same code, so that a pack looks at it once. ``dirty`` in it is ``None`` where git
        does not say what differs from the commit.
        """
        if not self.code.commit:
            return {}
        found = self.codes.get(before)
        if found is None:
            dirty = self.code.dirty
            found = {
                "repo": self.code.repo,
                "commit": self.code.commit,
                "dirty": None if dirty is None else list(dirty),
            }
            found |= {"inputs": self.inputs} if self.inputs else {}
            found |= {"ran_at": before} if before and before != self.code.commit else {}
            self.codes[before] = found
        return found


def software_of(root: Path) -> dict[str, Any]:
    """Return the versions in use: of Python, Snakemake, what the project names itself, and the hash of its lock."""
    found: dict[str, Any] = {"python": platform.python_version()}
    with suppress(OSError):
        found["pixi.lock"] = hashlib.sha256((root / "pixi.lock").read_bytes()).hexdigest()
    packages = {}
    for name in sorted({"snakemake", *_named(root)}):
        with suppress(metadata.PackageNotFoundError):
            packages[name] = metadata.version(name)
    found["packages"] = packages
    return found


def _named(root: Path) -> Iterator[str]:
    """Give the packages that a project names in ``pixi.toml`` and ``pyproject.toml``, as Python knows them."""
    for file in ("pixi.toml", "pyproject.toml"):
        try:
            body = tomllib.loads((root / file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        names = [*body.get("dependencies", ()), *body.get("project", {}).get("dependencies", ())]
        for name in names:
            found = _NAME.match(str(name))
            if found:
                yield re.sub(r"-(base|minimal)$", "", found.group())


@dataclass
class Disk:
    """What this disk tells of files: their ``stats`` as they are now, and what is ``known`` from reading them.

    ``script`` gives the notebook or script that saved a figure, empty where its stamp does not say so.
    """

    stats: Callable[[str], Signature | None]
    known: Callable[[str], Stat | None]
    script: Callable[[str], str]


def record_of(path: str, content: Content, note: JobNote | None, about: Circumstances, disk: Disk) -> Record:
    """Return the record of a file that is published now; ``note`` is of the job that made it, if a rule did."""
    common: dict[str, Any] = {"software": about.software, "who": about.who, "noted": about.noted}
    if note is None:
        script = disk.script(path)
        notes = {"script": script} if script else {}
        return Record(path, content.sha256 or "", "file", code=about.code_as(), notes=notes, **common)
    body, start = note.body, _time(note.body.get("starttime"))
    before = about.code.commit_at(start) if start is not None and about.code.commit else ""
    end = _time(body.get("endtime"))
    stat = disk.stats(path)
    is_so = stat is not None and end is not None and is_written_at(stat, end)
    return Record(
        path,
        content.sha256 or "",
        "rule" if is_so else "changed",
        rule=str(body["rule"]),
        params=[str(one) for one in body.get("params") or ()],
        shellcmd=body.get("shellcmd") or "",
        log=[str(one) for one in body.get("log") or ()],
        inputs=[[name, _hash_at(name, start, body, disk)] for name in map(str, body.get("input") or ())],
        start=start,
        end=end,
        code=about.code_as(before),
        notes=_notes(note, path),
        **common,
    )


def is_written_at(stat: Signature, end: float) -> bool:
    """Tell whether a file has the very time (s) at which a job ended."""
    return abs(stat.mtime / NANOSECONDS - end) < _SAME_TIME


def _notes(note: JobNote, path: str) -> dict[str, Any]:
    notes = {name: note.body.get(name) for name in ("code", *_MORE) if note.body.get(name) is not None}
    notes["version"] = note.body.get("record_format_version")
    if note.target != f"data/{path}":
        notes["target"] = note.target
    return notes


def _time(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _hash_at(name: str, start: float | None, body: Mapping[str, Any], disk: Disk) -> str | None:
    """Return the SHA-256 that an input had when a job started, ``None`` where nobody can know."""
    below = name.removeprefix("data/") if name.startswith("data/") else ""
    stat = disk.stats(below) if below else None
    known = disk.known(below) if below else None
    noted = str((body.get("input_checksums") or {}).get(name) or "")
    end = _time(body.get("endtime"))
    if noted.startswith("sha256:"):
        sha256 = noted.removeprefix("sha256:")
        # Snakemake reads an input when the job has ended: it may have been written while the job ran.
        written = stat.mtime / NANOSECONDS if stat is not None else None
        meanwhile = written is not None and None not in (start, end) and float(start or 0) < written <= float(end or 0)
        return None if meanwhile and known is not None and known.sha256 == sha256 else sha256
    if stat is None or known is None or start is None:
        return None
    if stat != signature_of_known(known):
        return None
    # No program can set the change time: what has an older one is as it was when the job started.
    return known.sha256 if max(stat.mtime, stat.ctime) / NANOSECONDS < start else None


def restamped(record: Record, about: Circumstances) -> Record:
    """Return a record of the same file and job with the code as it is now."""
    before = record.code.get("ran_at") or (record.code.get("commit") if record.rule else None)
    return replace(
        record, code=about.code_as(before if isinstance(before, str) else ""), who=about.who, noted=about.noted
    )
