"""What models read besides each other: the day's events, what receipts say of them, the catalog, and settings.

`mark` says whether an input changed, as cheaply as can be; `provide` gives it to an engine's session.
"""

from __future__ import annotations

import ipaddress
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from etl.events import EVENT_SCHEMA
from etl.lake import Lake, Receipt, upload_id_of
from etl.settings import Settings

if TYPE_CHECKING:
    from etl.compute import Session

TEXT, NUMBER = pa.string(), pa.int64()
CATALOG: dict[str, pa.Schema] = {
    "catalog_apps": pa.schema(
        {
            **dict.fromkeys(("app_id", "app_name", "vendor", "category", "headquarters_country"), TEXT),
            "risk_score": pa.float64(),
            **dict.fromkeys(("risk_band", "risk_factors", "traits", "tag", "domains"), TEXT),
        }
    ),
    "catalog_domains": pa.schema([("domain", TEXT), ("app_id", TEXT), ("host_class", TEXT), ("purpose", TEXT)]),
    "catalog_hints": pa.schema([("hint", TEXT), ("app_id", TEXT)]),
    "public_suffixes": pa.schema([("suffix", TEXT), ("kind", TEXT)]),
}
SEEN = pa.schema(
    {
        "day": pa.date32(),
        **dict.fromkeys(("kind", "key", "name", "id", "source_kinds", "last_user_key"), TEXT),
        **dict.fromkeys(("first_at", "last_at"), pa.timestamp("us")),
    }
)
INPUTS = ("events", "superseded", "missing_chunks", "user_domains", "internal_domains", *CATALOG)
INTERNAL_NAMES = (
    "local",
    "localdomain",
    "internal",
    "home.arpa",
    "lan",
    "intranet",
    "corp",
    "in-addr.arpa",
    "ip6.arpa",
)


class Inputs:
    """The inputs of one run over one lake."""

    def __init__(self, settings: Settings, lake: Lake) -> None:
        self._settings, self._lake = settings, lake
        self._names: dict[date, list[str]] = {}
        self._receipts: dict[date, list[Receipt]] = {}

    def mark(self, name: str, day: date | None) -> object:
        """Something that changes when the input does. Costs a directory listing at most."""
        if name in CATALOG:
            return self._lake.fingerprint(name)
        if name == "user_domains":
            return self._settings.organisation.user_domains
        if name == "internal_domains":
            return (self._internal_domains(), self._settings.organisation.internal_ranges)
        assert day is not None  # noqa: S101 - events are read by daily models only
        if day not in self._names:
            self._names[day] = [path.name for path in self._lake.event_files(day)]
        return self._names[day]

    def provide(self, session: Session, name: str, day: date | None) -> None:
        """Give one input to a session under its name."""
        if name in CATALOG:
            files = self._lake.partitions(name)
            session.files(name, files, empty=CATALOG[name])
        elif name == "user_domains":
            domains = [domain.lower() for domain in self._settings.organisation.user_domains]
            session.table(name, pa.table({"domain": pa.array(domains, TEXT)}))
        elif name == "internal_domains":
            session.table(name, pa.table({"domain": pa.array(self._internal_domains(), TEXT)}))
            session.function("is_internal_address", _in_ranges(self._settings.organisation.internal_ranges))
        else:
            assert day is not None  # noqa: S101 - as in mark
            self._provide_day(session, name, day)

    def schema_of(self, model: str) -> pa.Schema | None:
        """The schema of a model that may have no partition yet."""
        return SEEN if model == "int_seen_daily" else None

    def _provide_day(self, session: Session, name: str, day: date) -> None:
        if name == "events":
            session.files(name, self._lake.event_files(day), empty=EVENT_SCHEMA)
        elif name == "superseded":
            pairs = [pair for receipt in self._receipts_of(day) for pair in receipt.supersedes]
            uploads, numbers = [str(pair[0]) for pair in pairs], [int(pair[1]) for pair in pairs]
            session.table(
                name, pa.table({"upload_id": pa.array(uploads, TEXT), "record_no": pa.array(numbers, NUMBER)})
            )
        elif name == "missing_chunks":
            missing = missing_chunks(self._receipts_of(day))
            session.table(
                name,
                pa.table(
                    {"source": pa.array(list(missing), TEXT), "missing": pa.array(list(missing.values()), NUMBER)}
                ),
            )

    def _receipts_of(self, day: date) -> list[Receipt]:
        if day not in self._receipts:
            self._receipts[day] = list(self._lake.receipts(upload_id_of(path) for path in self._lake.event_files(day)))
        return self._receipts[day]

    def _internal_domains(self) -> list[str]:
        return sorted({*INTERNAL_NAMES, *(domain.lower() for domain in self._settings.organisation.internal_domains)})


def missing_chunks(receipts: list[Receipt]) -> dict[str, int]:
    """How many endpoint chunks are missing by source: gaps in the sequence numbers of each device."""
    seen: dict[tuple[str, str], set[int]] = {}
    for receipt in receipts:
        for chunk in receipt.chunks:
            if isinstance(chunk.get("sequence"), int) and chunk.get("device"):
                seen.setdefault((receipt.source, str(chunk["device"])), set()).add(chunk["sequence"])
    missing: dict[str, int] = {}
    for (source, _), numbers in sorted(seen.items()):
        missing[source] = missing.get(source, 0) + max(numbers) - min(numbers) + 1 - len(numbers)
    return missing


def _in_ranges(ranges: tuple[str, ...]):  # type: ignore[no-untyped-def]
    networks = [ipaddress.ip_network(text, strict=False) for text in ranges]

    @lru_cache(maxsize=1 << 16)
    def is_internal_address(text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        # Link-local, multicast and unspecified addresses never leave the organisation's networks.
        if address.is_multicast or address.is_unspecified or address.is_link_local:
            return True
        return any(address.version == network.version and address in network for network in networks)

    return is_internal_address
