"""Publishing: bring the warehouse up to the lake. Only what changed travels; what arrives is counted again.

`published_partitions` in the warehouse says from what each partition of it was built: a partition whose fingerprint differs
is replaced, one that the lake has no more is taken out. Receipts and rejects of uploads that the warehouse does not know are added.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from etl.errors import CheckFailed, WarehouseError
from etl.lake import Lake
from etl.models import Model
from etl.settings import Settings
from etl.warehouse import duckdb_file, uploads
from etl.warehouse.database import errors, file_of, reading, url_of, writing
from etl.warehouse.lacking import PARTITIONS, Lacking, State, compare, published_models
from etl.warehouse.tables import Table, insert_file, prepare

MEASURES = ("transactions", "uploaded_bytes", "downloaded_bytes", "total_bytes")
LOCK = 0x636C6F7564  # "cloud": the advisory lock of a publish in PostgreSQL
Brought = tuple[Lacking, int]  # what was lacking, and the rows that travelled


@dataclass(frozen=True)
class Published:
    """What one publish did: partitions and uploads that travelled, the days among them, rows, seconds."""

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


def publish(settings: Settings, lake: Lake, settled: Callable[[], bool] | None = None) -> Published:
    """Bring the warehouse up to the lake.

    `settled` is called when everything has arrived, and before any reader sees it: it may refuse by raising, in which case the
    warehouse stays as it was, and says whether the lake has changed meanwhile: that is brought, too.
    Raises WarehouseError; CheckFailed when a day does not arrive whole, in which case the warehouse stays as it was.
    """
    started = time.monotonic()
    url = url_of(settings)
    path = file_of(url)
    brought: list[Brought] = []
    with errors(url):
        if path is None:
            with _server(settings) as connection:
                brought = _bring_until_settled(connection, lake, settled)
        else:
            with duckdb_file.only_publisher(path):
                is_current = path.exists() and not compare(lake, _state_of_file(settings, path))
                if is_current and settled is not None:
                    is_current, settled = not settled(), None
                if not is_current:
                    brought = _bring_up_file(settings, lake, path, settled)
    changed = {one for what, _ in brought for one in (*what.partitions, *what.gone)}
    return Published(
        partitions=len(changed),
        days=sorted({day for _, day in changed if day}),
        uploads=sum(len(what.upload_ids) for what, _ in brought),
        rows=sum(rows for _, rows in brought),
        seconds=time.monotonic() - started,
    )


def _state_of_file(settings: Settings, path: Path) -> State:
    if not path.exists():
        return State()
    with reading(settings) as connection:
        return State.of(connection)


def _bring_up_file(settings: Settings, lake: Lake, path: Path, settled: Callable[[], bool] | None) -> list[Brought]:
    with duckdb_file.replacement(path) as spare:
        engine = writing(url_of(settings).set(database=str(spare)), settings)
        try:
            with engine.begin() as connection:
                return _bring_until_settled(connection, lake, settled)
        finally:
            engine.dispose()


@contextmanager
def _server(settings: Settings) -> Iterator[Connection]:
    """A transaction of the only publish. Readers go on with what they had until it ends."""
    url = url_of(settings)
    engine = writing(url, settings)
    try:
        with engine.begin() as connection:
            if not connection.execute(sa.text("select pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar():
                raise WarehouseError(
                    f"{url.render_as_string(hide_password=True)}: found another publish at work; expected to be the only one. "
                    "Wait for it, then publish again."
                )
            yield connection
    finally:
        engine.dispose()


def _bring_until_settled(connection: Connection, lake: Lake, settled: Callable[[], bool] | None) -> list[Brought]:
    brought = [_bring_up(connection, lake)]
    if settled is not None and settled():
        brought.append(_bring_up(connection, lake))
    return brought


def _bring_up(connection: Connection, lake: Lake) -> Brought:
    """Do all that is lacking; gives what that was, and the number of rows that travelled."""
    prepare(connection, PARTITIONS)
    _forget_models(connection)
    uploads.create(connection)
    for model in published_models():
        _prepare_model(connection, lake, model)
    lacking = compare(lake, State.of(connection))
    rows = 0
    for name, day in lacking.gone:
        _delete(connection, name, day)
    for (name, day), mark in lacking.partitions.items():
        _delete(connection, name, day)
        rows += insert_file(connection, name, _file(lake, name, day))
        row = {"model": name, "day": day, "mark": mark}
        connection.execute(sa.text("insert into published_partitions values (:model, :day, :mark)"), row)
    uploads.remove(connection, lacking.gone_upload_ids)
    rows += sum(uploads.add(connection, lake, lacking.upload_ids).values())
    _verify(connection, lake, sorted({day for _, day in (*lacking.partitions, *lacking.gone) if day}))
    return lacking, rows


def _prepare_model(connection: Connection, lake: Lake, model: Model) -> None:
    """Let the model's table have the columns of its newest partition."""
    files = lake.partitions(model.name)
    if not files:
        return
    grain = tuple(name.strip() for name in model.header.entries["grain"].removeprefix("one row per").split(","))
    key = ("day",) if model.kept == "day" else grain
    if prepare(connection, Table(model.name, pq.read_schema(files[-1]), key, is_unique=model.kept == "whole")):
        connection.execute(sa.text("delete from published_partitions where model = :model"), {"model": model.name})


def _forget_models(connection: Connection) -> None:
    """Drop the tables of models that there are no more."""
    known = {model.name for model in published_models()}
    found = connection.execute(sa.text("select distinct model from published_partitions")).scalars()
    for name in sorted(set(found) - known):
        connection.execute(sa.text(f'drop table if exists "{name}"'))
        connection.execute(sa.text("delete from published_partitions where model = :model"), {"model": name})


def _file(lake: Lake, name: str, day: str) -> Path:
    return lake.partition(name, date.fromisoformat(day) if day else None)


def _delete(connection: Connection, name: str, day: str) -> None:
    where = "where day = cast(:day as date)" if day else ""
    connection.execute(sa.text(f"delete from {name} {where}"), {"day": day} if day else {})
    row = {"model": name, "day": day}
    connection.execute(sa.text("delete from published_partitions where model = :model and day = :day"), row)


def _verify(connection: Connection, lake: Lake, days: Sequence[str]) -> None:
    """The last step of the conservation law: for each day and source, what arrived equals what the lake holds."""
    sums = ", ".join(f"cast(coalesce(sum({name}), 0) as bigint) as {name}" for name in MEASURES)
    question = sa.text(f"select source, {sums} from fct_usage_daily where day = cast(:day as date) group by source")
    for day in days:
        sent = _sums(_file(lake, "fct_usage_daily", day))
        arrived = {row[0]: tuple(row[1:]) for row in connection.execute(question, {"day": day})}
        for source in sorted({*sent, *arrived}, key=str):
            if sent.get(source) != arrived.get(source):
                raise CheckFailed(
                    f"{day}, {source}: found {arrived.get(source)} as {', '.join(MEASURES)} in the warehouse; "
                    f"expected {sent.get(source)}, as in the lake. Publish again; if it stays so, remove the warehouse first."
                )


def _sums(path: Path) -> dict[str | None, tuple[int, ...]]:
    if not path.exists():
        return {}
    table = pq.read_table(path, columns=["source", *MEASURES])
    found = table.group_by("source").aggregate([(name, "sum") for name in MEASURES])
    return {row["source"]: tuple(row[f"{name}_sum"] or 0 for name in MEASURES) for row in found.to_pylist()}


def published_tables() -> list[str]:
    """Names of all tables that are published, the small ones of the publisher itself aside."""
    return [*(model.name for model in published_models()), *(table.name for table in uploads.TABLES)]
