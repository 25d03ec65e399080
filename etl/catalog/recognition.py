"""How much of what bears a host name the catalog recognises as an app or as not an app, of log files or of the warehouse.

Files are read as intake would read them and judged by the models' own SQL; nothing is stored.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl import catalog, compute
from etl.errors import CloudDiscoveryError
from etl.events import EVENT_SCHEMA
from etl.inputs import INPUTS, Inputs
from etl.lake import Lake
from etl.settings import Settings

if TYPE_CHECKING:
    from etl.compute import Session

CLASSES = ("internal", "app", "not_an_app", "uncatalogued")
Seen = tuple[str, str | None, str | None]  # host, path, vendor's label


@dataclass(frozen=True)
class Recognition:
    """One file's (or source's) events that bear a host name, by what the host is, and the largest misses.

    `share` is of those that are not internal; null when there are none. `message` says why a file gave no events.
    """

    name: str
    events: int = 0
    internal: int = 0
    app: int = 0
    not_an_app: int = 0
    uncatalogued: int = 0
    misses: tuple[tuple[str, int], ...] = ()
    message: str = ""

    @property
    def share(self) -> float | None:
        judged = self.app + self.not_an_app + self.uncatalogued
        return (self.app + self.not_an_app) / judged if judged else None


def total(found: Iterable[Recognition], misses: int = 50) -> Recognition:
    """All of them together."""
    counts: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for one in found:
        counts.update({"events": one.events, **{name: getattr(one, name) for name in CLASSES}})
        missed.update(dict(one.misses))
    return _made("all", counts, missed, misses)


def _made(name: str, counts: Counter[str], missed: Counter[str], misses: int | None = None) -> Recognition:
    events, internal, app, not_an_app, uncatalogued = (counts[one] for one in ("events", *CLASSES))
    return Recognition(name, events, internal, app, not_an_app, uncatalogued, tuple(missed.most_common(misses)))


def of_files(settings: Settings, paths: Sequence[Path]) -> Iterator[Recognition]:
    """Each file, in order. A file that cannot be read is told, and ends nothing."""
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-recognition-") as folder:
        lake = Lake(Path(folder))
        catalog.load(settings).write(lake)
        for path in paths:
            try:
                seen = _seen(settings, path)
            except CloudDiscoveryError as error:
                yield Recognition(str(path), message=str(error).partition("\n")[0])
                continue
            yield _judged(settings, lake, str(path), seen)


def of_warehouse(settings: Settings, period: str = "7d") -> list[Recognition]:
    """The warehouse's sources; events are transactions. Raises CatalogError for a wrong period, WarehouseError."""
    from etl import warehouse
    from etl.catalog.uncatalogued import days

    latest = warehouse.rows(settings, "latest_day")
    first, last = days(period, latest[0]["latest_day"] if latest else None)
    found = []
    for row in warehouse.rows(settings, "recognition", first_day=first, last_day=last, source=None):
        told = {"first_day": first, "last_day": last, "source": row["source"]}
        missed: Counter[str] = Counter()
        for one in warehouse.rows(settings, "uncatalogued_domains", **told):
            if not one["domain"].replace(".", "").isdigit() and ":" not in one["domain"]:
                missed[one["domain"]] += one["transactions"]
        counts = Counter({"events": row["transactions"], **{name: row[name] for name in CLASSES}})
        found.append(_made(row["source"], counts, missed))
    return found


def _seen(settings: Settings, path: Path) -> Counter[Seen]:
    """A file's hosts with path and label, and how many events each has."""
    from etl.intake.answers import answers
    from etl.intake.formats import available

    seen: Counter[Seen] = Counter()
    for answer in answers(path, available(settings.formats_folder), limits=settings.intake):
        event = answer.get("event")
        if event and event["dst_host"]:
            seen[event["dst_host"], event["url_path"], event["app_hint"]] += 1
    return seen


def _judged(settings: Settings, lake: Lake, name: str, seen: Counter[Seen]) -> Recognition:
    counts: Counter[str] = Counter(events=sum(seen.values()))
    missed: Counter[str] = Counter()
    session = compute.session(settings.model_copy(update={"home": lake.root}))
    try:
        for row in _rows(session, settings, lake, seen):
            counts[row["app_class"]] += row["transactions"]
            if row["app_class"] == "uncatalogued":
                missed[row["registrable_domain"] or row["host"]] += row["transactions"]
    finally:
        session.close()
    return _made(name, counts, missed)


def _rows(session: Session, settings: Settings, lake: Lake, seen: Counter[Seen]) -> list[dict[str, Any]]:
    """The models' answer: each host with path and label once, with its number of events."""
    from etl.models import models

    counted, placed, hosts = (models()[name] for name in ("stg_counted", "stg_placed", "int_hosts_daily"))
    session.table("events", _events(seen))
    inputs = Inputs(settings, lake)
    for name in sorted({*counted.reads, *placed.reads, *hosts.reads} & set(INPUTS) - {"events"}):
        inputs.provide(session, name, None)
    session.view("stg_counted", counted.sql)
    session.view("stg_placed", placed.sql)
    session.view("int_usage_daily", "select day, host, app_hint, app_path, transactions from stg_placed")
    session.view("int_hosts_daily", hosts.sql)
    return session.rows(
        "select u.host, h.app_class, h.registrable_domain, cast(sum(u.transactions) as bigint) as transactions "
        "from int_usage_daily as u inner join int_hosts_daily as h on u.host = h.host "
        "and lower(u.app_hint) is not distinct from h.app_hint and u.app_path is not distinct from h.app_path "
        "group by u.host, h.app_class, h.registrable_domain"
    )


def _events(seen: Counter[Seen]) -> pa.Table:
    hosts, paths, hints = zip(*seen, strict=True) if seen else ((), (), ())
    known = {
        "event_at": [datetime.now(UTC).replace(tzinfo=None)] * len(seen),
        "upload_id": ["file"] * len(seen),
        "record_no": list(range(len(seen))),
        "dst_host": hosts,
        "url_path": paths,
        "app_hint": hints,
        "transactions": list(seen.values()),
    }
    columns = [
        pa.array(known[one.name], one.type) if one.name in known else pa.nulls(len(seen), one.type)
        for one in EVENT_SCHEMA
    ]
    return pa.table(columns, schema=EVENT_SCHEMA)
