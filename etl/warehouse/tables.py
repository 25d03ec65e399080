"""Tables of the warehouse: their columns, how they come about, and how rows get into them in bulk."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from etl.errors import WarehouseError

TEXT, NUMBER, INSTANT = pa.string(), pa.int64(), pa.timestamp("us")
TYPES: dict[pa.DataType, str] = {
    TEXT: "TEXT",
    pa.large_string(): "TEXT",
    NUMBER: "BIGINT",
    pa.int32(): "INTEGER",
    pa.float64(): "DOUBLE PRECISION",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    INSTANT: "TIMESTAMP",
}
# As the databases call them when asked.
REPORTED = {"VARCHAR": "TEXT", "DOUBLE": "DOUBLE PRECISION", "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP"}
BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Table:
    """A table of the warehouse. `key`: columns by which rows are found; unique ones, where `is_unique`."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...] = ()
    is_unique: bool = False


def prepare(connection: Connection, table: Table) -> bool:
    """Create the table, or add the columns it has gained. True when it is new, or was emptied as a column's type changed.

    Raises WarehouseError for a type that the warehouse has not.
    """
    existing = columns(connection, table.name)
    wanted = {field.name: _type(table.name, field) for field in table.schema}
    if any(existing.get(name, kind) != kind for name, kind in wanted.items()):
        connection.execute(sa.text(f"drop table {table.name}"))
        existing = {}
    if not existing:
        listed = ", ".join(f"{name} {kind}" for name, kind in wanted.items())
        connection.execute(sa.text(f"create table {table.name} ({listed})"))
        # DuckDB finds rows by the least and greatest values of its row groups; its indexes would only slow a publish down.
        if table.key and connection.dialect.name == "postgresql":
            kind = "unique index" if table.is_unique else "index"
            connection.execute(
                sa.text(f"create {kind} {table.name}_{table.key[0]} on {table.name} ({', '.join(table.key)})")
            )
        return True
    for name, kind in wanted.items():
        if name not in existing:
            connection.execute(sa.text(f"alter table {table.name} add column {name} {kind}"))
    return False


def columns(connection: Connection, name: str) -> dict[str, str]:
    """A table's columns with their types, in order; empty when there is no such table."""
    return columns_of_all(connection, name).get(name, {})


def columns_of_all(connection: Connection, name: str | None = None) -> dict[str, dict[str, str]]:
    """The columns of all tables (or of the one named) with their types, in order."""
    place = (
        "table_catalog = current_database() and table_schema = 'main'"
        if connection.dialect.name == "duckdb"
        else "table_schema = current_schema()"
    )
    rows = connection.execute(
        sa.text(
            f"select table_name, column_name, data_type from information_schema.columns where {place} "
            "and table_name = coalesce(cast(:name as varchar), table_name) order by table_name, ordinal_position"
        ),
        {"name": name},
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(str(table), {})[str(column)] = REPORTED.get(str(kind).upper(), str(kind).upper())
    return found


def _type(table: str, field: pa.Field) -> str:
    if field.type not in TYPES:
        raise WarehouseError(
            f"{table}.{field.name}: found the type {field.type}; expected one of {', '.join(map(str, TYPES))}. "
            "Cast it in the model."
        )
    return TYPES[field.type]


def insert_file(connection: Connection, name: str, path: Path) -> int:
    """Add the rows of a Parquet file; gives their number."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if connection.dialect.name == "duckdb":
            listed, literal = ", ".join(file.schema_arrow.names), str(path).replace("'", "''")
            connection.exec_driver_sql(f"insert into {name} ({listed}) select {listed} from read_parquet('{literal}')")
            return int(file.metadata.num_rows)
        return insert(connection, name, file.schema_arrow, file.iter_batches(BATCH_ROWS))


def insert(connection: Connection, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Add rows; gives their number. Memory holds one batch."""
    listed = ", ".join(schema.names)
    if connection.dialect.name == "postgresql":
        return _copy(connection, f"copy {name} ({listed}) from stdin (format csv)", batches)
    count = 0
    raw = connection.connection.dbapi_connection
    for batch in batches:
        raw.register("given_rows", pa.Table.from_batches([batch]))  # type: ignore[union-attr]
        connection.exec_driver_sql(f"insert into {name} ({listed}) select {listed} from given_rows")
        raw.unregister("given_rows")  # type: ignore[union-attr]
        count += len(batch)
    return count


def _copy(connection: Connection, statement: str, batches: Iterable[pa.RecordBatch]) -> int:
    """COPY within the connection's transaction. Quoted is text, unquoted nothing is null."""
    options = pa.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    count = 0
    cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    with cursor, cursor.copy(statement) as copy:
        for batch in batches:
            sink = io.BytesIO()
            pa.csv.write_csv(_without_nul(batch), sink, options)
            copy.write(sink.getbuffer())
            count += len(batch)
    return count


def _without_nul(batch: pa.RecordBatch) -> pa.RecordBatch:
    """PostgreSQL cannot store NUL in a text: it becomes the replacement character."""
    cleaned = [
        pc.replace_substring(column, "\0", "\ufffd")
        if pa.types.is_string(column.type) and pc.any(pc.match_substring(column, "\0")).as_py()
        else column
        for column in batch.columns
    ]
    return pa.record_batch(cleaned, names=batch.schema.names)
