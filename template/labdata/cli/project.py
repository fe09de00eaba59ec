"""Commands of the project: setup, config, cache-clear."""

from __future__ import annotations

import json
from pathlib import Path

import click

from labdata.cli.app import cli, open_project
from labdata.core import words


@cli.command()
@click.option("--join", is_flag=True, help="Also where the repos on the Hub seem to be another project's.")
def setup(join: bool) -> None:
    """Make the repos, your branch and .env where they are missing."""
    from labdata.onboarding.setup import setup as run_setup

    with open_project() as workspace:
        run_setup(workspace, join=join)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def config(as_json: bool) -> None:
    """Show the settings in force: repos, branch, Hub."""
    import os

    with open_project(quiet=as_json, writing=False) as workspace:
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


@cli.command("cache-clear")
def cache_clear() -> None:
    """Free disk space that the Hub's cache takes: old versions of all projects and models, and chunks."""
    from labdata.hub.cache import clear
    from labdata.local.environment import apply_environment
    from labdata.local.settings import find_root

    apply_environment(find_root(Path.cwd()))
    click.echo(f"Freed {words.size(clear())} of the Hub's cache.")
