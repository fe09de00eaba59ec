"""The packs that are on this disk, in ``data/.labdata/packs``: each is fetched once and kept, for none ever changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from labdata.core import words
from labdata.core.errors import LabdataError
from labdata.core.packs import NewerPackError, Pack, PackError, packs_in, text_of
from labdata.core.records import Record, check, parsed
from labdata.local.own_folder import own_folder

if TYPE_CHECKING:
    from pathlib import Path

    from labdata.core.content import Content
    from labdata.workspace import Workspace


def kept(workspace: Workspace, pack: Pack) -> None:
    """Keep a pack on this disk."""
    where = workspace.pack(pack.path)
    where.parent.mkdir(parents=True, exist_ok=True)
    with own_folder(workspace.private_folder) as folder:
        draft = folder / where.name
        draft.write_bytes(pack.data)
        draft.replace(where)


def fetch(
    workspace: Workspace,
    repo: str,
    trees: Mapping[str, Mapping[str, Content]],
    listed: Callable[[Mapping[str, Content]], list[str]] = packs_in,
) -> list[str]:
    """Bring the packs of some trees (by commit) that are not here yet; returns the paths of all of them.

    ``listed`` says which paths of a tree are meant. One that cannot be fetched is told of and left out: the data do not
    depend on it.
    """
    return fetch_all(workspace, repo, trees, listed)[0]


def fetch_all(
    workspace: Workspace,
    repo: str,
    trees: Mapping[str, Mapping[str, Content]],
    listed: Callable[[Mapping[str, Content]], list[str]] = packs_in,
) -> tuple[list[str], bool]:
    """Do what ``fetch`` does; returns too whether all are here now that the Hub has whole."""
    found: dict[str, None] = {}
    are_all = True
    for commit, tree in trees.items():
        packs = listed(tree)
        found |= dict.fromkeys(packs)
        missing = {path: tree[path] for path in packs if not workspace.pack(path).is_file()}
        if missing:
            are_all = _download(workspace, repo, commit, missing) and are_all
    return list(found), are_all


def _download(workspace: Workspace, repo: str, commit: str, packs: Mapping[str, Content]) -> bool:
    """Bring some packs; returns whether those are here now that are whole on the Hub."""
    from labdata.hub.download import Download

    with own_folder(workspace.private_folder) as folder:
        download = Download(workspace.hub, repo, commit, folder, lambda _size: None)
        staged: dict[str, tuple[Path, Content]] = {}
        try:
            staged = download.fetch(packs)
        except LabdataError as error:
            download.failed |= dict.fromkeys(packs, error.message)
        are_all = not download.failed
        for path, (where, _content) in staged.items():
            data = where.read_bytes()
            try:
                text_of(path, data)
            except PackError as error:
                download.failed[path] = f"it is {error}"
                continue
            kept(workspace, Pack(path, data))
    if download.failed:
        reason = next(iter(download.failed.values()))
        workspace.console.warn(
            f"{words.number(len(download.failed), 'record pack')} of {repo} could not be read ({reason}): how some "
            "files were made is not known here. The files themselves are not touched by that."
        )
    return are_all


def records_in(
    workspace: Workspace,
    packs: Iterable[str],
    wanted: Collection[str] | None = None,
    left: dict[str, PackError] | None = None,
) -> Iterator[Record]:
    """Give the records of some packs that are here, or only those of files with a ``wanted`` SHA-256.

    What cannot be read is left out: it is put into ``left``, or told of in one line.
    """
    wanted = frozenset(wanted) if wanted is not None else None
    for path in packs:
        for text in texts_of(workspace, [path], left).values():
            yield from parsed(text, wanted)


def texts_of(workspace: Workspace, packs: Iterable[str], left: dict[str, PackError] | None = None) -> dict[str, bytes]:
    """Return the texts of those packs that are here and can be read.

    The others are put into ``left``, or told of in one line.
    """
    found: dict[str, bytes] = {}
    faults: dict[str, PackError] = {} if left is None else left
    for path in packs:
        try:
            text = text_of(path, workspace.pack(path).read_bytes())
            check(text)
            found[path] = text
        except OSError:
            continue
        except PackError as error:
            faults[path] = error
            if not isinstance(error, NewerPackError):
                # It is fetched again by the next get.
                workspace.pack(path).unlink(missing_ok=True)
    if left is None:
        tell_left_out(workspace, faults)
    return found


def tell_left_out(workspace: Workspace, left: Mapping[str, PackError]) -> None:
    """Tell of packs that could not be read, in a line for each reason."""
    for reason, count in Counter(map(_reason, left.values())).items():
        workspace.console.warn(f"Left out: {words.number(count, 'record pack')}, {reason}.")


def _reason(error: PackError) -> str:
    is_newer = isinstance(error, NewerPackError)
    return f"{error}; update the project to read it: `just update`" if is_newer else str(error)
