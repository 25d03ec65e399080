"""Records × format → events, skips and rejects, vectorised in DuckDB.

`Parser.parse` answers for each record, in order: its outcome, the reason if it is not an event, and the event's columns.
No record is dropped and none raises: what cannot be read is a reject that says what was expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import numpy as np
import pyarrow as pa

from etl.errors import FormatError
from etl.events import EVENT_SCHEMA
from etl.intake.columns import numbers, same
from etl.intake.engine import Engine
from etl.intake.formats import WRITABLE, Format
from etl.intake.frames import lacking
from etl.intake.framing import Records
from etl.intake.places import Placing, placing
from etl.intake.sql import literal
from etl.intake.statement import RAW_CHARS, engine_fields, limits, placed_fields, statement

MAX_FAILING = 1000  # records of one run on which an expression may fail before the format is held to be wrong

PARSED_SCHEMA: pa.Schema = pa.schema(
    [
        ("record_no", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("log_format", pa.string()),
        ("raw", pa.string()),
        *((name, EVENT_SCHEMA.field(name).type) for name in WRITABLE),
    ]
)

Key = tuple[str, tuple[str, ...] | None]  # a format and the header in force


@dataclass(frozen=True)
class Batch:
    """Records of one format, and the statement that answers for them."""

    spec: Format
    statement: str
    table: pa.Table


class Parser:
    """An engine session for one source: its time zone and the time of receipt are fixed.

    `oldest`: events before this instant are skips (`too old`); `newest`: events after it are rejects. None: no limit.
    """

    def __init__(
        self,
        timezone: str = "UTC",
        received_at: datetime | None = None,
        oldest: datetime | None = None,
        newest: datetime | None = None,
        threads: int = 0,
        memory_limit: str = "700MB",
    ) -> None:
        self.received_at = received_at or datetime.now(UTC)
        self.oldest, self.newest = oldest, newest
        self._engine = Engine(timezone, self.received_at, threads, memory_limit)
        self._placings: dict[Key, Placing | None] = {}
        self._statements: dict[tuple[object, ...], str] = {}

    def close(self) -> None:
        self._engine.close()

    def parse(self, records: Records, formats: Sequence[Format]) -> pa.Table:
        """One row per record, in order; columns PARSED_SCHEMA. With several formats each record goes to the one it fits.

        Threads may parse at once.
        """
        return self.answer(self.place(records, formats))

    def place(self, records: Records, formats: Sequence[Format]) -> list[Batch]:
        """The records by format and by how their fields are found, each kind with the statement that answers for it."""
        if len(records) == 0:
            return []
        if len(formats) == 1:
            return self._place(records, formats[0], None)
        choice = self._choose(records, formats)
        chosen = [np.flatnonzero(choice == index) for index in range(len(formats))]
        return [
            batch
            for spec, rows in zip(formats, chosen, strict=True)
            if len(rows)
            for batch in self._place(records, spec, rows)
        ]

    def answer(self, batches: Sequence[Batch]) -> pa.Table:
        """One row per record of the batches, in order; columns PARSED_SCHEMA."""
        if not batches:
            return PARSED_SCHEMA.empty_table()
        parts = [self._rows(batch, batch.table, []) for batch in batches]
        return parts[0] if len(parts) == 1 else pa.concat_tables(parts).sort_by("record_no")

    def _choose(self, records: Records, formats: Sequence[Format]) -> np.ndarray:
        """The first format whose pattern a record matches; the first of all when none does."""
        whens = " ".join(
            f"when regexp_matches(line, {literal(spec.detect.pattern)}) then {index}"
            for index, spec in enumerate(formats)
        )
        one_line = (
            "select case when contains(line, chr(10)) then replace(line, chr(10), ' ') else line end as line from batch"
        )
        choosing = f"with lines_ as ({one_line}) select case {whens} else 0 end as i from lines_"
        found = self._engine.ask(choosing, _table(records, None))
        return np.asarray(found["i"].to_numpy())

    def _place(self, records: Records, spec: Format, chosen: np.ndarray | None) -> list[Batch]:
        """Records of one format: those whose fields were found without the engine, and the others."""
        key = (f"{spec.folder}/{spec.id}", records.header)
        if key not in self._placings:
            self._placings[key] = placing(spec, records.header)
        table = _table(records, chosen)
        how = self._placings[key]
        if how is None or (spec.frame.type == "w3c" and records.header is None and not spec.frame.default_fields):
            return [Batch(spec, self._statement(key, spec, None), table)]
        parts, rows, escaped = [], [], False
        names = [*table.column_names, *how.columns]
        for columns, row, holds_escapes in how.found(table["line"].combine_chunks()):
            if len(row):
                parts.append(pa.record_batch([*_columns_at(table, row), *columns], names=names))
            rows.append(row)
            escaped |= holds_escapes
        found = np.concatenate(rows)
        batches = []
        if parts:
            batches.append(Batch(spec, self._statement(key, spec, how, escaped=escaped), pa.Table.from_batches(parts)))
        if len(found) < len(table):
            others = np.delete(np.arange(len(table)), found)
            batches.append(Batch(spec, self._statement(key, spec, None), table.take(numbers(others))))
        return batches

    def _statement(self, key: Key, spec: Format, how: Placing | None, *, escaped: bool = False) -> str:
        wanted = (*key, how is not None, escaped)
        if wanted not in self._statements:
            fields = engine_fields(spec, key[1]) if how is None else placed_fields(spec, how, escaped=escaped)
            bounds = limits(self.oldest, self.newest)
            self._statements[wanted] = statement(spec, fields, bounds, lacking(spec, key[1]), how)
        return self._statements[wanted]

    def _rows(self, batch: Batch, table: pa.Table, failing: list[int]) -> pa.Table:
        """The answers for a batch. A record on which an expression fails is a reject; it is found by halving the batch.

        So is a batch of long records that the engine has no room for.
        """
        spec = batch.spec
        try:
            return _completed(self._engine.ask(batch.statement, table), spec)
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise _refused(spec, error) from None
        except (duckdb.DataError, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as error:
            if len(table) == 1:
                failing.append(table["record_no"][0].as_py())
                if len(failing) > MAX_FAILING:
                    raise _refused(spec, error) from None
                return _failed(table, spec)
            middle = len(table) // 2
            halves = (table.slice(0, middle), table.slice(middle))
            return pa.concat_tables([self._rows(batch, half, failing) for half in halves])


def _refused(spec: Format, error: Exception) -> FormatError:
    return FormatError(
        f"{spec.folder / 'format.toml'}: found an expression that the engine refuses ({error}); expected DuckDB SQL "
        "over the declared fields. Correct the expression."
    )


def _failed(batch: pa.Table, spec: Format) -> pa.Table:
    """The answer for the one record of a batch on which an expression fails."""
    row = {
        "record_no": batch["record_no"][0].as_py(),
        "outcome": "reject",
        "reason": "not readable; expected values of the kinds that this format's expressions take",
        "log_format": spec.id,
        "raw": batch["line"][0].as_py()[:RAW_CHARS],
    }
    return pa.Table.from_pylist([row], schema=PARSED_SCHEMA)


def _completed(table: pa.Table, spec: Format) -> pa.Table:
    """Bring an answer to PARSED_SCHEMA."""
    columns = []
    for field in PARSED_SCHEMA:
        if field.name == "log_format":
            columns.append(same(spec.id, len(table)))
        elif field.name in table.column_names:
            columns.append(table[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(len(table), field.type))
    return pa.table(columns, schema=PARSED_SCHEMA)


def _table(records: Records, chosen: np.ndarray | None) -> pa.Table:
    count = len(records)
    record_no = numbers(np.arange(records.first, records.first + count, dtype=np.int64))
    flaws: pa.Array = pa.nulls(count, pa.string())
    if records.flaws:
        flaws = pa.array([records.flaws.get(index) for index in range(count)], pa.string())
    envelope = records.envelopes
    if envelope is None:
        envelope = same(records.envelope, count)
    table = pa.table({"record_no": record_no, "line": records.lines, "flaw": flaws, "envelope": envelope})
    return table if chosen is None else table.take(numbers(chosen))


def _columns_at(table: pa.Table, rows: np.ndarray) -> list[pa.Array]:
    """The columns at ascending rows, without copying where these are in a row."""
    first, count = int(rows[0]), int(rows[-1] - rows[0]) + 1
    part = table.slice(first, count)
    if count != len(rows):
        part = part.take(numbers(rows - first))
    return [column.combine_chunks() for column in part.columns]
