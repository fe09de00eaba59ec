"""The command that moves a project's data from S3: migrate-from-s3."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labdata.cli import typed
from labdata.cli.app import cli, dry_run_option, open_project
from labdata.cli.outputs import require_place
from labdata.core import hints, words
from labdata.core.errors import ConflictError, LabdataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata.migration.migrate import Migration
    from labdata.workspace import Workspace


@cli.command("migrate-from-s3")
@click.argument("url", metavar="s3://BUCKET/PREFIX")
@click.option("--to", "folder", metavar="DIR", default="", help="The folder of data/ that PREFIX becomes, like raw/.")
@click.option("--main", "to_main", is_flag=True, help="Results too to main, not to your branch (maintainers).")
@click.option("--verify", "only_compare", is_flag=True, help="Compare bucket and Hub; send nothing.")
@click.option("--anonymous", is_flag=True, help="A public bucket, without credentials.")
@click.option("--requester-pays", is_flag=True, help="Yes, you pay for what is read.")
@click.option("--endpoint", metavar="URL", default="", help="An S3 other than AWS's (or set AWS_ENDPOINT_URL).")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Objects at once.")
@click.option("-m", "--message", default="", help="The title of the commits.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Where the report goes (CSV).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@dry_run_option
def migrate_from_s3(
    url: str,
    folder: str,
    to_main: bool,
    only_compare: bool,
    anonymous: bool,
    requester_pays: bool,
    endpoint: str,
    jobs: int,
    message: str,
    report: Path | None,
    yes: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Move what is below a prefix of an S3 bucket to the Hub, not by way of this disk."""
    from labdata.migration.bucket import Access
    from labdata.migration.migrate import Options, prepared
    from labdata.migration.model import LEFT_OUT, Source
    from labdata.migration.report import is_report, reasons

    report = typed.outside(report) if report else None
    if report:
        require_place(report, is_report, "--report")
    # Without the project's lock: this may take days, and moves nothing in data/.
    with open_project(quiet=as_json, writing=False) as workspace:
        to = typed.pattern(workspace.settings, folder).strip("/*") if folder else ""
        access = Access(anonymous, requester_pays, endpoint)
        where = report or _default_report(workspace)
        if not dry_run:
            require_place(where, is_report, "--report")
        options = Options(Source.parse(url), to, to_main, access, jobs, message)
        with prepared(workspace, options) as migration:
            if dry_run:
                _show_plan(workspace, migration, as_json=as_json)
                return
            if only_compare:
                _say_what_is_read(workspace, migration)
                _carry_out(migration, where, migration.compare)
                workspace.console.rows(reasons(migration.plan.of(LEFT_OUT)))
                _end(workspace, migration, where, as_json=as_json, verb="compared")
                return
            if not as_json:
                _show_plan(workspace, migration)
            if migration.plan.moves and not yes and workspace.console.confirm("Move them?") is False:
                raise LabdataError("Nothing was moved.", hints.S3_DRY_RUN)
            _carry_out(migration, where, migration.move)
            _end(workspace, migration, where, as_json=as_json, verb="moved")


def _default_report(workspace: Workspace) -> Path:
    return workspace.settings.root / "references" / f"migration-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"


def _say_what_is_read(workspace: Workspace, migration: Migration) -> None:
    """Say how much a comparison reads: all that was not read here before."""
    read = [move.item.size for share in migration.plan.shares for move in share.compare]
    if read:
        workspace.console.say(
            f"Reading {words.number(len(read), 'object')}, {words.size(sum(read))}, to compare by hash …"
        )


def _carry_out(migration: Migration, where: Path, work: Callable[[], None]) -> None:
    """Do the work; the report is written also of one that was broken off."""
    from labdata.migration import report

    try:
        work()
    except BaseException:
        with suppress(OSError):
            report.write(where, migration.plan, migration.outcomes)
        raise
    try:
        report.write(where, migration.plan, migration.outcomes)
    except OSError as error:
        raise LabdataError(
            f"The report could not be written to {where} ({error.strerror}). What was moved is on the Hub.",
            hints.other_file("--verify --report"),
        ) from error


def _show_plan(workspace: Workspace, migration: Migration, *, as_json: bool = False) -> None:
    from labdata.migration import report

    plan, console = migration.plan, workspace.console
    if as_json:
        click.echo(json.dumps(report.body(plan, plan.known)))
        return
    number = len(plan.known) + sum(len(share.send) + len(share.compare) for share in plan.shares)
    console.say(f"{plan.source.url}: {words.number(number, 'object')}, {words.size(plan.size)} to read")
    console.rows(report.planned(plan))
    if compared := sum(len(share.compare) for share in plan.shares):
        console.say(f"  {words.number(compared, 'file')} of the same size as on the Hub: read, and compared by hash")
    console.rows(report.counted(plan.known))
    console.rows(report.reasons(plan.known))
    for line in report.expected(plan, is_aws=migration.options.access.is_aws):
        console.say(f"  {line}")


def _end(workspace: Workspace, migration: Migration, where: Path, *, as_json: bool, verb: str) -> None:
    """Say what became of all objects; raises ``ConflictError`` where some are not on the Hub as in the bucket."""
    from labdata.migration import report
    from labdata.migration.model import LEFT_OUT
    from labdata.migration.report import UNDONE

    outcomes, console = migration.outcomes, workspace.console
    if as_json:
        click.echo(json.dumps(report.body(migration.plan, outcomes)))
    console.say(f"{migration.plan.source.url}: {verb}")
    console.rows(report.counted(outcomes))
    made = [
        f"{words.number(len(commits), 'commit')} to {name}" for name, commits in migration.commits.items() if commits
    ]
    if made:
        console.say(f"  {', '.join(made)}; {words.size(migration.new)} of large files were new to the Hub")
    if outcomes:
        console.say(f"The report: {where}")
    undone = [one for one in outcomes if one.what in UNDONE]
    if undone:
        raise ConflictError(
            f"{words.number(len(undone), 'object')} of {migration.plan.source.url} "
            f"{'is' if len(undone) == 1 else 'are'} not on the Hub as in the bucket. The bucket was only read.",
            hints.S3_UNDONE,
            words.aligned(report.reasons(undone)),
        )
    if left_out := [one for one in outcomes if one.what == LEFT_OUT]:
        console.say(
            f"All but what is left out is on the Hub as in the bucket ({words.number(len(left_out), 'object')})."
        )
    elif outcomes:
        console.good("Everything below the prefix is on the Hub as in the bucket.")
