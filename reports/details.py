"""Drill-downs: the facts and lists of each app, device, user and address, in buckets that a page loads when asked.

The site stays light: lists hold the first rows, for the first things of each kind (devices by risk, others by traffic).
The CSV exports hold all, and the page says so.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import data_files
from reports.blocks import Drawer, DrawerList, drawers

if TYPE_CHECKING:
    import pyarrow as pa

    from reports.report import Report

MOST_THINGS = 2_000  # of each query that describes a kind
MOST_ROWS = 50  # of each list
MOST_DAYS = 400  # of a day-by-day list
THINGS_IN_A_BUCKET = 25


def write(report: Report, folder: Path) -> dict[str, Any]:
    """Write the buckets; returns, for each kind, what a page must know to open them."""
    folder.mkdir(parents=True, exist_ok=True)
    return {drawer.entity: _write_kind(report, drawer, folder) for drawer in drawers()}


def bucket_of(key: str, buckets: int) -> int:
    """FNV-1a over UTF-16 code units, as the page's script computes it too."""
    value = 0x811C9DC5
    data = key.encode("utf-16-le", "surrogatepass")
    for low, high in zip(data[::2], data[1::2], strict=True):
        value = ((value ^ (low | high << 8)) * 0x01000193) & 0xFFFFFFFF
    return value % buckets


def _write_kind(report: Report, drawer: Drawer, folder: Path) -> dict[str, Any]:
    things = _things(report, drawer)
    buckets = max(math.ceil(len(things) / THINGS_IN_A_BUCKET), 1)
    for entry in drawer.lists:
        _add_list(things, drawer.key, entry, report.answers.table(entry.query))
    contents: list[dict[str, Any]] = [{} for _ in range(buckets)]
    for key, thing in things.items():
        contents[bucket_of(key, buckets)][key] = thing
    for number, content in enumerate(contents):
        path = folder / f"{drawer.entity}-{number}.js"
        path.write_text(
            data_files.script("details", drawer.entity, number, content), encoding="utf-8", errors="replace"
        )
    return {
        "buckets": buckets,
        "most": MOST_THINGS,
        "facts": [data_files.column(name) for name in drawer.facts],
        "lists": [
            {
                "name": entry.name,
                "title": entry.title,
                "csv": f"{entry.query}.csv",
                "trend": entry.is_trend,
                "fields": _fields(entry.columns, report.answers.table(entry.query)),
                "columns": [data_files.column(name) for name in entry.columns],
            }
            for entry in drawer.lists
        ],
    }


def _fields(columns: tuple[str, ...], table: pa.Table) -> list[str]:
    keys = [data_files.column(name).get("key") for name in columns]
    return list(dict.fromkeys([*columns, *(key for key in keys if key and key in table.schema.names)]))


def _things(report: Report, drawer: Drawer) -> dict[str, dict[str, Any]]:
    things: dict[str, dict[str, Any]] = {}
    for query in drawer.queries:
        table = report.answers.table(query).slice(0, MOST_THINGS)
        fields = [name for name in (drawer.key, *drawer.facts) if name in table.schema.names]
        for row in zip(*data_files.plain_lists(table, fields), strict=True):
            facts = dict(zip(fields, row, strict=True))
            things[facts[drawer.key]] = {"about": facts, "lists": {}}
    return things


def _add_list(things: dict[str, dict[str, Any]], key: str, entry: DrawerList, table: pa.Table) -> None:
    """The first rows of each thing, in the order of the query, and how many there are. A row without key is nobody's."""
    if not len(table) or not things:
        return
    import numpy as np
    import pyarrow as pa

    table = table.filter(table[key].is_valid()) if table[key].null_count else table
    owners, numbers, places, sizes = _places(table[key])
    wanted = np.array([owner in things for owner in owners], dtype=bool)
    limit = MOST_DAYS if entry.is_trend else MOST_ROWS
    kept = table.filter(pa.array(wanted[numbers] & (places < limit)))
    counts = dict(zip(owners, sizes.tolist(), strict=True))
    rows = zip(*data_files.plain_lists(kept, _fields(entry.columns, table)), strict=True)
    for owner, row in zip(kept[key].to_pylist(), rows, strict=True):
        things[owner]["lists"].setdefault(entry.name, {"all": counts[owner], "rows": []})["rows"].append(row)


def _places(keys: pa.ChunkedArray[Any]) -> tuple[list[str], Any, Any, Any]:
    """The distinct keys; for each row the number of its key and its place among the rows of that key, from 0; rows of each key."""
    import numpy as np

    encoded: Any = keys.combine_chunks().dictionary_encode()
    numbers = encoded.indices.to_numpy()
    sizes = np.bincount(numbers, minlength=len(encoded.dictionary))
    order = np.argsort(numbers, kind="stable")
    places = np.empty(len(numbers), dtype=np.int64)
    places[order] = np.arange(len(numbers)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return encoded.dictionary.to_pylist(), numbers, places, sizes
