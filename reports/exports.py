"""CSV exports: complete answers, streamed through Arrow, safe to open in a spreadsheet.

UTF-8 with a byte-order mark (without it spreadsheets take it for Latin-1), comma, every text in quotes, an empty
unquoted cell for what is unknown. Heads carry the unit: `uploaded_bytes`, `first_seen_at_utc`, `day_utc`.
A text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line break) gets an apostrophe.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from etl.errors import ReportError
from etl.settings import Settings
from reports import periods

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ROWS_AT_ONCE = 50_000  # bounds memory
_FORMULA = "^[=+\\-@\\t\\r\\n＝＋－＠]"


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def head(column: str) -> str:
    """A column's head with its unit."""
    return f"{column}_utc" if column == "day" or column.endswith(("_at", "_day")) else column


def write_csv(table: pa.Table, path: Path) -> None:
    """Write an answer in full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as handle:
        handle.write(codecs.BOM_UTF8)
        write_batch(table, handle, with_head=True)


def write_batch(table: pa.Table, handle: IO[bytes], *, with_head: bool) -> None:
    """Append rows to an open CSV."""
    if with_head:
        handle.write((",".join(f'"{head(name)}"' for name in table.schema.names) + "\n").encode())
    for start in range(0, len(table), ROWS_AT_ONCE):
        handle.write(_lines(table.slice(start, ROWS_AT_ONCE)))


def _lines(table: pa.Table) -> memoryview:
    """Rows as lines. (pyarrow's own writer takes ten times as long for an instant with a zone as for all other columns.)"""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = [_cells(column) for column in table.combine_chunks().columns]
    joined: Any = pc.binary_join_element_wise(*cells[:-1], pc.binary_join_element_wise(cells[-1], "\n", ""), ",")
    # The texts of an array lie behind one another in memory: they are the lines.
    whole = pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined
    return memoryview(whole.buffers()[2])[: pc.sum(pc.binary_length(whole)).as_py()]


def _cells(column: pa.ChunkedArray[Any]) -> Any:
    """A column's texts as they stand in the file: text in quotes and made safe, instants as `2026-11-19 21:32:56Z`, null empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    shown: Any = column
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s"), safe=False).cast(pa.string())
        shown = pc.binary_join_element_wise(seconds, "Z", "")
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        # names repeat: each is looked at once
        encoded: Any = column.cast(pa.string()).combine_chunks().dictionary_encode()
        shown = _quoted(encoded.dictionary).take(encoded.indices)
    elif pa.types.is_decimal(column.type):
        shown = column.cast(pa.float64()).cast(pa.string())
    elif pa.types.is_null(column.type):
        shown = pa.chunked_array([pa.repeat(pa.scalar("", pa.string()), len(column))])
    else:
        shown = column.cast(pa.string())
    return pc.fill_null(shown, "")


def _quoted(texts: Any) -> Any:
    import pyarrow.compute as pc

    risky = pc.match_substring_regex(texts, _FORMULA)
    safe = pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)
    return pc.binary_join_element_wise('"', pc.replace_substring(safe, '"', '""'), '"', "")


def export_table(
    settings: Settings, name: str, period: str = "", format_id: str = "csv", out: Path | None = None
) -> int:
    """Write a published table in full, as csv, jsonl or parquet; returns the number of rows. Raises ReportError."""
    from etl import warehouse

    writers: dict[str, Callable[..., int]] = {"csv": _csv_rows, "jsonl": _json_lines, "parquet": _parquet}
    if format_id not in writers:
        raise ReportError(f"export: found the format {format_id!r}; expected one of {', '.join(writers)}. Correct it.")
    published = warehouse.tables(settings)
    if name not in published:
        raise ReportError(
            f"export: found the table {name!r}; expected one of {', '.join(sorted(published))}. Correct it."
        )
    select, parameters = f"select * from {name}", {}
    if period:
        if "day" not in published[name]:
            raise ReportError(f"export: {name} has no day, so it has no period. Leave --period out.")
        first, last = periods.period(period, periods.latest_day(settings))
        select += " where day between :first_day and :last_day"
        parameters = {"first_day": first, "last_day": last}
    batches = warehouse.stream(settings, select, **parameters)
    if format_id == "parquet" and out is None:
        raise ReportError("export: parquet cannot go to a terminal. Name a file with --out.")
    if out is None:
        return writers[format_id](batches, sys.stdout.buffer)
    from reports.swap import replacing

    with replacing(out) as temporary, temporary.open("wb") as handle:
        return writers[format_id](batches, handle)


Batches = Iterator[tuple[list[str], list[tuple[Any, ...]]]]


def _arrow(names: list[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array(column) for column in columns]
    return pa.table(
        [array.cast(pa.string()) if pa.types.is_null(array.type) else array for array in arrays], names=names
    )


def _csv_rows(batches: Batches, handle: IO[bytes]) -> int:
    handle.write(codecs.BOM_UTF8)
    count = 0
    for number, (names, rows) in enumerate(batches):
        if number == 0 or rows:
            write_batch(_arrow(names, rows), handle, with_head=number == 0)
        count += len(rows)
    return count


def _json_lines(batches: Batches, handle: IO[bytes]) -> int:
    count = 0
    for names, rows in batches:
        for row in rows:
            record = {name: _iso(value) for name, value in zip(names, row, strict=True)}
            handle.write(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        count += len(rows)
    return count


def _iso(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else value


def _parquet(batches: Batches, handle: IO[bytes]) -> int:
    """One Parquet file; a column that is unknown throughout is text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [_arrow(names, rows) for names, rows in batches if rows or names]
    whole = pa.concat_tables([table for table in tables if len(table)] or tables[:1], promote_options="permissive")
    pq.write_table(whole, handle, compression="zstd")
    return len(whole)
