"""Checks: SQL that finds what must not be. Severity *fail* stops the night before a wrong number is published.

A day is checked against the very uploads that its models were built from (int_uploads_daily): an upload that comes in while
the night runs disturbs no check; its day is stale, and is built and checked next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from etl.errors import ModelError
from etl.headers import SQL, Header, check_sql, header
from etl.inputs import Inputs
from etl.lake import Lake, Receipt
from etl.models import provide
from etl.settings import Settings

SHOWN = 3
SEVERITIES = ("fail", "warn")


@dataclass(frozen=True)
class CheckResult:
    """One check: how many offending rows it found, and the first of them."""

    check: str
    what: str
    severity: str
    found: int
    examples: list[dict[str, object]]

    @property
    def sentence(self) -> str:
        rows = "; ".join(", ".join(f"{key} {value}" for key, value in row.items()) for row in self.examples[:SHOWN])
        sentence = f"{self.check}: found {self.found} rows ({rows}); expected none: {self.what}."
        return sentence if self.severity == "warn" else f"{sentence} Rebuild with: cloud-discovery build --all"


def run(settings: Settings, lake: Lake, days: Sequence[date] | None = None) -> list[CheckResult]:
    """All checks over the given days, by default those that changed since they were found right. Raises ModelError."""
    results = [_receipts(lake)]
    found = {one.path.stem: CheckResult(one.path.stem, one.what, one.entries["severity"], 0, []) for one in _checks()}
    for day in _unchecked(lake) if days is None else days:
        failed = False
        for one in _run(settings, lake, day):
            before = found[one.check]
            examples = (before.examples + one.examples)[:SHOWN]
            found[one.check] = CheckResult(one.check, one.what, one.severity, before.found + one.found, examples)
            failed = failed or (one.found > 0 and one.severity == "fail")
        if not failed:
            lake.write_checked(day)
    return results + list(found.values())


def _checks() -> list[Header]:
    found = [header(path) for path in sorted((SQL / "checks").glob("*.sql"))]
    for one in found:
        severity = one.entries.get("severity")
        if severity not in SEVERITIES:
            raise ModelError(
                f"{one.path}: severity: found {severity!r}; expected {' or '.join(SEVERITIES)}. Correct it."
            )
    return found


def _run(settings: Settings, lake: Lake, day: date) -> list[CheckResult]:
    from etl import compute

    inputs, done, results = Inputs(settings, lake), set[str](), []
    session = compute.session(settings)
    try:
        for one in _checks():
            sql = one.path.read_text(encoding="utf-8")
            check_sql(one.path, sql, one.reads)
            try:
                provide(one.reads, day, session, lake, inputs, done)
                rows = session.rows(sql)
            except ModelError as error:
                raise ModelError(f"{one.path} ({day}): {error}") from error
            results.append(CheckResult(one.path.stem, one.what, one.entries["severity"], len(rows), rows[:SHOWN]))
    finally:
        session.close()
    return results


def _unchecked(lake: Lake) -> list[date]:
    """Days whose facts have changed since they were last found right. Days without events any more keep their facts."""
    built = set(lake.model_days("fct_usage_daily"))
    days = [day for day in lake.event_days() if day in built]
    return [day for day in days if lake.checked(day) != lake.day_fingerprint(day) and lake.event_files(day)]


def _receipts(lake: Lake) -> CheckResult:
    """Each upload that has not been found right before: its receipt adds up, and the lake holds what it says."""
    wrong = [found for receipt in lake.receipts(lake.unchecked_uploads()) if (found := _imbalance(lake, receipt))]
    if not wrong:
        lake.write_checked_uploads()
    what = "every record of an upload ends as event, skip or reject, and the lake holds as many as its receipt says"
    return CheckResult("uploads_conserve_records", what, "fail", len(wrong), wrong[:SHOWN])


def _imbalance(lake: Lake, receipt: Receipt) -> dict[str, object] | None:
    events, skips, rejects = receipt.events, sum(receipt.skips.values()), sum(receipt.rejects.values())
    files = [lake.event_file(date.fromisoformat(day), receipt.source, receipt.upload_id) for day in receipt.days]
    # Retention may have taken whole days since; what it left must be all there.
    is_kept = receipt.is_loaded and all(path.parent.is_dir() for path in files)
    found_events = sum(_rows(path) for path in files) if is_kept else events
    found_rejects = _rows(lake.reject_file(receipt.upload_id)) if is_kept and rejects else rejects
    if receipt.records == events + skips + rejects and (found_events, found_rejects) == (events, rejects):
        return None
    counts = {"records": receipt.records, "events": events, "skips": skips, "rejects": rejects}
    return {
        "upload_id": receipt.upload_id,
        **counts,
        "events_in_lake": found_events,
        "rejects_in_lake": found_rejects,
    }


def _rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except FileNotFoundError:
        return 0
