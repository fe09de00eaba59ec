"""The command that makes published files again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labdata.cli import typed
from labdata.cli.app import cli, open_project
from labdata.cli.console import Console
from labdata.core import hints, words
from labdata.core.errors import FindingError, LabdataError

if TYPE_CHECKING:
    from labdata.provenance.reproduce import Outcome, Report
    from labdata.workspace import Workspace

_USUAL = 1e-9
_SAID = {
    "identical": "the same, byte for byte",
    "equal": "equal: no value and no pixel differs by more than noise",
    "different": "different",
}


@cli.command()
@click.argument("targets", nargs=-1, required=True, metavar="FILE|TAG…")
@click.option("--from-raw", is_flag=True, help="Also every step before, back to raw data.")
@click.option("--anyway", is_flag=True, help="Take the recorded commit though git did not have all of the code.")
@click.option("--keep", is_flag=True, help="Keep the folder in which it was made.")
@click.option(
    "--tolerance",
    default=_USUAL,
    type=float,
    show_default=True,
    help="By which share of its value a number may differ.",
)
@click.option("--cores", default=lambda: os.environ.get("CORES") or "all", help="As for Snakemake.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def reproduce(
    targets: tuple[str, ...],
    from_raw: bool,
    anyway: bool,
    keep: bool,
    tolerance: float,
    cores: str,
    as_json: bool,
) -> None:
    """Make a file, or all that a tag holds, again from the recorded code and inputs, and compare it.

    It is done in a folder of its own: data/, the branch and the code here stay as they are. Exits with 3 where
    something comes out different.
    """
    if not 0 <= tolerance < 1:
        raise click.BadParameter("it is a share: from 0 to below 1, as 0.01.", param_hint="--tolerance")
    try:
        from labdata.provenance.reproduce import Options, Reproduction
        from labdata.provenance.targets import Finder
        from labdata.provenance.which import Which

        with open_project(quiet=as_json, writing=False) as workspace:
            which = Which(workspace)
            asked = {one: typed.where(workspace.settings, one) for one in targets}
            found = Finder(workspace, which, anyway=anyway).find(asked, from_raw=from_raw)
            for line in found.refused:
                workspace.console.warn(f"Left out: {line}")
            report = Reproduction(workspace, which.sides, Options(cores, keep, tolerance)).run(found.files)
            page = _page(workspace, report)
            if as_json:
                click.echo(json.dumps(_data(report, found.refused, page, tolerance)))
            _tell(workspace, report, page, tolerance)
    except ModuleNotFoundError as error:
        raise LabdataError(
            f"It needs {error.name}, which this Python does not have. data/ was not touched.", hints.IN_ENVIRONMENT
        ) from error
    if report.is_different:
        count = sum(one.outcome == "different" for one in report.outcomes)
        of = words.number(len(report.outcomes), "file")
        raise FindingError(f"{count} of {of} came out different. data/ was not touched.", hints.COMPARE)


def _tell(workspace: Workspace, report: Report, page: Path | None, tolerance: float) -> None:
    console = workspace.console
    console.say()
    for line in Console.lines(report.outcomes, lambda some: [row for one in some for row in _lines(one, tolerance)]):
        console.say(line)
    if report.differs:
        console.say(f"The software is another than the recorded: {', '.join(report.differs)}")
    elif report.outcomes:
        console.say("The software is the recorded one.")
    for folder in report.kept:
        console.say(f"Kept: {folder}")
    if page is not None:
        console.say(f"Both beside each other: {page.as_uri()}")
    console.say("The verdict is noted; `just put-results` publishes it with your branch.")


def _lines(one: Outcome, tolerance: float) -> list[str]:
    said = _SAID[one.outcome]
    if one.outcome == "equal" and one.review is not None and one.review.table is not None and tolerance > _USUAL:
        said = f"equal: no number differs by more than {tolerance:g} of its value"
    lines = [f"  data/{one.file.path}: {said}"]
    told = [one.told, *(one.why if one.outcome != "identical" else ())]
    return lines + [f"      {line}" for line in told if line]


def _page(workspace: Workspace, report: Report) -> Path | None:
    """Write a page that shows both versions of what did not come out the same; returns where it is."""
    from labdata.compare.model import Finding, Review, Version
    from labdata.review.report.page import page

    files = [one.review for one in report.outcomes if one.review is not None]
    if not files:
        return None
    versions = Version("as published"), Version("made again")
    review = Review(workspace.settings.project, *versions, report.made, "", files)
    review.findings = [
        Finding("warning", f"{line}.", one.file.path, "reproduce") for one in report.outcomes for line in one.why
    ]
    review.facts = [("Code", ", ".join(sorted({one.file.commit for one in report.outcomes})))]
    review.facts += [("Software", ", ".join(report.differs) or "the recorded one")]
    where = workspace.private_folder / "reproduce" / f"{report.name}.html"
    where.write_text(page(review), encoding="utf-8")
    return where.resolve()


def _data(report: Report, refused: list[str], page: Path | None, tolerance: float) -> dict[str, object]:
    return {
        "files": [
            {
                "path": one.file.path,
                "outcome": one.outcome,
                "published": one.file.record.sha256,
                "made": one.made,
                "code": one.file.commit,
                "told": one.told,
                "why": one.why,
            }
            for one in report.outcomes
        ],
        "made_first": [
            {"name": name, "as_recorded": is_so} for one in report.remade for name, is_so in one.names.items()
        ],
        "tolerance": tolerance,
        "left_out": refused,
        "software": report.differs,
        "kept": [str(folder) for folder in report.kept],
        "page": str(page) if page else "",
    }
