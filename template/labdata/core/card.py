"""The card of a repo, the page that the Hub shows: written from what the project says of itself, and known again.

It ends in a comment with a hash of all above it: a card whose hash does not fit was edited by somebody and is theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from labdata.core import markdown
from labdata.core.paths import visible

_END = re.compile(r"\n<!-- Written by labdata \(([0-9a-f]{16})\)[^\n]*-->\s*\Z")
_NOTE = "`just tag` brings this page up to date until somebody edits it."
_ROW = re.compile(r"^\| ([^|\n]+) \| ([^|\n]+) \| ([^|\n]*) \| ([^|\n]*) \|$", re.MULTILINE)
_VERSION = re.compile(r"(?:^|, )(\w[\w-]*) ([0-9a-f]{1,40})(?=,|$)")
_HOLDS = {
    "external": "What others made: metadata, plate maps, annotations.",
    "raw": "Measurements as they came.",
    "interim": "Intermediate files of the pipeline.",
    "processed": "Results: tables and figures.",
}
_NONE = "-"
_MARKUP = re.compile(r"[<>&|\\`*\[\]]")


@dataclass(frozen=True)
class About:
    """What a project says of itself; all may be empty.

    ``title`` and ``description`` are of the project, ``license`` is the data's (an id of the Hub's list), ``citation``
    how to cite them, ``code`` the address of the code or its name.
    """

    title: str = ""
    description: str = ""
    license: str = ""
    citation: str = ""
    code: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the project says nothing: then there is nothing to write a card of."""
        return not (self.title or self.description)


@dataclass(frozen=True)
class Given:
    """A name that was given: by whom, when (UTC, to the minute), and the commits that bear it, in words."""

    name: str
    when: str = ""
    who: str = ""
    versions: str = ""


@dataclass(frozen=True)
class Subject:
    """The repo that a card is of: its table, its name on the Hub, its folders, and the ``others`` of the project."""

    table: str
    repo: str
    folders: Sequence[str]
    per_member: bool
    others: Sequence[str] = field(default_factory=tuple)


def written(about: About, subject: Subject, names: Iterable[Given] = ()) -> str:
    """Return a card."""
    body = "\n\n".join(
        [
            _front_matter(about, subject),
            f"# {_light(about.title or subject.repo)}: {_light(subject.table)}",
            *filter(None, [_light(about.description)]),
            f"## What the data are\n\n{_folders(subject)}",
            f"## How they were made\n\n{_made(about, subject)}",
            f"## Versions that have a name\n\n{_names(names)}",
            f"## How to cite\n\n{_citation(about, subject)}",
            f"## License\n\n{_license(about, subject)}",
        ]
    )
    return f"{body}\n\n<!-- Written by labdata ({_hash(body)}). {_NOTE} -->\n"


def is_ours(text: str) -> bool:
    """Tell whether a card is as it was written, so that nobody's words are lost when it is written anew."""
    text = text.replace("\r\n", "\n")
    end = _END.search(text)
    return end is not None and end.group(1) == _hash(text[: end.start()].rstrip("\n"))


def names_in(text: str) -> dict[str, Given]:
    """Return the names that a card lists."""
    section = text.replace("\r\n", "\n").partition("## Versions that have a name")[2].partition("\n## ")[0]
    rows = _ROW.findall(section)[1:]
    given = (Given(*(_said(cell) for cell in cells)) for cells in rows if set(cells[0]) != {"-"})
    return {one.name: one for one in given}


def _said(cell: str) -> str:
    said = re.sub(r"&#(\d{1,3});", lambda match: chr(int(match[1])), cell.strip())
    return "" if said == _NONE else said


def merged(earlier: Iterable[Given], later: Iterable[Given], there: Mapping[str, str], table: str) -> list[Given]:
    """Return the names that a repo bears (``there``, with their commits), as the earlier card or, since, others tell.

    What is told of another commit is of a name that was deleted, and given again.
    """
    found: dict[str, Given] = {name: Given(name) for name in there}
    for one in (*earlier, *later):
        # Who sees only one of the three here knows less than who gave the name.
        is_of_it = one.name in found and agrees(one, {table: there[one.name]})
        if is_of_it and _tells(one) >= _tells(found[one.name]):
            found[one.name] = one
    return sorted(found.values(), key=lambda one: (one.when, one.name), reverse=True)


def _tells(one: Given) -> tuple[bool, int, str]:
    return bool(one.who and one.when), len(versions_of(one)), one.when


def versions_of(one: Given) -> dict[str, str]:
    """Return the commits, in short, that a name is said to bear, by ``code`` or the table of a repo."""
    return dict(_VERSION.findall(one.versions))


def agrees(one: Given, versions: Mapping[str, str]) -> bool:
    """Tell whether what is said of a name is said of these commits, given in full; of others it may say more."""
    return all(versions[what].startswith(said) for what, said in versions_of(one).items() if versions.get(what))


def _front_matter(about: About, subject: Subject) -> str:
    import yaml

    values: dict[str, object] = {"pretty_name": f"{about.title or subject.repo}: {subject.table}"}
    if about.license:
        values["license"] = about.license
    values["tags"] = ["hublab", subject.table]
    return f"---\n{yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=1000)}---"


def _folders(subject: Subject) -> str:
    rows = [[_light(folder), _HOLDS.get(folder, "")] for folder in subject.folders]
    return markdown.table(["folder", "what it holds"], rows)


def _made(about: About, subject: Subject) -> str:
    code = markdown.link(about.code.removeprefix("https://"), about.code) if "://" in about.code else ""
    code = code or _light(about.code)
    others = ", ".join(markdown.link(other, f"/datasets/{other}") for other in subject.others)
    if not subject.per_member:
        used = f" What is made of them is in {others}." if others else ""
        where = f" The code, {code}, says where they come from and what uses them." if code else ""
        return f"The team puts them here as they are.{where}{used}"
    by = f" by the code, {code}," if code else ""
    source = f" from {others}" if others else ""
    return (
        f"They were made{by}{source}. `main` is what the team has reviewed; each member has a branch. How a file was "
        "made (rule, parameters, code and inputs, each with its hash) is recorded in `.provenance`: `just which FILE` "
        "in the project tells it, of any copy too."
    )


def _names(names: Iterable[Given]) -> str:
    cells = ((_light(one.name), _light(one.when), markdown.text(one.who), _light(one.versions)) for one in names)
    rows = [[cell or _NONE for cell in row] for row in cells]
    return markdown.table(["name", "when (UTC)", "by", "versions"], rows) if rows else "None yet."


def _citation(about: About, subject: Subject) -> str:
    if about.citation:
        return _light(about.citation)
    owner = subject.repo.partition("/")[0]
    title = _light(about.title or subject.repo)
    return (
        f"{_light(owner)}: {title}, {_light(subject.table)}. Hugging Face dataset "
        f"{_light(subject.repo)}, and the name or the commit of the version that you used."
    )


def _license(about: About, subject: Subject) -> str:
    if about.license:
        return f"{_light(about.license)}."
    return f"None is given. Ask {_light(subject.repo.partition('/')[0])} before you use the data elsewhere."


def _light(value: str) -> str:
    """Return what the lab itself wrote as one line that is no markup, and still can be read in an editor."""
    line = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", visible(" ".join(value.split())))
    return f"&#{ord(line[0])};{line[1:]}" if line[:1] in ("#", "-", "+", "=", "~") else line


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
