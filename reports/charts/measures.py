"""Which column a ranking or a chart measures, and its values in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports import wording

Row = dict[str, Any]
TRAFFIC = ("total_bytes", "transactions")


def measure(rows: Sequence[Row], candidates: Sequence[str] = TRAFFIC) -> str:
    """The first column that any row knows, else the last: transactions, where no source says how many bytes."""
    for name in candidates:
        if any(row.get(name) for row in rows):
            return name
    return candidates[-1]


def ranking(rows: Sequence[Row], candidates: Sequence[str] = TRAFFIC, top: int = 10) -> dict[str, Any]:
    """The first rows by what is known of them: `metric` (a column) and `rows`, the largest first."""
    column = measure(rows, candidates)
    known = [row for row in rows if row.get(column)]
    return {"metric": column, "rows": sorted(known, key=lambda row: -row[column])[:top]}


def is_bytes(column: str) -> bool:
    """Whether a column counts bytes."""
    return column.endswith("_bytes")


def value_text(column: str, value: Any) -> str:
    """A value as it stands beside its mark."""
    return wording.size(value) if is_bytes(column) else wording.count(value)
