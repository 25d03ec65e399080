"""Checks: SQL that finds what must not be. Severity *fail* stops the night before a wrong number is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from etl.inputs import Inputs
from etl.lake import Lake
from etl.models import SQL, provide, read_header
from etl.settings import Settings

SHOWN = 3


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
        shown = "; ".join(str(row) for row in self.examples[:SHOWN])
        return f"{self.check}: found {self.found} rows ({shown}); expected none: {self.what}. Rebuild with: cloud-discovery build --all"


def run(settings: Settings, lake: Lake, days: Sequence[date] | None = None) -> list[CheckResult]:
    """All checks over the given days, by default those that were built last (all days that have events)."""
    from etl import compute

    results = [_receipts(lake)]
    chosen = list(days) if days is not None else _unchecked(lake)
    inputs = Inputs(settings, lake)
    found: dict[str, CheckResult] = {}
    for day in chosen:
        session = compute.session(settings)
        try:
            done: set[str] = set()
            for path in sorted((SQL / "checks").glob("*.sql")):
                what, header = read_header(path)
                provide([name.strip() for name in header["reads"].split(",")], day, session, lake, inputs, done)
                rows = session.rows(path.read_text(encoding="utf-8"))
                before = found.get(path.stem)
                count, examples = (before.found, before.examples) if before else (0, [])
                found[path.stem] = CheckResult(
                    path.stem, what, header["severity"], count + len(rows), (examples + rows)[:SHOWN]
                )
        finally:
            session.close()
        if not any(result.found and result.severity == "fail" for result in found.values()):
            lake.write_checked(day)
    return results + list(found.values())


def _unchecked(lake: Lake) -> list[date]:
    """Days whose facts have changed since they were last checked."""
    return [day for day in lake.model_days("fct_usage_daily") if lake.checked(day) != lake.day_fingerprint(day)]


def _receipts(lake: Lake) -> CheckResult:
    """records = events + skips + rejects for each upload that has not been found right before."""
    wrong: list[dict[str, object]] = []
    for receipt in lake.receipts(lake.unchecked_uploads()):
        if receipt.records != receipt.events + sum(receipt.skips.values()) + sum(receipt.rejects.values()):
            wrong.append({"upload_id": receipt.upload_id, "records": receipt.records, "events": receipt.events})
    if not wrong:
        lake.write_checked_uploads()
    return CheckResult(
        "uploads_conserve_records", "every record of an upload ends as event, skip or reject", "fail", len(wrong), wrong
    )
