"""DuckDB as the engine that answers for batches of records: sessions with the macros of the formats, and planned statements."""

from __future__ import annotations

import queue
from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from etl.intake.sql import literal, timestamp

MACROS = Path(__file__).with_name("macros.sql")


class _Source:
    """The table that a planned statement reads: always another one, of the same columns."""

    def __init__(self, name: str, table: pa.Table) -> None:
        self.name, self.table = name, table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow PyCapsule interface."""
        return self.table.__arrow_c_stream__(requested_schema)


class _Session:
    """A connection and the statements that it has planned: planning costs as much as answering for ten thousand records."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._sources: dict[str, _Source] = {}

    def ask(self, statement: str, table: pa.Table) -> pa.Table:
        source = self._sources.get(statement)
        if source is None:
            source = _Source(f"source_{len(self._sources)}", table)
            self.connection.register(source.name, source)
            planned = f"with batch as (from {source.name}), {statement.removeprefix('with ')}"
            self.connection.execute(f"prepare about_{source.name} as {planned}")
            self._sources[statement] = source
        source.table = table
        try:
            return self.connection.sql(f"execute about_{source.name}").to_arrow_table()
        finally:
            source.table = table.schema.empty_table()  # nothing of the batch is kept


class Engine:
    """Answers statements over batches. Threads may ask at once: each gets a session of its own, and one processor.

    `timezone` and `received_at` are what the macros `zone_` and `received_` say.
    """

    def __init__(self, timezone: str, received_at: datetime, threads: int, memory_limit: str) -> None:
        options: dict[str, str | bool | int] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": memory_limit,
        }
        if threads:
            options["threads"] = threads
        self.connection = duckdb.connect(config=options)
        # A long `in (…)` over every record is faster as comparisons than as the hash join it would be turned into.
        self.connection.execute("set disabled_optimizers = 'in_clause'")
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(f"create macro zone_() as {literal(timezone)}")
        self.connection.execute(f"create macro received_() as {timestamp(received_at)}")
        self.connection.execute(MACROS.read_text(encoding="utf-8"))
        # A user's own format is an expression that somebody wrote: it reads no file and changes no setting.
        self.connection.execute("set enable_external_access = false")
        self.connection.execute("set lock_configuration = true")
        self._idle: queue.LifoQueue[_Session] = queue.LifoQueue()

    def ask(self, statement: str, table: pa.Table) -> pa.Table:
        """What a statement, `with … select …`, says of the rows of `batch`, in their order. Raises what the engine raises."""
        try:
            session = self._idle.get_nowait()
        except queue.Empty:
            session = _Session(self.connection.cursor())
        try:
            return session.ask(statement, table)
        finally:
            self._idle.put(session)

    def close(self) -> None:
        """No thread asks any more."""
        with closing(self.connection):
            while not self._idle.empty():
                self._idle.get_nowait().connection.close()
