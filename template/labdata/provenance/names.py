"""The names that code, inputs and results bear: who gave them, when, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labdata.core.card import Given, agrees
from labdata.core.naming import versions_in
from labdata.local import git_tags
from labdata.sync.cards import names_on

if TYPE_CHECKING:
    from labdata.workspace import Workspace

CODE = "code"


@dataclass(frozen=True)
class Name:
    """A name: ``who`` gave it and ``when`` (ISO 8601), empty where nobody says so here.

    ``versions`` are the commits that bear it, by ``code`` or the table of a repo, empty where none does; ``moved``
    those that the tag's own message gives otherwise.
    """

    name: str
    who: str
    when: str
    versions: dict[str, str]
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Where the name does not stand."""
        return [what for what, commit in self.versions.items() if not commit]


def list_names(workspace: Workspace) -> list[Name]:
    """Return the names that stand on the Hub, or that a tag of this clone gave; the latest first."""
    repos = workspace.settings.repos
    order = sorted(repos, key=lambda table: table != "results")
    there = {table: workspace.hub.refs(repos[table].id).tags for table in order}
    here = git_tags.tags(workspace.settings.root)
    # A tag of the code alone, as of a release, names no data.
    ours = {name for name, tag in here.items() if versions_in(tag.message)}
    found = []
    for name in sorted({*ours, *(name for tags in there.values() for name in tags)}):
        tag = here.get(name)
        versions = {table: there[table].get(name, "") for table in order}
        said = versions_in(tag.message) if tag else {}
        moved = {what: said[what] for what, one in versions.items() if one and said.get(what, one) != one}
        when = tag.when.isoformat() if tag and tag.when else ""
        versions |= {CODE: tag.commit if tag else ""}
        found.append(Name(name, tag.who if tag else "", when, versions, moved))
    if any(not one.who for one in found):
        told = {name: one for table in reversed(order) for name, one in names_on(workspace, repos[table]).items()}
        found = [one if one.who or one.name not in told else _as_told(one, told[one.name]) for one in found]
    return sorted(found, key=lambda one: one.when, reverse=True)


def _as_told(one: Name, told: Given) -> Name:
    """Return a name with who gave it and when as a card tells it, for this clone has no tag that does.

    A card that speaks of other commits speaks of a name that was deleted since, and given again.
    """
    if not agrees(told, one.versions):
        return one
    try:
        when = datetime.fromisoformat(told.when).replace(tzinfo=UTC).isoformat()
    except ValueError:
        when = ""
    return replace(one, who=told.who, when=when)
