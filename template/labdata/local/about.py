"""What a project says of itself: the template's answers, and ``[card]`` of ``labdata.toml`` over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labdata.core.card import About
from labdata.local.code import page_of

_ANSWERS = ".copier-answers.yml"


def about(root: Path, card: Mapping[str, str]) -> About:
    """Return what a project says of itself; ``card`` is the table of its settings. What is not said is empty."""
    answers = _answers(root)
    owner, name = answers.get("github_org", ""), answers.get("project_slug", "")
    code = page_of(root) or (f"https://github.com/{owner}/{name}" if owner and name else "")
    return About(
        title=card.get("title") or answers.get("project_name", ""),
        description=card.get("description") or answers.get("description", ""),
        license=card.get("license", "").strip().lower(),
        citation=card.get("citation", ""),
        code=code,
    )


def _answers(root: Path) -> dict[str, str]:
    try:
        text = (root / _ANSWERS).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    import yaml

    try:
        found: Any = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return {}
    # A name such as `2024` is a number for YAML.
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
