"""`cloud-discovery tag` and `block-list`: decide about apps, and act on it."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.commands.context import Json, settings, write_json
from etl.terminal import table, words

if TYPE_CHECKING:
    from etl.governance.deciding import Decided

LATER = "Reports show it after the next night, or now: cloud-discovery build, publish, report. Logs are not read again."


def add_to(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command("tag")(tag)
    app.command("block-list")(block_list)


def tag(
    app: Annotated[str, typer.Argument(metavar="[APP]", help="A name, an id or a host.", show_default=False)] = "",
    status: Annotated[str, typer.Argument(metavar="[sanctioned|unsanctioned|monitored|none]", show_default=False)] = "",
    note: Annotated[str, typer.Option(help="Why; goes into reports and block lists.")] = "",
    by: Annotated[str, typer.Option(help="Who decided (default: who runs this).", show_default=False)] = "",
    label: Annotated[list[str] | None, typer.Option(help="Add a label of your own; may be given again.")] = None,
    unlabel: Annotated[list[str] | None, typer.Option(help="Take a label off.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Many decisions: a CSV file with the columns app, tag and note.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show what holds now (of APP, or of all).")] = False,
    history: Annotated[bool, typer.Option("--history", help="Show all decisions (about APP, or all).")] = False,
    as_json: Json = False,
) -> None:
    """Decide about an app: sanctioned, unsanctioned, monitored or none. The last decision holds, the history stays.

    Unsanctioned apps are on the block lists, and every access to them is an alert.
    """
    from etl.governance.deciding import Wanted, decide, read_bulk

    if show or history:
        _show(app, history, as_json)
        return
    given = [status] if status else []
    given += [f"label:{name}" for name in label or []] + [f"unlabel:{name}" for name in unlabel or []]
    if bool(file) == bool(app) or (app and not given) or (file and given):
        raise typer.BadParameter("expected APP with a tag or a label, or --file, or --list, or --history")
    wanted = read_bulk(file) if file else [Wanted(app, one, note) for one in given]
    decided = decide(settings(), wanted, by or _me(), "bulk" if file else "command")
    if as_json:
        answers = [one.as_dict() for one in decided]
        write_json(answers[0] if app and len(answers) == 1 else answers)
        return
    words([*(_sentence(one) for one in decided), LATER])
    for warning in dict.fromkeys(warning for one in decided for warning in one.warnings):
        sys.stderr.write(f"warning: {warning}\n")


def block_list(
    device: Annotated[str, typer.Option("--for", metavar="DEVICE", help="The device; --list names all.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="File, or existing folder (default: standard output).")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the devices.")] = False,
    as_json: Json = False,
) -> None:
    """Write the domains of unsanctioned apps exactly as a device takes them.

    What such a list leaves open, or hits besides, is said on standard error.
    """
    from etl.governance import block_lists

    if show or not device:
        known = block_lists.devices()
        if as_json:
            write_json(
                [{"device": name} | one.model_dump(include={"title", "use", "file"}) for name, one in known.items()]
            )
        else:
            words(
                table(("device", "what it is", "what to do with it"), [(n, d.title, d.use) for n, d in known.items()])
            )
        if not show:
            raise typer.BadParameter("expected --for DEVICE, one of those listed")
        return
    made = block_lists.block_list(settings(), device)
    for warning in made.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    paths = block_lists.save(made, out) if out else []
    if as_json:
        told = {"device": device, "domains": made.domains, "warnings": made.warnings}
        write_json(told | ({"files": [str(path) for path in paths]} if out else {"texts": made.files}))
    elif out:
        words([f"{made.domains:,} domains → {', '.join(str(path) for path in paths)}"])
    else:
        sys.stdout.write(block_lists.only_text(made))


def _sentence(one: Decided) -> str:
    before = f", was {one.was}" if one.was and ":" not in one.entry.tag else ""
    why = f" ({one.entry.note})" if one.entry.note else ""
    return f"{one.app_name}: {one.entry.tag}{before}, by {one.entry.by}{why}"


def _show(app: str, history: bool, as_json: bool) -> None:
    from etl import catalog
    from etl.governance import tags
    from etl.governance.deciding import app_id_of, told

    configured = settings()
    app_id = app_id_of(catalog.load(configured), app) if app else None
    rows: list[dict[str, str | None]]
    if history:
        entries = tags.history(configured, app_id)
        rows = [asdict(one) | {"at": told(one.at), "note": one.note or None} for one in entries]
    else:
        holding = [one for one in tags.current(configured).values() if app_id in (None, one.app_id)]
        rows = [asdict(one) | {"at": told(one.at), "labels": " ".join(one.labels) or None} for one in holding]
    if as_json:
        write_json(rows)
    elif rows:
        words(table(list(rows[0]), [[cell or "" for cell in row.values()] for row in rows]))
    else:
        words(["nothing decided yet"])


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "unknown"
