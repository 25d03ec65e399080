"""Retention, and the left-overs of killed runs. Runs beside intake: what may still be in use is left alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl.lake import Lake, upload_id_of
from etl.settings import Settings

STALE_SECONDS = 24 * 3600  # no run takes this long; a younger file may belong to one


@dataclass(frozen=True)
class Maintained:
    """What was removed: days of events, days of models, files of killed runs. `imports`: a line for each import refreshed."""

    event_days: list[str]
    model_days: int
    leftovers: int
    imports: list[str] = field(default_factory=list)


def run(settings: Settings, lake: Lake) -> Maintained:
    """Remove events and models beyond retention, and files without receipt that are older than a day."""
    today = datetime.now(UTC).date()
    oldest_event = today - timedelta(days=settings.retention.events_days)
    oldest_fact = today - timedelta(days=settings.retention.facts_days)
    removed = [day for day in lake.event_days() if day < oldest_event]
    leftovers = _leftovers(lake)
    for day in removed:
        lake.drop_day("events", day)
    model_days = 0
    for model in lake.daily_models():
        for day in lake.model_days(model):
            if day < oldest_fact:
                lake.drop_day(model, day)
                model_days += 1
    return Maintained([day.isoformat() for day in removed], model_days, leftovers)


def _leftovers(lake: Lake) -> int:
    count = 0
    horizon = time.time() - STALE_SECONDS
    for path in lake.root.rglob("*"):
        if not path.is_file() or path.stat().st_mtime > horizon:
            continue
        if (path.name.startswith(".") and path.name.endswith(".tmp")) or _is_orphan(lake, path):
            path.unlink(missing_ok=True)
            count += 1
    return count


def _is_orphan(lake: Lake, path: Path) -> bool:
    """An event or reject file whose upload never came to its receipt."""
    kind = path.relative_to(lake.root).parts[0]
    if kind == "events":
        return not lake.receipt_path(upload_id_of(path)).exists()
    return kind == "rejects" and not lake.receipt_path(path.stem).exists()
