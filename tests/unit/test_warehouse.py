"""Publishing to DuckDB and to PostgreSQL: the same rows, only what changed, and readers are never locked out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from etl import pipeline, warehouse
from etl.errors import WarehouseError
from etl.settings import Settings
from tests import postgres

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


def _filled(home: Path, url: str | None = None) -> Settings:
    data: dict[str, Any] = {"home": home, "intake": {"settle_seconds": 0}}
    if url:
        data["warehouse"] = {"url": url}
    settings = Settings.model_validate(data)
    _drop(settings, "one.log", 5, 'we"ird,user\\x')
    return settings


def _drop(settings: Settings, name: str, lines: int, user: str = "bob", days_ago: int = 0) -> None:
    path = settings.folder("drops") / "proxy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    start = int((YESTERDAY - timedelta(days=days_ago)).timestamp())
    path.write_text(
        "".join(
            f"{start + i}.123    10 192.0.2.10 TCP_MISS/200 {100 + i} GET http://h{i}.example.org/a {user} HIER_DIRECT/198.51.100.7 -\n"
            for i in range(lines)
        )
        + 'junk \x00 \\N "quoted", and more\n'
    )


def _night(settings: Settings) -> warehouse.Published:
    pipeline.intake(settings)
    pipeline.build(settings)
    pipeline.check(settings)
    return pipeline.publish(settings)


def _rows(settings: Settings, table: str, order: str) -> list[dict[str, Any]]:
    with warehouse.reading(settings) as connection:
        return [dict(row) for row in connection.execute(sa.text(f"select * from {table} order by {order}")).mappings()]


TABLES = {
    "fct_usage_daily": "day, host, user_key",
    "fct_coverage_daily": "day, source",
    "dim_apps": "app_id",
    "dim_users": "user_key",
    "uploads": "upload_id",
    "rejects": "upload_id, record_no",
}


def test_postgresql_holds_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    """Every table reads the same from both, quotes, backslashes and nulls included; NUL is replaced on PostgreSQL."""
    ours = _filled(tmp_path / "a")
    _night(ours)
    theirs = ours.model_copy(update={"warehouse": ours.warehouse.model_copy(update={"url": postgres_url})})
    published = pipeline.publish(theirs)
    assert published.uploads == 1 and published.rows > 0
    for table, order in TABLES.items():
        here, there = _rows(ours, table, order), _rows(theirs, table, order)
        if table == "rejects":
            assert here[0].pop("raw") == 'junk \x00 \\N "quoted", and more'
            assert there[0].pop("raw") == 'junk \ufffd \\N "quoted", and more'
        assert sorted(map(str, here)) == sorted(map(str, there)), table
    assert pipeline.publish(theirs).partitions == 0
    _drop(ours, "two.log", 2, days_ago=1)
    _night(ours)
    assert pipeline.publish(theirs).days == [(YESTERDAY - timedelta(days=1)).date().isoformat()]
    assert len(_rows(theirs, "fct_usage_daily", "day, host")) == 7


def test_only_what_changed_is_published(tmp_path: Path) -> None:
    """A second publish has nothing to do; a day that changed travels alone."""
    settings = _filled(tmp_path)
    assert _night(settings).days == [YESTERDAY.date().isoformat()]
    again = pipeline.publish(settings)
    assert (again.partitions, again.uploads, again.rows) == (0, 0, 0)
    _drop(settings, "two.log", 3, days_ago=2)
    assert _night(settings).days == [(YESTERDAY - timedelta(days=2)).date().isoformat()]


def test_reader_is_not_locked_out(tmp_path: Path) -> None:
    """A reader that has the file open goes on reading the old tables while a new file is swapped in."""
    settings = _filled(tmp_path)
    _night(settings)
    query = sa.text("select count(*) from fct_usage_daily")
    with warehouse.reading(settings) as old:
        assert old.execute(query).scalar() == 5
        _drop(settings, "two.log", 3, "carol")
        _night(settings)
        assert old.execute(query).scalar() == 5
        with warehouse.reading(settings) as new:
            assert new.execute(query).scalar() == 8
        script = (
            "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchone()[0])"
        )
        path = settings.warehouse_url.removeprefix("duckdb:///")
        done = subprocess.run(
            [sys.executable, "-c", script, path, query.text], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "8"


def test_failed_publish_leaves_the_old_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle changes nothing that a reader sees."""
    settings = _filled(tmp_path)
    _night(settings)
    _drop(settings, "two.log", 3, "carol")
    pipeline.intake(settings)
    pipeline.build(settings)

    def broken(*arguments: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("etl.warehouse.uploads.add", broken)
    with pytest.raises(RuntimeError):
        pipeline.publish(settings)
    assert len(_rows(settings, "fct_usage_daily", "host")) == 5


def test_numbers_keep_their_type(tmp_path: Path) -> None:
    """Integers with nulls stay integers in a frame."""
    settings = _filled(tmp_path)
    _night(settings)
    with warehouse.reading(settings) as connection:
        kinds = {
            row[0]: row[1]
            for row in connection.execute(
                sa.text(
                    "select column_name, data_type from information_schema.columns where table_name = 'fct_usage_daily'"
                )
            )
        }
    assert kinds["total_bytes"] == "BIGINT" and kinds["day"] == "DATE" and kinds["first_at"] == "TIMESTAMP"


def test_no_warehouse_says_what_to_do(settings: Settings) -> None:
    """A query before the first publish names the command that makes one."""
    with pytest.raises(WarehouseError, match="Run: cloud-discovery nightly"), warehouse.reading(settings):
        pass
