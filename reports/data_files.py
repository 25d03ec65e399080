"""Rows as scripts: `CloudDiscovery.table(id, {columns, rows})`, read by `<script src>` from disk, never as HTML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import wording
from reports.exports import head

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = Path(__file__).parent / "theme" / "columns.toml"


@cache
def known_columns() -> dict[str, dict[str, Any]]:
    """How columns are shown, by name."""
    return tomllib.loads(COLUMNS.read_text(encoding="utf-8"))


def column(name: str) -> dict[str, Any]:
    """How one column is shown: field, label, kind, head in the CSV, and what else columns.toml says."""
    found = {"label": wording.words(name).capitalize(), "kind": "text", "width": 150} | known_columns().get(name, {})
    return {"field": name, "head": head(name)} | found


def script(function: str, *arguments: Any) -> str:
    """A script that hands data to the page; no text in it can end the script or start a comment."""
    texts = (json.dumps(argument, ensure_ascii=False, separators=(",", ":"), default=str) for argument in arguments)
    return f"CloudDiscovery.{function}({','.join(map(harmless, texts))});\n"


def harmless(text: str) -> str:
    """JSON that may lie in a script: `<` cannot start a tag; U+2028 and U+2029 cannot end a line."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def write_table(path: Path, identity: str, table: pa.Table, columns: Sequence[str]) -> None:
    """Write the rows of a table block; the key columns that links need come along."""
    shown = [column(name) for name in columns]
    fields = list(
        dict.fromkeys(
            [*columns, *(entry["key"] for entry in shown if "key" in entry and entry["key"] in table.schema.names)]
        )
    )
    lists = plain_lists(table, fields)
    body = {"columns": shown, "fields": fields, "rows": list(zip(*lists, strict=True))}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script("table", identity, body), encoding="utf-8", errors="replace")


def plain_lists(table: pa.Table, fields: Sequence[str]) -> list[list[Any]]:
    """Columns as lists for JSON: instants and days as text to the minute, countries by name, null as None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = []
    for name in fields:
        values: Any = table[name]
        if pa.types.is_timestamp(values.type):
            values = pc.utf8_slice_codeunits(values.cast(pa.timestamp("s"), safe=False).cast(pa.string()), 0, 16)
        elif pa.types.is_date(values.type):
            values = values.cast(pa.string())
        elif pa.types.is_decimal(values.type):
            values = values.cast(pa.float64())
        found = values.to_pylist()
        lists.append(
            [wording.country(value) if value else None for value in found] if name == "headquarters_country" else found
        )
    return lists
