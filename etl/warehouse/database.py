"""Connections: reading without ever being locked out, and errors that say what to do."""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from etl.errors import WarehouseError
from etl.settings import Settings
from etl.warehouse import duckdb_file

# SQLAlchemy would look for it among all that is installed.
sa.dialects.registry.register("duckdb", "duckdb_sqlalchemy", "Dialect")
# Nothing is fetched or loaded that is not built in; what a session may use is bounded by [compute].
NO_EXTENSIONS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}


def url_of(settings: Settings) -> sa.URL:
    """The warehouse's URL. Raises WarehouseError when it is none, or names a database that is not supported."""
    try:
        url = sa.make_url(settings.warehouse_url)
        backend = url.get_backend_name()
    except sa.exc.ArgumentError:
        raise WarehouseError(
            "[warehouse] url: found no database URL; expected one such as postgresql+psycopg://user@host/name. Correct it."
        ) from None
    if backend not in ("duckdb", "postgresql"):
        raise WarehouseError(f"[warehouse] url: found {backend}; expected duckdb or postgresql. Correct it.")
    if backend == "postgresql" and url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    return url


def file_of(url: sa.URL) -> Path | None:
    """The file of a DuckDB warehouse; None for a server."""
    return Path(url.database or "") if url.get_backend_name() == "duckdb" else None


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A connection for queries, which cannot write. Raises WarehouseError when there is no warehouse yet."""
    url = url_of(settings)
    path = file_of(url)
    with errors(url), ExitStack() as stack:
        if path is None:
            engine = sa.create_engine(url)
            stack.callback(engine.dispose)
            yield stack.enter_context(engine.connect().execution_options(postgresql_readonly=True))
            return
        while True:
            if not path.exists():
                raise WarehouseError(
                    f"{path}: found no warehouse; expected one that was published. Run: cloud-discovery nightly"
                )
            with duckdb_file.shared(path) as is_current:
                engine = _attached(path, settings)
                try:
                    with engine.connect() as connection:
                        if is_current():
                            yield connection
                            return
                finally:
                    engine.dispose()


def _attached(path: Path, settings: Settings) -> Engine:
    """An engine in memory with the file attached: two of them in one process do not share an old file."""
    engine = sa.create_engine("duckdb:///:memory:", connect_args={"config": duckdb_options(settings)})

    @sa.event.listens_for(engine, "connect")
    def attach(connection: Any, record: object) -> None:
        literal = str(path).replace("'", "''")
        connection.execute(f"attach '{literal}' as warehouse (read_only)")
        connection.execute("use warehouse")
        connection.execute("set timezone = 'UTC'")

    return engine


def writing(url: sa.URL, settings: Settings) -> Engine:
    """An engine that can write: a server's, or that of a DuckDB file which nobody else uses."""
    if file_of(url) is None:
        return sa.create_engine(url)
    return sa.create_engine(url, connect_args={"config": duckdb_options(settings)})


def duckdb_options(settings: Settings) -> dict[str, Any]:
    """How DuckDB is opened: no extensions, bounded memory."""
    spill = Path(tempfile.gettempdir()) / f"cloud-discovery-{uuid.uuid4().hex}"  # made only when something is spilled
    options: dict[str, Any] = {
        **NO_EXTENSIONS,
        "memory_limit": settings.compute.memory_limit,
        "temp_directory": str(spill),
    }
    if settings.compute.threads:
        options["threads"] = settings.compute.threads
    return options


def _server_errors() -> tuple[type[Exception], ...]:
    """The driver's own errors, where a driver was loaded: who keeps a file need not wait for it."""
    driver = sys.modules.get("psycopg")
    return (driver.Error,) if driver else ()


@contextmanager
def errors(url: sa.URL) -> Iterator[None]:
    """What a database or driver refuses becomes one sentence, without the password."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, duckdb.Error, *_server_errors()) as error:
        cause = getattr(error, "orig", None) or error
        found = " ".join(str(cause).split())
        place = url.render_as_string(hide_password=True)
        raise WarehouseError(
            f"{place}: {found}. Check [warehouse] url and that the database answers: cloud-discovery doctor"
        ) from error


def examine(settings: Settings) -> str:
    """A sentence on the state of the warehouse, for doctor. Raises WarehouseError."""
    url = url_of(settings)
    path = file_of(url)
    if path is not None and not path.exists():
        return f"{path}: not published yet"
    with reading(settings) as connection:
        connection.execute(sa.text("select 1"))
    return url.render_as_string(hide_password=True)
