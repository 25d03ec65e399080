"""Uploads of the invented organisation: a file a source and day, a damaged one, a duplicate, a late one; rejected records."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.warehouse_fixture.organisation import HOSTILE_RAW, LAST_DAY, OTHER_SOURCE, SOURCES

Row = dict[str, Any]


def uploads(facts: list[Row], days: int) -> tuple[list[Row], list[Row]]:
    """Rows of uploads and of rejects."""
    counts: dict[tuple[str, date], tuple[int, int]] = {}
    for row in facts:
        events, transactions = counts.get((row["source"], row["day"]), (0, 0))
        counts[row["source"], row["day"]] = (events + 1, transactions + row["transactions"])
    found: list[Row] = []
    rejects: list[Row] = []
    late = LAST_DAY - timedelta(days=min(3, days - 1))
    by_day = sorted(counts.items(), key=lambda item: (item[0][1], item[0][0]))
    for number, ((source, day), (events, transactions)) in enumerate(by_day):
        taken = datetime.combine(day + timedelta(days=1), time(1, number % 60))
        if (source, day) == ("branch-firewall", late):
            taken = datetime.combine(LAST_DAY + timedelta(days=1), time(5, 1))
        bad = 3 if number % 5 == 0 else 0
        upload_id = f"20261120T01{number:04d}-{number:06x}"
        found.append(_loaded(upload_id, source, day, taken, events, transactions, bad))
        line = {"upload_id": upload_id, "source": source, "reason": "bad_time", "raw": HOSTILE_RAW}
        rejects += [line | {"record_no": 17 + place} for place in range(bad)]
    if found:
        found += _odd(found[0]["upload_id"], found[0]["source"])
    return found, rejects


def _loaded(upload_id: str, source: str, day: date, taken: datetime, events: int, transactions: int, bad: int) -> Row:
    known = SOURCES.get(source, OTHER_SOURCE)
    return {
        "upload_id": upload_id,
        "source": source,
        "source_kind": known.kind,
        "file_name": f"{source}-{day:%Y%m%d}.log.gz",
        "file_bytes": events * 40,
        "content_bytes": events * 190,
        "content_sha256": upload_id[-6:] * 10,
        "log_format": known.log_format,
        "is_detected": True,
        "outcome": "loaded_with_rejects" if bad else "loaded",
        "records": events + 5 + bad,
        "events": events,
        "transactions": transactions,
        "skips": 5,
        "rejects": bad,
        "skip_reasons": json.dumps({"header": 1, "inbound": 4}),
        "reject_reasons": json.dumps({"bad_time": bad} if bad else {}),
        "first_event_at": datetime.combine(day, time(6, 2)),
        "last_event_at": datetime.combine(day, time(18, 40)),
        "days": day.isoformat(),
        "started_at": taken,
        "finished_at": taken + timedelta(seconds=8),
    }


def _odd(original: str, source: str) -> list[Row]:
    at = datetime.combine(LAST_DAY + timedelta(days=1), time(2, 0))
    nothing = {"records": 0, "events": 0, "transactions": 0, "skips": 0, "rejects": 0, "days": ""}
    both = nothing | {
        "source_kind": "proxy",
        "skip_reasons": "{}",
        "reject_reasons": "{}",
        "started_at": at,
        "finished_at": at,
    }
    message = "the gzip stream ends early at byte 120,411. Send the complete file again."
    damaged = {
        "upload_id": "20261120T020000-aaaaaa",
        "source": "proxy-hamburg",
        "file_name": "main-20261118.log.gz",
        "file_bytes": 120_411,
        "outcome": "quarantined",
        "reason": "corrupted",
        "message": f"main-20261118.log.gz: {message}",
    }
    duplicate = {
        "upload_id": "20261120T020001-bbbbbb",
        "source": source,
        "file_name": "access.log.1",
        "file_bytes": 81_000,
        "outcome": "duplicate",
        "duplicate_of": original,
        "message": "The same content was taken in before.",
    }
    return [both | damaged, both | duplicate]
