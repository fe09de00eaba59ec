"""Commands, options, messages and exit codes. The work of each is done in a wing below."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from labdata.cli.console import Console, fitted
from labdata.core import hints, words
from labdata.core.errors import EXIT_FAILED, LabdataError
from labdata.hub import notices
from labdata.workspace import opened

Command = TypeVar("Command", bound=Callable[..., Any])


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; returns its exit code: 0 done, 1 failed, 2 usage, 3 conflict."""
    arguments = sys.argv[1:] if arguments is None else arguments
    end = arguments.index("--") if "--" in arguments else len(arguments)
    # What stands behind -- is another program's.
    arguments, others = arguments[:end], arguments[end:]
    debug, Console.lists_all = "--debug" in arguments, "--all" in arguments
    arguments = [argument for argument in arguments if argument not in ("--debug", "--all")] + others
    notices.listen(Console().warn)
    try:
        # A command that ends with a code of its own gives it back.
        code = cli.main(arguments, "labdata", standalone_mode=False)
    except click.exceptions.Abort:
        return _stopped(debug)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LabdataError as error:
        for line in Console.lines(error.files, list):
            click.echo(f"  {words.escaped(line)}", err=True)
        return _failed(error.message, error.hint, debug, error.exit_code)
    except OSError as error:
        return _failed(_of_the_system(error), hints.MEND_THAT, debug, EXIT_FAILED)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches a user unasked
        if was_stopped(error):
            return _stopped(debug)
        kind = type(error).__name__
        return _failed(f"labdata met something it does not know ({kind}: {error}).", hints.REPORT, debug, EXIT_FAILED)
    return code if isinstance(code, int) else 0


def was_stopped(error: BaseException | None) -> bool:
    """Tell whether an error began as Ctrl-C: while a class is made, Python 3.11 wraps that in an error of its own."""
    return error is not None and (isinstance(error, KeyboardInterrupt) or was_stopped(error.__cause__))


def _stopped(debug: bool) -> int:
    return _failed("Stopped. Run the same command again to go on.", "", debug, 130)


def _failed(message: str, hint: str, debug: bool, code: int) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    click.echo(click.style(fitted(message, err=True), fg="red"), err=True)
    if hint:
        click.echo(fitted(hint, err=True), err=True)
    return code


def _of_the_system(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"The computer refused: {error.strerror or error}{where}. What was not finished was left as it was."


def open_project(*, quiet: bool = False, writing: bool = True) -> Any:
    """Open the project around the current folder (see ``workspace.opened``); ``quiet`` keeps all but warnings back."""
    return opened(Path.cwd(), Console(quiet=quiet), writing=writing)


COMMANDS = {
    "branch": "review",
    "cache-clear": "project",
    "config": "project",
    "diff": "sync",
    "doctor": "doctor",
    "files": "review",
    "get": "sync",
    "get-at": "naming",
    "job-script": "pipeline",
    "log": "review",
    "migrate-from-s3": "migrate",
    "onboard": "onboard",
    "pr": "pull_requests",
    "put": "sync",
    "recycle": "recycle",
    "reproduce": "reproduce",
    "review": "review_data",
    "run": "pipeline",
    "setup": "project",
    "status": "sync",
    "storage": "storage",
    "tag": "naming",
    "tag-list": "naming",
    "today": "today",
    "undo": "sync",
    "update": "update",
    "verify": "sync",
    "which": "which",
}
"""The module of this folder in which each command is."""


class Commands(click.Group):
    """The commands, each imported when it is asked for: to import them all takes longer than some of them take."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; ``None`` where there is none of that name."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            import_module(f"labdata.cli.{COMMANDS[cmd_name]}")
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="With any command: --all lists in full, --debug shows where an error comes from.",
)
def cli() -> None:
    """Download a project's data from the Hub and publish it back. The Justfile's recipes call this."""


def dry_run_option(command: Command) -> Command:
    """Give a command ``-n/--dry-run``."""
    return click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing.")(command)
