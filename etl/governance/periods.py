"""When apps were unsanctioned: what models read of the tags, so that a day's alerts depend on that day's decisions only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from etl.governance.tags import Entry


@dataclass(frozen=True)
class Period:
    """An app was unsanctioned from `since` until `until` (excluded; null: it still is). Instants are UTC.

    From `enforced_at` on, devices are expected to block it. `note` is the last one that was given.
    """

    app_id: str
    since: datetime
    until: datetime | None
    enforced_at: datetime
    note: str | None


def unsanctioned(entries: Iterable[Entry], propagation: timedelta, day: date | None = None) -> list[Period]:
    """Periods by app and time. For a day: those that touch it, as they were known when it ended.

    So a decision changes the periods of its own day and of later ones, and never those of a day before.
    """
    start = datetime.combine(day, time(), UTC) if day else None
    end = start + timedelta(days=1) if start else None
    finished: list[Period] = []
    open_: dict[str, Period] = {}
    for entry in entries:
        at = entry.at
        if at is None or (end and at >= end) or ":" in entry.tag:
            continue
        before = open_.pop(entry.app_id, None)
        if entry.tag == "unsanctioned":
            begun = before or Period(entry.app_id, at, None, at + propagation, None)
            open_[entry.app_id] = replace(begun, note=entry.note or begun.note)
        elif before:
            finished.append(replace(before, until=at))
    found = [one for one in (*finished, *open_.values()) if start is None or one.until is None or one.until > start]
    return sorted(found, key=lambda one: (one.app_id, one.since))
