"""The Hub's side of one repo at one moment: heads, trees, and main's changes merged into my branch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from labdata.core.content import same
from labdata.core.coverage import Coverage
from labdata.core.errors import MissingError
from labdata.core.merge_base import CommonPast, common_past, with_parents
from labdata.core.trailers import commit_of, sealed_trailers, trailers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from labdata.core import plan
    from labdata.core.content import Content, Tree
    from labdata.core.project import Repo
    from labdata.core.refs import Ancestor, Commit, PullRequest
    from labdata.local.notes import Heads
    from labdata.workspace import Workspace

_MERGED = re.compile(r"\(#(\d+)\)$")
_PROPOSED = 10
"""Commits of a pull request that are looked at for the version that it proposes."""


@dataclass
class Remote:
    """What the Hub holds of a repo: commit shas of main and of the branch that the working copy belongs to.

    ``branch`` is empty where the branch is not made yet. In a repo that all share, branch and main are one.
    """

    workspace: Workspace
    repo: Repo
    branch_name: str
    branch: str
    main: str

    @property
    def is_alone(self) -> bool:
        """Whether there is no branch beside main to be merged with it."""
        return not self.branch or self.branch == self.main

    @cached_property
    def branch_tree(self) -> Tree:
        """The files of my branch; of main where there is no branch yet."""
        return self.workspace.tree(self.repo.id, self.branch or self.main)

    @cached_property
    def main_tree(self) -> Tree:
        """The files of main."""
        return self.workspace.tree(self.repo.id, self.main)

    @property
    def versions(self) -> list[str]:
        """The commits of my branch and of main."""
        return list(dict.fromkeys((self.branch or self.main, self.main)))

    @cached_property
    def past(self) -> CommonPast:
        """What branch and main have in common, as the Hub's histories show it."""
        if self.is_alone:
            return CommonPast(self.main)
        return common_past(self.behind(self.branch), self.behind(self.main), self._taken_by)

    def behind(self, commit: str) -> Iterator[Ancestor]:
        """Give a commit and what it stands on, newest first."""
        return self.workspace.histories.behind(self.repo.id, commit)

    def commits(self, revision: str) -> Iterator[Commit]:
        """Give the commits of a revision, newest first."""
        return self.workspace.histories.commits(self.repo.id, revision)

    @cached_property
    def base_commits(self) -> list[str]:
        """The commits that branch and main both contain, as a whole or in part."""
        shared = self.past.shared or self._remembered
        return [*([shared] if shared else []), *(pair.branch for pair in self.past.pairs)]

    @cached_property
    def bases(self) -> list[plan.Base]:
        """The versions that branch and main both contain, the latest first; none where nothing is known."""
        from labdata.core import plan

        found = []
        tree = self.workspace.tree
        for pair in self.past.pairs:
            both = (tree(self.repo.id, pair.branch), tree(self.repo.id, pair.main))
            found.append(plan.agreeing(*both, is_latest=pair.is_later))
        if self.past.shared:
            return [*found, plan.Base(tree(self.repo.id, self.past.shared))]
        return [*found, *(plan.Base(tree, is_latest=False, is_cut_off=True) for tree in self._remembered_trees())]

    @cached_property
    def is_rewritten(self) -> bool:
        """Whether branch and main have no commit in common any more: one of their histories was rewritten."""
        return not self.past.shared

    @cached_property
    def _remembered(self) -> str:
        """The commit of main that my branch, as it was here last, was known to contain; if the branch is still so."""
        heads = self.workspace.state.heads(self.repo.id)
        if not (heads.branch and heads.merged) or heads.branch_name != self.branch_name:
            return ""
        was = self.workspace.known_tree(self.repo.id, heads.branch)
        is_so = heads.branch in self.workspace.histories.some(self.repo.id, self.branch) or was == self.branch_tree
        return heads.merged if is_so and self.workspace.known_tree(self.repo.id, heads.merged) is not None else ""

    def _remembered_trees(self) -> list[Tree]:
        """Return what this computer, or my branch, still knows of a past that is gone from the Hub."""
        heads, workspace = self.workspace.state.heads(self.repo.id), self.workspace
        commits = [heads.main, self._remembered] if self._remembered else []
        trees = (workspace.known_tree(self.repo.id, commit) for commit in (*commits, self.past.lost))
        # What this computer does not fetch it never merged: where the branch lacks that, it is main's to say.
        return [
            {path: one for path, one in tree.items() if path in self.branch_tree or self._covers(path)}
            for tree in trees
            if tree is not None
        ]

    @cached_property
    def _covers(self) -> Callable[[str], bool]:
        """Whether this computer's last get covered a path."""
        state, repo = self.workspace.state, self.repo
        heads = state.heads(repo.id)
        coverage = Coverage.parse(heads.coverage, heads.left_out) or Coverage.of(self.workspace.settings, repo)
        return coverage.covers(state.synced(repo.id))

    @cached_property
    def _branch_as_here(self) -> Tree:
        """My branch with what this computer has merged into it already, where it did not move since."""
        workspace, repo = self.workspace, self.repo
        heads = workspace.state.heads(repo.id)
        if heads.detached or not (self.is_rewritten and self._remembered) or self._is_merged_since:
            return self.branch_tree
        was, base = workspace.known_tree(repo.id, heads.branch) or {}, workspace.state.synced(repo.id)
        found = dict(self.branch_tree)
        for path in {*was, *base, *found}:
            if self._covers(path) and same(found.get(path), was.get(path)):
                found.pop(path, None)
                if path in base:
                    found[path] = base[path]
        return found

    @property
    def _is_merged_since(self) -> bool:
        """Whether main took my branch after this computer merged main: what was decided here is older than that."""
        was = self._remembered
        return any(pair.main != was and self.later_main(pair.main, was) == pair.main for pair in self.past.pairs)

    @cached_property
    def known_main(self) -> str:
        """The commit of main whose changes my branch holds on the Hub, as far as it can be told."""
        if self.is_alone:
            return self.main
        return self.past.shared or self._remembered

    def later_main(self, *commits: str) -> str:
        """Return which of some commits of main is the latest; empty if none is part of main."""
        if len(set(commits)) == 1:
            return commits[0]
        return next((one.id for one in self.behind(self.main) if one.id in commits), "")

    def request_of(self, commit: Commit | Ancestor) -> PullRequest | None:
        """Return the pull request that a commit of main merged, if the Hub says so: its title is only a hint."""
        number = _MERGED.search(commit.title)
        if number is None:
            return None
        try:
            request = self.workspace.hub.pull_request(self.repo.id, int(number.group(1)))
        except MissingError:
            return None
        return request if request.status == "merged" and request.merge_commit == commit.id else None

    def proposals(self, number: int) -> Iterator[tuple[Commit, str]]:
        """Give the commits of a pull request itself, newest first, each with its parent."""
        try:
            yield from islice(with_parents(self.commits(f"refs/pr/{number}")), _PROPOSED)
        except MissingError:
            return

    def _taken_by(self, commit: Ancestor) -> Collection[str]:
        """Return the commits of my branch that a commit of main is said to have taken by a pull request."""
        number = _MERGED.search(commit.title)
        if number is None:
            return ()
        claims = (trailers(one.message).get("Branch", "") for one, _parent in self.proposals(int(number.group(1))))
        mine = [commit_of(claim) for claim in claims if claim.rpartition("@")[0] == self.branch_name]
        # Asked last: most requests are those of others.
        return mine if mine and self.request_of(commit) else ()

    def main_history(self) -> Iterator[tuple[Commit, dict[str, str]]]:
        """Give main's commits, newest first, with the trailers that labdata wrote.

        For one that merged a pull request these are the request's: the Hub squashes it into a commit "title (#N)"
        that does not repeat its message; what was proposed stays readable as refs/pr/N.
        """
        for commit, parent in with_parents(self.commits(self.main)):
            written = sealed_trailers(commit.message, parent)
            request = self.request_of(commit) if not written else None
            if request is not None:
                found = (sealed_trailers(one.message, before) for one, before in self.proposals(request.number))
                written = next((one for one in found if one), {})
            yield commit, written

    def branch_history(self) -> Iterator[tuple[Commit, dict[str, str]]]:
        """Give my branch's commits, newest first, with the trailers that labdata wrote."""
        for commit, parent in with_parents(self.commits(self.branch)):
            yield commit, sealed_trailers(commit.message, parent)

    @cached_property
    def merged(self) -> plan.Merge:
        """Main's changes merged into my branch."""
        from labdata.core import plan

        if self.is_alone:
            return plan.Merge(dict(self.main_tree), {})
        return plan.merge(self.bases, self._branch_as_here, self.main_tree)

    @cached_property
    def head_commits(self) -> dict[str, Commit]:
        """The newest commit of main and of my branch, by branch name."""
        heads = {"main": self.main, self.branch_name: self.branch}
        return {name: next(self.commits(commit)) for name, commit in heads.items() if commit}

    def conflict_key(self, path: str) -> str:
        """Return a text that names what my branch and main hold at a path, and their common past.

        A decision between the two sides stands as long as this stays the same.
        """
        contents = (self.branch_tree.get(path), self.main_tree.get(path))
        sides = ("-" if content is None else str(content.sha256 or content.git) for content in contents)
        return " ".join((*sides, *self.base_commits))

    def newest(self) -> Commit:
        """Return the later of the two heads."""
        return max(self.head_commits.values(), key=lambda commit: commit.date)

    def contains(self, heads: Heads) -> bool:
        """Tell whether the Hub's histories still hold the commits at which a working copy stands."""
        same_branch = heads.branch_name in ("", self.branch_name)
        for noted, head in ((heads.main, self.main), (heads.branch if same_branch else "", self.branch)):
            if noted and noted != head and not any(one.id == noted for one in self.behind(head)):
                return False
        return True

    def source(self, path: str, content: Content) -> str:
        """Return a commit that holds this content at this path."""
        return self.branch if self.branch and same(self.branch_tree.get(path), content) else self.main


def read_remote(workspace: Workspace, repo: Repo) -> Remote:
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
    name = workspace.branch_of(repo)
    return Remote(workspace, repo, name, refs.branches.get(name, ""), main)
