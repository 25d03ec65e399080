"""What models read besides each other: the day's events, what receipts say of them, the catalog, tags, and settings.

`mark` says whether an input changed, as cheaply as can be; `provide` gives it to an engine's session.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.context.addresses import address_key
from etl.context.datasets import SCHEMAS as CONTEXT
from etl.errors import ModelError
from etl.events import EVENT_SCHEMA
from etl.governance.inputs import GOVERNANCE, Decisions
from etl.governance.policies.inputs import Policies
from etl.governance.policies.rows import POLICIES
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
            **dict.fromkeys(("risk_band", "risk_factors", "traits", "domains"), TEXT),
        }
    ),
    "catalog_domains": pa.schema([("domain", TEXT), ("app_id", TEXT), ("host_class", TEXT), ("purpose", TEXT)]),
    "catalog_hints": pa.schema([("hint", TEXT), ("app_id", TEXT)]),
    "catalog_facts": pa.schema(dict.fromkeys(("app_id", "factor", "value", "source"), TEXT)),
    "catalog_paths": pa.schema([("domain", TEXT), ("path_prefix", TEXT), ("app_id", TEXT)]),
    "catalog_ranges": pa.schema(dict.fromkeys(("first_key", "last_key", "cidr", "app_id", "purpose"), TEXT)),
    "public_suffixes": pa.schema([("suffix", TEXT), ("kind", TEXT)]),
}
UPLOADS = "int_uploads_daily"  # the model that says which uploads a day's other models are built from
DAILY: dict[str, pa.Schema] = {
    "arrivals": pa.schema([("day", pa.date32()), ("source", TEXT), ("upload_id", TEXT)]),
    "events": EVENT_SCHEMA,
    "superseded": pa.schema([("upload_id", TEXT), ("record_no", NUMBER)]),
    "missing_chunks": pa.schema([("source", TEXT), ("missing", NUMBER)]),
}
BEHIND_UPLOADS = ("events", "superseded", "missing_chunks")  # follow from that model
INPUTS = (*DAILY, *GOVERNANCE, *POLICIES, "user_domains", "internal_domains", *CATALOG, *CONTEXT)
WITH_ADDRESSES = ("catalog_ranges", "ip_ranges", "exclusions", "policy_filters")  # come with the function address_key
LARGEST_GAP = 100_000  # a wider gap is a counter that began anew, or a lie
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
    """The inputs of one run over one lake.

    `arrivals` are the uploads that have events on a day, as the folder shows them now. What a day's models are built from
    is the model int_uploads_daily, taken from `arrivals` when the day's build begins: an upload that comes in between
    waits for the next build, and all models and checks of the day speak of the same events.
    """

    def __init__(self, settings: Settings, lake: Lake) -> None:
        self._settings, self._lake = settings, lake
        self._files: dict[date, list[Path]] = {}
        self._receipts: dict[date, list[Receipt]] = {}
        self._decisions = Decisions(settings)
        self._policies = Policies(settings)

    def mark(self, name: str, day: date | None) -> object:
        """Something that changes when the input does. Costs a directory listing at most."""
        if name == "exclusions" and day is not None:
            return [list(row.values()) for row in self._exclusions(day).to_pylist()]
        if name in CATALOG or name in CONTEXT:
            return self._lake.fingerprint(name)
        if name in GOVERNANCE:
            return self._decisions.mark(name, day)
        if name in POLICIES:
            return self._policies.mark(name, day)
        if name == "user_domains":
            return self._settings.organisation.user_domains
        if name == "internal_domains":
            return (self._internal_domains(), self._settings.organisation.internal_ranges)
        if name == "arrivals":
            return [path.name for path in self.event_files(day)] if day else []
        return self._lake.fingerprint(UPLOADS, day)

    def event_files(self, day: date) -> list[Path]:
        """The day's event files as the folder shows them now; listed once."""
        if day not in self._files:
            self._files[day] = self._lake.event_files(day)
        return self._files[day]

    def provide(self, session: Session, name: str, day: date | None) -> None:
        """Give one input to a session under its name. Without a day, what belongs to a day is empty."""
        if name in WITH_ADDRESSES:
            session.text_function("address_key", address_key)
        if name in CATALOG:
            session.files(name, self._lake.partitions(name), empty=CATALOG[name])
        elif name in CONTEXT:
            if name == "exclusions" and day is not None:
                session.table(name, self._exclusions(day))
            else:
                session.files(name, self._lake.partitions(name), empty=CONTEXT[name])
        elif name in GOVERNANCE:
            session.table(name, self._decisions.table(name, day))
        elif name in POLICIES:
            session.table(name, self._policies.table(name, day))
        elif name == "user_domains":
            domains = sorted({domain.lower() for domain in self._settings.organisation.user_domains})
            session.table(name, pa.table({"domain": pa.array(domains, TEXT)}))
        elif name == "internal_domains":
            session.table(name, pa.table({"domain": pa.array(self._internal_domains(), TEXT)}))
            session.function("is_internal_address", _in_ranges(self._settings.organisation.internal_ranges))
        elif day is None:
            session.table(name, DAILY[name].empty_table())
        elif name == "arrivals":
            session.table(name, self._arrivals(day))
        else:
            self._provide_day(session, name, day)

    def _provide_day(self, session: Session, name: str, day: date) -> None:
        receipts = self._receipts_of(day)
        if name == "events":
            files = [self._lake.event_file(day, one.source, one.upload_id) for one in receipts]
            session.files(name, files, empty=DAILY[name])
        elif name == "superseded":
            pairs = sorted({(str(upload_id), int(number)) for one in receipts for upload_id, number in one.supersedes})
            columns = ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
            session.table(name, pa.table(list(columns), schema=DAILY[name]))
        else:
            missing = missing_chunks(receipts)
            session.table(name, pa.table([list(missing), list(missing.values())], schema=DAILY[name]))

    def _exclusions(self, day: date) -> pa.Table:
        """The exclusions that hold on a day: one that begins later leaves the day as it is."""
        return self._all_exclusions.filter(pc.less_equal(self._all_exclusions["since"], pa.scalar(day)))

    @cached_property
    def _all_exclusions(self) -> pa.Table:
        """Read once: every day of the history is asked whether it is stale."""
        path, schema = self._lake.partition("exclusions"), CONTEXT["exclusions"]
        return pq.read_table(path, schema=schema) if path.exists() else schema.empty_table()

    def _arrivals(self, day: date) -> pa.Table:
        receipts = self._lake.receipts(upload_id_of(path) for path in self.event_files(day))
        rows = [{"day": day, "source": one.source, "upload_id": one.upload_id} for one in receipts]
        return pa.Table.from_pylist(rows, schema=DAILY["arrivals"])

    def _receipts_of(self, day: date) -> list[Receipt]:
        """Receipts of the uploads that the day's models are built from."""
        if day not in self._receipts:
            path = self._lake.partition(UPLOADS, day)
            if not path.exists():
                raise ModelError(f"{day}: found no {UPLOADS}; expected it before all other models. Build that first.")
            upload_ids = pq.read_table(path, columns=["upload_id"])["upload_id"].to_pylist()
            self._receipts[day] = list(self._lake.receipts(sorted(upload_ids)))
        return self._receipts[day]

    def _internal_domains(self) -> list[str]:
        given = (domain.lower().strip(".") for domain in self._settings.organisation.internal_domains)
        return sorted({*INTERNAL_NAMES, *given} - {""})


def missing_chunks(receipts: Sequence[Receipt]) -> dict[str, int]:
    """How many endpoint chunks are missing by source: gaps in the sequence numbers of each device."""
    seen: dict[tuple[str, str], set[int]] = {}
    for receipt in receipts:
        for chunk in receipt.chunks:
            number, device = chunk.get("sequence"), chunk.get("device")
            if isinstance(number, int) and not isinstance(number, bool) and device:
                seen.setdefault((receipt.source, str(device)), set()).add(number)
    missing: dict[str, int] = {}
    for (source, _), numbers in sorted(seen.items()):
        gaps = (later - earlier - 1 for earlier, later in pairwise(sorted(numbers)))
        missing[source] = missing.get(source, 0) + sum(gap for gap in gaps if gap <= LARGEST_GAP)
    return missing


def _in_ranges(ranges: Sequence[str]) -> Callable[[str], bool]:
    networks = [ipaddress.ip_network(text, strict=False) for text in ranges]

    @lru_cache(maxsize=1 << 16)
    def is_internal_address(text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        # Link-local, multicast and unspecified addresses never leave the organisation's networks.
        if address.is_multicast or address.is_unspecified or address.is_link_local:
            return True
        return any(address.version == network.version and address in network for network in networks)

    return is_internal_address
