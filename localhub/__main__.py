"""`python -m localhub serve`: the command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from localhub.api import faults
from localhub.api.accounts import Role


@click.group()
def main() -> None:
    """A Hugging Face Hub on this machine, for tests, the tour and practice. Not for real data."""


@main.command()
@click.option(
    "--root", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where everything is kept."
)
@click.option("--port", default=0, show_default="any free one", help="Port on 127.0.0.1.")
@click.option("--org", "orgs", multiple=True, default=["lab"], show_default=True, help="An organisation.")
@click.option(
    "--user",
    "users",
    multiple=True,
    required=True,
    help="NAME or NAME:ROLE, a member of every organisation; roles are read, write (the default) and admin.",
)
@click.option("--latency-ms", default=0, help="Wait so long before every answer, as a far-away Hub would.")
@click.option("--fail", "rules", multiple=True, help="A fault rule, e.g. status=503,route=commit,every=3; see README.")
@click.option("--stop-with-stdin", is_flag=True, help="Also stop when stdin ends, as it does when the parent dies.")
def serve(
    root: Path,
    port: int,
    orgs: tuple[str, ...],
    users: tuple[str, ...],
    latency_ms: int,
    rules: tuple[str, ...],
    stop_with_stdin: bool,
) -> None:
    """Serve a Hub on 127.0.0.1 and print one JSON line with its endpoint and tokens when it is ready."""
    try:
        accounts = dict(_account(user) for user in users)
        in_force = faults.Faults([faults.parse(rule) for rule in rules], latency_ms)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    # Imported late so that --help and mistakes are answered at once.
    from localhub import server

    try:
        server.serve(root, accounts, orgs, in_force, port=port, stop_with_stdin=stop_with_stdin)
    except sqlite3.OperationalError:
        reason = f"{root} is in use by another localhub; stop that one or choose another --root."
        raise click.ClickException(reason) from None
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used ({error.strerror}); choose another with --port."
        ) from None


def _account(text: str) -> tuple[str, Role]:
    name, separator, role = text.partition(":")
    return name, Role.parse(role) if separator else Role.WRITE


if __name__ == "__main__":
    main()
