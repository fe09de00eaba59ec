"""Paths as people type and complete them: from the project's root, from ``data/``, absolute, with backslashes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from labdata.core import hints
from labdata.core.content import parents
from labdata.core.errors import LabdataError
from labdata.core.project import Repo

_ALL = "**"
_WILD = frozenset("*?")
_CLOSE = 0.7  # of 1, how alike two names are that may be one and a slip of the hand


def typed_pattern(text: str, root: str) -> str:
    """Return what was typed as a pattern below ``data/``; ``**`` where it means all of it.

    Takes the project's root as a path with slashes. Raises ``LabdataError`` where the path lies outside of the project.
    """
    path = text.strip().replace("\\", "/")
    inside = f"{path}/".startswith(f"{root}/")
    path = path[len(root) :].lstrip("/") if inside else path
    found: list[str] = []
    for part in path.split("/"):
        if part == ".." and found:
            found.pop()
        elif part == ".." or (path.startswith("/") and not inside):
            raise LabdataError(
                f"{text} is not in this project. Nothing was changed.",
                hints.path_in_data(root),
            )
        elif part not in ("", "."):
            found.append(part)
    found = found[1:] if found[:1] == ["data"] else found
    if not found:
        return _ALL
    return "/".join(found) + ("/" if path.endswith("/") else "")


def seen_from_root(text: str, below: str, tops: Collection[str], is_there: Callable[[str], bool]) -> str:
    """Return what was typed in a folder of the project, as it is called from the project's root.

    ``below`` is that folder as seen from the root, empty for the root itself; ``tops`` are the folders below ``data/``.
    A path that begins with one of them, or with ``data``, is one from the root, as all messages show it, unless it
    ``is_there`` where it was typed. Beside ``data/``, so is every path that is not there.
    """
    path = text.strip().replace("\\", "/")
    if not below or not path or path.startswith(("/", "~")):
        return text
    typed, first = f"{below}/{path}", path.partition("/")[0]
    if is_there(typed):
        return typed
    in_data = f"{below}/".startswith("data/")
    is_relative = first == ".." or (first == "." and path.strip("./"))
    return typed if is_relative or (in_data and first not in {"data", *tops}) else text


def analysis_pattern(text: str, root: str) -> str:
    """Return the pattern of one analysis, ``processed/NAME/**``, be it typed with the folders above it or without."""
    pattern = typed_pattern(text, root).strip("/").removeprefix("processed/")
    if pattern in (_ALL, "processed"):
        raise LabdataError(
            f"{text} is all of data/processed, not one analysis. Nothing was changed.",
            hints.ONE_ANALYSIS,
        )
    return f"processed/{pattern}/**"


def require_own(verb: str, repo: Repo, repos: Mapping[str, Repo], pattern: str) -> None:
    """Raise ``LabdataError`` where a pattern names a folder of another repo; the hint is the recipe for that one."""
    path = pattern.rstrip("/*")
    if not path or _WILD & set(path.partition("/")[0]) or _meets(repo, path):
        return
    for other in repos.values():
        if _meets(other, path):
            raise LabdataError(
                f"data/{path} belongs to {other.name}, not to {repo.name}. Nothing was changed.",
                hints.other_repo(verb, other.name, pattern),
            )


def _meets(repo: Repo, path: str) -> bool:
    return any(f"{path}/".startswith(f"{one}/") or f"{one}/".startswith(f"{path}/") for one in repo.folders)


def nearest(pattern: str, known: Iterable[str]) -> str:
    """Return the known path or folder that is most like what was typed, empty where none is much alike."""
    # Only where something was not found: most commands never need it.
    import difflib

    names = set(known)
    names |= {above for path in list(names) for above in parents(path)}
    found = difflib.get_close_matches(pattern.rstrip("/*"), sorted(names), 1, _CLOSE)
    return found[0] if found else ""
