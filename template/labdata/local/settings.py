"""What the project says (``labdata.toml``), what this member says (``.env``) and what the environment says."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.paths import folded, refusal
from labdata.core.patterns import ALWAYS_EXCLUDED, Excludes, Patterns
from labdata.core.project import FILES_PER_COMMIT, Repo, Settings, check_branch
from labdata.local.environment import apply_environment, not_utf8
from labdata.local.text_files import line_of, read_text

_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_DRIVE = re.compile(r"[A-Za-z]:")
_WILD = re.compile(r"[*?]")


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that holds ``labdata.toml``; raises ``LabdataError``."""
    for folder in (start, *start.parents):
        # Even one that is no file: else the project further up that this one lies in would be taken for it.
        if os.path.lexists(folder / "labdata.toml"):
            return folder
    raise LabdataError(
        f"There is no labdata.toml in {start} or above it, so this is not a project folder. Nothing was done.",
        hints.PROJECT_FOLDER,
    )


def load(root: Path) -> Settings:
    """Read a project's settings; raises ``LabdataError`` that names the line to mend."""
    table = _read_table(root / "labdata.toml")
    apply_environment(root)
    org = _text(table, "org")
    project = os.environ.get("HF_PROJECT") or _text(table, "project")
    branch = os.environ.get("HF_BRANCH")
    if branch is not None:
        check_branch(branch)
    tables = table.get("repos", {})
    if not isinstance(tables, dict):
        raise LabdataError("labdata.toml: repos must be tables, for example [repos.results]. Nothing was done.")
    repos = {name: _repo(name, org, project, value) for name, value in tables.items()}
    _refuse_overlaps(repos)
    private = table.get("private", True)
    if not isinstance(private, bool):
        raise LabdataError(f"labdata.toml: private = {private!r} must be true or false. Nothing was done.")
    return Settings(
        root=root,
        org=org,
        project=project,
        private=private,
        repos=repos,
        excludes=Excludes(
            dict.fromkeys((*ALWAYS_EXCLUDED, *_texts(table, "exclude", ()))),
            [folder for repo in repos.values() for folder in repo.folders],
        ),
        branch=branch,
        files_per_commit=_count(table, "files_per_commit", FILES_PER_COMMIT),
        review_keys=_review_keys(table),
        card=_card(table),
    )


def _read_table(path: Path) -> dict[str, Any]:
    found = read_text(path)
    try:
        table = tomllib.loads(found.text)
    except RecursionError:
        raise LabdataError("labdata.toml cannot be read: its lists are nested too deep. Nothing was done.") from None
    except ValueError as error:
        raise LabdataError(f"labdata.toml cannot be read: {error}. Nothing was done.", hints.MEND_LINE) from None
    if found.is_guessed and (doubtful := next((text for text in _all_texts(table) if not text.isascii()), "")):
        raise not_utf8(path.name, line_of(found.text, max(0, found.text.find(doubtful))))
    return table


def _all_texts(value: Any) -> Iterator[str]:
    """Give every text in a table, and the names of its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _all_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _all_texts(inner)


def _repo(name: str, org: str, project: str, value: Any) -> Repo:
    where = f"[repos.{name}]"
    if not isinstance(value, dict):
        raise LabdataError(f"labdata.toml: {where} must be a table. Nothing was done.")
    repo_id = _text(value, "repo", where) if "repo" in value else f"{org}/{project}-{name}"
    if not _REPO_ID.fullmatch(repo_id):
        raise LabdataError(
            f"{repo_id!r} is not a name the Hub takes for a repo ({where}). Nothing was done.",
            hints.REPO_NAME,
        )
    branch = value.get("branch", "member")
    if branch not in ("main", "member"):
        raise LabdataError(f'labdata.toml: branch = {branch!r} in {where} must be "main" or "member".')
    return Repo(
        name=name,
        id=repo_id,
        folders=_folders(value, where),
        per_member=branch == "member",
        fetch=Patterns(_texts(value, "fetch", ("**",), where)),
        publish=Patterns(_texts(value, "publish", ("**",), where)),
    )


def _folders(table: dict[str, Any], where: str) -> tuple[str, ...]:
    """Return a repo's folders as the paths on the Hub begin; one that lies in another adds nothing to it."""
    folders = list(dict.fromkeys(_folder(text, where) for text in _texts(table, "folders", (), where)))
    return tuple(folder for folder in folders if not any(folder.startswith(f"{other}/") for other in folders))


def _folder(text: str, where: str) -> str:
    slashed = text.strip().replace("\\", "/")
    parts = [part for part in slashed.removesuffix("/**").split("/") if part not in ("", ".")]
    if parts[:1] == ["data"]:
        parts = parts[1:]
    folder = "/".join(parts)
    if slashed.startswith("/") or _DRIVE.match(slashed):
        reason: str | None = "it is an absolute path"
    elif not folder:
        reason = "that is all of data/"
    elif _WILD.search(folder):
        reason = "it is a pattern"
    else:
        reason = refusal(folder)
    if reason is None:
        return folder
    raise LabdataError(
        f"labdata.toml: {text!r} in {where} cannot be a folder of a repo: {reason}. Nothing was done.",
        hints.REPO_FOLDERS,
    )


def _refuse_overlaps(repos: dict[str, Repo]) -> None:
    """Raise ``LabdataError`` where two folders are, or would be on macOS and Windows, one, or one holds the other."""
    seen: list[tuple[str, str, str]] = []
    for repo in repos.values():
        for folder in repo.folders:
            this = f"{folded(folder)}/"
            for other, owner, that in seen:
                if not this.startswith(that) and not that.startswith(this):
                    continue
                if owner == repo.name:
                    owner, why = f"[repos.{owner}]", "are one folder on macOS and Windows"
                else:
                    owner, why = f"[repos.{owner}]", f"of [repos.{repo.name}] overlap: a file would belong to both"
                raise LabdataError(
                    f"labdata.toml: data/{other} of {owner} and data/{folder} {why}. Nothing was done.",
                    hints.ONE_REPO_A_FOLDER,
                )
            seen.append((folder, repo.name, this))


def _text(table: dict[str, Any], key: str, where: str = "") -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise LabdataError(
            f'labdata.toml: {key} {where} must be a text, for example {key} = "my-lab". Nothing was done.'
        )
    return value


def _texts(table: dict[str, Any], key: str, default: tuple[str, ...], where: str = "") -> tuple[str, ...]:
    value = table.get(key, list(default))
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise LabdataError(
            f'labdata.toml: {key} {where} must be a list of texts, for example ["raw/"]. Nothing was done.'
        )
    return tuple(value)


def _review_keys(table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the key columns of tables by a pattern of their paths, as ``[review.keys]`` says."""
    review = table.get("review", {})
    keys = review.get("keys", {}) if isinstance(review, dict) else None
    if not isinstance(keys, dict):
        raise LabdataError(
            'labdata.toml: [review.keys] must be a table, for example "processed/**/*.csv" = ["plate", "well"]. '
            "Nothing was done."
        )
    return {pattern: _texts(keys, pattern, (), "in [review.keys]") for pattern in keys}


def _card(table: dict[str, Any]) -> dict[str, str]:
    """Return what ``[card]`` says of the project."""
    card = table.get("card", {})
    if not isinstance(card, dict) or not all(isinstance(value, str) for value in card.values()):
        raise LabdataError(
            'labdata.toml: [card] must be a table of texts, for example license = "cc-by-4.0". Nothing was done.'
        )
    return card


def _count(table: dict[str, Any], key: str, default: int) -> int:
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise LabdataError(f"labdata.toml: {key} = {value!r} must be a whole number above 0. Nothing was done.")
    return value
