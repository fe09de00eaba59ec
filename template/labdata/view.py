"""The Hub's side of one repo at one moment: heads, trees, and main's news merged into my branch."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from labdata import console as words
from labdata import plan
from labdata.errors import MissingError
from labdata.history import merge_bases
from labdata.provenance import commit_of, trailers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from labdata.content import Content, Tree
    from labdata.refs import Commit
    from labdata.settings import Repo
    from labdata.state import Heads
    from labdata.workspace import Workspace

_MERGED = re.compile(r"\(#(\d+)\)$")


@dataclass
class View:
    """What the Hub holds of a repo: commit shas of main and of the branch that the working copy belongs to.

    ``branch`` is empty where the branch is not made yet. In a repo that all share, branch and main are one.
    """

    workspace: Workspace
    repo: Repo
    branch_name: str
    branch: str
    main: str

    @cached_property
    def branch_tree(self) -> Tree:
        """The files of my branch; of main where there is no branch yet."""
        return self.workspace.tree(self.repo.id, self.branch or self.main)

    @cached_property
    def main_tree(self) -> Tree:
        """The files of main."""
        return self.workspace.tree(self.repo.id, self.main)

    @cached_property
    def base_commits(self) -> list[str]:
        """The commits that branch and main both contain, usually one."""
        if not self.branch or self.branch == self.main:
            return [self.main]
        branch = self.workspace.hub.commits(self.repo.id, self.branch)
        return merge_bases(self.branch_name, branch, self.main_history())

    @cached_property
    def bases(self) -> list[Tree]:
        """The versions that branch and main both contain, usually one."""
        return [self.workspace.tree(self.repo.id, commit) for commit in self.base_commits]

    @cached_property
    def known_main(self) -> str:
        """The commit of main whose news my branch holds on the Hub."""
        if not self.branch:
            return self.main
        hub = self.workspace.hub
        for commit in hub.commits(self.repo.id, self.branch):
            if main := commit_of(trailers(commit.message).get("Main", "")):
                return main
        bases = merge_bases(self.branch_name, hub.commits(self.repo.id, self.branch), self.main_history())
        return bases[0] if bases else ""

    def later_main(self, *commits: str) -> str:
        """Return which of some commits of main is the latest; empty if none is part of main."""
        if len(set(commits)) == 1:
            return commits[0]
        history = self.workspace.hub.commits(self.repo.id, self.main)
        return next((commit.id for commit in history if commit.id in commits), "")

    def main_history(self) -> Iterator[Commit]:
        """Give main's commits; one that merged a pull request carries that request's trailers too.

        The Hub squashes a pull request into a commit "title (#N)" that does not repeat its message; what was
        proposed stays readable as refs/pr/N.
        """
        hub = self.workspace.hub
        for commit in hub.commits(self.repo.id, self.main):
            number = _MERGED.search(commit.title)
            if number is None or "Branch" in trailers(commit.message):
                yield commit
                continue
            try:
                proposed = next(hub.commits(self.repo.id, f"refs/pr/{number.group(1)}"))
            except MissingError:
                yield commit
            else:
                yield replace(commit, message=f"{commit.message}\n{proposed.message}")

    @cached_property
    def merged(self) -> plan.Merge:
        """Main's news merged into my branch."""
        if not self.branch or self.branch == self.main:
            return plan.Merge(dict(self.main_tree), {})
        return plan.merge(self.bases, self.branch_tree, self.main_tree)

    @cached_property
    def head_commits(self) -> dict[str, Commit]:
        """The newest commit of main and of my branch, by branch name."""
        hub = self.workspace.hub
        heads = {"main": self.main, self.branch_name: self.branch}
        return {name: next(hub.commits(self.repo.id, commit)) for name, commit in heads.items() if commit}

    def dispute(self, path: str) -> str:
        """Return a text that names what my branch and main hold at a path, and their common past.

        A decision between the two sides stands as long as this stays the same.
        """
        contents = (self.branch_tree.get(path), self.main_tree.get(path))
        sides = ("-" if content is None else str(content.sha256 or content.git) for content in contents)
        return " ".join((*sides, *self.base_commits))

    def newest(self) -> Commit:
        """Return the later of the two heads."""
        return max(self.head_commits.values(), key=lambda commit: commit.date)

    def unfinished(self) -> list[tuple[str, str]]:
        """Return the branches whose last push has parts still to come, as ``(branch, "2 of 5")``."""
        found = []
        for name, commit in self.head_commits.items():
            done, _slash, total = trailers(commit.message).get("Part", "1/1").split(" ")[0].partition("/")
            if done != total:
                found.append((name, f"{done} of {total}"))
        return found

    def remembers(self, heads: Heads) -> bool:
        """Tell whether the Hub's histories still hold the commits at which a working copy stands."""
        commits = self.workspace.hub.commits
        for noted, head in ((heads.main, self.main), (heads.branch, self.branch)):
            if noted and not (head and any(commit.id == noted for commit in commits(self.repo.id, head))):
                return False
        return True

    def source(self, path: str, content: Content) -> str:
        """Return a commit that holds this content at this path."""
        from labdata.content import same

        return self.branch if self.branch and same(self.branch_tree.get(path), content) else self.main

    def changed_by(self, paths: list[str], *, on_main: bool = False) -> dict[str, tuple[str, datetime]]:
        """Return who last changed some files and when, as ``path: (account, date)``; what is gone is left out.

        With ``on_main`` changes on my own branch do not count.
        """
        if not paths:
            return {}
        hub = self.workspace.hub
        found: dict[str, tuple[str, datetime]] = {}
        histories = {self.main: self.main_history(), self.branch: hub.commits(self.repo.id, self.branch or self.main)}
        for revision, history in histories.items():
            if not revision or (on_main and revision != self.main):
                continue
            changes = hub.last_changes(self.repo.id, revision, paths)
            authors = _authors(history, {commit for commit, _date in changes.values()})
            for path, (commit, date) in changes.items():
                if path not in found or found[path][1] < date:
                    found[path] = (authors.get(commit, "?"), date)
        return found


def _authors(history: Iterator[Commit], wanted: set[str]) -> dict[str, str]:
    """Return who made some commits; for a merged pull request, who proposed it and who merged it."""
    found: dict[str, str] = {}
    for commit in history:
        if wanted <= found.keys():
            break
        if commit.id in wanted:
            who = ", ".join(commit.authors) or "?"
            proposer = trailers(commit.message).get("Branch", "").rpartition("@")[0]
            found[commit.id] = f"{proposer}, merged by {who}" if proposer and proposer != who else who
    return found


def look(workspace: Workspace, repo: Repo) -> View:
    """Ask the Hub for a repo's heads, in one request; raises ``MissingError`` where there is no such repo."""
    try:
        refs = workspace.hub.refs(repo.id)
    except MissingError as error:
        if error.status == 401:
            raise
        raise MissingError(
            f"{repo.id} is not on the Hub at {workspace.hub.endpoint}, or this account may not see it. "
            "Nothing was changed.",
            error.hint,
            status=error.status,
        ) from error
    main = refs.branches["main"]
    name = workspace.branch if repo.per_member else "main"
    return View(workspace, repo, name, refs.branches.get(name, ""), main)


def forget_lost_branch(workspace: Workspace, view: View) -> None:
    """Where my branch is gone from the Hub, let what only it held count as unsaved again.

    Else it would pass for something that others removed, and the next get would take it away.
    """
    repo, state = view.repo, workspace.state
    heads = state.heads(repo.id)
    if not repo.per_member or not heads.branch or view.branch or heads.branch_name != view.branch_name:
        return
    workspace.recycle_bin.distrust()
    gone = f"Your branch {view.branch_name} is gone from {repo.id}"
    if heads.elsewhere:
        workspace.console.warn(f"{gone}: what only it held is in data/_recycle/, see `just recycle-list`.")
        return
    main, base = workspace.tree(repo.id, heads.main), state.synced(repo.id)
    with state.changes():
        state.update_synced(repo.id, {path: main[path] for path in base if path in main}, base.keys() - main.keys())
        state.set_heads(repo.id, replace(heads, branch=""))
    put = words.recipe("put", repo.name)
    workspace.console.warn(f"{gone}: what only it held counts as unsaved again. `{put}` makes it anew.")
