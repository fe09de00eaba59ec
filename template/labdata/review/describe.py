"""What a pull request says to people: its title, and a description with every file and where the data come from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from labdata.core import markdown, words
from labdata.core.content import Tree
from labdata.core.packs import is_pack
from labdata.core.trailers import title, written
from labdata.hub import requests
from labdata.local.code import commit_address

if TYPE_CHECKING:
    from labdata.core.plan import Proposal
    from labdata.core.project import Repo
    from labdata.review.pull_requests import Proposed
    from labdata.workspace import Workspace

_FILES = 100
"""Files that a description lists; the report lists all."""


def describe(workspace: Workspace, repo: Repo, proposed: Proposed, wanted: str, *, ready: bool = False) -> None:
    """Bring the title (if one is ``wanted``), the description and the state of a pull request up to date."""
    hub = workspace.hub
    found = requests.details(hub, repo.id, proposed.number)
    main = workspace.tree(repo.id, proposed.trailers["Main"])
    text = description(workspace, repo, proposed, main)
    if found.notes and found.notes[0].text != text:
        requests.edit(hub, repo.id, proposed.number, found.notes[0].id, text)
    if wanted and not proposed.is_new and title(wanted) != found.title:
        requests.rename(hub, repo.id, proposed.number, title(wanted))
    if proposed.supersedes:
        requests.set_status(hub, repo.id, proposed.supersedes, "closed", f"Superseded by #{proposed.number}.")
        workspace.console.say(f"Closed pull request {proposed.supersedes}, which it takes the place of.")
    if ready and found.status == "draft":
        requests.set_status(hub, repo.id, proposed.number, "open")


def description(workspace: Workspace, repo: Repo, proposed: Proposed, main: Tree) -> str:
    """Return the description: files with links, where the data come from, then the lines for programs."""
    rows = _rows(workspace, repo, proposed.number, proposed.proposal, main)
    total = sum(content.size for path, content in proposed.proposal.copy.items() if not is_pack(path))
    parts = [
        f"{words.number(len(rows), 'file')}, {words.size(total)}.",
        markdown.table(["", "file", "size", "look at it", "on main"], rows[:_FILES]),
    ]
    if len(rows) > _FILES:
        parts.append(f"… and {len(rows) - _FILES:,} more files.")
    parts.append(_origin(workspace, proposed.trailers))
    parts.append("```\n" + written(proposed.trailers, proposed.trailers["Main"]) + "\n```")
    return "\n\n".join(part for part in parts if part)


def _rows(workspace: Workspace, repo: Repo, number: int, proposal: Proposal, main: Tree) -> list[list[str]]:
    base = f"{workspace.hub.endpoint}/datasets/{repo.id}/blob"
    rows = []
    for path, content in proposal.copy.items():
        if is_pack(path):
            continue
        there = markdown.link("this request", f"{base}/{quote(f'refs/pr/{number}', safe='')}/{quote(path)}")
        before = markdown.link("main", f"{base}/main/{quote(path)}") if path in main else ""
        verb = "change" if path in main else "add"
        rows.append([verb, markdown.text(path), words.size(content.size), there, before])
    for path in (one for one in proposal.delete if not is_pack(one)):
        rows.append(["remove", markdown.text(path), "", "", markdown.link("main", f"{base}/main/{quote(path)}")])
    return rows


def _origin(workspace: Workspace, trailers: dict[str, str]) -> str:
    """Say in words which code and which inputs made the data, as the branch's newest commit has it."""
    lines = []
    name, _at, rest = trailers.get("Code", "").partition("@")
    sha = rest.partition(" ")[0]
    if sha:
        address = commit_address(workspace.settings.root, sha)
        shown = markdown.link(f"{name}@{sha[:7]}", address) if address else markdown.text(f"{name}@{sha[:7]}")
        state = "with changes that git did not have" if "dirty" in rest else "all in git"
        lines.append(f"- code: {shown}, {state}")
    else:
        lines.append("- code: not known")
    inputs, _at, commit = trailers.get("Inputs", "").partition("@")
    if commit:
        address = f"{workspace.hub.endpoint}/datasets/{quote(inputs)}/tree/{quote(commit)}"
        lines.append(f"- inputs: {markdown.link(f'{inputs}@{commit[:8]}', address)}")
    else:
        lines.append("- inputs: not known")
    branch, _at, head = trailers["Branch"].rpartition("@")
    lines.append(f"- branch: {markdown.text(branch)} at {head[:8]}")
    return "\n".join(lines)
