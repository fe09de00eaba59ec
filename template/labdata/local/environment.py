"""The personal settings: ``.env`` and the environment."""

from __future__ import annotations

import os
import re
from pathlib import Path

from labdata.core import hints
from labdata.core.errors import LabdataError
from labdata.core.project import TOKEN_IS_FROM_FILE
from labdata.local.text_files import read_text

PERSONAL = ("HF_BRANCH", "HF_PROJECT", "HF_TOKEN", "HF_ENDPOINT", "HF_HOME")
_LINES = re.compile(r"\r\n|\n|\r")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", re.DOTALL)
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\$`])')


def read_env(path: Path) -> dict[str, str]:
    """Read ``NAME=value`` lines as ``just`` does; a missing file or an empty value gives nothing.

    Raises ``LabdataError`` on a file that is no text, and on a line for labdata whose encoding is anyone's guess.
    """
    values: dict[str, str] = {}
    # Some keep a Python environment in a folder of this name.
    if not path.exists() or path.is_dir():
        return values
    found = read_text(path)
    for number, line in enumerate(_LINES.split(found.text), 1):
        match = _LINE.fullmatch(line)
        if not match:
            continue
        name, raw = match.groups()
        value = _env_value(raw)
        if found.is_guessed and name in PERSONAL and not value.isascii():
            raise not_utf8(path.name, number)
        if value:
            values[name] = value
    return values


def _env_value(raw: str) -> str:
    """Return the value that stands right of the ``=`` in ``.env``: without quotes, without a comment after it."""
    if quoted := _QUOTED.fullmatch(raw):
        double, single = quoted.groups()
        return _ESCAPED.sub(r"\1", double) if double is not None else str(single)
    return re.sub(r"(^|\s+)#.*$", "", raw, flags=re.DOTALL)


def not_utf8(name: str, line: int) -> LabdataError:
    """Return the error for a line of a file whose letters could be others."""
    return LabdataError(
        f"{name} is not in UTF-8, and line {line} holds letters that could be others. Nothing was done.",
        hints.UTF8_LINE,
    )


def apply_environment(root: Path) -> None:
    """Lay ``.env`` under the environment, before the Hub's client is imported: it reads its settings only then.

    A variable that is already set wins, as with ``just``; an empty one counts as not set.
    """
    values = read_env(root / ".env")
    for name in PERSONAL:
        if not os.environ.get(name):
            os.environ.pop(name, None)
            if name in values:
                os.environ[name] = values[name]
    # `just` has laid the file under the environment too, so only the value tells where it is from.
    is_of_file = "HF_TOKEN" in values and os.environ.get("HF_TOKEN") == values["HF_TOKEN"]
    os.environ[TOKEN_IS_FROM_FILE] = "1" if is_of_file else ""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
