"""The catalog as the Parquet datasets that models read.

catalog_apps, catalog_domains, catalog_hints, public_suffixes    docs/architecture.md, columns in etl.inputs
catalog_ranges   first_key, last_key (32 hexadecimal digits, see etl.catalog.ranges), cidr, app_id (null: not an app), purpose;
                 pieces that never overlap, sorted
catalog_paths    domain, path_prefix, app_id: a part of a host that is an app of its own
catalog_facts    app_id, factor, value, source: for policies on factors (one row a fact; breaches as factor `breach`)
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.catalog import suffixes
from etl.catalog.entries import App
from etl.inputs import CATALOG
from etl.lake import Lake, replacing

if TYPE_CHECKING:
    from etl.catalog.catalog import Catalog


def tables(catalog: Catalog) -> dict[str, pa.Table]:
    """All datasets."""
    domains: list[tuple[Any, ...]] = [(name, app_id, "app", None) for name, app_id in catalog.domains.items()]
    domains += [(name, None, "not_an_app", purpose) for name, purpose in catalog.not_apps.items()]
    rows: dict[str, list[tuple[Any, ...]]] = {
        "catalog_apps": [_app_row(catalog, app) for app in catalog.apps.values()],
        "catalog_domains": sorted(domains, key=lambda row: str(row[0])),
        "catalog_hints": sorted(catalog.hints.items()),
        "public_suffixes": sorted(set(suffixes.rules())),
        "catalog_ranges": [
            (one.first_key, one.last_key, one.of.cidr, one.of.app_id, one.of.purpose) for one in catalog.pieces
        ],
        "catalog_paths": [
            (one.domain, one.path_prefix, one.app_id) for prefixes in catalog.paths.values() for one in prefixes
        ],
        "catalog_facts": sorted(row for app in catalog.apps.values() for row in _fact_rows(app)),
    }
    return {name: _table(CATALOG[name], found) for name, found in rows.items()}


def _table(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema=schema)


def _app_row(catalog: Catalog, app: App) -> tuple[Any, ...]:
    result = catalog.scores[app.app_id]
    parts: list[dict[str, Any]] = [dict(vars(part)) for part in result.parts]
    parts += [
        {
            "group": "ceiling",
            "factor": one.trait,
            "value": "at most",
            "points": one.highest,
            "weight": 0.0,
            "source": app.source,
        }
        for one in result.ceilings
    ]
    head = (app.app_id, app.app_name, app.vendor, app.category, app.headquarters_country)
    return (*head, result.value, result.band, json.dumps(parts), " ".join(app.traits), " ".join(app.domains))


def _fact_rows(app: App) -> list[tuple[str, str, str, str]]:
    found = [(app.app_id, name, fact.value, fact.source) for name, fact in app.facts.items()]
    return found + [(app.app_id, "breach", breach.date, breach.source) for breach in app.breaches]


def write(catalog: Catalog, lake: Lake) -> None:
    """Put the datasets into the lake, each only if it is not there as it is: what did not change leaves its readers alone."""
    overall = f"{catalog.fingerprint}:{_shapes()}"
    if lake.fingerprint("catalog_apps") is not None and _read_mark(lake) == overall:
        return
    for name, table in tables(catalog).items():
        mark = _digest(table)
        if lake.fingerprint(name) == mark:
            continue
        with replacing(lake.partition(name)) as temporary:
            pq.write_table(table, temporary)
        lake.write_fingerprint(name, None, mark)
    with replacing(_mark_path(lake)) as temporary:
        temporary.write_text(overall, encoding="utf-8")


def _digest(table: pa.Table) -> str:
    """Of columns and content."""
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return hashlib.sha256(written.getvalue()).hexdigest()


def _mark_path(lake: Lake) -> Path:
    return lake.partition("catalog_apps").parent / "catalog.txt"


def _read_mark(lake: Lake) -> str | None:
    path = _mark_path(lake)
    return path.read_text(encoding="utf-8") if path.exists() else None


def _shapes() -> str:
    return hashlib.sha256(repr([(name, str(schema)) for name, schema in CATALOG.items()]).encode()).hexdigest()[:16]
