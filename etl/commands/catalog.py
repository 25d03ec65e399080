"""`cloud-discovery catalog …`: look up hosts and apps, see what the catalog holds, import into it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.commands.context import Json, settings, write_json
from etl.terminal import words

if TYPE_CHECKING:
    from etl.catalog.custom import Changed

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


Category = Annotated[str | None, typer.Option(help="One of the catalog's categories, as `catalog stats` lists them.")]
Score = Annotated[float | None, typer.Option(min=0, max=10, help="A score of your own: 0 to 10, ten is safe.")]
Note = Annotated[str | None, typer.Option(help="Why.")]


@app.command("add")
def add(
    host: Annotated[str, typer.Argument(help="A host or domain that is in no app.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    category: Category = None,
    vendor: Annotated[str | None, typer.Option(help="Who offers it.")] = None,
    score: Score = None,
    note: Note = None,
    is_exact: Annotated[bool, typer.Option("--exact", help="This very host, not its registrable domain.")] = False,
    as_json: Json = False,
) -> None:
    """Make an uncatalogued domain an app of your own, in catalog/own.toml."""
    from etl.catalog import custom

    values = {"category": category, "vendor": vendor, "score": score, "note": note}
    _tell(custom.add(settings(), host, name, is_exact=is_exact, **values), as_json)


@app.command("override")
def override(
    name: Annotated[str, typer.Argument(metavar="APP", help="The id, the name or a domain of an app.")],
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    category: Category = None,
    score: Score = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Change an app's name, category or score for yourself, in catalog/own.toml."""
    from etl.catalog import custom

    done = custom.override(settings(), name, name=new_name, category=category, score=score, note=note)
    _tell(done, as_json)


@app.command("alias")
def alias(
    host: Annotated[str, typer.Argument(metavar="DOMAIN", help="A domain that belongs to an app.")],
    name: Annotated[str, typer.Argument(metavar="APP", help="The id, the name or a domain of the app.")],
    as_json: Json = False,
) -> None:
    """Give a domain to an app, in catalog/own.toml."""
    from etl.catalog import custom

    _tell(custom.alias(settings(), host, name), as_json)


@app.command("uncatalogued")
def uncatalogued(
    period: Annotated[
        str, typer.Option(metavar="7d|30d|FROM..TO", help="Counted back from the latest day with data.")
    ] = "30d",
    order: Annotated[
        str, typer.Option("--by", metavar="all|traffic|users|novelty", help="What comes first; all: what leads any.")
    ] = "all",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """Rank the domains that are in no app by traffic, users and novelty, with what their names tell."""
    from etl.catalog.present import uncatalogued_lines
    from etl.catalog.uncatalogued import uncatalogued as found

    rows = found(settings(), period, order, limit)
    write_json([asdict(row) for row in rows]) if as_json else words(uncatalogued_lines(rows))


def _tell(done: Changed, as_json: bool) -> None:
    write_json(asdict(done)) if as_json else words([done.sentence])


@app.command("recognition")
def recognition(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Logs, plain or compressed (default: the warehouse)."),
    ] = None,
    period: Annotated[
        str,
        typer.Option(metavar="7d|30d|FROM..TO", help="Of the warehouse: counted back from the latest day with data."),
    ] = "7d",
    misses: Annotated[int, typer.Option(min=0, max=10_000, help="How many of the largest misses to show.")] = 50,
    as_json: Json = False,
) -> None:
    """Say how many of the events that bear a host name are recognised as an app or as not an app, and what is missed most."""
    from etl.catalog import recognition as measure
    from etl.catalog.present import recognition_lines

    configured = settings()
    found = list(measure.of_files(configured, files)) if files else measure.of_warehouse(configured, period)
    together = measure.total(found, misses)
    if as_json:
        write_json([{**asdict(one), "share": one.share} for one in (*found, together)])
    else:
        words(recognition_lines(found, together))
