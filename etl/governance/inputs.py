"""Decisions as tables that models read.

tags           app_id, tag (`unsanctioned`), since, until (null: still), enforced_at, note: the periods that touch the day
current_tags   app_id, tag, labels (blank-separated), tagged_at, tagged_by, tag_note: what holds now
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from etl.governance import tags
from etl.governance.periods import unsanctioned
from etl.settings import Settings

TEXT, INSTANT = pa.string(), pa.timestamp("us")
GOVERNANCE: dict[str, pa.Schema] = {
    "tags": pa.schema(
        [
            ("app_id", TEXT),
            ("tag", TEXT),
            ("since", INSTANT),
            ("until", INSTANT),
            ("enforced_at", INSTANT),
            ("note", TEXT),
        ]
    ),
    "current_tags": pa.schema(
        [
            ("app_id", TEXT),
            ("tag", TEXT),
            ("labels", TEXT),
            ("tagged_at", INSTANT),
            ("tagged_by", TEXT),
            ("tag_note", TEXT),
        ]
    ),
}


class Decisions:
    """The tags, read once for a run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _history(self) -> list[tags.Entry]:
        return tags.history(self._settings)

    def mark(self, name: str, day: date | None) -> str:
        """A digest of what `table` would give: a decision makes stale what depends on it, and no day before it."""
        return hashlib.sha256(json.dumps(self._rows(name, day), default=str).encode()).hexdigest()

    def table(self, name: str, day: date | None) -> pa.Table:
        """One of GOVERNANCE; `tags` without a day has all periods. Instants are UTC without a zone, as in the lake."""
        return pa.Table.from_pylist(self._rows(name, day), schema=GOVERNANCE[name])

    def _rows(self, name: str, day: date | None) -> list[dict[str, Any]]:
        if name == "tags":
            propagation = timedelta(hours=self._settings.governance.propagation_hours)
            return [
                {
                    "app_id": one.app_id,
                    "tag": "unsanctioned",
                    "since": _plain(one.since),
                    "until": _plain(one.until),
                    "enforced_at": _plain(one.enforced_at),
                    "note": one.note,
                }
                for one in unsanctioned(self._history, propagation, day)
            ]
        return [
            {
                "app_id": one.app_id,
                "tag": one.tag,
                "labels": " ".join(one.labels) or None,
                "tagged_at": _plain(one.at),
                "tagged_by": one.by,
                "tag_note": one.note,
            }
            for one in tags.state(self._history).values()
        ]


def _plain(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC).replace(tzinfo=None)
