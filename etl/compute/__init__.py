"""Engines that run a model over lake partitions. DuckDB in the process is the embedded default; a cluster may follow.

An engine knows names, files and SQL; it knows nothing of models, days or the lake's layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from etl.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


class Session(Protocol):
    """One run's connection to an engine. Times are UTC. Raises ModelError when the engine refuses a statement."""

    def files(self, name: str, paths: Sequence[Path], empty: pa.Schema | None = None) -> None:
        """Let SQL read these Parquet files under a name; with none, an empty table of the given schema."""

    def table(self, name: str, rows: pa.Table) -> None:
        """Let SQL read a small table under a name."""

    def view(self, name: str, sql: str) -> None:
        """Give a select a name."""

    def function(self, name: str, call: Callable[[str], bool]) -> None:
        """Let SQL call a predicate over text (for distinct values, not for every row)."""

    def text_function(self, name: str, call: Callable[[str], str]) -> None:
        """Let SQL call a function from text to text, under a name that may have been given before."""

    def write(self, sql: str, path: Path) -> int:
        """Write a select's rows as one Parquet file; give their number."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A select's rows (for checks: few)."""

    def close(self) -> None: ...


class Engine(Protocol):
    """An engine that is running: sessions that follow one another need not start it again. Each sees only what it is given."""

    def session(self) -> Session: ...

    def close(self) -> None: ...


@contextmanager
def engine(settings: Settings) -> Iterator[Engine]:
    """The configured engine. It starts with the first session."""
    from etl.compute.duckdb import DuckEngine

    found = DuckEngine(settings)
    try:
        yield found
    finally:
        found.close()


def session(settings: Settings) -> Session:
    """A session of the configured engine, which starts for it and ends with it."""
    from etl.compute.duckdb import DuckSession

    return DuckSession(settings)
