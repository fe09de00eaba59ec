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
# Packages that the generated project itself imports; a project of that name would hide them.
TAKEN = frozenset(
    {"labdata", "snakemake", "pandas", "numpy", "matplotlib", "pyarrow", "pooch", "huggingface_hub", "tests"}
)


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


def line_problem(text: str) -> str:
    """Say what keeps *text* from being one plain line, which is what a name or a description in a file must be."""
    if not text.strip():
        return "Please write something: an empty answer leaves the files without a name."
    if text != text.strip():
        return f"{text!r} begins or ends with a blank; write it without."
    if any(unicodedata.category(character) == "Cc" for character in text):
        return f"{text!r} holds a line break or a control character; write it on one line."
    if "{{" in text or "{%" in text or "{#" in text:
        return f"{text!r} holds template braces; write it without {{{{, {{% or {{#."
    return ""


def slug_problem(slug: str) -> str:
    """Say what keeps *slug* from being a kebab-case name that GitHub, the Hub and every file system accept."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        return f"{slug!r} is not kebab-case: use small letters, digits and single hyphens, like mito-screen."
    if len(slug) > LONGEST_SLUG:
        return f"{slug!r} has {len(slug)} characters; the Hub leaves {LONGEST_SLUG} for it, so choose a shorter one."
    if slug in WINDOWS_DEVICES:
        return f"{slug!r} is a name that Windows reserves for a device; choose another."
    return ""


def package_problem(name: str) -> str:
    """Say what keeps *name* from being a snake_case Python package that hides no other package of the project."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_?", name):
        return f"{name!r} is not a snake_case Python name: use small letters, digits and underscores, like mito_screen."
    if len(name) > LONGEST_PACKAGE:
        return f"{name!r} has {len(name)} characters, {LONGEST_PACKAGE} are enough; choose a shorter one."
    if keyword.iskeyword(name):
        return f"{name!r} is a word of the Python language; choose another."
    if name in TAKEN or name in sys.stdlib_module_names:
        return f"{name!r} is a package that the project itself uses; choose another name."
    return ""


def org_problem(name: str) -> str:
    """Say what keeps *name* from being the name of an account on the Hub or on GitHub.

    The rules are those of `huggingface_hub.utils.validate_repo_id`, which are the wider of the two.
    """
    if not name:
        return "Please name the organisation or account that will own the repositories, like carpenter-singh-lab."
    fits = re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", name)
    if not fits or "--" in name or ".." in name or name.endswith(".git") or len(name) > LONGEST_ORG:
        return (
            f"{name!r} cannot be an account: use letters and digits, with single hyphens, dots or underscores between."
        )
    return ""


def layers_problem(layers: Iterable[str]) -> str:
    """Say when no layer was chosen: a project without data on the Hub does not need this template."""
    return "" if list(layers) else "Choose at least one layer, like [processed]; [] would leave nothing to share."


def fetch_problem(text: str, layers: Iterable[str]) -> str:
    """Say which pattern of *text* can never match a file of the input *layers* that live on the Hub."""
    chosen = [layer for layer in layers if layer in {"external", "raw"}]
    given = patterns(text)
    if chosen and not given:
        return f"{text!r} names no part; write ** for everything."
    for pattern in given:
        parts = pattern.split("/")
        if pattern.startswith(("/", "~")) or ".." in parts or "\\" in pattern or line_problem(pattern):
            return f"{pattern!r} is not a path below data/; write it like raw/profiles/**."
        if chosen and not any(letter in parts[0] for letter in "*?[") and parts[0] not in chosen:
            return f"{pattern!r} is in no input layer on the Hub ({', '.join(chosen)}); write it like {chosen[0]}/**."
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
            line_problem,
            slug_problem,
            package_problem,
            org_problem,
            layers_problem,
            fetch_problem,
        ):
            environment.filters[function.__name__] = function
