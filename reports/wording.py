"""How a value is written for a person: the unit beside the number, `unknown` for null, UTC beside a time.

Nothing here computes; it rounds, at the very end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

UNKNOWN = "unknown"
THEME = Path(__file__).parent / "theme"
_BYTES = re.compile(r"\b(\d{1,18}) bytes\b")
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(value: float | None) -> str:
    """Bytes: `1.2 GB` (decimal units, as network devices count)."""
    if value is None:
        return UNKNOWN
    left, unit = float(value), 0
    while abs(left) >= 999.95 and unit < len(_UNITS) - 1:
        left, unit = left / 1000, unit + 1
    return f"{left:.0f} {_UNITS[unit]}" if unit == 0 else f"{left:.1f} {_UNITS[unit]}"


def exact_size(value: int | None) -> str:
    """Bytes in full: `1,234,567,890 bytes`."""
    return UNKNOWN if value is None else f"{value:,} bytes"


def count(value: float | None) -> str:
    """A whole number with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def things(value: float | None, one: str, many: str = "") -> str:
    """A count with its noun: `1 file`, `12 files`."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def short(value: float | None) -> str:
    """A count in little room: `12.3 k`, `4.5 M`."""
    if value is None:
        return UNKNOWN
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.1f} {unit}"
    return f"{value:,.0f}"


def number(value: float | None) -> str:
    """At most one decimal: a score, a percentage."""
    return UNKNOWN if value is None else f"{value:,.1f}".removesuffix(".0")


def day(value: date | None) -> str:
    """A UTC day: `Thu 19 Nov 2026`."""
    return UNKNOWN if value is None else f"{value:%a} {value.day} {value:%b %Y}"


def instant(value: datetime | None) -> str:
    """A UTC instant to the minute: `19 Nov 2026 21:32 UTC`."""
    return UNKNOWN if value is None else f"{value.day} {value:%b %Y %H:%M} UTC"


def clock(value: datetime | None) -> str:
    """The time of day: `21:32`."""
    return UNKNOWN if value is None else f"{value:%H:%M}"


def period(first: date, last: date) -> str:
    """`13 – 19 Nov 2026`, with month and year said as often as needed."""
    if first == last:
        return f"{last.day} {last:%b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {last.day} {last:%b %Y}"
    if first.year == last.year:
        return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y}"


def words(value: str | None) -> str:
    """A code such as `unknown_format` in words."""
    return UNKNOWN if not value else str(value).replace("_", " ")


def reasons(value: str | None) -> str:
    """The reasons of a device's risk (JSON list of feature, points, detail) as one phrase."""
    return "; ".join(said(reason) for reason in risk_reasons(value)) or "no reason given"


def said(reason: dict[str, Any]) -> str:
    """One reason: its detail, with sizes in words, or the name of its feature."""
    return _BYTES.sub(lambda match: size(int(match[1])), reason["detail"]) or words(reason["feature"])


def risk_reasons(value: str | None) -> list[dict[str, Any]]:
    """The reasons as dicts with feature, points and detail; an empty list when they cannot be read."""
    try:
        found = json.loads(value) if value else []
    except ValueError:
        return []
    if not isinstance(found, list):
        return []
    return [
        {
            "feature": str(item.get("feature") or ""),
            "points": item.get("points"),
            "detail": str(item.get("detail") or ""),
        }
        for item in found
        if isinstance(item, dict)
    ]


def traits(value: str | None) -> str:
    """What an app can do, from its blank-separated traits: `personal storage, file sharing`."""
    return ", ".join(words(trait) for trait in value.split()) if value else UNKNOWN


def country(code: str | None) -> str:
    """The name of a country by its ISO 3166 alpha-2 code; the code itself when it is none."""
    return UNKNOWN if not code else _countries().get(code.upper(), code)


@cache
def _countries() -> dict[str, str]:
    lines = (THEME / "countries.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line)


def who(row: dict[str, Any]) -> str:
    """The person and the device of a finding, as far as they are known."""
    user, device = row.get("user_name") or row.get("user_key"), row.get("device_name") or row.get("device_key")
    if user and device:
        return f"{user} on {device}"
    return str(user or device or "An unknown user on an unknown device")


def measured(value: float | None, column: str) -> str:
    """A value by what its column counts: a size for `…_bytes`, else a count in little room."""
    return size(value) if column.endswith("_bytes") else short(value)


def exact(value: int | None, column: str) -> str:
    """The same in full."""
    return exact_size(value) if column.endswith("_bytes") else f"{count(value)} {words(column)}"


FILTERS: dict[str, Callable[..., str]] = {
    "size": size,
    "exact_size": exact_size,
    "count": count,
    "short": short,
    "number": number,
    "day": day,
    "instant": instant,
    "clock": clock,
    "words": words,
    "reasons": reasons,
    "traits": traits,
    "country": country,
    "measured": measured,
    "exact": exact,
    "things": things,
}
