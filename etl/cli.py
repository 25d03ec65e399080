"""The command `cloud-discovery`: everything that Airflow does, by hand, and the questions that people ask.

Exit status 0: the work was done. 1: something was refused (the message says what). 2: wrong usage.
Commands say what they do in one call each; the logic is in `etl.pipeline` and beneath.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from etl import pipeline, settings
from etl.commands import catalog, context, formats, governance, policies, questions
from etl.commands.context import Json, progress_shown, write_json
from etl.errors import CloudDiscoveryError
from etl.terminal import table, words

app = typer.Typer(
    name="cloud-discovery",
    help="Find shadow IT in the logs of endpoints, proxies, firewalls and gateways.\n\n"
    "Drop logs into drops/<source>/ and run `cloud-discovery nightly`. "
    "Every command explains itself with --help; those that a program may read take --json.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(catalog.app, name="catalog")
app.add_typer(formats.app, name="format")
app.add_typer(policies.app, name="policy")

Days = Annotated[list[str] | None, typer.Option("--day", metavar="YYYY-MM-DD", help="A UTC day; may be given again.")]


@app.callback()
def _options(
    config: Annotated[
        Path | None, typer.Option("--config", help="The configuration file (default: cloud-discovery.toml here).")
    ] = None,
) -> None:
    context.choose(config)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"found {text!r}; expected a day such as 2026-11-20") from None


@app.command()
def nightly(as_json: Json = False) -> None:
    """Do the whole night: intake, build, checks, publish, reports, e-mail.

    This is what the Airflow DAG does every night. Run it again at any time: what is done is not done twice.
    """
    from etl.summary import night_lines
    from reports import ahead
    from reports.nightly import render_and_send

    configured = context.settings()
    with progress_shown() as progress:
        night = pipeline.nightly(configured, render_and_send, progress, ahead.load)
    if as_json:
        write_json(asdict(night))
    else:
        words(night_lines(configured, night))


@app.command()
def demo(
    devices: Annotated[int, typer.Option(min=1, help="How many devices.")] = 300,
    users: Annotated[int, typer.Option(min=1, help="How many people.")] = 250,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days of drops.")] = 7,
    seed: Annotated[int, typer.Option(help="The same seed and last day give the same bytes.")] = 7,
    last_day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The last day (default: yesterday).")] = "",
    as_json: Json = False,
) -> None:
    """Write a week of drops of an invented organisation, with planted incidents, into the drops folder."""
    from etl import demo as demonstration

    configured = context.settings()
    day = _day(last_day) if last_day else None
    with progress_shown() as progress:
        written = demonstration.write(
            configured.folder("drops"),
            seed=seed,
            devices=devices,
            users=users,
            days=days,
            last_day=day,
            progress=progress,
        )
    noted = demonstration.record(configured, written)
    write_json(asdict(written)) if as_json else words([*written.lines(), *noted])


@app.command()
def intake(
    drops: Annotated[
        list[str] | None, typer.Argument(metavar="[DROP]...", help="Drops as source/file (default: all complete ones).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in what lies in drops/: every file ends as loaded, duplicate or quarantined, with a receipt."""
    configured = context.settings()
    with progress_shown() as progress:
        receipts = pipeline.intake(configured, drops or None, progress)
    if as_json:
        write_json([asdict(receipt) for receipt in receipts])
        return
    from etl.summary import receipt_lines

    words(receipt_lines(receipts))


@app.command()
def parse(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A log, plain or compressed.")],
    format_id: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="auto|ID|LOGFORMAT",
            help="The format; auto detects it. A text with % is a Squid logformat line: '%ts.%03tu %>a %Ss/%03>Hs %<st %rm %ru'.",
        ),
    ] = "auto",
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="IANA zone of times that name none.")] = "UTC",
    received_at: Annotated[
        str,
        typer.Option(metavar="ISO8601", help="When the file was received: decides the year where the log has none."),
    ] = "",
) -> None:
    """Show what a format makes of a file: one JSON object per record, in order.

    {"record": 1, "outcome": "event", "format": …, "event": {…}}, or "skip" or "reject" with a "reason".
    Nothing is stored. Instants are ISO 8601 UTC with Z; what is unknown is null.
    """
    from etl.intake.answers import answers
    from etl.intake.formats import available

    configured = context.settings()
    settings.zone(timezone)
    received = settings.instant(received_at) if received_at else None
    known = available(configured.formats_folder)
    for answer in answers(file, known, format_id, timezone, received, configured.intake):
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


@app.command()
def build(
    day: Days = None,
    everything: Annotated[bool, typer.Option("--all", help="Build every day again.")] = False,
    as_json: Json = False,
) -> None:
    """Build the models for days whose events have changed (or for the days given, or for all)."""
    configured = context.settings()
    days = [_day(text) for text in day] if day else None
    with progress_shown() as progress:
        built = pipeline.build(configured, days, everything=everything, progress=progress)
        pipeline.check(configured, days)
    if as_json:
        write_json([asdict(one) for one in built])
    else:
        words(
            table(
                ("model", "days built", "rows", "seconds"),
                [(b.model, len(b.days), b.rows, f"{b.seconds:.1f}") for b in built],
            )
        )


@app.command()
def publish(as_json: Json = False) -> None:
    """Bring the warehouse up to the lake. Readers see the old tables or the new ones, never a part."""
    published = pipeline.publish(context.settings())
    write_json(asdict(published)) if as_json else words(published.lines())


@app.command()
def report(
    period: Annotated[
        str, typer.Option(metavar="7d|30d|90d|FROM..TO", help="Counted back from the latest day with data.")
    ] = "",
    source: Annotated[list[str] | None, typer.Option("--source", help="Only this source; may be given again.")] = None,
    formats: Annotated[str, typer.Option("--format", metavar="html,pdf,csv", help="What to write.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder (default: the configured output folder).")] = None,
    as_json: Json = False,
) -> None:
    """Render the Cloud Discovery report from the warehouse: HTML site, executive PDF, CSV exports."""
    from reports.nightly import render

    configured = context.settings()
    with progress_shown() as progress:
        rendered = render(configured, period, source, formats, out, progress)
    write_json([asdict(one) for one in rendered]) if as_json else words(
        [f"{one.format:5} {one.path}" for one in rendered]
    )


@app.command()
def export(
    name: Annotated[
        str, typer.Argument(metavar="TABLE", help="A published table: fct_usage_daily, dim_apps, uploads, …")
    ],
    period: Annotated[
        str, typer.Option(metavar="7d|30d|90d|FROM..TO", help="Only these days (tables with a day).")
    ] = "",
    format_id: Annotated[str, typer.Option("--format", metavar="csv|parquet|jsonl", help="How to write it.")] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write (default: standard output; not for parquet).")
    ] = None,
) -> None:
    """Write a published table in full."""
    from reports.exports import export_table

    rows = export_table(context.settings(), name, period, format_id, out)
    if out is not None:
        words([f"{rows:,} rows → {out}"])


@app.command()
def status(as_json: Json = False) -> None:
    """Show uploads, quarantine, stale days and the state of the warehouse."""
    from etl.summary import state, state_lines

    configured = context.settings()
    found = state(configured)
    write_json(found) if as_json else words(state_lines(found))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check that this machine can run everything: folders, libraries, warehouse, mail."""
    from etl.doctor import examine

    findings = examine(context.settings())
    if as_json:
        write_json([asdict(finding) for finding in findings])
    else:
        words([f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}: {finding.message}" for finding in findings])
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def maintain(as_json: Json = False) -> None:
    """Apply retention, remove what killed runs left behind, refresh the imports of [catalog.sources]."""
    done = pipeline.maintain(context.settings())
    if as_json:
        write_json(asdict(done))
    else:
        words(
            [
                f"removed {len(done.event_days)} days of events, {done.model_days} days of models, {done.leftovers} left-over files",
                *done.imports,
            ]
        )


governance.add_to(app)
questions.add_to(app)


def main() -> NoReturn:
    """The entry point: refusals become one clear message and exit status 1."""
    try:
        app()
    except CloudDiscoveryError as error:
        sys.stderr.write(f"cloud-discovery: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(0)
