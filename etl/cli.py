"""The command `cloud-discovery`: everything that Airflow does, by hand, and the questions that people ask.

Exit status 0: the work was done. 1: something was refused (the message says what). 2: wrong usage.
Commands say what they do in one call each; the logic is in `etl.pipeline` and beneath.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from etl import pipeline, settings
from etl.errors import CloudDiscoveryError
from etl.terminal import Console, table, words

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
catalog_app = typer.Typer(help="The app catalog: look up hosts and apps, see what it holds.", no_args_is_help=True)
format_app = typer.Typer(help="Log formats: list them, test them against their samples.", no_args_is_help=True)
app.add_typer(catalog_app, name="catalog")
app.add_typer(format_app, name="format")

Json = Annotated[bool, typer.Option("--json", help="Write JSON for a program instead of text for a person.")]
Days = Annotated[list[str] | None, typer.Option("--day", metavar="YYYY-MM-DD", help="A UTC day; may be given again.")]


class _State:
    config: Path | None = None


@app.callback()
def _options(
    config: Annotated[
        Path | None, typer.Option("--config", help="The configuration file (default: cloud-discovery.toml here).")
    ] = None,
) -> None:
    _State.config = config


def _settings() -> settings.Settings:
    return settings.load(_State.config)


@contextmanager
def _progress() -> Iterator[pipeline.Progress]:
    with Console() as console:
        yield console.progress


def _write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


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
    from reports.nightly import render_and_send

    configured = _settings()
    with _progress() as progress:
        night = pipeline.nightly(configured, render_and_send, progress)
    if as_json:
        _write_json(asdict(night))
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

    configured = _settings()
    day = _day(last_day) if last_day else None
    with _progress() as progress:
        written = demonstration.write(
            configured.folder("drops"),
            seed=seed,
            devices=devices,
            users=users,
            days=days,
            last_day=day,
            progress=progress,
        )
    local = settings.write_local(configured.home, written.configuration())
    noted = (
        [f"{local.name} tells the organisation's name and domains; delete it when your own logs come"] if local else []
    )
    _write_json(asdict(written)) if as_json else words([*written.lines(), *noted])


@app.command()
def intake(
    drops: Annotated[
        list[str] | None, typer.Argument(metavar="[DROP]...", help="Drops as source/file (default: all complete ones).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in what lies in drops/: every file ends as loaded, duplicate or quarantined, with a receipt."""
    configured = _settings()
    with _progress() as progress:
        receipts = pipeline.intake(configured, drops or None, progress)
    if as_json:
        _write_json([asdict(receipt) for receipt in receipts])
        return
    from etl.summary import receipt_lines

    words(receipt_lines(receipts))


@app.command()
def parse(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A log, plain or compressed.")],
    format_id: Annotated[
        str, typer.Option("--format", metavar="auto|ID", help="The format; auto detects it.")
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

    configured = _settings()
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
    configured = _settings()
    days = [_day(text) for text in day] if day else None
    with _progress() as progress:
        built = pipeline.build(configured, days, everything=everything, progress=progress)
        pipeline.check(configured, days)
    if as_json:
        _write_json([asdict(one) for one in built])
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
    published = pipeline.publish(_settings())
    _write_json(asdict(published)) if as_json else words(published.lines())


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

    configured = _settings()
    with _progress() as progress:
        rendered = render(configured, period, source, formats, out, progress)
    _write_json([asdict(one) for one in rendered]) if as_json else words(
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

    rows = export_table(_settings(), name, period, format_id, out)
    if out is not None:
        words([f"{rows:,} rows → {out}"])


@catalog_app.command("lookup")
def catalog_lookup(
    name: Annotated[str, typer.Argument(metavar="HOST|APP", help="A host, a domain, or the name of an app.")],
    as_json: Json = False,
) -> None:
    """Say what a host or an app is, and how its risk score comes about."""
    from etl import catalog
    from etl.catalog.present import lookup_lines

    found = catalog.load(_settings()).lookup(name)
    _write_json(found.as_dict()) if as_json else words(lookup_lines(found))


@catalog_app.command("stats")
def catalog_stats(as_json: Json = False) -> None:
    """Count what the catalog holds."""
    from etl import catalog
    from etl.catalog.present import stats_lines

    found = catalog.load(_settings()).stats()
    _write_json(found) if as_json else words(stats_lines(found))


@format_app.command("list")
def format_list(as_json: Json = False) -> None:
    """List the formats that are known, with how sure we are of each."""
    from etl.intake.formats import available

    known = available(_settings().formats_folder)
    if as_json:
        _write_json(
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


@format_app.command("test")
def format_test(
    folders: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, help="Format folders.")],
    write: Annotated[
        bool, typer.Option("--write", help="Accept what is found as expected. Read the difference first.")
    ] = False,
) -> None:
    """Run a format's samples against their expected results."""
    from etl.intake.golden import main as golden

    raise typer.Exit(golden([*(str(folder) for folder in folders), *(["--write"] if write else [])]))


@app.command()
def status(as_json: Json = False) -> None:
    """Show uploads, quarantine, stale days and the state of the warehouse."""
    from etl.summary import state, state_lines

    configured = _settings()
    found = state(configured)
    _write_json(found) if as_json else words(state_lines(found))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check that this machine can run everything: folders, libraries, warehouse, mail."""
    from etl.doctor import examine

    findings = examine(_settings())
    if as_json:
        _write_json([asdict(finding) for finding in findings])
    else:
        words([f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}: {finding.message}" for finding in findings])
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def maintain(as_json: Json = False) -> None:
    """Apply retention and remove what killed runs left behind."""
    done = pipeline.maintain(_settings())
    if as_json:
        _write_json(asdict(done))
    else:
        words(
            [
                f"removed {len(done.event_days)} days of events, {done.model_days} days of models, {done.leftovers} left-over files"
            ]
        )


def _not_yet(name: str, what: str) -> None:
    def refuse(arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
        sys.stderr.write(
            f"cloud-discovery {name}: not there yet; it will {what}. See CHANGELOG.md for what each version can do.\n"
        )
        raise typer.Exit(1)

    refuse.__doc__ = f"Not there yet: will {what}."
    options = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command(name, context_settings=options)(refuse)


_not_yet("tag", "mark an app sanctioned, unsanctioned or monitored")
_not_yet("block-list", "write the hosts of unsanctioned apps in the syntax of a proxy or firewall")
_not_yet("hunt", "search the raw events by app, device or KQL query")
_not_yet("device", "show one device: its apps, users, addresses and risk")


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
