"""``migrate-from-s3``: gather the bucket's listing and the Hub's trees, decide, then carry out, or only compare."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.content import Content
from labdata.core.errors import LabdataError
from labdata.hub import streams
from labdata.local.lock import locked
from labdata.local.migrations import Migrations
from labdata.migration.bucket import Access, Bucket
from labdata.migration.carry import Carrier
from labdata.migration.model import MISSING, Outcome, Source, Target, head_of
from labdata.migration.plan import Known, Plan, decide
from labdata.migration.publish import Publisher

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.migration.model import Item
    from labdata.workspace import Workspace

WORKERS = 8
"""Objects that are on their way at once."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a migration was asked for: the folder of ``data/`` that the prefix becomes (or none), and main for all."""

    source: Source
    to: str = ""
    to_main: bool = False
    access: Access = field(default_factory=Access)
    workers: int = WORKERS
    message: str = ""


@dataclass
class Migration:
    """A migration as gathered and decided; ``outcomes`` are filled while it is carried out, ``new`` counts bytes."""

    workspace: Workspace
    options: Options
    bucket: Bucket
    notes: Migrations
    plan: Plan
    outcomes: list[Outcome] = field(default_factory=list)
    commits: dict[str, list[str]] = field(default_factory=dict)
    new: int = 0

    def move(self) -> None:
        """Move everything that the plan sends; what is done when this raises is in ``outcomes``."""
        streams.require_xet()
        self.outcomes += self.plan.known
        with self._counted("Moving") as carriers:
            for carrier, share in zip(carriers, self.plan.shares, strict=True):
                try:
                    carrier.run(share)
                finally:
                    self.outcomes += carrier.outcomes
                    self.new += carrier.new
                    self.commits[share.target.repo.name] = carrier.publisher.commits

    def compare(self) -> None:
        """Compare bucket and Hub, object by object; nothing is sent. What the Hub lacks becomes ``MISSING``."""
        self.outcomes += self.plan.known
        with self._counted("Comparing") as carriers:
            for carrier, share in zip(carriers, self.plan.shares, strict=True):
                try:
                    carrier.compare(share.compare)
                finally:
                    self.outcomes += carrier.outcomes
                name = share.target.repo.name
                self.outcomes += [Outcome(move.item, move.path, name, MISSING) for move in share.send]

    @contextmanager
    def _counted(self, what: str) -> Iterator[list[Carrier]]:
        options, shares = self.options, self.plan.shares
        files = sum(len(share.send) + len(share.compare) for share in shares)
        total = sum(share.size for share in shares)
        with self.workspace.console.progress(f"{what} {words.number(files, 'file')}", total) as count:
            yield [
                Carrier(
                    self.workspace,
                    self.bucket,
                    self.notes,
                    Publisher(self.workspace, share.target, self.notes, options.source.url, options.message),
                    options.workers,
                    count,
                )
                for share in shares
            ]


@contextmanager
def prepared(workspace: Workspace, options: Options) -> Iterator[Migration]:
    """Gather and decide; one migration at a time in a project, beside which gets and puts go on.

    Raises ``LabdataError`` where the bucket cannot be read or has nothing there, or no folder of the project is meant.
    """
    _require_layer(workspace, options.to)
    folder = workspace.private_folder / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock", workspace.console.warn):
        bucket = Bucket(options.source, options.access, options.workers, workspace.console.warn)
        notes = Migrations(folder / f"{_name(options)}.jsonl")
        # The bucket first: it is what may be misspelt, and what most often says no.
        items = sorted(bucket.items(), key=lambda item: item.key)
        if not items:
            # A comparison of nothing would pass for one that found no difference.
            raise LabdataError(f"Nothing is below {options.source.url}. Nothing was done.", hints.S3_PREFIX)
        targets = {repo.name: _target(workspace, repo, options) for repo in _meant(workspace, options, items)}
        plan = decide(options.source, items, options.to, targets, workspace.settings.excludes, _known(notes))
        yield Migration(workspace, options, bucket, notes, plan)


def _name(options: Options) -> str:
    """Return a name for the notes of a bucket, wherever it is."""
    place = f"{options.access.endpoint}\n{options.source.bucket}"
    return hashlib.blake2b(place.encode(), digest_size=8).hexdigest()


def _known(notes: Migrations) -> Known:
    def known(item: Item) -> Content | None:
        seen = notes.seen(item.key, item.etag, item.size)
        return Content(seen.size, seen.sha256, seen.git) if seen else None

    return known


def _require_layer(workspace: Workspace, to: str) -> None:
    repos = workspace.settings.repos.values()
    if to and not any(repo.holds(f"{to}/") for repo in repos):
        raise LabdataError(
            f"data/{to} belongs to no repo of labdata.toml. Nothing was done.",
            hints.layers(folder for repo in repos for folder in repo.folders),
        )


def _meant(workspace: Workspace, options: Options, items: list[Item]) -> list[Repo]:
    """Return the repos that some object goes to."""
    below = {f"{options.to}/" if options.to else options.source.below(item.key) for item in items}
    return [repo for repo in workspace.settings.repos.values() if any(map(repo.holds, below))]


def _target(workspace: Workspace, repo: Repo, options: Options) -> Target:
    branch = "main" if options.to_main else workspace.branch_of(repo)
    head, start = head_of(workspace.hub.refs(repo.id), branch)
    return Target(repo, branch, head, start, workspace.tree(repo.id, head or start))
