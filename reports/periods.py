"""The period of a report or an export: which days the user means by `7d` or `FROM..TO`. Days are UTC days, both ends included."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from etl.errors import ReportError
from etl.settings import Settings
from reports.queries import Answers


def latest_day(settings: Settings) -> date | None:
    """The latest UTC day with data; None when nothing was published yet."""
    from etl import warehouse

    with warehouse.reading(settings) as connection:
        today = datetime.now(UTC).date()
        day: date | None = Answers(connection, today, today).row("latest_day").get("latest_day")
    return day


def period(text: str, latest: date | None) -> tuple[date, date]:
    """The first and last day of `7d`, `30d`, `90d` (back from the latest day) or `FROM..TO`. Raises ReportError."""
    text = text.strip()
    last = latest or datetime.now(UTC).date()
    back = re.fullmatch(r"(\d{1,4})d", text)
    if back and int(back[1]) >= 1:
        return last - timedelta(days=int(back[1]) - 1), last
    ends = re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", text)
    if ends:
        try:
            first, until = date.fromisoformat(ends[1]), date.fromisoformat(ends[2])
        except ValueError as error:
            raise ReportError(
                f"period: found {text!r} ({error}); expected days such as 2026-11-01..2026-11-30. Correct it."
            ) from None
        if first <= until:
            return first, until
        raise ReportError(
            f"period: found {text!r}, which ends before it begins; expected FROM..TO. Exchange the two days."
        )
    raise ReportError(
        f"period: found {text!r}; "
        "expected 7d, 30d, 90d (any number of days) or FROM..TO such as 2026-11-01..2026-11-30. Correct it."
    )
