"""`cloud-discovery format …`: list log formats, propose one from a sample, test them against their samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl import settings as configuration
from etl.commands.context import Json, settings, write_json
from etl.terminal import table, words

app = typer.Typer(help="Log formats: list them, propose one from a sample, test them.", no_args_is_help=True)


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


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The new format's id: small letters, digits and _.")],
    sample: Annotated[Path, typer.Option("--from", exists=True, dir_okay=False, help="A log, plain or compressed.")],
    out: Annotated[
        Path | None, typer.Option("--out", file_okay=False, help="Folder of your formats. Default: [paths] formats.")
    ] = None,
) -> None:
    """Propose a format from a sample: its format.toml, the first lines and what is made of them.

    What was guessed is marked in the file. Nothing is loaded; the guide is docs/custom-formats.md.
    """
    from etl.intake.proposing import propose
    from etl.intake.proposing.present import shown

    configured = settings()
    folder = out or configured.formats_folder or configured.home / configuration.OWN_FORMATS
    words(shown(propose(name, sample, folder, configured.intake)))
    if folder.resolve() != (configured.formats_folder or folder / "none").resolve():
        words([f'The folder is not read yet: write formats = "{folder}" under [paths] in cloud-discovery.toml.'])


@app.command("test")
def test(
    folders: Annotated[
        list[Path], typer.Argument(exists=True, file_okay=False, help="A format's folder, or a folder of formats.")
    ],
    write: Annotated[
        bool, typer.Option("--write", help="Accept what is found as expected. Read the difference first.")
    ] = False,
) -> None:
    """Run a format's samples against their expected results."""
    from etl.intake.golden import report

    lines, agreed = report([folder.resolve() for folder in folders], accept=write)
    words(part for line in lines for part in line.split("\n"))
    if not agreed:
        raise typer.Exit(1)
