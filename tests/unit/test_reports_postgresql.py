"""The same questions, put to a real PostgreSQL, have the same answers as on DuckDB."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import warehouse
from etl.settings import Warehouse
from reports import queries
from reports.queries import Answers
from tests import warehouse_fixture
from tests.warehouse_fixture.schema import TABLES

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL on loopback, with nothing in it; gives its URL."""
    initdb, ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or ctl is None:
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("postgres")
    runner: dict[str, Any] = {}
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        runner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        for path in (folder, *list(folder.parents)[:2]):
            path.chmod(0o755)
        os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, log = folder / "data", folder / "log"
    subprocess.run(
        [initdb, "-D", data, "-A", "trust", "-U", "report", "--no-sync"], check=True, capture_output=True, **runner
    )
    options = f"-p {port} -c unix_socket_directories={folder} -c timezone=Asia/Tokyo"
    subprocess.run(
        [ctl, "-D", data, "-w", "-l", log, "-o", options, "start"], check=True, capture_output=True, **runner
    )
    try:
        yield f"postgresql://report@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([ctl, "-D", data, "-m", "immediate", "stop"], check=True, capture_output=True, **runner)


@pytest.fixture(scope="module")
def both(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Answers, Answers]]:
    """The same warehouse twice."""
    import psycopg

    home = tmp_path_factory.mktemp("home")
    path = warehouse_fixture.build(home)
    with (
        duckdb.connect(str(path), read_only=True) as source,
        psycopg.connect(server) as target,
        target.cursor() as cursor,
    ):
        for name, columns in TABLES.items():
            kinds = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            cursor.execute(f"create table {name} ({kinds})".encode())
            with cursor.copy(f"copy {name} from stdin".encode()) as copy:
                for row in source.execute(f"select * from {name}").fetchall():
                    copy.write_row(row)
    embedded = warehouse_fixture.settings(home)
    served = warehouse_fixture.settings(home, warehouse=Warehouse(url=server))
    with warehouse.reading(embedded) as one, warehouse.reading(served) as two:
        yield Answers(one, FIRST, LAST), Answers(two, FIRST, LAST)


def _comparable(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Rows whose order may differ where texts sort by another collation; floats to nine digits."""
    return sorted(
        tuple(f"{value:.9g}" if isinstance(value, float) else repr(value) for value in row.values()) for row in rows
    )


@pytest.mark.parametrize("name", queries.names())
def test_same_answers(name: str, both: tuple[Answers, Answers]) -> None:
    """PostgreSQL and DuckDB give the same columns and rows, in the same types."""
    one, two = both[0].rows(name), both[1].rows(name)
    assert [list(row) for row in one[:1]] == [list(row) for row in two[:1]]
    assert _comparable(one) == _comparable(two)
