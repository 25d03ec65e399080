"""`make nightly`: the DAGs `intake` and `nightly`, run by Airflow in this process, then a summary for a person.

Metadata is SQLite under `airflow/`; nothing listens, nothing stays running. An installation that never saw a drop gets the
demo's drops first. Exit status 0 when both runs succeeded.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl import pipeline, settings
from etl.errors import CloudDiscoveryError
from etl.lake import Receipt
from etl.settings import Settings
from etl.terminal import size, table, words
from scripts.airflow_environment import ROOT, environment

# Each DAG with what its run is asked for. In one process tasks run one after the other and in no order: only a source's own
# task takes its drops oldest first, and needs one reader for all of them.
DAGS: dict[str, dict[str, str]] = {"intake": {"task_for_each": "source"}, "nightly": {}}


def seed(configured: Settings) -> None:
    """Write the demo's drops, if nothing was ever dropped here."""
    drops = configured.folder("drops")
    dropped = drops.is_dir() and any(path.is_file() for path in drops.rglob("*"))
    if dropped or pipeline.lake_of(configured).upload_ids():
        return
    from etl import demo

    say("drops/ is empty: writing a week of drops of an invented organisation")
    written = demo.write(drops)
    words(written.lines())
    words(demo.record(configured, written))


def say(text: str) -> None:
    """A line of progress, at once."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def start_airflow(home: Path) -> Any:
    """Airflow in this process, quiet, its metadata migrated, its tasks told as they end. Gives its DAGs.

    Raises SystemExit when a DAG file cannot be read.
    """
    os.environ.update(environment(home / "airflow", level="ERROR"))
    warnings.simplefilter("ignore")
    from airflow.dag_processing.dagbag import DagBag
    from airflow.listeners import hookimpl
    from airflow.sdk.listener import get_listener_manager
    from airflow.utils.db import initdb

    def named(task_instance: Any) -> str:
        return getattr(task_instance, "rendered_map_index", None) or ""

    class Tell:
        """A line for each task, with its drops where it takes some."""

        @hookimpl
        def on_task_instance_success(self, task_instance: Any) -> None:
            drops = f" {named(task_instance)}" if task_instance.map_index >= 0 else ""
            seconds = (datetime.now(UTC) - task_instance.start_date).total_seconds()
            say(f"  {task_instance.dag_id} · {task_instance.task_id}{drops}  {seconds:.1f} s")

        @hookimpl
        def on_task_instance_failed(self, task_instance: Any, error: Any) -> None:
            say(f"  {task_instance.dag_id} · {task_instance.task_id} {named(task_instance)} FAILED: {error}")

    get_listener_manager().add_listener(Tell())
    initdb()
    bag = DagBag(dag_folder=ROOT / "dags")
    if bag.import_errors:
        raise SystemExit("\n".join(f"{path}: {error}" for path, error in bag.import_errors.items()))
    return bag


def taken_since(configured: Settings, start: datetime) -> list[Receipt]:
    """Receipts of the uploads that began at or after an instant, in order."""
    receipts = pipeline.lake_of(configured).receipts()
    return sorted(
        (one for one in receipts if datetime.fromisoformat(one.started_at) >= start), key=lambda one: one.started_at
    )


def taken_lines(receipts: list[Receipt]) -> list[str]:
    """A line for each source; then a line for each file that was not simply loaded, with what a person should do."""
    if not receipts:
        return ["nothing: drops/ holds no complete file"]
    by_source: dict[str, list[Receipt]] = {}
    for one in receipts:
        by_source.setdefault(one.source, []).append(one)
    rows = [
        (
            source,
            len(ones),
            ", ".join(sorted({one.log_format for one in ones if one.log_format})),
            sum(one.records for one in ones),
            sum(one.events for one in ones),
            sum(sum(one.skips.values()) for one in ones),
            sum(sum(one.rejects.values()) for one in ones),
        )
        for source, ones in sorted(by_source.items())
    ]
    lines = table(("source", "files", "format", "records", "events", "skips", "rejects"), rows)
    for one in receipts:
        if one.outcome == "loaded_with_rejects":
            why = "; ".join(f"{count:,} × {reason}" for reason, count in one.rejects.items())
            lines.append(f"  {one.source}/{one.file_name}: loaded, with rejects: {why}")
        elif one.outcome == "duplicate":
            lines.append(f"  {one.source}/{one.file_name}: duplicate, counted once already")
        elif one.outcome == "quarantined":
            lines.append(f"  {one.source}: quarantined ({one.reason}): {one.message}")
    return lines


def found(configured: Settings) -> list[str]:
    """What the report of the configured period says, in short: key figures, then each kind of finding, the worst first."""
    from etl import warehouse
    from reports.findings import find, grouped
    from reports.periods import latest_day, period
    from reports.queries import Answers

    first, last = period(configured.report.period, latest_day(configured))
    with warehouse.reading(configured) as connection:
        answers = Answers(connection, first, last)
        figures = answers.row("counters")
        groups = grouped(find(answers))
    lines = [
        f"{first} to {last}: {figures['apps']:,} apps ({figures['high_risk_apps']:,} of high risk) and "
        f"{figures['uncatalogued_domains']:,} uncatalogued domains, used by {figures['users']:,} users on "
        f"{figures['devices']:,} devices; {size(figures['uploaded_bytes'])} uploaded, {size(figures['downloaded_bytes'])} downloaded",
    ]
    for group in groups:
        more = f" (and {len(group.findings) - 1:,} more)" if len(group.findings) > 1 else ""
        lines.append(f"  {group.severity:<6} {group.title}: {group.findings[0].sentence}{more}")
    return lines


def written(configured: Settings) -> list[str]:
    """What lies in the report's folder."""
    folder = configured.folder("output")
    names = ("index.html", "executive.pdf", "csv", "report.eml")
    return [str(folder / name) for name in names if (folder / name).exists()]


def main() -> None:
    """Seed, intake, nightly, summary."""
    started, clock = datetime.now(UTC), time.monotonic()
    seed(settings.load())
    configured = settings.load()  # again: the demo names its organisation
    say("Airflow starts")
    bag = start_airflow(configured.home)
    for name, asked in DAGS.items():
        for task in bag.dags[name].tasks:
            task.retries = 0  # somebody is watching: say it at once
        run = bag.dags[name].test(run_conf=asked)
        if run.state != "success":
            failed = [one.task_id for one in run.get_task_instances() if one.state in ("failed", "upstream_failed")]
            raise SystemExit(f"the DAG {name} failed in: {', '.join(failed)}. Repair what is said above and run again.")
    words(["", "Taken in", *taken_lines(taken_since(configured, started))])
    words(["", "Found", *found(configured)])
    words(["", "Report", *(f"  {path}" for path in written(configured))])
    words(
        [
            "",
            f"Done in {time.monotonic() - clock:.0f} s. Next: drop logs into {configured.folder('drops')}/<source>/ and run again.",
        ]
    )


if __name__ == "__main__":
    try:
        main()
    except CloudDiscoveryError as refusal:
        raise SystemExit(f"nightly: {refusal}") from None
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the interpreter's own end would have DuckDB print a list of objects that Airflow still holds
