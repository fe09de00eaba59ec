"""The command that says where a file comes from."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from labdata.cli import typed
from labdata.cli.app import cli, open_project
from labdata.core import hints, words
from labdata.core.errors import LabdataError

if TYPE_CHECKING:
    from labdata.core.records import Record
    from labdata.provenance.origin import Origin
    from labdata.provenance.which import Answer

_HERE = {
    "same": "as on this disk",
    "newer": "this disk has a newer one",
    "older": "this disk has an older one",
    "other": "this disk has another one",
    "unpublished": "changed on this disk, not published",
    "missing": "not on this disk",
    "unknown": "not known which",
    "": "",
}


@cli.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def which(files: tuple[str, ...], as_json: bool) -> None:
    """Say how a file was made, of what, by whom, and whether it is stale: a path in data/, or any copy of a file."""
    from labdata.provenance.which import Which

    with open_project(quiet=as_json, writing=False) as workspace:
        look = Which(workspace)
        answers = [look.answer(file, typed.where(workspace.settings, file)) for file in files]
        workspace.keep_learned()
        if as_json:
            click.echo(json.dumps([asdict(answer) for answer in answers]))
        for answer in answers:
            for line in told(answer):
                workspace.console.say(line)
    unknown = [answer.asked for answer in answers if not answer.path]
    if unknown:
        raise LabdataError(
            f"Nobody knows {', '.join(unknown)}: no version on the Hub holds or recorded this content, and no stamp is "
            "in it.",
            hints.NOT_OF_THIS_PROJECT,
        )


def told(answer: Answer) -> list[str]:
    """Return what is known of a file, as lines."""
    if not answer.path:
        return [f"{answer.asked}: unknown"]
    record = answer.record
    lines = [f"{answer.asked}: data/{answer.path}" if answer.asked != f"data/{answer.path}" else answer.asked]
    if answer.known_by == "stamp":
        lines.append("  known by   its stamp: the bytes are no longer those that were published")
    lines += _row("it is", ", ".join(filter(None, (_HERE[answer.here], *_held(answer)))))
    lines += _row("also as", ", ".join(_others(answer)))
    if record is None:
        lines += _row("made", _unknown(answer))
        lines += _row("but", "; ".join(answer.doubts))
        return lines
    if record.path != answer.path:
        lines += _row("made as", f"data/{record.path}, of the same content")
    lines += _row("made by", _maker(record))
    lines += _row("when", _times(record))
    noted = record.noted.replace("T", " ").replace("Z", " UTC")
    lines += _row("noted", f"by {record.who or '?'}, {noted}" if noted else "not published yet")
    lines += _row("params", ", ".join(record.params))
    lines += _row("command", record.shellcmd)
    lines += _row("code", _code(record, answer.pushed))
    lines += _row("software", _software(record))
    if answer.origin is not None and answer.origin.inputs:
        lines.append("  from")
        lines += _tree(answer.origin, 2)
    if record.rule or answer.stale:
        lines += _row("stale", "; ".join(answer.stale) or "no, by what is recorded")
    lines += _row("but", "; ".join(answer.doubts))
    for said in answer.verdicts[:5]:
        lines += _row("made again", said)
    return lines


def _row(name: str, text: str) -> list[str]:
    return [f"  {name:<10} {text}"] if text else []


def _others(answer: Answer) -> list[str]:
    """Return where else this very content is: which of them a copy was made of, nobody can tell."""
    if answer.known_by != "content":
        return []
    paths = dict.fromkeys(path for some in answer.holders.values() for path in some if path != answer.path)
    more = f"{len(paths) - 3:,} more"
    return [*(f"data/{path}" for path in list(paths)[:3]), *([more] if len(paths) > 3 else [])]


def _held(answer: Answer) -> list[str]:
    if not answer.holders:
        return ["in no version that has a name on the Hub now"]
    names = list(answer.holders)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return [f"in {', '.join(names[:5])}{more}"]


def _unknown(answer: Answer) -> str:
    if answer.published is None:
        return "unknown: it is not recorded"
    who, when = answer.published
    return f"unknown: {who} published it on {when[:16].replace('T', ' ')} UTC, and nothing says how it was made"


def _maker(record: Record) -> str:
    if not record.rule:
        script = record.notes.get("script")
        return f"{script}, not a rule" if script else "no rule"
    changed = ", then changed by hand" if record.kind == "changed" else ""
    return f"rule {record.rule}{changed}{' (half made)' if record.incomplete else ''}"


def _code(record: Record, pushed: bool | None) -> str:
    commit = record.code.get("commit")
    if not commit:
        return "no git commit"
    dirty = record.code.get("dirty")
    state = "state not known" if dirty is None else f"dirty: {', '.join(map(str, dirty[:3]))}" if dirty else "clean"
    known = {True: ", pushed", False: ", not pushed", None: ""}[pushed]
    before = record.code.get("ran_at")
    ran = f", run at {str(before)[:8]}" if before else ""
    inputs, _at, version = str(record.code.get("inputs") or "").partition("@")
    got = f", beside {inputs}@{version[:8]}" if version else ""
    return f"{record.code.get('repo', '')}@{str(commit)[:8]} ({state}{known}{ran}){got}"


def _times(record: Record) -> str:
    if record.start is None or record.end is None:
        return ""
    try:
        started = datetime.fromtimestamp(record.start, UTC)
    except (OverflowError, OSError, ValueError):
        return ""
    return f"{started:%Y-%m-%d %H:%M:%S} UTC, in {max(0.0, record.end - record.start):.0f} s"


def _software(record: Record) -> str:
    packages = record.software.get("packages")
    packages = packages if isinstance(packages, dict) else {}
    lock = str(record.software.get("pixi.lock") or "")
    told = [
        f"Python {record.software.get('python', '?')}",
        *(f"{name} {one}" for name, one in sorted(packages.items())),
    ]
    return ", ".join([*told[:8], *([f"pixi.lock {lock[:8]}"] if lock else [])])


def _tree(origin: Origin, depth: int) -> list[str]:
    lines = []
    for one in origin.inputs[: words.SHOWN]:
        made = f"rule {one.record.rule}" if one.record and one.record.rule else ""
        parts = [(one.sha256 or "")[:8], _HERE[one.here], one.version, made]
        lines.append(f"{'  ' * depth}{one.name}  {', '.join(filter(None, parts))}")
        lines += _tree(one, depth + 1)
    more = len(origin.inputs) - words.SHOWN
    return [*lines, f"{'  ' * depth}… and {more:,} more"] if more > 0 else lines
