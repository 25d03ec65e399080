"""`cloud-discovery hunt` and `device`: questions to the raw events."""

from __future__ import annotations

import typer

from etl.commands.context import not_yet


def add_to(app: typer.Typer) -> None:
    """Add these commands to the program."""
    not_yet(app, "hunt", "search the raw events by app, device or KQL query")
    not_yet(app, "device", "show one device: its apps, users, addresses and risk")
