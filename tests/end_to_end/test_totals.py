"""The raw logs, the lake, the warehouse and the report agree exactly, for every source: nothing lost, nothing twice."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from etl import demo, pipeline, warehouse
from etl.lake import Receipt
from etl.settings import Settings
from reports.nightly import render
from tests.end_to_end.independent_count import COUNTERS, Count, count

SOURCES = sorted(COUNTERS)
BYTES = ("uploaded_bytes", "downloaded_bytes", "total_bytes")
SUMS = ("transactions", *BYTES, "unknown_bytes_transactions")


@dataclass(frozen=True)
class Finished:
    """A night on the demo, and what awk, csv and json counted in its drops before."""

    written: demo.DemoSummary
    expected: dict[str, Count]
    settings: Settings
    receipts: list[Receipt]

    def rows(self, query: str) -> list[dict[str, Any]]:
        with warehouse.reading(self.settings) as connection:
            return [dict(row) for row in connection.execute(sa.text(query)).mappings()]

    def export(self, name: str) -> list[dict[str, str]]:
        """A CSV of the report, read as a spreadsheet would."""
        with (self.settings.folder("output") / "csv" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as handle:
            return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The demo at a small scale, taken in, built, checked, published and reported."""
    home: Path = tmp_path_factory.mktemp("totals")
    organisation = {"user_domains": ["aldermoor.example"], "internal_domains": ["corp.aldermoor.example"]}
    settings = Settings.model_validate(
        {"home": home, "organisation": organisation, "intake": {"settle_seconds": 0}, "report": {"per_source": False}}
    )
    written = demo.write(settings.folder("drops"), devices=60, users=45, days=5)
    expected = count(settings.folder("drops"))
    receipts = pipeline.intake(settings)
    pipeline.build(settings)
    pipeline.check(settings)
    pipeline.publish(settings)
    render(settings, formats="csv")
    return Finished(written, expected, settings, receipts)


def test_no_other_file_is_late(night: Finished) -> None:
    """The planted late file is the only one that the report calls late."""
    planted = {one.kind: one.file for one in night.written.incidents}
    assert [row["file_name"] for row in night.export("findings") if row["title"] == "Late file"] == [
        planted["late_file"]
    ]


def told(row: dict[str, str], name: str) -> int | None:
    """A number of a CSV cell; an empty one is unknown."""
    return int(row[name]) if row[name] else None


def test_every_source_is_counted(night: Finished) -> None:
    """The demo has a source for each format of the first cut, and all of them brought events."""
    assert sorted(night.expected) == SOURCES
    assert all(found.transactions > 20 for found in night.expected.values()), night.expected
    assert night.expected["mde_hunting"].repeated > 20


@pytest.mark.parametrize("source", SOURCES)
def test_receipts_count_every_record(night: Finished, source: str) -> None:
    """The receipts of a source hold as many records and events as its files."""
    mine = [one for one in night.receipts if one.source == source]
    expected = night.expected[source]
    assert sum(one.records for one in mine) == expected.records
    assert sum(one.events for one in mine) == expected.events
    assert all(one.records == one.events + sum(one.skips.values()) + sum(one.rejects.values()) for one in mine)


@pytest.mark.parametrize("source", SOURCES)
def test_uploads_in_the_warehouse(night: Finished, source: str) -> None:
    """The published uploads of a source hold as many records and events as its files, and every file."""
    [row] = night.rows(
        f"select count(*) n, sum(records) records, sum(events) events from uploads where source = '{source}'"
    )
    [files] = [one.files for one in night.written.sources if one.source == source]
    assert (row["n"], row["records"], row["events"]) == (
        files,
        night.expected[source].records,
        night.expected[source].events,
    )


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("table", ["fct_usage_daily", "fct_coverage_daily"])
def test_facts_in_the_warehouse(night: Finished, source: str, table: str) -> None:
    """Transactions and bytes of a source in the warehouse are those of its files, each event key once."""
    [row] = night.rows(
        f"select {', '.join(f'sum({name}) {name}' for name in SUMS)} from {table} where source = '{source}'"
    )
    expected = night.expected[source]
    assert row == {name: getattr(expected, name) for name in SUMS}


@pytest.mark.parametrize("source", SOURCES)
def test_every_day_in_the_warehouse(night: Finished, source: str) -> None:
    """Each UTC day of a source has its own transactions, the late file's too."""
    rows = night.rows(
        f"select day, transactions, events from fct_coverage_daily where source = '{source}' and transactions > 0"
    )
    assert {str(row["day"])[:10]: row["transactions"] for row in rows} == night.expected[source].days


@pytest.mark.parametrize("source", SOURCES)
def test_sources_in_the_report(night: Finished, source: str) -> None:
    """The report's table of sources shows the numbers of the files; what they do not say is empty, not 0."""
    [row] = [one for one in night.export("sources") if one["source"] == source]
    expected = night.expected[source]
    assert {name: told(row, name) for name in SUMS} == {name: getattr(expected, name) for name in SUMS}
    assert (told(row, "events"), told(row, "repeated_events")) == (expected.events, expected.repeated)


def test_the_report_adds_up(night: Finished) -> None:
    """Key figures, days, devices, users, IP addresses and apps of the report each add up to the files' transactions."""
    expected = sum(one.transactions for one in night.expected.values())
    total = sum(one.total_bytes or 0 for one in night.expected.values())
    [counters] = night.export("counters")
    assert (int(counters["transactions"]), int(counters["total_bytes"])) == (expected, total)
    days = night.export("usage_daily")
    assert (sum(int(row["transactions"]) for row in days), sum(int(row["total_bytes"]) for row in days)) == (
        expected,
        total,
    )
    by_day: Counter[str] = Counter()
    for one in night.expected.values():
        by_day.update(one.days)
    assert {row["day_utc"]: int(row["transactions"]) for row in days} == by_day


def test_files_in_the_report(night: Finished) -> None:
    """The report lists every file; records of each are explained, and the damaged and the duplicate one are named."""
    rows = night.export("uploads")
    assert len(rows) == night.written.files
    for row in rows:
        assert int(row["records"]) == int(row["events"]) + int(row["skips"]) + int(row["rejects"]), row
    outcomes = {row["file_name"]: row["outcome"] for row in rows if not row["outcome"].startswith("loaded")}
    planted = {one.kind: one.file for one in night.written.incidents}
    assert outcomes == {planted["damaged_file"]: "quarantined", planted["duplicate_file"]: "duplicate"}


INCIDENTS = {
    "large_upload": ("device_key", "uploaded_bytes"),
    "first_use_generative_ai": ("device_key",),
    "anonymiser": ("user_key",),
    "denied_then_allowed": ("user_key", "transactions"),
    "damaged_file": ("file_name",),
    "duplicate_file": ("file_name",),
    "late_file": ("file_name",),
    "missing_chunk": (),
}


@pytest.mark.parametrize("kind", INCIDENTS)
def test_planted_incidents_are_found(night: Finished, kind: str) -> None:
    """Every planted incident is among the report's findings, with its device, user, file and size."""
    [planted] = [one for one in night.written.incidents if one.kind == kind]
    expected = {
        "device_key": planted.device,
        "user_key": planted.user,
        "file_name": planted.file,
        "uploaded_bytes": str(planted.uploaded_bytes),
        "transactions": str(planted.transactions),
    }
    findings = [
        row for row in night.export("findings") if row["source"] == planted.source or kind == "first_use_generative_ai"
    ]
    wanted = {name: expected[name] for name in INCIDENTS[kind]}
    fitting = [row for row in findings if all(row[name] == value for name, value in wanted.items())]
    if kind == "missing_chunk":
        fitting = [row for row in fitting if "chunk" in row["title"].lower()]
    assert fitting, f"{planted}\nfindings: " + "\n".join(f"{row['title']}: {row['sentence']}" for row in findings)
