"""Names: how one is derived from another, and what is wrong with one that somebody typed.

Functions that end in `_problem` return one sentence for the person who typed the value, or nothing when it is fine,
which is what a Copier validator expects.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2.ext import Extension

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

# A Hub repo name holds at most 96 characters (huggingface_hub.utils.validate_repo_id) and ours end in "-results".
LONGEST_SLUG = 96 - len("-results")
LONGEST_ORG = 96
# A line of the generated code that names the package has to stay within 120 columns.
LONGEST_PACKAGE = 60
# Windows cannot have folders of these names, whatever their case.
WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
# What the generated project's environment imports by these names, as its own dependencies bring it; a package of that
# name would hide it. The list is made by `python -m tests.taken`.
TAKEN = frozenset(Path(__file__).with_name("taken.txt").read_text(encoding="utf-8").split()) | {"labdata", "tests"}
SHOWN = 24
"""Characters of a wrong answer that are repeated.

Copier shows a sentence on one line, after 46 characters of its own, and cuts it at the edge of the terminal: what to
write comes first.
"""


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z0-9]+", plain.lower())


def kebab(text: str) -> str:
    """Return *text* as a project slug: `Mito Screen` gives `mito-screen`."""
    return "-".join(_words(text))


def snake(text: str) -> str:
    """Return *text* as a Python package name: `mito-screen` gives `mito_screen`, `3d-map` gives `p3d_map`."""
    name = "_".join(_words(text))
    if name[:1].isdigit():
        name = f"p{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def title(text: str) -> str:
    """Return *text* as a readable name: `mito-screen` gives `Mito Screen`."""
    return " ".join(word.capitalize() for word in _words(text))


def quoted(text: str) -> str:
    """Return *text* as a double-quoted string that TOML reads back as *text*."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def patterns(text: str) -> list[str]:
    """Split a comma-separated answer into its patterns: `external/**, raw/a` gives two."""
    return [part.strip() for part in text.split(",") if part.strip()]


def usable(name: str, problem: str) -> str | None:
    """Return a derived *name* as a default, or nothing where there is a *problem* with it: then Copier asks."""
    return None if problem else name


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def line_problem(text: str) -> str:
    """Say what keeps *text* from being one plain line, which is what a name or a description in a file must be."""
    if not text.strip():
        return "please write something: the files need it"
    if text != text.strip():
        return f"no blank at the beginning or end; not {_shown(text)}"
    if any(unicodedata.category(character) == "Cc" for character in text):
        return f"one line of plain text, please; not {_shown(text)}"
    if "{{" in text or "{%" in text or "{#" in text:
        return f"no template braces, please; not {_shown(text)}"
    return ""


def slug_problem(slug: str) -> str:
    """Say what keeps *slug* from being a kebab-case name that GitHub, the Hub and every file system accept."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        return f"use kebab-case, like mito-screen; not {_shown(slug)}"
    if len(slug) > LONGEST_SLUG:
        return f"at most {LONGEST_SLUG} characters; not {_shown(slug)}"
    if slug in WINDOWS_DEVICES:
        return f"Windows reserves that name: {_shown(slug)}"
    return ""


def package_problem(name: str) -> str:
    """Say what keeps *name* from being a snake_case Python package that hides no other package of the project."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_?", name):
        return f"use snake_case, like mito_screen; not {_shown(name)}"
    if len(name) > LONGEST_PACKAGE:
        return f"at most {LONGEST_PACKAGE} characters; not {_shown(name)}"
    if keyword.iskeyword(name):
        return f"a word of the Python language: {_shown(name)}"
    if name in TAKEN or name in sys.stdlib_module_names:
        return f"a package that the project uses: {_shown(name)}"
    return ""


def org_problem(name: str) -> str:
    """Say what keeps *name* from being the name of an account on the Hub or on GitHub.

    The rules are those of `huggingface_hub.utils.validate_repo_id`, which are the wider of the two.
    """
    if not name:
        return "name who owns the repositories"
    fits = re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", name)
    if not fits or "--" in name or ".." in name or name.endswith(".git") or len(name) > LONGEST_ORG:
        return f"use letters, digits, - _ and .; not {_shown(name)}"
    return ""


def owners_problem(text: str) -> str:
    """Say which word of *text* names no account and no team as GitHub's CODEOWNERS does: `@my-lab/maintainers`."""
    for word in text.split():
        if not re.fullmatch(r"@[A-Za-z0-9](-?[A-Za-z0-9_])*(/[A-Za-z0-9](-?[A-Za-z0-9_])*)?", word):
            return f"names like @my-lab/maintainers; not {_shown(word)}"
    return "" if text == " ".join(text.split()) else f"one blank between names; not {_shown(text)}"


def layers_problem(layers: Iterable[str]) -> str:
    """Say when no layer was chosen: a project without data on the Hub does not need this template."""
    return "" if list(layers) else "choose a layer, like [processed]; not []"


def fetch_problem(text: str, layers: Iterable[str]) -> str:
    """Say which pattern of *text* can never match a file of the input *layers* that live on the Hub."""
    chosen = [layer for layer in layers if layer in {"external", "raw"}]
    given = patterns(text)
    if chosen and not given:
        return f"name a part, or ** for all; not {_shown(text)}"
    for pattern in given:
        parts = pattern.split("/")
        if pattern.startswith(("/", "~")) or ".." in parts or "\\" in pattern or line_problem(pattern):
            return f"a path like raw/profiles/**; not {_shown(pattern)}"
        if chosen and not any(letter in parts[0] for letter in "*?[") and parts[0] not in chosen:
            return f"it begins with {' or '.join(chosen)}; not {_shown(pattern)}"
    return ""


class NamesExtension(Extension):
    """Make the functions of this module available as Jinja filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for function in (
            kebab,
            snake,
            title,
            quoted,
            patterns,
            usable,
            line_problem,
            slug_problem,
            package_problem,
            org_problem,
            owners_problem,
            layers_problem,
            fetch_problem,
        ):
            environment.filters[function.__name__] = function
