"""How two versions of files were made, told from their records: code, parameters, software, and what is in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labdata.compare.model import STALE, Finding
from labdata.core import records as core
from labdata.core import words
from labdata.core.records import Record
from labdata.core.verdicts import DIFFERENT, Run, about, told
from labdata.records.stale import Verdict

Facts = list[tuple[str, str]]
_SHOWN = 5
_MOST = 50
"""Stale files that are findings of their own."""


@dataclass(frozen=True)
class Pair:
    """A file that differs: the records of its contents before and after, where there are such."""

    path: str
    before: Record | None
    after: Record | None


def values(records: Iterable[Record | None]) -> dict[str, str]:
    """Return the code and the inputs of the newest of some records, as the trailers of a commit have them."""
    newest = core.newest(one for one in records if one is not None and one.code.get("commit"))
    if newest is None:
        return {}
    state = "clean" if newest.code.get("dirty") == [] else "dirty"
    found = {"Code": f"{newest.code.get('repo', '')}@{_commit(newest)} ({state})"}
    inputs = newest.code.get("inputs")
    return found | ({"Inputs": inputs} if isinstance(inputs, str) and inputs else {})


def _commit(record: Record) -> str:
    return str(record.code.get("ran_at") or record.code.get("commit") or "")


def facts(pairs: Sequence[Pair], paths: Sequence[str]) -> Facts:
    """Return what records tell of files, of which ``paths`` came or changed."""
    after = {pair.path: pair.after for pair in pairs if pair.after}
    found = [("Made by", _makers(after.values())), ("Versions of the code", _versions(after.values()))]
    found += [("Not all in git", _dirty(after)), ("Parameters of rules", _parameters(pairs))]
    found += [("Rules whose code changed", _code(pairs)), ("Software", _software(pairs))]
    found.append(("Without a record", _some([path for path in paths if path not in after])))
    return [(name, text) for name, text in found if text]


def findings(pairs: Sequence[Pair]) -> list[Finding]:
    """Return what of the records a reviewer should know: files half made, or changed by hand."""
    found = []
    for pair in pairs:
        if pair.after is not None and pair.after.incomplete:
            found.append(
                Finding("warning", "It was published half made: its rule had not ended.", pair.path, "records")
            )
        elif pair.after is not None and pair.after.kind == "changed":
            text = f"It was changed by hand after rule {pair.after.rule} had made it."
            found.append(Finding("warning", text, pair.path, "records"))
    return found[:_SHOWN] + _more(found[_SHOWN:])


def of_staleness(verdict: Verdict) -> list[Finding]:
    """Return a finding for each stale file, up to a bound."""
    some = list(verdict.stale.items())
    found = [Finding("warning", text, path, STALE) for path, text in some[:_MOST]]
    if len(some) > _MOST:
        more = words.number(len(some) - _MOST, "more file")
        found.append(Finding("warning", f"Yesterday's data are shown by {more}.", check=STALE))
    return found


@dataclass(frozen=True)
class Judged:
    """What came of making files again: ``facts``, and ``findings`` where something came out different."""

    facts: Facts
    findings: list[Finding]


def of_verdicts(pairs: Sequence[Pair], runs: Sequence[Run]) -> Judged:
    """Return what runs say of the files under review, of each the newest."""
    counts: Counter[str] = Counter()
    found = []
    for pair in pairs:
        said = about(runs, pair.path, pair.after.sha256) if pair.after else []
        if not said:
            continue
        run, one = said[0]
        counts[f"{one.outcome}, by {run.who or '?'}{' with other software' if run.differs else ''}"] += 1
        if one.outcome == DIFFERENT:
            text = f"It was made again and came out different: {told(run, one)}."
            found.append(Finding("warning", text, pair.path, "records"))
    facts = [("Made again", _counted(counts))] if counts else []
    return Judged(facts, found[:_SHOWN] + _more(found[_SHOWN:], "Different when made again are"))


def _more(rest: Sequence[Finding], what: str = "Half made or changed by hand are") -> list[Finding]:
    if not rest:
        return []
    text = f"{what} {words.number(len(rest), 'more file')}."
    return [Finding("warning", text, check="records")]


def _makers(records: Iterable[Record]) -> str:
    counts: Counter[str] = Counter()
    for record in records:
        script = record.notes.get("script")
        by_hand = str(script) if isinstance(script, str) and script else "no rule that is known"
        counts[f"rule {record.rule}" if record.rule else by_hand] += 1
    return _counted(counts)


def _versions(records: Iterable[Record]) -> str:
    counts = Counter(_commit(record)[:8] for record in records if _commit(record))
    return _counted(counts) if len(counts) > 1 else ""


def _counted(counts: Counter[str]) -> str:
    shown = [f"{name} ({words.number(count, 'file')})" for name, count in counts.most_common(_SHOWN)]
    return ", ".join(shown) + (f" and {len(counts) - _SHOWN:,} others" if len(counts) > _SHOWN else "")


def _dirty(after: Mapping[str, Record]) -> str:
    """Say which files were made while git did not have all of the code; of those of no rule, it says nothing."""
    made = [one for one in after.values() if one.rule and one.code.get("commit") and one.code.get("dirty") != []]
    if not made:
        return ""
    lists = [one.code.get("dirty") for one in made]
    names = sorted({str(name) for some in lists if isinstance(some, list) for name in some})
    told = f": {_some(names, '')}" if names else ", or git gave no answer"
    return f"{words.number(len(made), 'file')} made by rules with code that git did not have{told}"


def _some(paths: Sequence[str], folder: str = "data/") -> str:
    if not paths:
        return ""
    shown = ", ".join(f"{folder}{path}" for path in paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")
    return f"{words.number(len(paths), 'file')}: {shown}" if folder else shown


def _by_rule(pairs: Sequence[Pair]) -> list[tuple[Record, Record]]:
    both = [(pair.before, pair.after) for pair in pairs if pair.before and pair.after]
    return [(old, new) for old, new in both if old.rule and old.rule == new.rule]


def _parameters(pairs: Sequence[Pair]) -> str:
    counts: Counter[str] = Counter()
    for old, new in _by_rule(pairs):
        was, now = ([text for text in one.params if not _is_code(text)] for one in (old, new))
        gone, come = [text for text in was if text not in now], [text for text in now if text not in was]
        if gone or come:
            counts[f"{new.rule}: {', '.join(gone) or 'nothing'} → {', '.join(come) or 'nothing'}"] += 1
    return _counted(counts)


def _is_code(text: str) -> bool:
    return text.strip("'\"").startswith("code:")


def _code(pairs: Sequence[Pair]) -> str:
    def of(record: Record) -> object:
        return sorted(filter(_is_code, record.params)), record.notes.get("code")

    return _counted(Counter(new.rule for old, new in _by_rule(pairs) if of(old) != of(new)))


def _software(pairs: Sequence[Pair]) -> str:
    old = core.newest(pair.before for pair in pairs if pair.before and pair.before.rule)
    new = core.newest(pair.after for pair in pairs if pair.after and pair.after.rule)
    if old is None or new is None:
        return ""
    was, now = _packages(old), _packages(new)
    names = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    told = [f"{name} {was.get(name, 'none')} → {now.get(name, 'none')}" for name in names[:_SHOWN]]
    return ", ".join(told) + (" …" if len(names) > _SHOWN else "")


def _packages(record: Record) -> dict[str, str]:
    packages = record.software.get("packages")
    found = {str(name): str(one) for name, one in packages.items()} if isinstance(packages, dict) else {}
    return found | {"python": str(record.software.get("python", "none"))}
