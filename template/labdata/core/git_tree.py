"""The ids that git gives to folders: two folders with one id hold the same files, at every depth.

The Hub tells the id of each folder in its listings, so that a folder need not be listed that is as it was.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias, Union

from labdata.core.content import Content, Tree

Folder: TypeAlias = dict[str, Union["Folder", Content]]
"""What a folder holds, by name: files, and folders in it."""

_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def nested(tree: Tree) -> Folder:
    """Return a tree's paths as folders in folders."""
    root: Folder = {}
    folders: dict[str, Folder] = {"": root}
    for path, content in tree.items():
        above, _, name = path.rpartition("/")
        _folder(folders, above)[name] = content
    return root


def _folder(folders: dict[str, Folder], path: str) -> Folder:
    """Return a folder by its path, made with those above it where it is missing."""
    found = folders.get(path)
    if found is None:
        above, _, name = path.rpartition("/")
        found = folders[path] = {}
        _folder(folders, above)[name] = found
    return found


def below(folder: Folder, path: str) -> dict[str, Content]:
    """Return all files of a folder that is at ``path``, by their whole paths, each as the Hub lists it.

    It lists one hash of a file, and this computer may know both.
    """
    found: dict[str, Content] = {}
    for name, one in folder.items():
        if isinstance(one, Content):
            is_small = one.git is not None and one.xet is None
            listed = Content(one.size, git=one.git) if is_small else Content(one.size, one.sha256, xet=one.xet)
            found[f"{path}/{name}"] = listed
        else:
            found |= below(one, f"{path}/{name}")
    return found


def git_id(folder: Folder, known: dict[int, str]) -> str:
    """Return git's id of a folder whose files are ordinary ones; what holds others never gets the id that git gave.

    ``known`` keeps the id of each folder (by its Python identity) for the next call.
    """
    if id(folder) not in known:
        known[id(folder)] = _sha1(b"tree", _body(folder, known))
    return known[id(folder)]


def _body(folder: Folder, known: dict[int, str]) -> bytes:
    entries = []
    for name, one in folder.items():
        at = name.encode("utf-8", "surrogatepass")
        if isinstance(one, Content):
            entries.append((at, b"100644 %b\0%b" % (at, bytes.fromhex(_blob(one)))))
        else:
            # Git sorts a folder as if its name ended with a slash.
            entries.append((at + b"/", b"40000 %b\0%b" % (at, bytes.fromhex(git_id(one, known)))))
    return b"".join(entry for _key, entry in sorted(entries))


def _blob(content: Content) -> str:
    """Return git's id of a file: of a large one, which has a Xet address, git holds a pointer of just one form."""
    if content.git is not None and content.xet is None:
        return content.git
    return _sha1(b"blob", _POINTER.format(content.sha256, content.size).encode())


def _sha1(kind: bytes, data: bytes) -> str:
    return hashlib.sha1(b"%b %d\0%b" % (kind, len(data), data), usedforsecurity=False).hexdigest()
