"""What a put says and asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from labdata.core import hints, plan, words
from labdata.core.errors import ConflictError, LabdataError
from labdata.core.packs import is_pack
from labdata.core.paths import CARD
from labdata.local.code import Code
from labdata.sync.conflicts import conflict_lines

if TYPE_CHECKING:
    from labdata.core.project import Repo
    from labdata.sync.options import PutOptions
    from labdata.sync.push import Push, Target
    from labdata.sync.put_snapshot import PutSnapshot
    from labdata.sync.remote import Remote
    from labdata.workspace import Workspace


def agree(
    workspace: Workspace, remote: Remote, target: Target, decided: plan.PutPlan, options: PutOptions
) -> PutOptions:
    """Ask what is to be asked before a push, once; raises ``LabdataError`` if the answer is no."""
    console, repo = workspace.console, remote.repo
    if target.is_beside(repo):
        _show_replaced(workspace, remote, decided)
    if options.yes:
        return options
    if workspace.state.is_unsure(repo.id):
        files = words.number(len(decided.send) + len(decided.delete), "file")
        said = f"labdata's notes on {repo.name} were lost, so what data/ showed is not known"
        answer = console.confirm(f"{said}. Publish {files} to {target.branch} as yours?")
        if answer is None:
            raise LabdataError(
                f"{said}: {files} would be published to {target.branch} as yours. Nothing was published.",
                hints.whose(repo.name),
            )
        if not answer:
            raise LabdataError("Nothing was published.", hints.branchs_own(repo.name))
    elif target.is_beside(repo) and console.confirm(f"Publish to main of {repo.id} without review?") is False:
        raise LabdataError("Nothing was published.", hints.REVIEW_INSTEAD)
    return replace(options, yes=True)


def _show_replaced(workspace: Workspace, remote: Remote, decided: plan.PutPlan) -> None:
    new = decided.send | decided.copy
    rows = [["remove", f"data/{path}"] for path in decided.delete]
    rows += [["change", f"data/{path}"] for path in new if path in remote.main_tree]
    if rows:
        workspace.console.say(f"This changes {words.number(len(rows), 'file')} that main holds:")
        workspace.console.rows(rows)


def refuse(workspace: Workspace, remote: Remote, decided: plan.PutPlan) -> NoReturn:
    """Raise ``ConflictError`` for the conflicts of a plan."""
    count = words.number(len(decided.conflicts), "file")
    what = f"{count} changed on the Hub since you last got them"
    if all(conflict.is_lost for conflict in decided.conflicts):
        what = f"{count} of yours are gone from the Hub, whose history was rewritten"
    raise ConflictError(
        f"{what}; nothing was published.",
        hints.get_first(remote.repo.name),
        conflict_lines(workspace, remote, decided.conflicts),
    )


def tell_of_updates(workspace: Workspace, remote: Remote, decided: plan.PutPlan) -> None:
    """Say what the branch holds that is newer than what is here."""
    if decided.updates:
        get = words.recipe("get", remote.repo.name)
        workspace.console.say(f"The branch also has {words.number(len(decided.updates), 'newer file')}: `{get}`.")


def announce(workspace: Workspace, repo: Repo, decided: plan.PutPlan) -> None:
    """Say what is about to be uploaded."""
    sizes = [content.size for content in decided.send.values()]
    if sizes:
        workspace.console.say(f"{repo.name}: uploading {words.number(len(sizes), 'file')} ({words.size(sum(sizes))})")


def _how_new(offered: int, new: int) -> str:
    """Say how much of some large files was new; what is sent to describe them can make that a little more than all."""
    if new >= offered:
        return f"All {words.size(offered)} in large files were new to the Hub and uploaded."
    return f"Of {words.size(offered)} in large files, {words.size(new)} were new to the Hub and uploaded."


def _tell_of_code(workspace: Workspace, push: Push) -> None:
    """Warn where nobody else can see the code that a push names, and say which files that is about."""
    code = Code(workspace.settings.root)
    again = "`just put-results --restamp`" if push.repo.name == "results" else "the put with --restamp"
    if push.code.endswith("(dirty)"):
        dirty = list(code.dirty or ())
        named = f" ({', '.join(dirty[:3])}{', …' if len(dirty) > 3 else ''})" if dirty else ""
        workspace.console.warn(
            f"It names the code as (dirty), because git does not have all changes{named}: commit and push, then "
            f"{again} records the same data with that commit."
        )
        if code.overlooked:
            workspace.console.warn(hints.let_git_see(code.overlooked))
    elif push.code and not code.is_pushed:
        workspace.console.warn(
            f"The code that it names, {code.commit[:8]}, is committed but not pushed: nobody else has it yet."
        )


def tell(workspace: Workspace, snapshot: PutSnapshot, decided: plan.PutPlan, push: Push | None = None) -> None:
    """Say what a put has done, or, without a push, what it would do."""
    console, remote, target = workspace.console, snapshot.remote, snapshot.target
    # Removals first: they must not be what is cut from a long list.
    rows = [["remove", f"data/{path}", ""] for path in decided.delete if not is_pack(path)]
    sizes = {path: words.size(content.size) for path, content in decided.send.items()}
    # The card comes along from main, and is no file of data/.
    copied = [path for path in decided.copy if not is_pack(path) and path != CARD]
    sizes |= dict.fromkeys(copied, "nothing to upload")
    rows += [["change" if path in snapshot.now else "add", f"data/{path}", size] for path, size in sizes.items()]
    console.rows(rows)
    where = f"{remote.repo.id} on {target.branch}"
    if push is None:
        total = words.size(sum(content.size for content in decided.send.values()))
        files = words.number(len(decided.send) + len(copied), "file")
        removed = f" and remove {words.number(len(decided.delete), 'file')}" if decided.delete else ""
        console.say(f"{remote.repo.name}: would publish {files} ({total}){removed} to {where}")
        return
    console.good(f"{remote.repo.name}: published to {where} as {push.head[:8]}")
    if push.noting.count:
        console.say(f"Recorded how {words.number(push.noting.count, 'file')} on the Hub already came to be.")
    if push.noting.verdicts:
        console.say(f"Published what came of {words.number(len(push.noting.verdicts), 'reproduction')}.")
    _tell_of_code(workspace, push)
    if push.taken.offered:
        console.say(_how_new(push.taken.offered, push.taken.new))
    tell_of_updates(workspace, remote, decided)
