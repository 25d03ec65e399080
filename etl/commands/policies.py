"""`cloud-discovery policy …`: what policies would match."""

from __future__ import annotations

import typer

from etl.commands.context import not_yet

app = typer.Typer(help="Policies: what they say, what they would have matched.", no_args_is_help=True)
not_yet(app, "preview", "show what a policy would have matched in the last 30 days")
