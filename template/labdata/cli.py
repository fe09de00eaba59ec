"""Commands, options, messages and exit codes. What each command does is in the room named after it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from labdata import console as words
from labdata.console import Console
from labdata.errors import EXIT_FAILED, ConflictError, LabdataError
from labdata.workspace import Workspace, opened

if TYPE_CHECKING:
    from labdata.recycle import Kept

Command = TypeVar("Command", bound=Callable[..., Any])


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; returns its exit code: 0 done, 1 failed, 2 usage, 3 conflict."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    try:
        cli.main([argument for argument in arguments if argument != "--debug"], "labdata", standalone_mode=False)
    except click.exceptions.Abort:
        return _failed("Stopped. Run the same command again to go on.", "", debug, 130)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except LabdataError as error:
        for line in error.files[: words.SHOWN]:
            click.echo(f"  {line}", err=True)
        if len(error.files) > words.SHOWN:
            click.echo(f"  … and {len(error.files) - words.SHOWN} more", err=True)
        return _failed(error.message, error.hint, debug, error.exit_code)
    except OSError as error:
        return _failed(_of_the_system(error), "Mend that, then run the same command again.", debug, EXIT_FAILED)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches a user unasked
        kind = type(error).__name__
        hint = "Run it again with --debug and send what it prints to whoever looks after the project."
        return _failed(f"labdata met something it does not know ({kind}: {error}).", hint, debug, EXIT_FAILED)
    return 0


def _failed(message: str, hint: str, debug: bool, code: int) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    click.echo(click.style(message, fg="red"), err=True)
    if hint:
        click.echo(hint, err=True)
    return code


def _of_the_system(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"The computer refused: {error.strerror or error}{where}. What was not finished was left as it was."


def _opened(*, quiet: bool = False, writing: bool = True) -> Any:
    return opened(Path.cwd(), Console(quiet=quiet), writing=writing)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Bring a project's data from the Hub and publish it back. The Justfile's recipes call this."""


@cli.command()
def setup() -> None:
    """Make the repos, my branch and .env where they are missing."""
    from labdata.setup import setup as run_setup

    with _opened() as workspace:
        run_setup(workspace)


def _dry_run(command: Command) -> Command:
    return click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing.")(command)


def _sides(command: Command) -> Command:
    command = click.option("--mine", multiple=True, metavar="PATTERN", help="In a conflict, keep my files.")(command)
    return click.option("--theirs", multiple=True, metavar="PATTERN", help="In a conflict, take the Hub's.")(command)


@cli.command()
@click.argument("name")
@click.argument("parts", nargs=-1)
@click.option("--for", "run_path", metavar="RUN_PATH", help="Only one analysis: data/processed/RUN_PATH.")
@click.option("--from", "branch", metavar="BRANCH", help="Look at a teammate's branch.")
@click.option("--at", "revision", metavar="REVISION", help="Look at a tag or commit.")
@click.option("--to", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Lay it into DIR, beside data/.")
@_sides
@click.option("--restore", multiple=True, metavar="PATTERN", help="Take the Hub's over what I changed or removed here.")
@_dry_run
def get(
    name: str,
    parts: tuple[str, ...],
    run_path: str | None,
    branch: str | None,
    revision: str | None,
    folder: Path | None,
    mine: tuple[str, ...],
    theirs: tuple[str, ...],
    restore: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Bring the Hub's news of a repo (inputs, results) into data/."""
    from labdata.sync import GetOptions, get_beside, get_version
    from labdata.sync import get as run_get

    if branch and revision:
        raise click.UsageError("--from and --at cannot be combined.")
    if restore and (branch or revision or folder):
        raise click.UsageError(
            "--restore takes what your own branch holds; it goes with neither --from, --at nor --to."
        )
    with _opened() as workspace:
        repo = workspace.settings.repo(name)
        options = GetOptions.of(_parts_of(parts, run_path), mine, theirs, dry_run, restore)
        if folder:
            get_beside(workspace, repo, branch or revision or "", folder, options)
        elif branch:
            get_version(workspace, repo, branch, f"branch {branch}", options)
        elif revision:
            get_version(workspace, repo, revision, f"version {revision}", options)
        else:
            run_get(workspace, repo, options)


def _parts_of(parts: tuple[str, ...], run_path: str | None) -> tuple[str, ...]:
    """Return the patterns of the parts that were named; an empty name is a slip, and must not mean everything."""
    if not all(part.strip() for part in parts) or (run_path is not None and not run_path.strip("/ ")):
        raise click.UsageError("The name of a part is empty: is a variable of the shell not set?")
    return (*parts, f"processed/{run_path.strip('/')}/**") if run_path else parts


@cli.command()
@click.argument("name")
@click.argument("parts", nargs=-1)
@click.option("--for", "run_path", metavar="RUN_PATH", help="Only one analysis: data/processed/RUN_PATH.")
@click.option("--main", "to_main", is_flag=True, help="Publish to main, without review (maintainers).")
@click.option("-m", "--message", default="", help="The commit's title.")
@click.option("--remove-many", is_flag=True, help="Yes, most of a folder is to go from the Hub.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_dry_run
def put(
    name: str,
    parts: tuple[str, ...],
    run_path: str | None,
    to_main: bool,
    message: str,
    remove_many: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Publish what changed in data/ to my branch, as one commit."""
    from labdata.names import Patterns
    from labdata.publish import PutOptions
    from labdata.publish import put as run_put

    with _opened() as workspace:
        options = PutOptions(Patterns(_parts_of(parts, run_path)), message, to_main, dry_run, remove_many, yes)
        run_put(workspace, workspace.settings.repo(name), options)


@cli.group()
def branch() -> None:
    """Branches of the results repo."""


@branch.command("create")
@click.argument("name", default="")
def branch_create(name: str) -> None:
    """Create my branch (or the one named) at main."""
    from labdata.review import create_branch

    with _opened() as workspace:
        create_branch(workspace, _results(workspace), name)


@branch.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def branch_list(as_json: bool) -> None:
    """List the branches with their newest commit."""
    from labdata.review import list_branches

    with _opened(writing=False) as workspace:
        rows = list_branches(workspace, _results(workspace))
        if as_json:
            click.echo(json.dumps(rows))
            return
        workspace.console.rows([[_mark(row), *_line(row, "name"), str(row["title"])] for row in rows])


def _mark(row: dict[str, object]) -> str:
    return "*" if row["mine"] else " "


def _line(row: dict[str, object], *first: str) -> list[str]:
    return [*(str(row[key]) for key in first), str(row["commit"])[:8], str(row["date"])[:16].replace("T", " ")]


@cli.group()
def pr() -> None:
    """Pull requests from my branch to main."""


@pr.command("create")
@click.argument("message", default="Merge results")
@click.option("--yes", is_flag=True, help="Also where a push to your branch was cut off.")
@_dry_run
def pr_create(message: str, yes: bool, dry_run: bool) -> None:
    """Propose my branch, as it is on the Hub, to main."""
    from labdata.review import create_pull_request

    with _opened() as workspace:
        create_pull_request(workspace, _results(workspace), message, dry_run=dry_run, unfinished=yes)


@cli.command()
@click.option("--main", is_flag=True, help="Of main instead of my branch.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def log(main: bool, as_json: bool) -> None:
    """Show the newest commits, with the code and inputs that they name."""
    from labdata.review import log as run_log

    with _opened(quiet=as_json, writing=False) as workspace:
        rows = run_log(workspace, _results(workspace), main=main)
        if as_json:
            click.echo(json.dumps(rows))
            return
        workspace.console.rows([[*_line(row), str(row["author"]), str(row["title"]), _origin(row)] for row in rows])


def _origin(row: dict[str, object]) -> str:
    repo, _at, rest = str(row.get("code", "")).partition("@")
    return f"code {repo}@{rest[:7]}{' (dirty)' if 'dirty' in rest else ''}" if rest else ""


@cli.command()
@click.argument("name")
@click.option("--main", is_flag=True, help="Tag main instead of my branch.")
@click.option("--yes", is_flag=True, help="Also where a push to it was cut off.")
def tag(name: str, main: bool, yes: bool) -> None:
    """Name the newest commit of my branch for good, e.g. paper-v1."""
    from labdata.review import tag as run_tag

    with _opened() as workspace:
        run_tag(workspace, _results(workspace), name, main=main, unfinished=yes)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def files(as_json: bool) -> None:
    """List the results on the Hub: my branch, or main where I have none."""
    from labdata.review import list_files

    with _opened(quiet=as_json) as workspace:
        found = list_files(workspace, _results(workspace))
        if as_json:
            click.echo(json.dumps({path: content.size for path, content in found.items()}))
            return
        workspace.console.rows([[path, words.size(content.size)] for path, content in found.items()])
        total = words.size(sum(content.size for content in found.values()))
        workspace.console.say(f"{words.number(len(found), 'file')}, {total}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def config(as_json: bool) -> None:
    """Show the settings in force: repos, branch, Hub."""
    import os

    with _opened(quiet=as_json, writing=False) as workspace:
        settings = workspace.settings
        values = {"HF_ORG": settings.org, "HF_PROJECT": settings.project}
        values |= {f"HF_{name.upper()}_REPO": repo.id for name, repo in settings.repos.items()}
        values |= {
            "HF_BRANCH": workspace.branch,
            "HF_ENDPOINT": workspace.hub.endpoint,
            "CORES": os.environ.get("CORES", "all"),
        }
        if as_json:
            click.echo(json.dumps(values))
            return
        workspace.console.rows([[name, value] for name, value in values.items()])


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(as_json: bool) -> None:
    """Show what is mine, what is theirs, what is in conflict, and where I am."""
    from dataclasses import asdict
    from functools import partial

    from labdata.abreast import abreast
    from labdata.status import Status, show
    from labdata.status import status as run_status

    def look(name: str) -> Status:
        with _opened(quiet=as_json, writing=False) as workspace:
            found = run_status(workspace, workspace.settings.repo(name))
            workspace.keep_learned()
            return found

    with _opened(quiet=as_json, writing=False) as workspace:
        names = list(workspace.settings.repos)
    found = abreast([partial(look, name) for name in names])
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
        return
    for one in found:
        show(workspace.console, one)


@cli.command()
@click.argument("revision", default="")
@click.option("--repo", "name", default="results", show_default=True, help="Which repo.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def diff(revision: str, name: str, as_json: bool) -> None:
    """Compare data/ with a version on the Hub: my branch, or the one named."""
    from labdata.status import diff as run_diff

    with _opened(quiet=as_json, writing=False) as workspace:
        rows = run_diff(workspace, workspace.settings.repo(name), revision)
        workspace.keep_learned()
        if as_json:
            click.echo(json.dumps([{"kind": k, "path": p, "there": a, "here": b} for k, p, a, b in rows]))
            return
        shown = [[kind, f"data/{path}", _change_of(before, after)] for kind, path, before, after in rows]
        workspace.console.rows(shown)
        workspace.console.say(f"{words.number(len(rows), 'difference')}")


def _change_of(before: int, after: int) -> str:
    return f"{words.size(before)} → {words.size(after)}" if before and after else words.size(before or after)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def verify(as_json: bool) -> None:
    """Read all data again and compare it with the Hub's hashes."""
    from dataclasses import asdict

    from labdata.verify import verify as run_verify

    with _opened(quiet=as_json) as workspace:
        found = {repo.name: run_verify(workspace, repo) for repo in workspace.settings.repos.values()}
        workspace.keep_learned()
        if as_json:
            click.echo(json.dumps({name: asdict(one) for name, one in found.items()}))
        for name, one in found.items():
            workspace.console.say(f"{name}: {words.number(len(one.good), 'file')} as last synced with the Hub")
            workspace.console.rows([["changed here", f"data/{path}"] for path in one.changed], limit=words.SHOWN)
            workspace.console.rows([["missing here", f"data/{path}"] for path in one.missing], limit=words.SHOWN)
        damaged = [path for one in found.values() for path in one.damaged]
        if damaged:
            raise ConflictError(
                f"{words.number(len(damaged), 'file')} changed on this disk though nothing wrote them.",
                "Take the Hub's with --restore PATTERN after the get of that repo, and have the disk looked at.",
                [f"data/{path}" for path in damaged],
            )


@pr.command("merge")
@click.argument("number", type=int)
def pr_merge(number: int) -> None:
    """Accept a pull request into main (maintainers)."""
    from labdata.review import merge_pull_request

    with _opened() as workspace:
        merge_pull_request(workspace, _results(workspace), number)


@cli.command()
@_dry_run
def undo(dry_run: bool) -> None:
    """Take data/ back to before the last get."""
    from labdata.undo import undo as run_undo

    with _opened() as workspace:
        run_undo(workspace, dry_run=dry_run)


@cli.group()
def recycle() -> None:
    """What has made way: data/_recycle/."""


@recycle.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def recycle_list(as_json: bool) -> None:
    """List the files in data/_recycle/ and say which exist nowhere else."""

    from labdata.proof import Proof

    with _opened(quiet=as_json, writing=False) as workspace:
        proof = Proof(workspace)
        kept = list(workspace.recycle_bin.files(proof.holds))
        if not proof.reached:
            workspace.console.warn("The Hub could not be asked: what it holds too is not known now.")
        if as_json:
            listed = [{"stamp": f.stamp, "path": f.path, "size": f.size, "safe": f.safe} for f in kept]
            click.echo(json.dumps(listed))
            return
        elsewhere = "only here" if proof.reached else "not known"
        rows = [[f.stamp, f.path, words.size(f.size), "on the Hub" if f.safe else elsewhere] for f in kept]
        workspace.console.rows(rows)
        workspace.console.say(f"{words.number(len(kept), 'file')}, {words.size(sum(file.size for file in kept))}")


@recycle.command("restore")
@click.argument("patterns", nargs=-1, required=True)
@_dry_run
def recycle_restore(patterns: tuple[str, ...], dry_run: bool) -> None:
    """Bring files back from data/_recycle/ to their places, the newest of each."""
    from labdata.names import Patterns

    with _opened() as workspace:
        back, in_the_way = workspace.recycle_bin.restore(Patterns(patterns), dry_run=dry_run)
        workspace.console.rows([["would bring back" if dry_run else "back", f"data/{path}"] for path in back])
        if in_the_way:
            raise LabdataError(
                f"{words.number(len(in_the_way), 'file')} stayed in data/_recycle/: there is a file in its place.",
                "Move that one away, then run the command again.",
                [f"data/{path}" for path in in_the_way],
            )
        if not back:
            raise LabdataError(f"Nothing in data/_recycle/ matches {' '.join(patterns)}.", "See `just recycle-list`.")


@recycle.command("empty")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_dry_run
def recycle_empty(yes: bool, dry_run: bool) -> None:
    """Remove everything in data/_recycle/ for good."""
    from labdata.proof import Proof

    with _opened() as workspace:
        console, bin_ = workspace.console, workspace.recycle_bin
        kept = list(bin_.files(Proof(workspace).holds))
        size = words.size(sum(file.size for file in kept))
        if dry_run:
            console.say(f"would remove {words.number(len(kept), 'file')}, {size}; see `just recycle-list`")
            return
        only = [file for file in kept if not file.safe]
        if only and not yes:
            _ask_to_remove(console, only)
        removed = bin_.remove(kept)
        console.good(f"Removed {words.number(removed, 'file')} of {size} from data/_recycle/.")
        if removed < len(kept):
            raise LabdataError(
                f"{words.number(len(kept) - removed, 'file')} changed meanwhile and stayed in data/_recycle/.",
                "Look with `just recycle-list`, then run it again.",
            )


def _ask_to_remove(console: Console, files: Sequence[Kept]) -> None:
    shown = f"{words.number(len(files), 'file')} ({words.size(sum(file.size for file in files))})"
    where = f"{shown} in data/_recycle/ are, as far as can be found out, nowhere else"
    answer = console.confirm(f"{where}. Remove for good?")
    if answer is None:
        raise LabdataError(
            f"{where}. Nothing was removed.", "Look with `just recycle-list`; if they are to go: `--yes`."
        )
    if not answer:
        raise LabdataError("Nothing was removed.")


@cli.command("cache-clear")
def cache_clear() -> None:
    """Free disk space that the Hub's cache takes: old versions of all projects and models, and chunks."""
    from labdata.cache import clear
    from labdata.settings import apply_environment, find_root

    apply_environment(find_root(Path.cwd()))
    click.echo(f"Freed {words.size(clear())} of the Hub's cache.")


def _results(workspace: Workspace) -> Any:
    return workspace.settings.repo("results")
