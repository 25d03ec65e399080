"""The questions that reports ask: their headers keep their word, and their answers are right, on DuckDB and PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy.engine import Connection

from etl import warehouse
from etl.errors import ReportError
from reports import queries
from reports.queries import Answers
from tests import warehouse_fixture
from tests.warehouse_fixture.schema import TABLES

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)
EVERYTHING = {"first_day": FIRST, "last_day": LAST, "source": None}
NAMES = queries.names()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(path)
    return path


@pytest.fixture(scope="module")
def connection(home: Path) -> Iterator[Connection]:
    with warehouse.reading(warehouse_fixture.settings(home)) as opened:
        yield opened


@pytest.fixture(scope="module")
def facts(home: Path) -> list[dict[str, Any]]:
    """The facts as Python has them: an independent way to count."""
    batches = warehouse.stream(warehouse_fixture.settings(home), "select * from fct_usage_daily")
    return [dict(zip(names, row, strict=True)) for names, rows in batches for row in rows]


def answers(home: Path, connection: Connection, *sources: str) -> Answers:
    return Answers(connection, FIRST, LAST, sources or None)


def body(name: str) -> str:
    lines = (queries.FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def test_there_are_queries() -> None:
    """The folder is not empty, so that the tests over it mean something."""
    assert len(NAMES) > 40


@pytest.mark.parametrize("name", NAMES)
def test_header_keeps_its_word(name: str) -> None:
    """A query opens with what, grain, reads, units and params; it reads the tables and takes the parameters it names."""
    about = queries.header(name)
    for key in ("what", "grain", "reads", "units", "params"):
        assert about[key]
    sql = body(name)
    own = set(re.findall(r"(\w+) as \(\s*\n?\s*select", sql))
    read = set(re.findall(r"\b(?:from|join) (\w+)", sql)) - own - {"lateral"}
    assert read == {part.strip() for part in about["reads"].split(",")}
    assert read <= set(TABLES)
    taken = set(re.findall(r"(?<!:):(\w+)", sql))
    assert taken == {key for key in ("first_day", "last_day", "source") if re.search(rf"\b{key}\b", about["params"])}


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("finding_")])
def test_finding_says_what_it_needs(name: str) -> None:
    """A finding has a title, a sentence, what to do and when it is reported."""
    about = queries.header(name)
    assert all(about[key] for key in ("title", "says", "check", "rule"))


@pytest.mark.parametrize("name", NAMES)
def test_query_answers(name: str, home: Path, connection: Connection) -> None:
    """Every query runs, for all sources, for one, for two, and for a name that does not exist; byte sums are whole numbers."""
    for sources in ((), ("proxy-hamburg",), ("proxy-hamburg", "endpoints"), ("no such source",)):
        for row in answers(home, connection, *sources).rows(name):
            for column, value in row.items():
                if column.endswith("_bytes") or column in {"transactions", "events", "records"}:
                    assert value is None or type(value) is int, f"{column} is {value!r}"


def test_totals_equal_an_independent_count(home: Path, connection: Connection, facts: list[dict[str, Any]]) -> None:
    """The key figures are those that Python counts over the raw facts, for all sources and for each."""
    for source in (None, *sorted({row["source"] for row in facts})):
        mine = [row for row in facts if source in (None, row["source"])]
        found = answers(home, connection, *([source] if source else [])).row("counters")
        assert found["transactions"] == sum(row["transactions"] for row in mine)
        for column in ("uploaded_bytes", "downloaded_bytes", "total_bytes"):
            known = [row[column] for row in mine if row[column] is not None]
            assert found[column] == (sum(known) if known else None)
        for figure, key in (("devices", "device_key"), ("users", "user_key"), ("ip_addresses", "src_ip")):
            assert found[figure] == len({row[key] for row in mine} - {None})
        assert found["apps"] == len({row["app_id"] for row in mine if row["app_class"] == "app"})
        assert found["unknown_user_transactions"] == sum(row["transactions"] for row in mine if row["user_key"] is None)


def test_two_sources_together(home: Path, connection: Connection) -> None:
    """Asked for two sources, transactions are the sum of both; the distinct devices are not counted twice."""
    one, two = (answers(home, connection, name).row("counters") for name in ("proxy-hamburg", "zscaler-roaming"))
    both = answers(home, connection, "proxy-hamburg", "zscaler-roaming").row("counters")
    assert both["transactions"] == one["transactions"] + two["transactions"]
    assert both["devices"] < one["devices"] + two["devices"]


def test_a_source_is_matched_whole(home: Path, connection: Connection) -> None:
    """A part of a source's name is not that source."""
    assert not answers(home, connection, "proxy").row("counters")["transactions"]


@pytest.mark.parametrize("name", ["destinations", "usage_daily"])
def test_parts_sum_to_the_whole(name: str, home: Path, connection: Connection) -> None:
    """Destinations, and days, add up to the key figures."""
    asked = answers(home, connection)
    for column in ("transactions", "total_bytes", "blocked_transactions"):
        assert sum(row[column] or 0 for row in asked.rows(name)) == asked.row("counters")[column]


def test_conservation(home: Path, connection: Connection) -> None:
    """The report shows that nothing was lost: no record unexplained, no transaction missing."""
    asked = answers(home, connection)
    assert asked.rows("conservation") and all(row["unexplained_records"] == 0 for row in asked.rows("conservation"))
    assert asked.rows("balance") and all(
        row["missing_transactions"] == row["missing_bytes"] == 0 for row in asked.rows("balance")
    )


def test_missing_transactions_are_seen(tmp_path: Path) -> None:
    """When facts are lost, the balance says how many, for the right source."""
    path = warehouse_fixture.build(tmp_path, devices=5)
    with duckdb.connect(str(path)) as con:
        gone = con.execute(
            "select transactions from fct_usage_daily where source = 'proxy-hamburg' limit 1"
        ).fetchall()[0][0]
        con.execute(
            "delete from fct_usage_daily where rowid = (select rowid from fct_usage_daily where source = 'proxy-hamburg' limit 1)"
        )
    with warehouse.reading(warehouse_fixture.settings(tmp_path)) as connection:
        balance = {row["source"]: row for row in answers(tmp_path, connection).rows("balance")}
    assert balance["proxy-hamburg"]["missing_transactions"] == gone
    assert balance["endpoints"]["missing_transactions"] == 0


def test_unknown_query_names_those_there_are() -> None:
    """Asking for a query that does not exist says which exist."""
    with pytest.raises(ReportError, match=r"no such query.*counters"):
        queries.header("nothing_like_it")


def test_tables_that_are_not_published_have_no_answer(tmp_path: Path) -> None:
    """In a warehouse where a table is missing, queries on it answer nothing instead of failing."""
    path = warehouse_fixture.empty(tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute("drop table fct_usage_daily")
    with warehouse.reading(warehouse_fixture.settings(tmp_path)) as connection:
        asked = answers(tmp_path, connection)
        assert asked.rows("counters") == []
        assert len(asked.table("apps")) == 0
        assert asked.rows("uploads") == []


def test_arrow_and_rows_agree(home: Path, connection: Connection) -> None:
    """The answer as a table holds the same rows as the answer as dicts."""
    asked = answers(home, connection)
    for name in ("apps", "app_users", "uploads", "finding_silent_source"):
        assert asked.table(name).to_pylist() == asked.rows(name)
