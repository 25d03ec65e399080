"""The organisation's context as the Parquet datasets that models read.

ip_ranges         cidr, name, category, tags (blank-separated), first_key, last_key (see etl.context.addresses); no two overlap
directory_users   user_key, upn, display_name, department, groups (JSON text: list; null unknown)
directory_groups  user_key, group_name
exclusions        position, exclusion, comment, since, kind, key, first_key, last_key (see etl.context.exclusions)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.context.addresses import range_keys
from etl.context.directory import Person
from etl.context.exclusions import Excluded
from etl.context.settings import IpRange
from etl.lake import Lake, replacing

TEXT = pa.string()
SCHEMAS: dict[str, pa.Schema] = {
    "ip_ranges": pa.schema(dict.fromkeys(("cidr", "name", "category", "tags", "first_key", "last_key"), TEXT)),
    "directory_users": pa.schema(
        dict.fromkeys(("user_key", "upn", "display_name", "department", "groups"), TEXT),
    ),
    "directory_groups": pa.schema([("user_key", TEXT), ("group_name", TEXT)]),
    "exclusions": pa.schema(
        {
            "position": pa.int64(),
            **dict.fromkeys(("exclusion", "comment"), TEXT),
            "since": pa.date32(),
            **dict.fromkeys(("kind", "key", "first_key", "last_key"), TEXT),
        }
    ),
}


@dataclass(frozen=True)
class Context:
    """Ranges, people and exclusions, checked."""

    ip_ranges: Sequence[IpRange]
    people: Sequence[Person]
    exclusions: Sequence[Excluded]

    def tables(self) -> dict[str, pa.Table]:
        """All datasets."""
        rows: dict[str, list[dict[str, Any]]] = {
            "ip_ranges": [_range_row(one) for one in self.ip_ranges],
            "directory_users": [_person_row(one) for one in self.people],
            "directory_groups": [
                {"user_key": one.user_key, "group_name": group} for one in self.people for group in one.groups or ()
            ],
            "exclusions": [asdict(one) for one in self.exclusions],
        }
        return {name: pa.Table.from_pylist(found, schema=SCHEMAS[name]) for name, found in rows.items()}

    def write(self, lake: Lake) -> None:
        """Put the datasets into the lake, each only if it is not there as it is."""
        for name, table in self.tables().items():
            write_dataset(lake, name, table)


def write_dataset(lake: Lake, name: str, table: pa.Table) -> bool:
    """Put one dataset into the lake; False when it was there as it is, so that what reads it does not become stale."""
    content = json.dumps([str(table.schema), table.to_pylist()], default=str)
    mark = hashlib.sha256(content.encode()).hexdigest()
    if lake.fingerprint(name) == mark:
        return False
    with replacing(lake.partition(name)) as temporary:
        pq.write_table(table, temporary)
    lake.write_fingerprint(name, None, mark)
    return True


def _range_row(one: IpRange) -> dict[str, Any]:
    first, last = range_keys(one.cidr)
    row = {"cidr": one.cidr, "name": one.name, "category": one.category, "tags": " ".join(one.tags) or None}
    return {**row, "first_key": first, "last_key": last}


def _person_row(one: Person) -> dict[str, Any]:
    return {**asdict(one), "groups": None if one.groups is None else json.dumps(one.groups, ensure_ascii=False)}
