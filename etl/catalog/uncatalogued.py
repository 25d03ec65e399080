"""Uncatalogued registrable domains, ranked by what makes them worth a look: traffic, users, novelty.

Numbers come from the warehouse (`sql/reports/uncatalogued_domains.sql`); this module only orders them and adds what the catalog
can say of a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl import catalog
from etl.catalog import ranges, suffixes
from etl.catalog.catalog import Catalog
from etl.errors import CatalogError
from etl.settings import Settings

ORDERS = ("all", "traffic", "users", "novelty")


@dataclass(frozen=True)
class Uncatalogued:
    """One domain (or address): its use in the period, when it was first seen at all (UTC), and what its name tells."""

    domain: str
    total_bytes: int | None
    transactions: int
    users: int
    devices: int
    hosts: int
    example_host: str
    first_seen_at: datetime | None
    is_new: bool
    told: tuple[str, ...]


def uncatalogued(settings: Settings, period: str = "30d", order: str = "all", limit: int = 50) -> list[Uncatalogued]:
    """The domains first in an order. `all`: first in any of the three. Raises CatalogError for a wrong period or order."""
    from etl import warehouse

    if order not in ORDERS:
        raise CatalogError(f"--by: found {order!r}; expected one of {', '.join(ORDERS)}. Correct it.")
    latest = warehouse.rows(settings, "latest_day")
    first, last = days(period, latest[0]["latest_day"] if latest else None)
    rows = warehouse.rows(settings, "uncatalogued_domains", first_day=first, last_day=last, source=None)
    known = catalog.load(settings)
    return [_told(row, first, known) for row in ranked(rows, order)[:limit]]


def ranked(rows: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """Rows in an order; `all` adds up 1/place over the three, so that what leads any of them comes early."""
    orders = {
        "traffic": sorted(rows, key=lambda row: (-(row["total_bytes"] or 0), -row["transactions"], row["domain"])),
        "users": sorted(rows, key=lambda row: (-row["users"], -row["devices"], -row["transactions"], row["domain"])),
        "novelty": sorted(rows, key=lambda row: (-_instant(row["first_seen_at"]), -row["transactions"], row["domain"])),
    }
    if order in orders:
        return orders[order]
    points: dict[str, float] = {}
    for found in orders.values():
        for place, row in enumerate(found, 1):
            points[row["domain"]] = points.get(row["domain"], 0.0) + 1 / place
    return sorted(rows, key=lambda row: (-points[row["domain"]], row["domain"]))


def days(text: str, latest: date | None) -> tuple[date, date]:
    """First and last day of `30d` (back from the latest day with data) or FROM..TO. Raises CatalogError."""
    last = latest or datetime.now(UTC).date()
    back = re.fullmatch(r"([1-9]\d{0,3})d", text.strip())
    if back:
        return last - timedelta(days=int(back[1]) - 1), last
    try:
        first, until = (date.fromisoformat(one) for one in text.strip().split(".."))
        if first <= until:
            return first, until
    except ValueError:
        pass
    raise CatalogError(
        f"--period: found {text!r}; expected 7d, 30d or FROM..TO such as 2026-11-01..2026-11-20. Correct it."
    )


def _instant(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0


def _told(row: dict[str, Any], first: date, known: Catalog) -> Uncatalogued:
    domain, seen = str(row["domain"]), row["first_seen_at"]
    numbers = (row["total_bytes"], row["transactions"], row["users"], row["devices"], row["hosts"])
    is_new = seen is not None and seen.date() >= first
    return Uncatalogued(domain, *numbers, str(row["example_host"]), seen, is_new, tuple(_by_name(domain, known)))


def _by_name(domain: str, known: Catalog) -> list[str]:
    """What can be known of a domain from its name alone."""
    if ranges.address_key(domain) is not None:
        return ["an address without a name"]
    told = []
    suffix = domain.partition(".")[2]
    if suffixes.is_shared(suffix):
        told.append(f"a name given out by {suffix}")
    if "xn--" in domain:
        told.append("not in Latin letters")
    nearest = known.lookup(domain).nearest
    if nearest:
        told.append(f"looks like {nearest[0]}")
    return told
