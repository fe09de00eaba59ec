"""The parameters of rules, as far as the text of a Snakefile gives them away without Snakemake."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_RULE = re.compile(r"^([ \t]*)(?:rule|checkpoint)[ \t]+(\w+)[ \t]*:[ \t]*(?:#.*)?$")
_PARAMS = re.compile(r"^params[ \t]*:(.*)$")
_CONFIGFILE = re.compile(r"^[ \t]*configfile[ \t]*:[ \t]*(.*)$", re.MULTILINE)
_TEXT = re.compile(r"""^["']([^"'{}]+)["'][ \t]*(?:#.*)?$""")
_WRITTEN = re.compile(r"\bconfig(?:\[[^\]\n]*\])*[ \t]*(?:\|?=(?!=)|\.(?:update|setdefault|pop|clear)\b)")


class _Unknown:
    """What only Snakemake can tell."""


UNKNOWN = _Unknown()


@dataclass
class Rules:
    """The rules of some files: by name, the expressions of their parameters, or ``None`` where they cannot be read.

    ``configfiles`` are those that are named as a text; ``is_config_known`` is False where the config may hold more.
    """

    params: dict[str, list[ast.expr] | None] = field(default_factory=dict)
    configfiles: list[str] = field(default_factory=list)
    is_config_known: bool = True

    def read(self, text: str) -> None:
        """Add the rules of a file."""
        for name, block in _rules(text):
            self.params[name] = None if name in self.params else _expressions(block)
        for said in _CONFIGFILE.findall(text):
            named = _TEXT.match(said.strip())
            self.is_config_known &= named is not None
            self.configfiles += [named.group(1)] if named else []
        self.is_config_known &= not _WRITTEN.search(text)


def _rules(text: str) -> Iterable[tuple[str, str]]:
    """Give each rule's name and the text of its parameters, empty where it has none."""
    lines = text.expandtabs(4).splitlines()
    for number, line in enumerate(lines):
        if found := _RULE.match(line):
            body = _indented(lines[number + 1 :], len(found.group(1)))
            inner = textwrap.dedent("\n".join(body)).splitlines()
            block = ""
            for place, one in enumerate(inner):
                if said := _PARAMS.match(one):
                    block = "\n".join([said.group(1), *_indented(inner[place + 1 :], 0)])
            yield found.group(2), block


def _indented(lines: list[str], depth: int) -> list[str]:
    """Return the lines up to the first that is not indented further."""
    found = []
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) <= depth and not line.lstrip().startswith("#"):
            break
        found.append(line)
    return found


def _expressions(block: str) -> list[ast.expr] | None:
    try:
        call = ast.parse(f"f(\n{block}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not isinstance(call, ast.Call) or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    if any(one.arg is None for one in call.keywords):
        return None
    return [*call.args, *(one.value for one in call.keywords)]


def valued(one: ast.expr, config: Mapping[str, Any], code_of: Callable[[str], str]) -> object:
    """Return the value of a parameter; ``UNKNOWN`` if it is more than a constant, a setting or the code of a step."""
    value: object = UNKNOWN
    if isinstance(one, ast.Constant):
        value = one.value
    elif isinstance(one, ast.Subscript):
        value = _setting(one, config)
    elif step := _step(one):
        value = code_of(step)
    # What holds braces is filled in, and what is a list may be taken apart.
    is_plain = isinstance(value, bool | int | float) or (isinstance(value, str) and not set("{}") & set(value))
    return value if is_plain else UNKNOWN


def _step(one: ast.expr) -> str:
    """Return the step of ``code_of("step")``, empty where it is something else."""
    if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "code_of" and len(one.args) == 1:
        step = one.args[0]
        return step.value if isinstance(step, ast.Constant) and isinstance(step.value, str) else ""
    return ""


def _setting(one: ast.expr, config: Mapping[str, Any]) -> object:
    keys: list[object] = []
    while isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant):
        keys.insert(0, one.slice.value)
        one = one.value
    if not isinstance(one, ast.Name) or one.id != "config":
        return UNKNOWN
    value: Any = config
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return UNKNOWN
        value = value[key]
    return value


@dataclass(frozen=True)
class Compared:
    """How recorded parameters compare with those of now: what is ``new``, what was ``old``, and if that ``is_all``."""

    new: list[str]
    old: list[str]
    is_all: bool

    @property
    def is_other(self) -> bool:
        """Whether they are others, beyond doubt."""
        return bool(self.new or (self.old and self.is_all))


def compared(recorded: Iterable[str], now: Iterable[object]) -> Compared:
    """Compare parameters as Snakemake has noted them with their values now; codes are compared elsewhere."""
    values = list(now)
    is_all = UNKNOWN not in values
    then, here = Counter(map(str, recorded)), Counter(repr(one) for one in values if one is not UNKNOWN)
    new, old = sorted((here - then).elements()), sorted((then - here).elements())
    return Compared([one for one in new if not _is_code(one)], [one for one in old if not _is_code(one)], is_all)


def _is_code(text: str) -> bool:
    return text.strip("'\"").startswith("code:")
