"""The rules and the config of a project as they are now, beside those that a file was made with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from labdata.core.records import Record
from labdata.core.rule_params import UNKNOWN, Rules, compared, valued
from labdata.local.git import ask
from labdata.pipeline import code_in
from labdata.provenance.code_now import rule_files

_SETTINGS = ("config", "profiles")
_SHOWN = 3


class RulesNow:
    """One command's look at the rules and the config, without running Snakemake."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def verdict(self, record: Record) -> tuple[str, str]:
        """Return why the rule of a recorded file would make it anew now, and what cannot be told; each may be empty."""
        reason = self.why_stale(record)
        return reason, "" if reason else self._doubt(record)

    def why_stale(self, record: Record) -> str:
        """Return how the parameters of a recorded file's rule are others now, empty where they are not known to be."""
        params = self._rules.params.get(record.rule)
        values = [UNKNOWN] if params is None else [valued(one, self._config, self._code_of) for one in params]
        found = compared(record.params, values)
        if found.is_other:
            new, old = ", ".join(found.new) or "fewer", ", ".join(found.old) or "none of that"
            return f"the parameters of rule {record.rule} are {new} now, and were {old}"
        return ""

    def _doubt(self, record: Record) -> str:
        commits = [str(record.code.get(name) or "") for name in ("commit", "ran_at")]
        if not commits[0]:
            return "its rules and config were in no git commit: whether they are the same now is not known"
        dirty = record.code.get("dirty")
        changed: dict[str, None] = {}
        if isinstance(dirty, list):
            changed = dict.fromkeys(name for name in map(str, dirty) if self._counts(name))
        for commit in filter(None, commits):
            then = self._then(commit)
            if then is None:
                return f"its rules and config are not known here: this clone does not have the commit {commit[:8]}"
            changed |= dict.fromkeys(self._changed(then))
        if changed:
            found = sorted(changed)
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            verb = "was" if len(found) == 1 else "were"
            return (
                f"{', '.join(found[:_SHOWN])}{more} {verb} edited since: "
                f"`just dry data/{record.path}` tells whether that counts"
            )
        return "" if dirty is not None else "whether its rules and config were committed is not known"

    @cached_property
    def _files(self) -> dict[str, str]:
        """The text of each file with rules, by its path from the project's folder."""
        found = {}
        for file in rule_files(self._root):
            with suppress(OSError):
                found[file.relative_to(self._root).as_posix()] = file.read_text(encoding="utf-8", errors="replace")
        return found

    @cached_property
    def _rules(self) -> Rules:
        rules = Rules()
        for text in self._files.values():
            rules.read(text)
        return rules

    @cached_property
    def _config(self) -> dict[str, Any]:
        """The config as far as it is known, empty where more than files with plain names decide on it."""
        files = self._rules.configfiles
        if not self._rules.is_config_known or len(files) != 1 or self._has_more_config():
            return {}
        found = _yaml(self._root / files[0])
        return found if isinstance(found, dict) else {}

    def _has_more_config(self) -> bool:
        profile = _yaml(self._root / "profiles" / "default" / "config.yaml")
        return isinstance(profile, dict) and any(str(key).startswith("config") for key in profile)

    @cache  # noqa: B019 - it lives as long as a command
    def _code_of(self, step: str) -> str:
        with suppress(ValueError):
            return code_in(self._root / "src", step)
        return "code:"

    def _counts(self, name: str) -> bool:
        """Tell whether a path, as git has it for a project that may lie below its top, may be of rules or config."""
        *folders, last = name.rstrip("/").split("/")
        is_below = not {*_SETTINGS, "workflow"}.isdisjoint([*folders, *([last] if name.endswith("/") else [])])
        named = {one.rpartition("/")[2] for one in self._rules.configfiles}
        return is_below or last in named or _has_rules(last)

    def _is_setting(self, name: str) -> bool:
        return name.partition("/")[0] in _SETTINGS or name in self._rules.configfiles

    @cache  # noqa: B019 - it lives as long as a command
    def _then(self, commit: str) -> dict[str, str] | None:
        """Return git's hash of each file with rules or config at a commit, ``None`` where this clone lacks it."""
        said = ask(self._root, "ls-tree", "-r", "-z", commit, strip=False)
        if said is None:
            return None
        rows = (entry.partition("\t") for entry in said.split("\0") if entry)
        return {name: about.split(" ")[2] for about, _tab, name in rows if self._is_setting(name) or _has_rules(name)}

    def _changed(self, then: dict[str, str]) -> Iterator[str]:
        """Give the files that are others now; git is not asked, for it may be told to overlook some."""
        for name in sorted({*then, *self._files, *self._rules.configfiles}):
            if then.get(name) not in self._now(name):
                yield name

    @cache  # noqa: B019 - it lives as long as a command
    def _now(self, name: str) -> tuple[str | None, ...]:
        """Return the hashes that git may have for a file as it is now: line ends are as the computer has them."""
        try:
            data = (self._root / name).read_bytes()
        except OSError:
            return (None,)
        texts = (data, data.replace(b"\r\n", b"\n"))
        return tuple(_blob(text, kind) for text in texts for kind in ("sha1", "sha256"))


def _blob(data: bytes, kind: str) -> str:
    return hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _has_rules(name: str) -> bool:
    last = name.rpartition("/")[2]
    is_python_too = name.startswith("workflow/") and last.endswith(".py")
    return not name.startswith("data/") and (last.lower() == "snakefile" or last.endswith(".smk") or is_python_too)


def _yaml(where: Path) -> object:
    import yaml

    try:
        return yaml.safe_load(where.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
