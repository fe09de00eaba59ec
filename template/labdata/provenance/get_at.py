"""``get-at``: inputs and results of one name in the working copy, and which code belongs to them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from labdata.core import hints
from labdata.core.errors import LabdataError, MissingError
from labdata.core.merge_base import with_parents
from labdata.core.trailers import sealed_trailers
from labdata.core.typed_paths import nearest
from labdata.local import git_tags
from labdata.local.code import Code
from labdata.sync.version import plan_version, show

if TYPE_CHECKING:
    from labdata.sync.options import GetOptions
    from labdata.workspace import Workspace


def get_at(workspace: Workspace, name: str, options: GetOptions) -> None:
    """Check out inputs and results of a name, all or nothing; the code is told of and never touched.

    Raises ``ConflictError``, with nothing changed, where that would hide unsaved work of any repo, and
    ``MissingError`` where no repo has the name.
    """
    repos = workspace.settings.repos.values()
    tags = {repo.name: workspace.hub.refs(repo.id).tags for repo in repos}
    bearing = [repo for repo in repos if name in tags[repo.name]]
    if not bearing:
        raise _unknown(name, {one for some in tags.values() for one in some})
    # All are decided on before the first changes anything.
    planned = [plan_version(workspace, repo, tags[repo.name][name], f"version {name}", options) for repo in bearing]
    for number, one in enumerate(planned):
        try:
            show(one, options)
        except LabdataError as error:
            if not number or options.dry_run:
                raise
            raise _half_way(error, name, [repo.name for repo in bearing[:number]], bearing[number].name) from error
    for repo in repos:
        if repo not in bearing:
            workspace.console.warn(f"{repo.name}: no version is named {name}; what is here stays as it is.")
    for line in _code(workspace, name, tags):
        workspace.console.say(line)


def _half_way(error: LabdataError, name: str, shown: list[str], repo: str) -> LabdataError:
    """Return an error that says what was shown before it."""
    said = error.message.replace(" Nothing was changed.", "")
    hint = "\n".join(filter(None, (error.hint, hints.finish_get_at(name))))
    return LabdataError(f"{said} {name} is shown of {' and '.join(shown)}, and not of {repo}.", hint, error.files)


def _unknown(name: str, known: set[str]) -> MissingError:
    said = f"No version of this project is named {name!r}. Nothing was changed."
    close = nearest(name, sorted(known))
    return MissingError(said, hints.did_you_mean([close]) if close else hints.names(known))


def _code(workspace: Workspace, name: str, tags: dict[str, dict[str, str]]) -> list[str]:
    """Say which code belongs to a name, whether it is checked out, and what checks it out."""
    root = workspace.settings.root
    code, tag = Code(root), git_tags.tags(root, name).get(name)
    if tag is None:
        said = _recorded(workspace, name, tags)
        return [f"git has no tag {name} here; `git fetch --tags` may bring it.{said}"]
    if tag.commit != code.commit:
        changes = " after you have committed or stashed your changes" if code.dirty else ""
        there = f", not {code.commit[:8]}, which is checked out" if code.commit else ""
        spoken = shlex.quote(git_tags.spoken(root, name))
        return [
            f"The code of {name} is commit {tag.commit[:8]}{there}.",
            f"`git switch --detach {spoken}` shows it{changes}; `git switch -` returns.",
        ]
    changes = ", with changes that git does not have" if code.dirty != () else ""
    return [f"The code of {name} is commit {tag.commit[:8]}, which is checked out{changes}."]


def _recorded(workspace: Workspace, name: str, tags: dict[str, dict[str, str]]) -> str:
    """Say which code the results were published with, as their own commit has it."""
    repo = workspace.settings.repos.get("results")
    commit = tags.get("results", {}).get(name, "")
    if repo is None or not commit:
        return ""
    newest, parent = next(with_parents(workspace.histories.commits(repo.id, commit)))
    value = sealed_trailers(newest.message, parent).get("Code", "")
    return f" The results were published with the code {value}." if value else ""
