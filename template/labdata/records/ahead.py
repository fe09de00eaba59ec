"""Records read in a thread while files are on their way, so that it takes no time of its own where many come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from labdata.core.records import Record, newest, parsed
from labdata.records.given import Given, given_of
from labdata.records.snakemake_store import Forms


@dataclass(frozen=True, slots=True)
class _Found:
    """Records by their pack, and what Snakemake gets of the newest one of each file."""

    records: Mapping[str, list[Record]]
    given: Mapping[str, tuple[Record, Given]]


class Ahead:
    """The records of some packs, given as texts by path.

    What Snakemake gets of the ``coming`` files, should they be what their newest record says, is made ready too.
    """

    def __init__(self, texts: Mapping[str, bytes], coming: Collection[str]) -> None:
        pool = ThreadPoolExecutor(max_workers=1)
        self._found = pool.submit(_read, texts, coming)
        pool.shutdown(wait=False)

    def records(self, packs: Collection[str]) -> Iterator[Record] | None:
        """Give the records of some packs; ``None`` where not all of them were read."""
        found = self._found.result().records
        return (one for path in packs for one in found[path]) if found.keys() >= set(packs) else None

    def given(self, record: Record) -> Given | None:
        """Return what was made ready of just this record."""
        known, given = self._found.result().given.get(record.path, (None, None))
        return given if known is record else None


def _read(texts: Mapping[str, bytes], coming: Collection[str]) -> _Found:
    records = {path: list(parsed(text)) for path, text in texts.items()}
    latest: dict[str, Record] = {}
    for one in (one for pack in records.values() for one in pack if one.rule and one.path in coming):
        latest[one.path] = newest((one, latest.get(one.path, one))) or one
    given = {path: (one, given_of(one)) for path, one in latest.items()}
    forms = Forms()
    for record, made in given.values():
        # What a pack shares among its records is the same object in all of them.
        made.text = forms.text(made.body, (record.rule, id(record.params), id(record.notes)))
    return _Found(records, given)
