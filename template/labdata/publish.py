"""``put``: publish the working copy to a branch, as one commit."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata import checks, plan, provenance
from labdata import console as words
from labdata.content import Content, Tree, joined, same
from labdata.errors import ConflictError, HubError, LabdataError, StaleParentError
from labdata.names import Patterns
from labdata.sync import Local, conflict_lines, nothing_matches, read_local, require_home
from labdata.view import View, look

if TYPE_CHECKING:
    from labdata.settings import Repo
    from labdata.state import Heads
    from labdata.workspace import Workspace

_TRIES = 6
SMALL = 1_000_000
"""Bytes up to which a file is held in memory between hashing and sending, so that it cannot change in between."""


@dataclass(frozen=True)
class PutOptions:
    """What a put is asked for: ``parts`` limit it, ``to_main`` skips the branch, ``message`` titles the commit."""

    parts: Patterns
    message: str = ""
    to_main: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Target:
    """Where a put goes: a branch by name, its commit now (empty: to be created from ``start``) and when last synced."""

    branch: str
    now: str
    then: str
    start: str


def put(workspace: Workspace, repo: Repo, options: PutOptions) -> None:
    """Publish what changed here to my branch (or to main), as one commit.

    Raises ``ConflictError``, with nothing published, where the branch moved and the same files changed here.
    """
    for _try in range(_TRIES):
        heads = require_home(workspace, repo)
        view = look(workspace, repo)
        target = _target(repo, heads, view, to_main=options.to_main)
        local, decided = _decide(workspace, view, heads, target, options)
        if options.parts and not (local.mine or local.base):
            raise nothing_matches(repo, options.parts, "here")
        if decided.conflicts:
            _refuse(workspace, view, decided)
        if decided.is_empty:
            _nothing_to_send(workspace, view, decided)
            return
        if options.dry_run:
            _tell(workspace, view, target, decided, done=False)
            return
        _check(workspace, view, target, decided)
        try:
            commit = _send(workspace, view, heads, target, decided, options)
        except StaleParentError:
            # Someone was faster. Nothing of ours landed, so the decision is made again on the new head.
            continue
        _record(workspace, view, heads, target, local, decided, commit)
        _tell(workspace, view, target, decided, done=True)
        return
    raise LabdataError(
        f"The branch {view.branch_name} of {repo.id} keeps moving; nothing was published.",
        "Run the same command again in a minute.",
    )


def _target(repo: Repo, heads: Heads, view: View, *, to_main: bool) -> Target:
    if to_main or not repo.per_member:
        return Target("main", view.main, heads.main, view.main)
    if heads.branch_name and heads.branch_name != view.branch_name:
        raise LabdataError(
            f"data/ belongs to the branch {heads.branch_name}, but you are {view.branch_name} now; "
            "nothing was published.",
            f"Bring in your own branch with `just get-{repo.name}` first.",
        )
    # A branch that is not there starts where the working copy's news of main end.
    start = heads.main or view.main
    return Target(view.branch_name, view.branch, heads.branch or (heads.main if not view.branch else ""), start)


def _decide(
    workspace: Workspace, view: View, heads: Heads, target: Target, options: PutOptions
) -> tuple[Local, plan.PutPlan]:
    repo = view.repo
    base = workspace.state.synced(repo.id)
    now = workspace.tree(repo.id, target.now or target.start)
    then = workspace.tree(repo.id, target.then)
    excludes = workspace.settings.excludes

    def in_scope(path: str) -> bool:
        return repo.holds(path) and not excludes.file(path) and (not options.parts or options.parts(path))

    local = read_local(workspace, repo, base, now, in_scope)
    with workspace.state.changes():
        workspace.save_stats()
    beside_branch = target.branch == "main" and repo.per_member
    base_here = plan.base_against(base, then, now) if beside_branch else base
    known = {path: content for path, content in base_here.items() if in_scope(path)}
    there = {path: content for path, content in now.items() if in_scope(path)}
    decided = plan.plan_put(known, local.mine, then, there, may_publish=repo.publish)
    if heads.main and repo.per_member:
        # A file of main that was removed here before it reached the branch: forgotten, the next get would bring it.
        held = workspace.tree(repo.id, heads.main)
        decided.forget = [path for path in decided.forget if path not in held]
    if target.branch != "main" and not decided.is_empty and _holds_newer_main(view, heads):

        def here(path: str) -> bool:
            return in_scope(path) and repo.publish(path) and (path in base or path in local.mine)

        _take_main(workspace, view, heads, decided, here, now)
    return local, decided


def _holds_newer_main(view: View, heads: Heads) -> bool:
    """Tell whether a get has merged news of main here that the branch does not hold yet."""
    if not heads.main or not view.branch or heads.main == view.known_main:
        return False
    return view.later_main(heads.main, view.known_main) == heads.main


def _merged_main(view: View, heads: Heads) -> str:
    """Return the commit of main whose news the branch will hold after a push from here."""
    if not view.branch:
        return heads.main or view.main
    return view.later_main(heads.main, view.known_main) if heads.main else view.known_main


def _take_main(
    workspace: Workspace, view: View, heads: Heads, decided: plan.PutPlan, here: Callable[[str], bool], now: Tree
) -> None:
    """Bring the news of main that a get has merged here to the branch too, also for files that are not here."""
    seen = replace_main(view, heads.main)
    merged = dict(seen.merged.tree)
    resolved = workspace.state.resolved(view.repo.id)
    for path, (_branch, main) in seen.merged.conflicts.items():
        if here(path):
            continue
        _clash, side = resolved.get(path, ("", ""))
        if side == "theirs" and main is not None:
            merged[path] = main
        elif side == "theirs" or (side in ("mine", "same") and view.repo.fetch(path)):
            # Settled by a get as a removal: there is no such file in the working copy.
            merged.pop(path, None)
    plan.add_merge(decided, now, merged, seen.main_tree, here)


def replace_main(view: View, main: str) -> View:
    """Return the same view with main as it was at an earlier commit."""
    return View(view.workspace, view.repo, view.branch_name, view.branch, main)


def _refuse(workspace: Workspace, view: View, decided: plan.PutPlan) -> None:
    raise ConflictError(
        f"{words.number(len(decided.conflicts), 'file')} changed on the Hub since you last got them; "
        "nothing was published.",
        f"Bring in the Hub's version first: `just get-{view.repo.name}`.",
        conflict_lines(workspace, view, decided.conflicts),
    )


def _nothing_to_send(workspace: Workspace, view: View, decided: plan.PutPlan) -> None:
    with workspace.state.changes():
        workspace.state.update_synced(view.repo.id, decided.adopt, decided.forget)
    workspace.console.say(f"{view.repo.name}: nothing to publish")


def _check(workspace: Workspace, view: View, target: Target, decided: plan.PutPlan) -> None:
    after = set(workspace.tree(view.repo.id, target.now or target.start)) | set(decided.send) | set(decided.copy)
    after -= set(decided.delete)
    checks.names_and_limits(decided.send, after)
    checks.secrets((path, workspace.worktree.path(path)) for path in decided.send)


def _send(
    workspace: Workspace,
    view: View,
    heads: Heads,
    target: Target,
    decided: plan.PutPlan,
    options: PutOptions,
) -> str:
    """Make the commit; returns its sha. A lost answer is looked up on the Hub before anything is repeated."""
    from labdata.remote import Change
    from labdata.transfer import quiet_client

    hub, repo = workspace.hub, view.repo
    parent = target.now
    if not parent:
        hub.create_branch(repo.id, target.branch, target.start)
        parent = hub.resolve(repo.id, target.branch)
    push = secrets.token_hex(8)
    change = Change(
        send={path: _source(workspace, path, content) for path, content in decided.send.items()},
        copy={path: _holder(view, heads, path, content) for path, content in decided.copy.items()},
        delete=decided.delete,
    )
    body = _trailers(workspace, view, heads, target, push)
    title = options.message or _title(decided)
    size = sum(content.size for content in decided.send.values())
    workspace.console.say(f"{repo.name}: sending {words.number(len(decided.send), 'file')} ({words.size(size)})")
    for attempt in range(_TRIES):
        try:
            with quiet_client():
                commit, _address = hub.commit(
                    repo.id, change, branch=target.branch, parent=parent, title=title, body=body
                )
        except HubError as error:
            landed = _landed(workspace, repo, target.branch, push)
            if landed:
                commit = landed
            elif error.status in _AGAIN and attempt < _TRIES - 1 and not isinstance(error, StaleParentError):
                hub.wait(min(30.0, 0.5 * 2**attempt))
                continue
            else:
                raise
        _verify(workspace, repo, commit, decided)
        return commit
    raise AssertionError("unreachable")


_AGAIN = {0, 408, 409, 429, 500, 502, 503, 504}


def _landed(workspace: Workspace, repo: Repo, branch: str, push: str) -> str:
    """Return the commit that carries a push id if the branch has it, else an empty text."""
    for seen, commit in enumerate(workspace.hub.commits(repo.id, branch)):
        if provenance.trailers(commit.message).get("Part", "").endswith(push):
            return commit.id
        if seen > 50:
            break
    return ""


def _source(workspace: Workspace, path: str, content: Content) -> Any:
    """Return what the client is to send: the bytes of a small file, the place of a large one."""
    where = workspace.worktree.path(path)
    if content.size > SMALL:
        return where
    data = where.read_bytes()
    if len(data) != content.size or not workspace.worktree.unchanged_since(path, content):
        raise _changed_meanwhile(path)
    return data


def _changed_meanwhile(path: str) -> LabdataError:
    return LabdataError(
        f"data/{path} changed while it was being published; the branch was not changed.",
        "Wait until the program that writes it is done, then run the command again.",
    )


def _holder(view: View, heads: Heads, path: str, content: Content) -> str:
    """Return the commit of main that holds a content to copy."""
    main = view.workspace.tree(view.repo.id, heads.main)
    return heads.main if same(main.get(path), content) else view.main


def _title(decided: plan.PutPlan) -> str:
    folders = sorted({"/".join(path.split("/")[:2]) for path in (*decided.send, *decided.copy, *decided.delete)})
    what = ", ".join(folders[:3]) + (" and more" if len(folders) > 3 else "")
    return f"Update {what}"


def _trailers(workspace: Workspace, view: View, heads: Heads, target: Target, push: str) -> str:
    root, state = workspace.settings.root, workspace.state
    inputs = workspace.settings.repos.get("inputs")
    inputs_commit = state.heads(inputs.id).branch if inputs and inputs.id != view.repo.id else ""
    main = (view.main if target.branch == "main" else _merged_main(view, heads)) if view.repo.per_member else ""
    return provenance.written(
        {
            "Code": provenance.code_version(root),
            "Inputs": f"{inputs.id}@{inputs_commit}" if inputs and inputs_commit else "",
            "Main": main,
            "Template": provenance.template_version(root),
            "Part": f"1/1 {push}",
        }
    )


def _verify(workspace: Workspace, repo: Repo, commit: str, decided: plan.PutPlan) -> None:
    """Check that the Hub holds what was on disk; raises ``LabdataError`` where it does not."""
    paths = [*decided.send, *decided.copy]
    found = workspace.hub.contents(repo.id, commit, paths)
    expected = {**decided.send, **decided.copy}
    wrong = [path for path in paths if not same(found.get(path), expected[path])]
    if wrong:
        more = f" and {words.number(len(wrong) - 1, 'more file')}" if len(wrong) > 1 else ""
        raise LabdataError(
            f"data/{wrong[0]}{more} changed while it was being published or is ignored by the repo's .gitignore: "
            "the Hub does not hold what is on this disk now. Your files were not touched.",
            "Run the same command again; it sends what differs.",
        )


def _record(
    workspace: Workspace,
    view: View,
    heads: Heads,
    target: Target,
    local: Local,
    decided: plan.PutPlan,
    commit: str,
) -> None:
    repo = view.repo
    tree = dict(workspace.tree(repo.id, target.now or target.start))
    sent = {**decided.send, **decided.copy}
    found = workspace.hub.contents(repo.id, commit, list(sent)) if sent else {}
    tree.update({path: joined(found[path], content) for path, content in sent.items() if path in found})
    for path in decided.delete:
        tree.pop(path, None)
    synced = {path: joined(content, tree[path]) for path, content in decided.send.items() if path in tree}
    synced |= {path: content for path, content in decided.copy.items() if path in local.mine}
    workspace.state.keep_tree(commit, tree)
    with workspace.state.changes():
        workspace.state.update_synced(repo.id, {**decided.adopt, **synced}, [*decided.delete, *decided.forget])
        if _abreast(workspace, repo, target, decided, tree):
            workspace.state.set_heads(repo.id, _heads_after(repo, heads, view, target, commit))
        workspace.save_stats()


def _abreast(workspace: Workspace, repo: Repo, target: Target, decided: plan.PutPlan, tree: Tree) -> bool:
    """Tell whether the working copy stands at the new commit: it has seen all of the branch that it fetches."""
    if target.now == target.then:
        return not decided.news
    synced = workspace.state.synced(repo.id)
    wanted = [path for path in tree if repo.holds(path) and repo.fetch(path)]
    return all(same(tree[path], synced.get(path)) for path in wanted)


def _heads_after(repo: Repo, heads: Heads, view: View, target: Target, commit: str) -> Heads:
    """Return where a working copy stands that has seen all of a branch and then pushed a commit to it."""
    if not repo.per_member:
        return replace(heads, branch_name="main", branch=commit, main=commit)
    if target.branch == "main":
        return replace(heads, main=commit)
    return replace(heads, branch_name=view.branch_name, branch=commit, main=_merged_main(view, heads))


def _tell(workspace: Workspace, view: View, target: Target, decided: plan.PutPlan, *, done: bool) -> None:
    console = workspace.console
    rows = [["send", f"data/{path}", words.size(content.size)] for path, content in decided.send.items()]
    rows += [["copy", f"data/{path}", "no bytes"] for path in decided.copy]
    rows += [["remove", f"data/{path}", ""] for path in decided.delete]
    console.rows(rows, limit=words.SHOWN)
    where = f"{view.repo.id} on {target.branch}"
    console.good(f"{view.repo.name}: {'published to' if done else 'would publish to'} {where}")
    if decided.news:
        console.say(
            f"The branch also has {words.number(len(decided.news), 'newer file')}: `just get-{view.repo.name}`."
        )
