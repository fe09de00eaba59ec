"""`python -m tests.taken`: write the names of all packages that a generated project's environment brings.

They follow from what the project depends on, directly and through others, as it is installed here. What conda names
otherwise than the package index stands in `ELSEWHERE`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = ROOT / "extensions" / "taken.txt"
ELSEWHERE = {
    "snakemake-minimal": "snakemake",
    "matplotlib-base": "matplotlib",
    "rust-just": None,
    "just": None,
    "python": None,
}
"""Names of conda for what the index calls otherwise, or does not have."""


def direct() -> set[str]:
    """Return the distributions that the project's `pixi.toml` asks for."""
    text = re.sub(r"\{\{.*?\}\}", '"x"', (ROOT / "template" / "pixi.toml.jinja").read_text(encoding="utf-8"))
    table = tomllib.loads(text)
    asked = {**table.get("dependencies", {}), **table.get("pypi-dependencies", {})}
    for feature in table.get("feature", {}).values():
        asked |= {**feature.get("dependencies", {}), **feature.get("pypi-dependencies", {})}
    found = {ELSEWHERE.get(name, name) for name in asked if name != "x"}
    return {name for name in found if name}


def closure(names: set[str]) -> set[str]:
    """Return distributions with all that they need, as far as it is installed here; names are in canonical form."""
    seen: dict[str, Distribution] = {}
    todo = [canonical(name) for name in names]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        try:
            seen[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for line in seen[name].requires or []:
            if "extra ==" not in line:
                todo.append(canonical(re.split(r"[\s;<>=!~(\[]", line, maxsplit=1)[0]))
    return set(seen)


def canonical(name: str) -> str:
    """Return a distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def taken() -> set[str]:
    """Return the names by which the project's environment imports something."""
    modules = defaultdict(set)
    for module, distributions in packages_distributions().items():
        for name in distributions:
            modules[canonical(name)].add(module)
    names = {module for name in closure(direct()) for module in modules[name]} | {canonical(n) for n in direct()}
    return {name.lower().replace("-", "_") for name in names if re.fullmatch(r"[A-Za-z](?!.*mypyc)[\w-]*", name)}


def main() -> int:
    """Write the list."""
    LIST.write_text("".join(f"{name}\n" for name in sorted(taken())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
