"""The commands that pages show, and the commands that tests run, in one form in which they can be compared."""

from __future__ import annotations

import ast
import functools
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from labdata.cli import cli

ROOT = Path(__file__).parents[2]
PROGRAMS = (
    "just",
    "labdata",
    "git",
    "uvx",
    "uv",
    "pixi",
    "hf",
    "python",
    "pip",
    "copier",
    "localhub",
    "sbatch",
    "eval",
)
"""What a command on a page begins with."""

_FENCE = re.compile(r"^ *```(\w*)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_BEGINS = re.compile(rf"(?:[A-Z_]+=\S* )*(?:{'|'.join(PROGRAMS)})(?: |$)")


@dataclass(frozen=True)
class Shown:
    """A command as a page shows it."""

    page: str
    line: int
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}: `{self.text}`"


def pages() -> list[Path]:
    """Return every page for people: this repository's and a project's; decisions tell of their time."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "localhub" / "README.md"]
    found += [path for kind in ("md", "md.jinja") for path in (ROOT / "template").rglob(f"*.{kind}")]
    return sorted(path for path in found if path.name != "CHANGELOG.md")


def shown() -> Iterator[Shown]:
    """Give each command of each page: lines of code, code between backticks, and what module docstrings indent."""
    for path in pages():
        text = re.sub(r"{%.*?%}", "", path.read_text(encoding="utf-8"))
        text = re.sub(r"{{ '(\w+)' if .*?}}", r"\1", text)
        yield from _on_page(path.relative_to(ROOT).as_posix(), text)
    for folder in ("tests", "demo", "benchmarks", "localhub", ".ci"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            indented = "\n".join(line if line.startswith("    ") else "" for line in told.splitlines())
            yield from _on_page(path.relative_to(ROOT).as_posix(), indented)


def _on_page(page: str, text: str) -> Iterator[Shown]:
    fence: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if mark := _FENCE.match(line):
            fence = None if fence is not None else mark[1]
            continue
        if fence is not None or line.startswith("    "):
            codes = [line.strip().removeprefix("$ ")] if fence in (None, "", "bash", "sh", "console") else []
        else:
            codes = _SPAN.findall(line)
        for code in codes:
            for part in re.split(r"&&|;|\|(?!\|)", re.sub(r"(^|\s)#.*", "", code)):
                if _BEGINS.match(part.strip()):
                    yield Shown(page, number, part.strip())


def words_of(text: str) -> list[str]:
    """Return the words of a command, without variables in front of it; of odd quotes what can be told."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.replace('"', " ").replace("'", " ").split()
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    return words


@functools.cache
def recipes() -> dict[str, list[str]]:
    """Return each recipe and alias of a project with the words that it runs."""
    text = (ROOT / "template" / "Justfile.jinja").read_text(encoding="utf-8")
    text = re.sub(r"{%-? (end)?raw %}", "", text).replace("{{ package_name }}", "package")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "Justfile"
        file.write_text(text, encoding="utf-8")
        command = [str(Path(sys.executable).with_name("just")), "--justfile", str(file), "--dump", "--dump-format=json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    dumped = json.loads(done.stdout)
    found: dict[str, list[str]] = {}
    for name, recipe in dumped["recipes"].items():
        parts = [part if isinstance(part, str) else "{{}}" for part in recipe["body"][0]]
        body = "".join(parts).replace('"$@"', "").split()
        if recipe["body"][0][0] == [["variable", "LABDATA"]]:
            found[name] = ["labdata", *body[1:]]
        elif "labdata" in body:
            found[name] = body[body.index("labdata") :]
        else:
            found[name] = ["just", name]
    for name, alias in dumped["aliases"].items():
        found[name] = found[alias["target"]]
    return found


def canonical(words: Sequence[str]) -> list[str]:
    """Return the words of a command with recipes and modules replaced by what they run."""
    words = list(words)
    if words[:2] == ["pixi", "run"] and words[2:3] in (["just"], ["labdata"]):
        words = words[2:]
    if words[:3] == ["python", "-m", "labdata"]:
        words = words[2:]
    if words[:1] == ["just"]:
        rest = [word for word in words[1:] if word not in ("-q", "--quiet")]
        return [*recipes().get(rest[0] if rest else "default", ["just", *rest[:1]]), *rest[1:]]
    return words


def command_of(words: Sequence[str]) -> tuple[list[str], click.Command | None]:
    """Return the names of the labdata command that *words* call, and the command; none where there is none."""
    names: list[str] = []
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            break
        command = found
        names.append(word)
    return names, None if isinstance(command, click.Group) else command


def options_of(words: Sequence[str]) -> list[str]:
    """Return the options among *words*, without values, up to where all is meant for another program."""
    words = words[: list(words).index("--")] if "--" in words else words
    return [word.partition("=")[0] for word in words if re.fullmatch(r"--?[A-Za-z][\w-]*(=.*)?", word)]


@functools.cache
def runs() -> list[list[str]]:
    """Return the words of every call, list and text in the tests and the tour that may run a command."""
    found: list[list[str]] = []
    for folder in ("tests", "demo"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent != Path(__file__).parent:
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    found += _runs_in(node)
    return [canonical(words) for words in found if words]


def _runs_in(node: ast.AST) -> Iterator[list[str]]:
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = _texts(node.args)
        yield words
        for word in words:
            yield from _in_a_line(word) if " " in word else ()
        if called in PROGRAMS:
            yield [called, *words]
        if called in ("get", "put"):
            yield ["labdata", called, "results", *words]
        yield ["labdata", *words]
        yield ["labdata", called, *words]
    elif isinstance(node, ast.List | ast.Tuple):
        yield _texts(node.elts)
        yield ["labdata", *_texts(node.elts)]
        for word in _texts(node.elts):
            yield from _in_a_line(word) if " " in word else ()


def _in_a_line(text: str) -> Iterator[list[str]]:
    """Give the words of each command in a text that is given to something, as to a shell; not of what is expected."""
    for line in text.splitlines():
        for part in re.split(r"&&|;|\|", line):
            for start in re.finditer(rf"(?:^|[`\s])(?=(?:{'|'.join(PROGRAMS)}) )", part):
                yield words_of(re.split("[`#]", part[start.end() :])[0])
        yield ["labdata", *words_of(line)]


def _texts(nodes: Sequence[ast.AST]) -> list[str]:
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.Starred):
            found += _texts([node.value])
        elif isinstance(node, ast.List | ast.Tuple):
            found += _texts(node.elts)
        elif isinstance(node, ast.BinOp):
            found += _texts([node.left, node.right])
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.executable":
            found.append("python")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            found += [word for text in _texts([node.func.value]) for word in text.split()]
    return found
