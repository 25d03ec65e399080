"""DuckDB in this process: UTC, bounded memory with a spill folder of its own, no extension is ever loaded."""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from etl.errors import ModelError
from etl.settings import Settings


class DuckEngine:
    """See `etl.compute.Engine`. Starting DuckDB takes longer than most models: sessions of a run share one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._spill: _Spill | None = None
        self._con: duckdb.DuckDBPyConnection | None = None
        self._functions: set[str] = set()
        self._door = Lock()  # sessions may be opened and used by several threads

    def session(self) -> DuckSession:
        return DuckSession(self._settings, self)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection with temporary tables and views of its own."""
        with self._door:
            found = self._root().cursor()
        found.execute("set timezone = 'UTC'")
        return found

    def function(self, name: str, call: Callable[[str], Any], result: str) -> None:
        """Functions belong to all sessions. What one answers follows from the settings, so the first is as good as any."""
        with self._door:
            if name not in self._functions:
                self._root().create_function(name, call, ["VARCHAR"], result)
                self._functions.add(name)

    def close(self) -> None:
        if self._con is not None:
            self._con.close()
        if self._spill is not None:
            self._spill.remove()
        self._con = self._spill = None

    def _root(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            self._spill = _Spill(self._settings.folder("lake") / ".spill")
            options: dict[str, str | bool | int] = {
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "memory_limit": self._settings.compute.memory_limit,
                "temp_directory": str(self._spill.folder),
                "preserve_insertion_order": False,
            }
            if self._settings.compute.threads:
                options["threads"] = self._settings.compute.threads
            self._con = duckdb.connect(config=options)
        return self._con


class DuckSession:
    """See `etl.compute.Session`. Without an engine it has one of its own."""

    def __init__(self, settings: Settings, engine: DuckEngine | None = None) -> None:
        self._engine, self._is_alone = engine or DuckEngine(settings), engine is None
        self._con = self._engine.cursor()

    def files(self, name: str, paths: Sequence[Path], empty: pa.Schema | None = None) -> None:
        if not paths:
            if empty is None:
                raise ModelError(f"{name}: found no files; expected at least one. Build what it comes from first.")
            self.table(name, empty.empty_table())
            return
        listed = ", ".join(_text(str(path)) for path in paths)
        self.view(name, f"select * from read_parquet([{listed}], union_by_name = true)")

    def table(self, name: str, rows: pa.Table) -> None:
        self._con.register("given_rows", rows)
        self._run(f"create or replace temp table {_name(name)} as select * from given_rows")
        self._con.unregister("given_rows")

    def view(self, name: str, sql: str) -> None:
        self._run(f"create or replace temp view {_name(name)} as {sql}")

    def function(self, name: str, call: Callable[[str], bool]) -> None:
        self._engine.function(name, call, "BOOLEAN")

    def text_function(self, name: str, call: Callable[[str], str]) -> None:
        self._engine.function(name, call, "VARCHAR")

    def write(self, sql: str, path: Path) -> int:
        found = self._run(f"copy ({sql}) to {_text(str(path))} (format parquet, compression zstd)").fetchone()
        return int(found[0]) if found else 0

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found = self._run(sql)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def close(self) -> None:
        self._con.close()
        if self._is_alone:
            self._engine.close()

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._con.execute(sql)
        except duckdb.Error as error:
            first = re.sub(r"\s+", " ", str(error)).strip()
            raise ModelError(f"the engine refused the SQL: {first}. Correct it, or see docs/runbook.md.") from error


class _Spill:
    """A folder for what does not fit into memory. Engines that share one overwrite each other's files, so each has its own.

    Its lock dies with its process: a folder that can be locked was left by a killed run, and is removed.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        with (root / ".lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            for left in root.glob("*/lock"):
                self._remove_if_left(left)
            self.folder = Path(tempfile.mkdtemp(dir=root))
            self._lock = (self.folder / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    @staticmethod
    def _remove_if_left(path: Path) -> None:
        with contextlib.suppress(OSError), path.open() as lock:  # an error means: in use, or gone
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent, ignore_errors=True)

    def remove(self) -> None:
        self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
