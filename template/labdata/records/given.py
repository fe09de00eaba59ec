"""What Snakemake gets of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata.core.canonical import canonical
from labdata.local.notes import Known
from labdata.records.jobs import facts_of

if TYPE_CHECKING:
    from labdata.core.records import Record


@dataclass(slots=True)
class Given:
    """What Snakemake gets of a record, perhaps as the ``text`` of its note too, and what is kept of it here."""

    body: dict[str, Any]
    known: Known
    text: bytes | None = None


def given_of(record: Record) -> Given:
    """Return what Snakemake gets of a record."""
    body = _body(record)
    return Given(body, Known(record.sha256, facts_of(body), canonical(record.inputs)))


def _body(record: Record) -> dict[str, Any]:
    """Return what Snakemake has noted of the job, in its own words."""
    notes = record.notes
    return {
        "target": notes.get("target") or f"data/{record.path}",
        "record_format_version": notes.get("version"),
        "rule": record.rule,
        "input": [name for name, _sha256 in record.inputs],
        "log": record.log,
        "params": record.params,
        "shellcmd": record.shellcmd or None,
        "code": notes.get("code"),
        "conda_env": notes.get("conda_env"),
        "container_img_url": notes.get("container_img_url"),
        "software_stack_hash": notes.get("software_stack_hash"),
        "starttime": record.start,
        "endtime": record.end,
        "incomplete": record.incomplete,
        "input_checksums": {name: f"sha256:{sha256}" for name, sha256 in record.inputs if sha256},
    }
