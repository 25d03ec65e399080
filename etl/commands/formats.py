"""`cloud-discovery format …`: list log formats, test them against their samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.commands.context import Json, settings, write_json
from etl.terminal import table, words

app = typer.Typer(help="Log formats: list them, test them against their samples.", no_args_is_help=True)


@app.command("list")
def show(as_json: Json = False) -> None:
    """List the formats that are known, with how sure we are of each."""
    from etl.intake.formats import available

    known = available(settings().formats_folder)
    if as_json:
        write_json(
            [
                {"id": spec.id, "title": spec.title, "vendor": spec.vendor, "confidence": spec.confidence}
                for spec in known.values()
            ]
        )
    else:
        words(
            table(
                ("format", "what it reads", "how sure"),
                [(spec.id, spec.title, spec.confidence) for spec in known.values()],
            )
        )


@app.command("test")
def test(
    folders: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Format folders.")],
    write: Annotated[
        bool, typer.Option("--write", help="Accept what is found as expected. Read the difference first.")
    ] = False,
) -> None:
    """Run a format's samples against their expected results."""
    from etl.intake.golden import main as golden

    raise typer.Exit(golden([*(str(folder) for folder in folders), *(["--write"] if write else [])]))
