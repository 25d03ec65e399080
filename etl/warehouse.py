"""The one door to the warehouse: publish what the lake holds, answer the queries of reports.

The warehouse is any database behind an SQLAlchemy URL; DuckDB (the embedded default) and PostgreSQL are tested. It is a
copy: it can be thrown away and published again. `published_partitions` in it says what it holds, so that only partitions
whose fingerprint changed travel. A reader sees the old tables or the new ones: on DuckDB a copy of the file is brought up
to date and swapped in, on PostgreSQL everything happens in one transaction.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from etl.errors import CheckFailed, WarehouseError
from etl.lake import Lake, Receipt, flush
from etl.models import SQL, models
from etl.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = ("fct_usage_daily", "fct_device_risk_daily", "fct_coverage_daily", "dim_apps", "dim_devices", "dim_users")
TYPES: dict[pa.DataType, str] = {
    pa.string(): "TEXT",
    pa.large_string(): "TEXT",
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
    pa.float64(): "DOUBLE PRECISION",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
}
TEXT, NUMBER, INSTANT = pa.string(), pa.int64(), pa.timestamp("us")
UPLOADS: pa.Schema = pa.schema(
    {
        **dict.fromkeys(("upload_id", "source", "source_kind", "file_name"), TEXT),
        **dict.fromkeys(("file_bytes", "content_bytes"), NUMBER),
        **dict.fromkeys(("content_sha256", "log_format"), TEXT),
        "is_detected": pa.bool_(),
        **dict.fromkeys(("outcome", "reason", "message"), TEXT),
        **dict.fromkeys(("records", "events", "transactions", "skips", "rejects"), NUMBER),
        **dict.fromkeys(("skip_reasons", "reject_reasons"), TEXT),
        **dict.fromkeys(("first_event_at", "last_event_at"), INSTANT),
        **dict.fromkeys(("days", "duplicate_of", "continues"), TEXT),
        **dict.fromkeys(("started_at", "finished_at"), INSTANT),
    }
)
REJECTS: pa.Schema = pa.schema(
    [("upload_id", TEXT), ("record_no", NUMBER), ("source", TEXT), ("reason", TEXT), ("raw", TEXT)]
)
CHUNKS: pa.Schema = pa.schema(
    [("upload_id", TEXT), ("source", TEXT), ("device", TEXT), ("chunk_id", TEXT), ("sequence", NUMBER)]
)
PARTITIONS: pa.Schema = pa.schema([("model", TEXT), ("day", TEXT), ("fingerprint", TEXT)])
INDEXES = {
    "fct_usage_daily": ("day",),
    "fct_device_risk_daily": ("day",),
    "uploads": ("upload_id",),
    "rejects": ("upload_id",),
}
BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Published:
    """What one publish did: partitions and uploads that travelled, rows, seconds."""

    partitions: int
    days: list[str]
    uploads: int
    rows: int
    seconds: float

    def lines(self) -> list[str]:
        """For a person."""
        if not self.partitions and not self.uploads:
            return ["nothing new"]
        return [f"{self.rows:,} rows: {len(self.days)} days, {self.uploads} uploads, {self.seconds:.1f} s"]


def publish(settings: Settings, lake: Lake) -> Published:
    """Bring the warehouse up to the lake. Raises WarehouseError, or CheckFailed when a day does not arrive whole."""
    started = time.monotonic()
    url = sa.make_url(settings.warehouse_url)
    with _target(url) as engine, _errors(url), engine.begin() as connection:
        done = _publish_all(connection, lake)
    return Published(**done, seconds=time.monotonic() - started)


def _publish_all(connection: Connection, lake: Lake) -> dict[str, Any]:
    _create(connection, "published_partitions", PARTITIONS)
    known = {
        (row.model, row.day): row.fingerprint
        for row in connection.execute(sa.text("select model, day, fingerprint from published_partitions"))
    }
    rows, days, partitions = 0, set(), 0
    for name in PUBLISHED:
        for path, day, mark in _partitions(lake, name):
            if known.get((name, day)) == mark:
                continue
            rows += _replace(connection, name, day, path)
            connection.execute(
                sa.text("delete from published_partitions where model = :m and day = :d"), {"m": name, "d": day}
            )
            connection.execute(
                sa.text("insert into published_partitions values (:m, :d, :f)"), {"m": name, "d": day, "f": mark}
            )
            partitions += 1
            if day:
                days.add(day)
    uploads, upload_rows = _publish_uploads(connection, lake)
    _verify(connection, lake, sorted(days))
    return {"partitions": partitions, "days": sorted(days), "uploads": uploads, "rows": rows + upload_rows}


def _partitions(lake: Lake, name: str) -> Iterator[tuple[Path, str, str]]:
    """The partitions of a model as (file, day or empty text, fingerprint)."""
    days: Sequence[date | None] = [None] if models()[name].kept == "whole" else lake.model_days(name)
    for day in days:
        mark = lake.fingerprint(name, day)
        if mark is not None:
            yield lake.partition(name, day), day.isoformat() if day else "", mark


def _replace(connection: Connection, name: str, day: str, path: Path) -> int:
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    _create(connection, name, schema)
    if day:
        connection.execute(sa.text(f"delete from {name} where day = :day"), {"day": date.fromisoformat(day)})
    else:
        connection.execute(sa.text(f"delete from {name}"))
    return _insert(connection, name, schema, file.iter_batches(BATCH_ROWS), path)


def _insert(
    connection: Connection, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch], path: Path | None = None
) -> int:
    columns = ", ".join(schema.names)
    if connection.dialect.name == "duckdb":
        if path is not None:
            literal = str(path).replace("'", "''")
            found = connection.exec_driver_sql(
                f"insert into {name} ({columns}) select {columns} from read_parquet('{literal}')"
            )
            return int(found.scalar() or 0)
        raw = connection.connection.dbapi_connection
        count = 0
        for batch in batches:
            raw.register("batch_rows", pa.Table.from_batches([batch]))  # type: ignore[union-attr]
            connection.exec_driver_sql(f"insert into {name} ({columns}) select {columns} from batch_rows")
            raw.unregister("batch_rows")  # type: ignore[union-attr]
            count += len(batch)
        return count
    return _copy(connection, name, columns, batches)


def _copy(connection: Connection, name: str, columns: str, batches: Iterator[pa.RecordBatch]) -> int:
    """PostgreSQL: COPY as CSV inside the transaction. NUL cannot be stored there and becomes the replacement character."""
    import pyarrow.compute as pc

    count = 0
    cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    with cursor, cursor.copy(f"copy {name} ({columns}) from stdin (format csv, null '\\N')") as copy:
        for batch in batches:
            cells = []
            for column in batch.columns:
                plain = column
                if pa.types.is_string(column.type):
                    escaped = pc.replace_substring(pc.replace_substring(column, "\0", "\ufffd"), '"', '""')
                    plain = pc.binary_join_element_wise('"', escaped, '"', "")
                cells.append(pc.fill_null(plain.cast(pa.string()), "\\N"))
            lines = pc.binary_join_element_wise(*cells, ",")
            copy.write("\n".join(lines.to_pylist()) + "\n")
            count += len(batch)
    return count


def _create(connection: Connection, name: str, schema: pa.Schema) -> None:
    """Create a table, or add the columns that a model has gained."""
    existing = _columns(connection, name)
    if not existing:
        columns = ", ".join(f"{field.name} {_type(field)}" for field in schema)
        connection.execute(sa.text(f"create table if not exists {name} ({columns})"))
        if connection.dialect.name == "postgresql":
            for column in INDEXES.get(name, ()):
                connection.execute(sa.text(f"create index if not exists {name}_{column} on {name} ({column})"))
        return
    for field in schema:
        if field.name not in existing:
            connection.execute(sa.text(f"alter table {name} add column {field.name} {_type(field)}"))


def _columns(connection: Connection, name: str) -> set[str]:
    schema = "main" if connection.dialect.name == "duckdb" else "public"
    found = connection.execute(
        sa.text(
            "select column_name from information_schema.columns where table_name = :name and table_schema = :schema"
        ),
        {"name": name, "schema": schema},
    )
    return {row[0] for row in found}


def _type(field: pa.Field) -> str:
    if field.type not in TYPES:
        raise WarehouseError(
            f"{field.name}: found the type {field.type}; expected one of {', '.join(map(str, TYPES))}. Cast it in the model."
        )
    return TYPES[field.type]


def _publish_uploads(connection: Connection, lake: Lake) -> tuple[int, int]:
    for name, schema in (("uploads", UPLOADS), ("rejects", REJECTS), ("chunks", CHUNKS)):
        _create(connection, name, schema)
    known = {row[0] for row in connection.execute(sa.text("select upload_id from uploads"))}
    rows = 0
    new = list(lake.receipts(upload_id for upload_id in lake.upload_ids() if upload_id not in known))
    if new:
        rows += _insert_rows(connection, "uploads", UPLOADS, [_upload_row(receipt) for receipt in new])
        chunks = [{"upload_id": r.upload_id, "source": r.source, **chunk} for r in new for chunk in r.chunks]
        rows += _insert_rows(connection, "chunks", CHUNKS, chunks)
        for receipt in new:
            file = lake.reject_file(receipt.upload_id)
            if receipt.rejects and file.exists():
                rows += _insert(connection, "rejects", REJECTS, _reject_batches(file, receipt))
    return len(new), rows


def _reject_batches(file: Path, receipt: Receipt) -> Iterator[pa.RecordBatch]:
    for batch in pq.ParquetFile(file).iter_batches(BATCH_ROWS):
        ours = {"upload_id": receipt.upload_id, "source": receipt.source}
        columns = [
            pa.repeat(pa.scalar(ours[name]), len(batch)) if name in ours else batch[name] for name in REJECTS.names
        ]
        yield pa.record_batch(columns, schema=REJECTS)


def _insert_rows(connection: Connection, name: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    return _insert(connection, name, schema, iter(pa.Table.from_pylist(rows, schema=schema).to_batches()))


def _upload_row(receipt: Receipt) -> dict[str, Any]:
    from datetime import datetime

    def instant(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).replace(tzinfo=None) if text else None

    row = {name: getattr(receipt, name) for name in UPLOADS.names if hasattr(receipt, name)}
    return row | {
        "skips": sum(receipt.skips.values()),
        "rejects": sum(receipt.rejects.values()),
        "skip_reasons": json.dumps(receipt.skips, ensure_ascii=False),
        "reject_reasons": json.dumps(receipt.rejects, ensure_ascii=False),
        "days": " ".join(receipt.days),
        **{
            name: instant(getattr(receipt, name))
            for name in ("first_event_at", "last_event_at", "started_at", "finished_at")
        },
    }


def _verify(connection: Connection, lake: Lake, days: list[str]) -> None:
    """The last step of the conservation law: what arrived equals what was sent."""
    import pyarrow.compute as pc

    for day in days:
        table = pq.read_table(
            lake.partition("fct_usage_daily", date.fromisoformat(day)), columns=["transactions", "total_bytes"]
        )
        sent = (pc.sum(table["transactions"]).as_py() or 0, pc.sum(table["total_bytes"]).as_py() or 0)
        query = sa.text(
            "select coalesce(sum(transactions), 0), coalesce(sum(total_bytes), 0) from fct_usage_daily where day = :day"
        )
        row = connection.execute(query, {"day": date.fromisoformat(day)}).one()
        arrived = (int(row[0]), int(row[1]))
        if sent != arrived:
            raise CheckFailed(
                f"{day}: found {arrived} transactions and bytes in the warehouse; expected {sent}, as in the lake. Publish again."
            )


@contextmanager
def _target(url: sa.URL) -> Iterator[Engine]:
    """An engine to publish through. DuckDB: on a copy of the file, which takes its place when all went well."""
    if url.drivername != "duckdb":
        engine = sa.create_engine(url)
        try:
            yield engine
        finally:
            engine.dispose()
        return
    from fcntl import LOCK_EX, flock

    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f".{path.name}.lock").open("a") as lock:
        flock(lock, LOCK_EX)
        temporary = path.with_name(f".{path.name}.new")
        for leftover in (temporary, Path(f"{temporary}.wal")):
            leftover.unlink(missing_ok=True)
        if path.exists():
            shutil.copyfile(path, temporary)
        engine = sa.create_engine(url.set(database=str(temporary)))
        try:
            yield engine
        finally:
            engine.dispose()
        flush(temporary)
        temporary.replace(path)


@contextmanager
def _errors(url: sa.URL) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        place = url.render_as_string(hide_password=True)
        raise WarehouseError(
            f"{place}: {error}. Check [warehouse] url and that the database answers: cloud-discovery doctor"
        ) from error


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A connection for queries. Raises WarehouseError when there is no warehouse yet."""
    url = sa.make_url(settings.warehouse_url)
    options: dict[str, Any] = {}
    if url.drivername == "duckdb":
        if not Path(url.database or "").exists():
            raise WarehouseError(
                f"{url.database}: found no warehouse; expected one that was published. Run: cloud-discovery nightly"
            )
        options = {"connect_args": {"read_only": True, "config": {"autoload_known_extensions": False}}}
    engine = sa.create_engine(url, **options)
    try:
        with _errors(url), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def sql_of(name: str) -> str:
    """The text of sql/reports/<name>.sql."""
    return (SQL / "reports" / f"{name}.sql").read_text(encoding="utf-8")


def rows(settings: Settings, name: str, **params: Any) -> list[dict[str, Any]]:
    """The rows of sql/reports/<name>.sql with bound parameters; null is None."""
    with reading(settings) as connection:
        return rows_on(connection, name, **params)


def rows_on(connection: Connection, name: str, **params: Any) -> list[dict[str, Any]]:
    """`rows` on a connection that is open: a report asks many questions."""
    text = sql_of(name)
    used = {key: value for key, value in params.items() if f":{key}" in text}
    return [dict(row) for row in connection.execute(sa.text(text), used).mappings()]


def query(settings: Settings, name: str, **params: Any) -> pd.DataFrame:
    """The same as a frame: integers with nulls are Int64, texts str."""
    import pandas as pd

    return pd.DataFrame(rows(settings, name, **params)).convert_dtypes()


def stream(settings: Settings, select: str, **params: Any) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """A select's column names and rows in batches: bounded memory for exports."""
    with reading(settings) as connection:
        result = connection.execution_options(stream_results=True).execute(sa.text(select), params)
        names = list(result.keys())
        yield names, []
        while batch := result.fetchmany(10_000):
            yield names, [tuple(row) for row in batch]


def tables(settings: Settings) -> dict[str, list[str]]:
    """The published tables and their columns."""
    with reading(settings) as connection:
        return {name: sorted(_columns(connection, name)) for name in (*PUBLISHED, "uploads", "rejects", "chunks")}


def examine(settings: Settings) -> str:
    """A sentence on the state of the warehouse, for doctor. Raises WarehouseError."""
    url = sa.make_url(settings.warehouse_url)
    if url.drivername == "duckdb" and not Path(url.database or "").exists():
        return f"{url.database}: not published yet"
    with reading(settings) as connection:
        connection.execute(sa.text("select 1"))
    return url.render_as_string(hide_password=True)
