"""`cloud-discovery tag` and `block-list`: decide about apps, and act on it."""

from __future__ import annotations

import typer

from etl.commands.context import not_yet


def add_to(app: typer.Typer) -> None:
    """Add these commands to the program."""
    not_yet(app, "tag", "mark an app sanctioned, unsanctioned or monitored")
    not_yet(app, "block-list", "write the hosts of unsanctioned apps in the syntax of a proxy or firewall")
