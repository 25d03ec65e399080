"""`cloud-discovery catalog …`: look up hosts and apps, see what the catalog holds."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.commands.context import Json, settings, write_json
from etl.terminal import words

app = typer.Typer(help="The app catalog: look up hosts and apps, see what it holds.", no_args_is_help=True)


@app.command("lookup")
def lookup(
    name: Annotated[str, typer.Argument(metavar="HOST|APP", help="A host, a domain, or the name of an app.")],
    as_json: Json = False,
) -> None:
    """Say what a host or an app is, and how its risk score comes about."""
    from etl import catalog
    from etl.catalog.present import lookup_lines

    found = catalog.load(settings()).lookup(name)
    write_json(found.as_dict()) if as_json else words(lookup_lines(found))


@app.command("stats")
def stats(as_json: Json = False) -> None:
    """Count what the catalog holds."""
    from etl import catalog
    from etl.catalog.present import stats_lines

    found = catalog.load(settings()).stats()
    write_json(found) if as_json else words(stats_lines(found))
