"""`cloud-discovery catalog …`: look up hosts and apps, see what the catalog holds, import into it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from etl.commands.context import Json, settings, write_json
from etl.terminal import words

app = typer.Typer(help="The app catalog: look up, import, add, override.", no_args_is_help=True)


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


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="The folder of a clone that you have, or a file of it.")],
    kind: Annotated[str, typer.Option("--from", metavar="KIND", help="Which source it is; see below.")],
    as_json: Json = False,
) -> None:
    """Lay a public source beneath the catalog, and say what changed against the import before.

    KIND: twofactorauth, passkeys, lolrmm, shadowai, ssotax, v2fly, misp, hibp, or mdca (the CSV of discovered apps that Microsoft
    Defender for Cloud Apps exports: scores, categories and tags). Nothing is fetched. The shipped catalog wins over imports.
    """
    from etl.catalog import importing
    from etl.catalog.present import changes_lines

    found = importing.run(settings(), kind, path)
    write_json(asdict(found)) if as_json else words(changes_lines(found))
