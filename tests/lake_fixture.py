"""A lake written by hand: events, receipts and a small catalog, without intake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.events import EVENT_SCHEMA
from etl.inputs import CATALOG
from etl.lake import Lake, Receipt, replacing

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - the lake's instants are UTC and say so nowhere
USUAL: dict[str, Any] = {
    "source": "proxy",
    "source_kind": "proxy",
    "log_format": "squid_native",
    "action": "allowed",
    "transactions": 1,
    "dst_host": "www.dropbox.com",
    "src_ip": "192.0.2.10",
}
# app_id, name, category, risk band, traits, domains
APPS = [
    ("dropbox", "Dropbox", "Cloud storage", "medium", "personal_storage file_sharing", ["dropbox.com"]),
    ("dropbox_business", "Dropbox Business", "Cloud storage", "low", "", ["business.dropbox.com"]),
    ("chatgpt", "ChatGPT", "Generative AI", "medium", "generative_ai", ["chatgpt.com"]),
    ("tor", "Tor", "VPN and anonymisers", "high", "anonymiser", ["torproject.org"]),
    ("anydesk", "AnyDesk", "Remote access", "high", "remote_access", ["anydesk.com"]),
]
NOT_APPS = [("doubleclick.net", "advertising"), ("windowsupdate.com", "update")]
HINTS = [("openai-chatgpt", "chatgpt")]
PATHS = [("shared.example.net", "/chat", "chatgpt")]
SUFFIXES = [
    ("com", "normal"),
    ("net", "normal"),
    ("uk", "normal"),
    ("co.uk", "normal"),
    ("ck", "wildcard"),
    ("www.ck", "exception"),
]


def write_upload(lake: Lake, upload_id: str, events: Sequence[dict[str, Any]], **receipt: Any) -> Receipt:
    """Write events and the receipt of one upload. `event_at` defaults to noon of DAY, `record_no` counts from 1."""
    rows = [
        {"event_at": NOON, **USUAL, "upload_id": upload_id, "record_no": n, **row} for n, row in enumerate(events, 1)
    ]
    source = receipt.get("source", rows[0]["source"] if rows else "proxy")
    days = sorted({row["event_at"].date() for row in rows})
    for day in days:
        table = pa.Table.from_pylist([row for row in rows if row["event_at"].date() == day], schema=EVENT_SCHEMA)
        path = lake.event_file(day, source, upload_id)
        with replacing(path) as temporary:
            pq.write_table(table, temporary)
    given: dict[str, Any] = {
        "upload_id": upload_id,
        "source": source,
        "source_kind": "proxy",
        "file_name": f"{upload_id}.log",
        "file_bytes": 100,
        "file_sha256": upload_id,
        "outcome": "loaded",
        "started_at": "2026-11-24T01:00:00Z",
        "finished_at": "2026-11-24T01:00:01Z",
        "log_format": "squid_native",
        "records": len(rows),
        "events": len(rows),
        "transactions": sum(row["transactions"] for row in rows),
        "first_event_at": _iso(min((row["event_at"] for row in rows), default=None)),
        "last_event_at": _iso(max((row["event_at"] for row in rows), default=None)),
        "days": [day.isoformat() for day in days],
    }
    made = Receipt(**{**given, **receipt})
    lake.write_receipt(made)
    return made


def write_catalog(lake: Lake, apps: Sequence[tuple[str, str, str, str, str, list[str]]] = APPS) -> None:
    """Put a small catalog into the lake, as `Catalog.write` does."""
    rows: dict[str, list[dict[str, Any]]] = {
        "catalog_apps": [
            {
                "app_id": a,
                "app_name": n,
                "category": c,
                "risk_score": 5.0,
                "risk_band": b,
                "traits": t,
                "domains": " ".join(d),
            }
            for a, n, c, b, t, d in apps
        ],
        "catalog_domains": [
            *({"domain": domain, "app_id": app[0], "host_class": "app"} for app in apps for domain in app[5]),
            *({"domain": domain, "host_class": "not_an_app", "purpose": purpose} for domain, purpose in NOT_APPS),
        ],
        "catalog_hints": [{"hint": hint, "app_id": app_id} for hint, app_id in HINTS],
        "catalog_paths": [{"domain": domain, "path_prefix": path, "app_id": app_id} for domain, path, app_id in PATHS],
        "catalog_ranges": [],
        "public_suffixes": [{"suffix": suffix, "kind": kind} for suffix, kind in SUFFIXES],
    }
    for name, found in rows.items():
        with replacing(lake.partition(name)) as temporary:
            pq.write_table(pa.Table.from_pylist(found, schema=CATALOG[name]), temporary)
        lake.write_fingerprint(name, None, str(hash(str(found))))


def _iso(at: datetime | None) -> str | None:
    return at and at.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
