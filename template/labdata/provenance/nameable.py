"""Gather what decides whether a version may be named: the Hub, this disk, git, records, and Snakemake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata.core.card import agrees, versions_of
from labdata.core.content import same
from labdata.core.naming import CodeState, Facts, Place, RepoState, versions_in
from labdata.core.paths import CARD
from labdata.core.trailers import commit_of
from labdata.local import git_tags, snakemake_plan
from labdata.local.code import Code
from labdata.provenance.stale_version import Judged, judge_version
from labdata.sync import journal
from labdata.sync.cards import names_on
from labdata.sync.put_snapshot import incomplete_in
from labdata.sync.remote import Remote, read_remote
from labdata.sync.snapshot import gather_local
from labdata.sync.unfinished import unfinished

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.workspace import Workspace

_LOOKED_AT = 20
"""Commits of the results that are looked at for the newest that names its inputs."""


@dataclass(frozen=True)
class Nameable:
    """What is to be named, with all that decides on it; ``branch`` is the results', ``doubts`` what cannot be told."""

    facts: Facts
    branch: str
    doubts: list[str]


def gather(workspace: Workspace, results: Repo, name: str, *, main: bool, push: bool) -> Nameable:
    """Gather what decides whether my branch's version, or main's, may be named."""
    others = [repo for repo in workspace.settings.repos.values() if repo.id != results.id]
    for repo in (results, *others):
        journal.settle(workspace, repo)
    remote = read_remote(workspace, results)
    is_main = main or not remote.branch
    commit = remote.main if is_main else remote.branch
    # What only this disk holds is no matter where main is named on purpose.
    states = [] if main else [state_of(workspace, results, commit)]
    commits, judged = _commits(workspace, remote, results, commit, others, is_main=is_main)
    if not main:
        states += [state_of(workspace, repo, commits[repo.name]) for repo in others]
    tag = git_tags.tags(workspace.settings.root, name).get(name)
    said = versions_in(tag.message) if tag else {}
    places = [
        place_of(workspace, repo, name, commits[repo.name], said.get(repo.name, "")) for repo in (results, *others)
    ]
    code = Code(workspace.settings.root)
    places.append(_code_place(workspace, places, name, code, push=push))
    seen = states or [state_of(workspace, repo, commits[repo.name]) for repo in (results, *others)]
    is_free = all(place.is_done or not place.named for place in places)
    if is_free and all(state.is_as_named for state in seen):
        # What Snakemake says is about this disk.
        _ask_snakemake(workspace, judged)
    elif is_free and snakemake_plan.has_pipeline(workspace.settings.root):
        judged.doubts.append("Not all of it is on this disk: whether a rule would run is told from records only.")
    workspace.keep_learned()
    branch = "main" if is_main else remote.branch_name
    writable = {place.where for place in places[:-1] if place.is_done or workspace.hub.may_write(place.where)}
    facts = Facts(
        name=name,
        places=places,
        code=_state_of(code),
        repos=states,
        stale=judged.stale,
        unfinished=unfinished(workspace, remote, branch),
        unwritable=[place.where for place in places[:-1] if place.where not in writable],
    )
    return Nameable(facts, branch, judged.doubts)


def _state_of(code: Code) -> CodeState:
    is_pushed, has_identity = code.has_remote(code.commit), git_tags.has_identity(code.root)
    return CodeState(code.commit, code.dirty, is_pushed, has_identity, code.overlooked)


def place_of(workspace: Workspace, repo: Repo, name: str, commit: str, said: str = "") -> Place:
    """Return where a name stands, or is to stand, in a repo; ``said`` is the commit that the code's tag tells of."""
    named = workspace.hub.refs(repo.id).tags.get(name, "")
    if not named and said and said != commit and not _same_data(workspace, repo, said, commit):
        # Deleted on the Hub, or cut off before it was there: the name is that version's.
        return Place(repo.name, repo.id, commit, said)
    is_same = bool(named) and (named == commit or _same_data(workspace, repo, named, commit))
    return Place(repo.name, repo.id, commit, named, is_same)


def _same_data(workspace: Workspace, repo: Repo, one: str, other: str) -> bool:
    """Tell whether two commits differ by nothing but the repo's card, which a tag itself brings up to date."""
    left, right = (workspace.known_tree(repo.id, commit) for commit in (one, other))
    if left is None or right is None:
        return False
    return all(same(left.get(path), right.get(path)) for path in left.keys() | right.keys() if path != CARD)


def _code_place(workspace: Workspace, places: list[Place], name: str, code: Code, *, push: bool) -> Place:
    root = workspace.settings.root
    here = git_tags.tags(root, name).get(name)
    named = here.commit if here else _told(workspace, places, name, code.commit)
    if push and git_tags.remote_of(root) and (there := git_tags.on_remote(root, name)) and there != code.commit:
        named = there
    return Place("code", code.repo, code.commit, named, named == code.commit)


def _told(workspace: Workspace, places: list[Place], name: str, commit: str) -> str:
    """Return the code that a card says a name names, in short, where that is another than a commit; empty else.

    So who finishes what a colleague named does not give the name to other code than theirs.
    """
    versions = {place.what: place.named for place in places}
    for place in places:
        told = names_on(workspace, workspace.settings.repo(place.what)).get(name) if place.named else None
        code = versions_of(told).get("code", "") if told and agrees(told, versions) else ""
        if code and not commit.startswith(code):
            return code
    return ""


def state_of(workspace: Workspace, repo: Repo, commit: str) -> RepoState:
    """Return how the working copy of a repo differs from a version of it."""
    heads = workspace.state.heads(repo.id)
    if heads.detached:
        return RepoState(repo.name, detached=heads.detached)
    tree = workspace.known_tree(repo.id, commit)
    if tree is None:
        return RepoState(repo.name, behind=True)
    local = gather_local(workspace, repo)
    known = (path for path in sorted(local.mine.keys() | local.base.keys()) if repo.publish(path))
    differing = [path for path in known if not same(local.mine.get(path), tree.get(path))]
    mine = [path for path in differing if not same(local.mine.get(path), local.base.get(path))]
    seen = workspace.known_tree(repo.id, heads.branch) if heads.branch else None
    came = seen is not None and any(
        _is_fetched(workspace, repo, path) and not same(seen.get(path), tree.get(path)) for path in seen.keys() | tree
    )
    theirs = len(differing) > len(mine) or came
    if theirs and heads.branch == commit:
        # What a get merged from main goes to my branch with the next put.
        mine, theirs = differing, False
    half_made = [path for path in incomplete_in(workspace, repo) if repo.publish(path)]
    absent = any(_is_fetched(workspace, repo, path) for path in tree if path not in local.mine)
    return RepoState(repo.name, "", mine, half_made, theirs, absent)


def _is_fetched(workspace: Workspace, repo: Repo, path: str) -> bool:
    """Tell whether a plain get would bring a file."""
    return repo.holds(path) and repo.fetch(path) and not workspace.settings.excludes.file(path)


def _commits(
    workspace: Workspace, remote: Remote, results: Repo, commit: str, others: list[Repo], *, is_main: bool
) -> tuple[dict[str, str], Judged]:
    """Return the commit of each repo that belongs to a version of the results, and how that is judged.

    It is the one that was last got here. Without one, and for main, which somebody else may have made, it is the one
    that the records agree with: that named by the results' own commit, or what the repo holds now.
    """
    claimed = _claimed(remote, is_main=is_main)
    tries: list[dict[str, str]] = [{}, {}]
    for repo in others:
        heads = workspace.state.heads(repo.id)
        here = "" if heads.detached else heads.branch or heads.main
        now = read_remote(workspace, repo).main
        said = claimed if repo.name == "inputs" and workspace.known_tree(repo.id, claimed) is not None else ""
        if not (is_main or _fits(workspace, repo, said)):
            # A part of a later version is here.
            said = ""
        first, second = (said or here or now, now) if is_main else (here or said or now, here or now)
        tries[0][repo.name], tries[1][repo.name] = first, second
    found: list[tuple[dict[str, str], Judged]] = []
    for one in (tries[0], *(tries[1:] if tries[1] != tries[0] else ())):
        commits = {results.name: commit, **one}
        found.append((commits, judge_version(workspace, results, commits)))
        if not found[-1][1].stale:
            return found[-1]
    return found[0]


def _fits(workspace: Workspace, repo: Repo, commit: str) -> bool:
    """Tell whether a version holds all that was got of a repo."""
    tree = workspace.known_tree(repo.id, commit) or {}
    return all(same(tree.get(path), one) for path, one in workspace.state.synced(repo.id).items())


def _claimed(remote: Remote, *, is_main: bool) -> str:
    """Return the commit of the inputs that the newest commit of the results names, empty if it names none."""
    history = remote.main_history() if is_main else remote.branch_history()
    for _seen, (_commit, trailers) in zip(range(_LOOKED_AT), history, strict=False):
        if value := trailers.get("Inputs", ""):
            return commit_of(value)
    return ""


def _ask_snakemake(workspace: Workspace, judged: Judged) -> None:
    root = workspace.settings.root
    if not snakemake_plan.has_pipeline(root):
        return
    workspace.console.say("Asking Snakemake what it would run …")
    planned = snakemake_plan.would_run(root)
    if planned.problem:
        judged.doubts.append(f"{planned.problem}: whether a rule would run is told from records only.")
    judged.stale |= {f"rule {rule}": reason or "it would run" for rule, reason in planned.rules.items()}
