"""What the rules, steps and notebooks of a lab may call: ``from labdata.pipeline import code_of, stamp``."""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from labdata.core import stamps
from labdata.core.code_hash import code_hash
from labdata.core.stamps import Stamp


@cache
def code_of(step: str) -> str:
    """Return a text that is another whenever the code is another that a step runs: its own, and what it imports.

    In a rule: ``params: code=code_of("my_package.steps:select")``. Then Snakemake runs the rule again where the
    function, or a module of ``src/`` that it uses directly or through others, was changed. Comments, docstrings and
    formatting do not count. Without ``:function`` all of the module counts.
    """
    return code_in(_sources(), step)


def code_in(sources: Path, step: str) -> str:
    """Return what ``code_of`` returns for a step whose modules are in a folder."""
    return f"code:{code_hash(step, lambda module: _source(sources, module))[:16]}"


def stamp(
    path: str | Path,
    inputs: Iterable[str | Path] = (),
    params: Mapping[str, object] | None = None,
    rule: str = "",
    step: str = "",
) -> str:
    """Return the stamp for a file that is about to be written: what it is made of, as a text for its metadata.

    ``inputs`` are the files that it is made from, ``params`` what else decides what is in it, ``rule`` the rule, and
    ``step`` the code as for ``code_of``. It is the same text for the same work, whoever does it and whenever;
    `just which` finds it in a copy.
    """
    root = _root()
    return stamps.written(
        Stamp(
            project=_project(root),
            path=_within(root, path).removeprefix("data/"),
            rule=rule,
            params={name: str(value) for name, value in (params or {}).items()},
            code=code_of(step) if step else "",
            inputs={_within(root, one): _sha256(Path(one)) for one in inputs},
            script="" if step or rule else _script(root),
        )
    )


def figure_metadata(path: str | Path, stamp: str) -> dict[str, Any]:
    """Return the metadata with which matplotlib saves a figure: its stamp, and no date and no name of a program."""
    kinds: dict[str, dict[str, Any]] = {
        ".png": {"Software": None, "Stamp": stamp},
        ".pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Keywords": stamp},
        ".svg": {"Date": None, "Creator": None, "Keywords": [stamp]},
    }
    return kinds.get(Path(path).suffix.lower(), {})


def _root() -> Path:
    """Return the project's folder: the nearest around the current one, else the one that this package is in."""
    here = Path.cwd()
    places = (here, *here.parents, Path(__file__).resolve().parents[1])
    return next((folder for folder in places if (folder / "labdata.toml").is_file()), here)


def _project(root: Path) -> str:
    try:
        table = tomllib.loads((root / "labdata.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return f"{table.get('org', '')}/{table.get('project', '')}"


def _within(root: Path, path: str | Path) -> str:
    """Return a path as seen from the project's folder; one that is elsewhere keeps only its name."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays a link
    for start in (root, root.resolve()):
        if whole.is_relative_to(start):
            return whole.relative_to(start).as_posix()
    return whole.name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _script(root: Path) -> str:
    """Return the notebook or script that runs, as far as it says so."""
    main = sys.modules.get("__main__")
    named = [getattr(main, name, "") for name in ("__vsc_ipynb_file__", "__file__")]
    places = (named[0], os.environ.get("JPY_SESSION_NAME"), named[1])
    script = _within(root, next((str(one) for one in places if one), "nowhere"))
    # One that is elsewhere is a tool's.
    return script if "/" in script else ""


def _source(sources: Path, module: str) -> str | None:
    where = sources.joinpath(*module.split("."))
    for file in (where.with_suffix(".py"), where / "__init__.py"):
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            continue
    return None


def _sources() -> Path:
    """Return ``src/`` of the project: where Snakemake runs, else of the project around, else beside this package."""
    here = Path.cwd()
    # What is made again runs in a project of its own, within this one.
    is_project = any((here / name).exists() for name in ("labdata.toml", "Snakefile", "workflow"))
    folder = (here if is_project else _root()) / "src"
    return folder if folder.is_dir() else Path(__file__).resolve().parents[1] / "src"
