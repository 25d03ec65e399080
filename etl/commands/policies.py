"""`cloud-discovery policy …`: which policies there are, what they would match."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from etl.commands.context import Json, settings, write_json
from etl.terminal import table, words

app = typer.Typer(help="Policies: what they say, what they would have matched.", no_args_is_help=True)
MOST_SHOWN = 20  # matches of a policy on a terminal; --json has them all


@app.command("list")
def show(as_json: Json = False) -> None:
    """List the policies of the configuration, and those of their words that nothing is behind."""
    from etl.governance.policies.words import all_warnings

    configured = settings()
    warnings = all_warnings(configured)
    if as_json:
        write_json([one.model_dump(mode="json", exclude_defaults=False) for one in configured.policies])
    elif not configured.policies:
        words(["no policies: add [[policies]] to cloud-discovery.toml; docs/policies.md has templates and examples"])
    else:
        rows = [
            (
                one.name,
                one.template,
                one.severity,
                " ".join(one.actions),
                one.once_per,
                "yes" if one.is_enabled else "no",
            )
            for one in configured.policies
        ]
        words(table(("policy", "template", "severity", "actions", "once per", "enabled"), rows))
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")


@app.command("preview")
def preview(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Policies (default: all).")] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days back from the latest day with facts.")] = 30,
    as_json: Json = False,
) -> None:
    """Show what policies would have matched. Stores nothing, tags nothing, mails nothing.

    A policy that is not enabled can be previewed, too. Build first: what is looked at are the facts of the last build, not logs.
    """
    from etl import pipeline
    from etl.governance.policies.preview import preview as look

    configured = settings()
    found = look(configured, pipeline.lake_of(configured), names or (), days)
    if as_json:
        answer = [{"policy": name, "matches": rows} for name, rows in found.matches.items()]
        write_json({"first_day": found.first_day, "last_day": found.last_day, "policies": answer})
        return
    if found.last_day is None:
        words(["no facts yet: run cloud-discovery intake and build first"])
        return
    for name, rows in found.matches.items():
        held = sum(not row["acts"] for row in rows)
        beyond = f", {held} of them beyond the daily cap" if held else ""
        words(
            [
                f"{name}: {len(rows)} {'match' if len(rows) == 1 else 'matches'} from {found.first_day} to {found.last_day}{beyond}"
            ]
        )
        if rows:
            words([f"  {line}" for line in table(COLUMNS, [_cells(row) for row in rows[:MOST_SHOWN]])])
        if len(rows) > MOST_SHOWN:
            words([f"  … and {len(rows) - MOST_SHOWN} more; --json shows all"])
    if not found.matches:
        words(["no policies: add [[policies]] to cloud-discovery.toml; docs/policies.md has templates and examples"])


COLUMNS = ("day", "app", "users", "devices", "transactions", "traffic", "uploaded", "first seen", "acts")


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    sizes = (_megabytes(row["total_bytes"]), _megabytes(row["uploaded_bytes"]))
    counts = (row["users"], row["devices"], row["transactions"])
    return (row["day"], row["app_name"], *counts, *sizes, row["first_seen_day"], "yes" if row["acts"] else "no")


def _megabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:,.1f} MB"
