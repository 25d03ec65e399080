"""An invented organisation's warehouse, for the tests of the reports: the published tables of docs/architecture.md.

`build()` writes a DuckDB file with planted incidents; `multiply()` makes it large. Same arguments, same rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from etl.settings import Organisation, Settings
from etl.settings import Report as ReportSettings
from tests.warehouse_fixture import usage
from tests.warehouse_fixture.alerts import alerts
from tests.warehouse_fixture.schema import TABLES
from tests.warehouse_fixture.uploads import uploads

FILE = Path("warehouse") / "cloud_discovery.duckdb"
COVERAGE = """
    insert into fct_coverage_daily
    select day, source, source_kind, 2, count(*), 3, 1, 0, cast(sum(transactions) as bigint), 0,
           cast(coalesce(sum(transactions) filter (where app_class = 'internal'), 0) as bigint),
           cast(sum(uploaded_bytes) as bigint), cast(sum(downloaded_bytes) as bigint),
           cast(sum(total_bytes) as bigint), cast(sum(unknown_bytes_transactions) as bigint),
           case when source = 'endpoints' and day = date '2026-11-17' then 2 else 0 end, min(first_at), max(last_at)
    from fct_usage_daily group by day, source, source_kind"""


def settings(home: Path, *, per_source: bool = True, **sections: Any) -> Settings:
    """The settings of an installation in `home`."""
    name = Organisation(name="Contoso Harbour Logistics")
    return Settings(home=home, organisation=name, report=ReportSettings(per_source=per_source), **sections)


def build(home: Path, *, devices: int = 40, days: int = 7, seed: int = 7, hostile: bool = True) -> Path:
    """Write a warehouse below `home` and return its file."""
    path = empty(home)
    facts = usage.facts(devices, days, seed, hostile)
    files, rejects = uploads(facts, days)
    with duckdb.connect(str(path)) as con:
        _insert(con, "fct_usage_daily", facts)
        _insert(con, "dim_apps", usage.apps(facts))
        _insert(con, "dim_devices", usage.entities(facts, "device_key"))
        _insert(con, "dim_users", usage.entities(facts, "user_key"))
        _insert(con, "uploads", files)
        _insert(con, "rejects", rejects)
        _insert(con, "fct_device_risk_daily", usage.risk(facts))
        con.execute(COVERAGE)
        _insert(con, "fct_alerts", alerts(facts))
    return path


def empty(home: Path) -> Path:
    """A warehouse that has its tables and no row."""
    path = home / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        for name, columns in TABLES.items():
            con.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")
    return path


def multiply(path: Path, rows: int) -> None:
    """Copy the facts, each time with other devices, users and addresses, until there are `rows`; coverage follows."""
    with duckdb.connect(str(path)) as con:
        have = con.execute("select count(*) from fct_usage_daily").fetchall()[0][0]
        con.execute(f"""
            insert into fct_usage_daily
            select f.* replace (device_key || '-' || k as device_key, user_key || '-' || k as user_key,
                                '10.' || (k % 250) || '.' || substr(src_ip, 6) as src_ip)
            from fct_usage_daily f, range(1, {max(rows // have, 1)}) r(k)""")
        con.execute("""
            insert into dim_devices
            select device_key, upper(device_key), null, 'proxy', min(first_at), max(last_at), max(user_key)
            from fct_usage_daily where device_key not in (select device_key from dim_devices) group by 1, 2""")
        con.execute("""
            insert into dim_users select user_key, user_key, null, null, null, null, min(first_at), max(last_at)
            from fct_usage_daily where user_key not in (select user_key from dim_users) group by 1, 2""")
        con.execute("delete from fct_coverage_daily")
        con.execute(COVERAGE)


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert dicts through Arrow, in the types of the table."""
    import pyarrow as pa

    columns = TABLES[table]
    con.register("incoming", pa.table({column: [row.get(column) for row in rows] for column in columns}))
    casts = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
    con.execute(f"insert into {table} select {casts} from incoming")
    con.unregister("incoming")
