"""What every command has: the configuration it was told to use, progress, and answers in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from etl import pipeline
from etl import settings as configuration
from etl.terminal import Console

Json = Annotated[bool, typer.Option("--json", help="Write JSON for a program instead of text for a person.")]


class _Chosen:
    config: Path | None = None


def choose(config: Path | None) -> None:
    """Remember the configuration file that the command line named."""
    _Chosen.config = config


def settings() -> configuration.Settings:
    """The configuration. Raises SettingsError."""
    return configuration.load(_Chosen.config)


@contextmanager
def progress_shown() -> Iterator[pipeline.Progress]:
    """Progress on the terminal, plain lines in a log."""
    with Console() as console:
        yield console.progress


def write_json(value: Any) -> None:
    """One JSON value and a line end on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def not_yet(app: typer.Typer, name: str, what: str) -> None:
    """A command of the contract that this version cannot serve: it says so and ends with status 1."""

    def refuse(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
        sys.stderr.write(
            f"cloud-discovery {name}: not there yet; it will {what}. See CHANGELOG.md for what each version can do.\n"
        )
        raise typer.Exit(1)

    refuse.__doc__ = f"Not there yet: will {what}."
    options = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command(name, context_settings=options)(refuse)
