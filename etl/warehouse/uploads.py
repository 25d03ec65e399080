"""The tables that come from receipts: uploads, their rejects, and the endpoint chunks in them. Receipts never change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from etl.lake import Lake, Receipt
from etl.warehouse.tables import BATCH_ROWS, INSTANT, NUMBER, TEXT, Table, columns, insert, prepare

UPLOADS = Table(
    "uploads",
    pa.schema(
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
    ),
    ("upload_id",),
    is_unique=True,
)
REJECTS = Table(
    "rejects",
    pa.schema([("upload_id", TEXT), ("record_no", NUMBER), ("source", TEXT), ("reason", TEXT), ("raw", TEXT)]),
    ("upload_id", "record_no"),
)
CHUNKS = Table(
    "chunks",
    pa.schema([("upload_id", TEXT), ("source", TEXT), ("device", TEXT), ("chunk_id", TEXT), ("sequence", NUMBER)]),
    ("upload_id",),
)
TABLES = (UPLOADS, REJECTS, CHUNKS)
INSTANTS = ("first_event_at", "last_event_at", "started_at", "finished_at")
ADDED_AT_ONCE = 5_000  # receipts
REMOVED_AT_ONCE = 1_000  # ids


def create(connection: Connection) -> None:
    """Create the three tables. When one comes anew, all are filled again: they tell of the same uploads."""
    are_new = [prepare(connection, table) for table in TABLES]
    if any(are_new):
        for table in TABLES:
            connection.execute(sa.text(f"delete from {table.name}"))


def known(connection: Connection) -> frozenset[str]:
    """Ids of the uploads that the warehouse has."""
    if not all(columns(connection, table.name) for table in TABLES):
        return frozenset()
    return frozenset(connection.execute(sa.text("select upload_id from uploads")).scalars())


def remove(connection: Connection, upload_ids: Sequence[str]) -> None:
    """Take uploads out with all that belongs to them."""
    for some in _portions(upload_ids, REMOVED_AT_ONCE):
        for table in TABLES:
            statement = sa.text(f"delete from {table.name} where upload_id in :ids")
            connection.execute(statement.bindparams(sa.bindparam("ids", expanding=True)), {"ids": list(some)})


def add(connection: Connection, lake: Lake, upload_ids: Sequence[str]) -> dict[str, int]:
    """Add uploads with their rejects and chunks; gives the rows by upload."""
    counts: dict[str, int] = {}
    for some in _portions(upload_ids, ADDED_AT_ONCE):
        receipts = list(lake.receipts(some))
        _insert(connection, UPLOADS, [_upload(receipt) for receipt in receipts])
        _insert(connection, CHUNKS, [row for receipt in receipts for row in _chunks(receipt)])
        for receipt in receipts:
            rejects = (
                insert(connection, REJECTS.name, REJECTS.schema, _rejects(lake, receipt)) if receipt.rejects else 0
            )
            counts[receipt.upload_id] = 1 + len(receipt.chunks) + rejects
    return counts


def _portions(upload_ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (upload_ids[start : start + size] for start in range(0, len(upload_ids), size))


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        batches = pa.Table.from_pylist(rows, schema=table.schema).to_batches()
        insert(connection, table.name, table.schema, batches)


def _upload(receipt: Receipt) -> dict[str, Any]:
    def instant(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).replace(tzinfo=None) if text else None

    row = {name: getattr(receipt, name) for name in UPLOADS.schema.names if hasattr(receipt, name)}
    return row | {
        "skips": sum(receipt.skips.values()),
        "rejects": sum(receipt.rejects.values()),
        "skip_reasons": json.dumps(receipt.skips, ensure_ascii=False),
        "reject_reasons": json.dumps(receipt.rejects, ensure_ascii=False),
        "days": " ".join(receipt.days),
        **{name: instant(getattr(receipt, name)) for name in INSTANTS},
    }


def _chunks(receipt: Receipt) -> Iterator[dict[str, Any]]:
    """What a chunk says of itself is somebody's input: a number that is none, or too large, is unknown."""
    for chunk in receipt.chunks:
        sequence = chunk.get("sequence")
        is_number = isinstance(sequence, int) and not isinstance(sequence, bool) and abs(sequence) < 1 << 63
        yield {
            "upload_id": receipt.upload_id,
            "source": receipt.source,
            "device": _text(chunk.get("device")),
            "chunk_id": _text(chunk.get("chunk_id")),
            "sequence": sequence if is_number else None,
        }


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rejects(lake: Lake, receipt: Receipt) -> Iterator[pa.RecordBatch]:
    path = lake.reject_file(receipt.upload_id)
    if not path.exists():
        return
    ours = {"upload_id": receipt.upload_id, "source": receipt.source}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            cells = [
                pa.repeat(pa.scalar(ours[name]), len(batch)) if name in ours else batch[name]
                for name in REJECTS.schema.names
            ]
            yield pa.record_batch(cells, schema=REJECTS.schema)
