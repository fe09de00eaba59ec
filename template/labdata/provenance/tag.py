"""``tag``: one name for a version of the results, the inputs and the code. Gather, decide, carry out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from labdata.core import hints, words
from labdata.core.card import Given
from labdata.core.errors import HubError, LabdataError
from labdata.core.naming import Place, message_of, require_nameable
from labdata.core.project import check_tag
from labdata.local import git_tags
from labdata.provenance.nameable import Nameable, gather, place_of
from labdata.provenance.names import CODE, Name, list_names
from labdata.sync.cards import update_card
from labdata.sync.get_report import warn_of_unpublished
from labdata.sync.remote import read_remote
from labdata.sync.unfinished import require_finished

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace


@dataclass(frozen=True)
class TagOptions:
    """What a tag is asked for: ``main`` instead of my branch, to ``push`` the code's, to name what is stale.

    ``yes`` says that nothing is to be asked, and that a push that was cut off does not matter.
    """

    main: bool = False
    push: bool = False
    stale_ok: bool = False
    yes: bool = False
    dry_run: bool = False


def tag(workspace: Workspace, results: Repo, name: str, options: TagOptions) -> None:
    """Give code, inputs and results one name; raises ``LabdataError``, with nothing named, where that would be untrue.

    Cut off in the middle, the same command finishes it.
    """
    check_tag(name)
    root = workspace.settings.root
    if options.push and not git_tags.remote_of(root):
        raise LabdataError("The code has no remote to push a tag to. Nothing was tagged.", hints.NO_REMOTE)
    require_no_branch(workspace, workspace.settings.repos.values(), name)
    found = gather(workspace, results, name, main=options.main, push=options.push)
    require_nameable(found.facts, stale_ok=options.stale_ok, unfinished_ok=options.yes)
    _tell(workspace, found)
    if all(place.is_done for place in found.facts.places):
        workspace.console.say(f"{name} names just these versions already.")
    elif options.dry_run:
        workspace.console.say(f"Nothing was tagged: these would be {name}.")
    elif not options.yes and workspace.console.confirm(f"Name them {name}? A name never moves.") is False:
        raise LabdataError("Nothing was tagged.")
    else:
        _carry_out(workspace, found, push=options.push)
        workspace.console.good(f"Tagged as {name}.")
    if not options.dry_run:
        _end(workspace, name, push=options.push)


def _tell(workspace: Workspace, found: Nameable) -> None:
    *repos, code = found.facts.places
    rows = [[place.what, place.where, place.version[:8], _state(place)] for place in repos]
    rows[0][3] = ", ".join(filter(None, (f"branch {found.branch}" if found.branch != "main" else "main", rows[0][3])))
    workspace.console.rows([*rows, [code.what, code.where, code.version[:8], _state(code)]])
    for doubt in found.doubts:
        workspace.console.say(doubt)
    if found.facts.stale:
        stale = words.number(len(found.facts.stale), "reason")
        workspace.console.warn(f"They are stale ({stale}), and are named all the same.")


def _state(place: Place) -> str:
    return "named so already" if place.is_done else ""


def _carry_out(workspace: Workspace, found: Nameable, *, push: bool) -> None:
    """Make what is missing, the results' tag last: who sees that one finds the others."""
    facts = found.facts
    results, *others, code = facts.places
    root = workspace.settings.root
    is_pushed = push and not code.is_done and git_tags.on_remote(root, facts.name) == code.commit
    if not code.is_done and not (is_pushed and git_tags.bring(root, facts.name)):
        notes = [f"Branch: {found.branch}", *(["Stale: yes, and meant"] if facts.stale else [])]
        message = message_of(facts.name, facts.places, workspace.branch, notes)
        git_tags.create(root, facts.name, code.commit, message)
    for place in (*others, results):
        if not place.is_done:
            name_commit(workspace, workspace.settings.repo(place.what), facts.name, place.commit)


def require_no_branch(workspace: Workspace, repos: Iterable[Repo], name: str) -> None:
    """Raise ``LabdataError`` where a branch bears a name: whoever asks for it would get the one or the other."""
    for repo in repos:
        if name in workspace.hub.refs(repo.id).branches:
            raise LabdataError(f"{name} is a branch of {repo.id}. Nothing was tagged.", hints.TAG_NAME)


def name_commit(workspace: Workspace, repo: Repo, name: str, commit: str) -> None:
    """Name a commit of a repo; raises ``LabdataError`` where the name is another's by now."""
    try:
        workspace.hub.create_tag(repo.id, name, commit)
    except HubError as error:
        if error.status != 409:
            raise
        # Also after an answer that was lost: the second try finds the tag of the first.
        if not place_of(workspace, repo, name, commit).is_done:
            raise LabdataError(
                f"There is already a tag {name!r} on {repo.id}; it was left as it is.",
                hints.ANOTHER_TAG,
            ) from error


def _end(workspace: Workspace, name: str, *, push: bool) -> None:
    root = workspace.settings.root
    remote = git_tags.remote_of(root)
    _update_cards(workspace, workspace.settings.repos.values())
    if push:
        git_tags.push(root, name)
        workspace.console.say(f"Pushed the code's tag to {remote}.")
    elif remote:
        workspace.console.say(
            f"The code's tag is on this computer: `git push {remote} {git_tags.spoken(root, name)}` pushes it."
        )
    else:
        workspace.console.say("The code's tag is on this computer; the code has no remote.")
    workspace.console.say(f"`just get-at {name}` shows inputs and results of that name.")


def _update_cards(workspace: Workspace, repos: Iterable[Repo], more: Iterable[Name] = ()) -> None:
    """Bring cards up to date, with names that only this command knows; a name stands whether or not that works."""
    for repo in repos:
        try:
            is_done = update_card(workspace, repo, map(_given, chain(more, list_names(workspace))))
        except HubError:
            is_done = False
        if not is_done:
            workspace.console.say(f"The page of {repo.id} stays as it is: somebody edited it, or it cannot be written.")


def _given(one: Name) -> Given:
    if one.moved:
        # The tag that this clone has is of a name that was deleted since, and given again.
        one = replace(one, who="", when="", versions={**one.versions, CODE: ""})
    when = datetime.fromisoformat(one.when).astimezone(UTC).strftime("%Y-%m-%d %H:%M") if one.when else ""
    versions = ", ".join(f"{what} {commit[:8]}" for what, commit in one.versions.items() if commit)
    return Given(one.name, when, one.who, versions)


def tag_results(workspace: Workspace, repo: Repo, name: str, *, main: bool = False, unfinished: bool = False) -> None:
    """Name the newest commit of my branch (or main) of the results, whatever code and inputs there are."""
    check_tag(name)
    require_no_branch(workspace, [repo], name)
    remote = read_remote(workspace, repo)
    is_main = main or not remote.branch
    commit = remote.main if is_main else remote.branch
    if not unfinished:
        require_finished(workspace, remote, "main" if is_main else remote.branch_name, "nothing was tagged")
    name_commit(workspace, repo, name, commit)
    where = "main" if commit == remote.main else remote.branch_name
    now = datetime.now(UTC).isoformat()
    _update_cards(workspace, [repo], [Name(name, workspace.branch, now, {repo.name: commit})])
    workspace.console.good(f"Tagged {where} {commit[:8]} of {repo.id} as {name}.")
    if not is_main:
        warn_of_unpublished(workspace, repo, "the tag", remote.branch_tree)
    workspace.console.say(f"`just get-results-at {name}` checks it out.")
