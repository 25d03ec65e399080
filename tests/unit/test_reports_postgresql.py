"""The same questions, put to a real PostgreSQL, have the same answers as on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from etl import warehouse
from etl.settings import Warehouse
from reports import queries
from reports.queries import Answers
from tests import postgres, warehouse_fixture
from tests.warehouse_fixture.schema import TABLES

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL with nothing in it, in a time zone that is not UTC; gives its URL."""
    with postgres.server("timezone=Asia/Tokyo") as url:
        yield url


@pytest.fixture(scope="module")
def both(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Answers, Answers]]:
    """The same warehouse twice."""
    import psycopg

    home = tmp_path_factory.mktemp("home")
    path = warehouse_fixture.build(home)
    with (
        duckdb.connect(str(path), read_only=True) as source,
        psycopg.connect(server.replace("+psycopg", "")) as target,
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
