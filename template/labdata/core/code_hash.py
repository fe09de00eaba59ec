"""A hash of what a step of the pipeline runs: the syntax trees of its function and of the modules that it uses.

Comments, docstrings and formatting do not count, nor does the version of Python that reads the code.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator

Read = Callable[[str], str | None]
"""Gives the source of a module by its dotted name, ``None`` where the project has no such module."""

_IGNORED = {"type_comment", "kind", "ctx"}


def code_hash(entry: str, read: Read) -> str:
    """Return the hash of all that ``module`` or ``module:function`` runs of the project's own code.

    Of the entry's module only what the function uses counts, directly or through others; of the modules that it
    imports, and of those that they import, all. Raises ``ValueError`` where there is no such module or function.
    """
    name, _colon, function = entry.partition(":")
    source = read(name)
    if source is None:
        raise ValueError(f"There is no module {name} in src/, of which {entry!r} speaks.")
    parts: dict[str, list[str]] = {}
    tree = _parsed(source)
    if function and tree is not None:
        used = _used(tree, function)
        if used is None:
            raise ValueError(f"There is no {function} in {name}, of which {entry!r} speaks.")
        # Where in the module they stand does not count.
        parts[f"{name}:"] = sorted(text for node in used for text in _written([node]))
        waiting = [*_parents(name), *_imported(used, name, read)]
    else:
        waiting = [name]
    while waiting:
        module = waiting.pop()
        text = read(module) if module not in parts else None
        if text is None:
            continue
        tree = _parsed(text)
        # What is no Python just now is told apart by its text.
        parts[module] = [text] if tree is None else _written(tree.body)
        waiting += _parents(module)
        waiting += _imported([tree], module, read) if tree is not None else []
    parts = {module: texts for module, texts in parts.items() if texts}
    return hashlib.sha256(repr(sorted(parts.items())).encode(errors="surrogatepass")).hexdigest()


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _parents(name: str) -> list[str]:
    """Return the packages around a module: their own code runs when it is imported."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _imported(nodes: Iterable[ast.AST], module: str, read: Read) -> Iterator[str]:
    """Give the modules that some code imports, wherever in it; those of others have no source here."""
    for node in (one for top in nodes for one in ast.walk(top)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = _start(node, module, read)
            if start:
                yield start
                yield from (f"{start}.{alias.name}" for alias in node.names)


def _start(node: ast.ImportFrom, module: str, read: Read) -> str:
    """Return the module that ``from … import`` names."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    # A package is its own first parent.
    is_package = read(f"{module}.__init__") is not None
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _used(tree: ast.Module, function: str) -> list[ast.stmt] | None:
    """Return the statements of a module that a function of it uses; ``None`` where it has no such function."""
    named: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        for name in _names_made(node):
            named.setdefault(name, []).append(node)
    if function not in named:
        return None
    # What runs whenever the module is imported counts too, but for its being run as a program.
    found: dict[int, ast.stmt] = {}
    found |= {id(node): node for node in tree.body if isinstance(node, ast.Expr) and not _is_docstring(node)}
    waiting = [function, *(name for node in found.values() for name in _names_read(node))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in named.get(name, ()):
            found[id(node)] = node
            waiting += _names_read(node)
    return list(found.values())


def _names_made(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    made = []
    # Within an if or a try, too.
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            made.append(one.id)
        elif isinstance(one, ast.Import | ast.ImportFrom):
            made += [(alias.asname or alias.name).partition(".")[0] for alias in one.names]
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.append(one.name)
    return made


def _names_read(node: ast.AST) -> list[str]:
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _written(body: Iterable[ast.stmt]) -> list[str]:
    """Return statements as text, without what does not count."""
    return [_text(node) for node in body if not (_is_docstring(node) or isinstance(node, ast.Pass))]


def _text(value: object) -> str:
    """Return a piece of a syntax tree as text; empty fields are left out, for each Python has some of its own."""
    if isinstance(value, list):
        kept = _written(value) if value and isinstance(value[0], ast.stmt) else [_text(one) for one in value]
        return f"[{','.join(kept)}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = ((name, one) for name, one in ast.iter_fields(value) if name not in _IGNORED and one not in (None, []))
    return f"{type(value).__name__}({','.join(f'{name}={_text(one)}' for name, one in fields)})"
