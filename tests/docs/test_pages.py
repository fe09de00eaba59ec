"""No page lies: every command on it exists, and a test runs it, or the list beside this file says why not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.docs.commands import (
    ROOT,
    Shown,
    canonical,
    command_of,
    options_of,
    pages,
    recipes,
    runs,
    shown,
    words_of,
)

LIST = tomllib.loads(Path(__file__).with_name("not_run.toml").read_text(encoding="utf-8"))
NOT_RUN: dict[str, str] = LIST["not_run"]
"""Beginnings of commands with the reason why no test runs them."""

RUN_BY: dict[str, str] = LIST["run_by"]
"""Beginnings of commands with the test that runs them in another form."""

WAY_OUT = "Run it in a test as the page has it, or say why not in tests/docs/not_run.toml."


def excused(text: str) -> str:
    """Return the beginning of a command by which the list knows it, the longest that fits."""
    fits = [one for one in (*NOT_RUN, *RUN_BY) if text == one or text.startswith((f"{one} ", f"{one}="))]
    return max(fits, key=len, default="")


def problems(command: Shown) -> list[str]:
    """Return what is wrong with a command of a page."""
    words = words_of(command.text)
    if words[:1] == ["just"] and len(words) > 1:
        name = words[1]
        if name.startswith("-"):
            return [] if excused(command.text) else [f"{command.where}: an option of just itself. {WAY_OUT}"]
        if name not in recipes() and not excused(command.text):
            return [f"{command.where}: there is no recipe {name}."]
    called = canonical(words)
    if called[:1] == ["labdata"]:
        return _problems_of_labdata(command, called[1:])
    if excused(command.text):
        return []
    head = [word for word in called[:2] if not word.startswith("-")]
    if any(run[: len(head)] == head for run in runs()):
        return []
    return [f"{command.where}: no test runs it. {WAY_OUT}"]


def _problems_of_labdata(command: Shown, words: list[str]) -> list[str]:
    names, found = command_of(words)
    if found is None:
        excuse = excused(command.text) or words[:1] in ([], ["…"])
        return [] if excuse else [f"{command.where}: labdata has no command {' '.join(words[:2])}."]
    spellings = {spelling: set(option.opts) for option in found.params for spelling in option.opts}
    spellings |= {"--all": {"--all"}, "--debug": {"--debug"}, "-h": {"--help"}, "--help": {"--help"}}
    wrong = [f"{command.where}: it has no option {one}." for one in options_of(words) if one not in spellings]
    if wrong or excused(command.text):
        return wrong
    # `get results` and `get inputs` are one command, and each is run by its own.
    key = names + [word for word in words[len(names) : len(names) + 1] if word in ("results", "inputs")]
    mine = [run for run in runs() if run[: len(key) + 1] == ["labdata", *key]]
    if not mine:
        return [f"{command.where}: no test runs `{' '.join(key)}`. {WAY_OUT}"]
    theirs = [run for run in runs() if run[: len(names) + 1] == ["labdata", *names]]
    used = {option for run in theirs for option in options_of(run)}
    told = [one for one in options_of(words) if one not in ("--all", "--debug")]
    missing = [one for one in told if not used & spellings[one]]
    return [f"{command.where}: no test runs `{' '.join(names)}` with {one}. {WAY_OUT}" for one in missing]


def test_every_command_on_every_page_is_run_by_a_test_or_says_why_not() -> None:
    found = [problem for command in shown() for problem in problems(command)]
    assert not found, "\n" + "\n".join(dict.fromkeys(found))


def test_the_list_of_what_is_not_run_is_short_and_of_today() -> None:
    texts = [command.text for command in shown()]
    used = {excused(text) for text in texts}
    assert (NOT_RUN.keys() | RUN_BY.keys()) - used == set(), "nothing on any page begins so"
    assert all((ROOT / name).exists() for name in RUN_BY.values())
    assert all(reason.strip() for reason in NOT_RUN.values())
    assert len(NOT_RUN) <= 40


def test_every_recipe_is_on_a_page() -> None:
    told = {words_of(command.text)[1] for command in shown() if len(words_of(command.text)) > 1}
    missing = recipes().keys() - told - {"default", "tool"}
    assert not missing, f"no page shows: {', '.join(sorted(missing))}"


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = []
    for page in pages():
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text):
            if "://" in link or link.startswith("mailto:") or "{{" in link:
                continue
            target = page.parent / link if link else page
            # In a project a file has no .jinja at its end.
            if not target.exists() and not target.with_name(f"{target.name}.jinja").exists():
                broken.append(f"{page.relative_to(ROOT)}: {link}")
            elif anchor and target.suffix == ".md" and anchor not in headings(target):
                broken.append(f"{page.relative_to(ROOT)}: {link}#{anchor}")
    assert not broken, broken
