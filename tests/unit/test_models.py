"""Models: headers hold, days go stale for good reasons only, repeated events count once, and checks find what is wrong."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp

from etl import pipeline
from etl.errors import CheckFailed, ModelError
from etl.inputs import INPUTS
from etl.lake import Lake
from etl.models import SQL, models, read_header
from etl.settings import Settings

TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
SQL_FILES = sorted(SQL.rglob("*.sql"))
# Constructs that DuckDB and Spark answer differently, or that one of them lacks.
REFUSED = {
    r"\bqualify\b": "write a subquery",
    r"\bdayofweek\s*\(": "use isodow",
    r"date_diff\(\s*'minute'": "subtract epochs",
    r"\bquantile_cont\b": "use median or a window",
    r"\bepoch_(ms|us)\b": "use epoch",
    r"\btime_bucket\b": "use date_trunc",
    r"\bsimilar to\b": "use regexp_matches",
    r"\bgenerate_series\b": "join a table of numbers",
    r"\[\s*\d*\s*:\s*-?\d*\s*\]": "use substr or list_filter",
}


def _drop(
    settings: Settings, name: str, days_ago: int, lines: int = 3, source: str = "proxy", host: str = "www.dropbox.com"
) -> None:
    path = settings.folder("drops") / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    start = int((TODAY - timedelta(days=days_ago)).timestamp())
    text = "".join(
        f"{start + i}.123    10 192.0.2.10 TCP_MISS/200 {100 + i} GET http://{host}/a CORP\\alice HIER_DIRECT/198.51.100.7 text/html\n"
        for i in range(lines)
    )
    path.write_text(text)


def _facts(settings: Settings) -> list[dict[str, object]]:
    return [
        row
        for path in Lake(settings.folder("lake")).partitions("fct_usage_daily")
        for row in pq.read_table(path).to_pylist()
    ]


@pytest.mark.parametrize(
    "path", [path for path in SQL_FILES if path.parent.parent.name == "models"], ids=lambda path: path.stem
)
def test_header_agrees_with_sql(path) -> None:  # type: ignore[no-untyped-def]
    """`reads` names exactly the tables that the SQL reads; grain, units and what adds up are stated."""
    _, header = read_header(path)
    tree = sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="duckdb")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {table.name for table in tree.find_all(exp.Table)} - ctes
    assert read == {name.strip() for name in header["reads"].split(",")}
    assert all(header[key] for key in ("grain", "units", "adds up", "kept"))


@pytest.mark.parametrize(
    "path", [path for path in SQL_FILES if "reports" not in path.parts], ids=lambda path: path.stem
)
def test_sql_avoids_what_engines_answer_differently(path) -> None:  # type: ignore[no-untyped-def]
    """What DuckDB and Spark read differently is refused from the first day; each refusal names the way out."""
    code = "\n".join(
        line for line in path.read_text(encoding="utf-8").lower().splitlines() if not line.startswith("--")
    )
    assert [advice for pattern, advice in REFUSED.items() if re.search(pattern, code)] == []


def test_models_read_downward_only() -> None:
    """Staging, intermediate, facts, dimensions: nothing reads what stands above it, but for the seen keys of the facts."""
    rank = {"staging": 0, "intermediate": 1, "facts": 2, "dimensions": 3}
    for model in models().values():
        for name in model.reads:
            if name not in INPUTS and model.name != "int_seen_daily":
                assert rank[models()[name].path.parent.name] <= rank[model.path.parent.name]


@pytest.mark.parametrize("last", ["int_uploads_daily", "fct_usage_daily"])
def test_a_day_that_begins_during_the_build_waits_for_the_next(settings: Settings, last: str) -> None:
    """Steps of a night are tasks of their own: one that meets a day which the steps before it have not seen leaves it alone."""
    _drop(settings, "before.log", 2)
    pipeline.intake(settings)
    order = pipeline.model_order(settings)
    half = order.index(last) + 1
    for name in order[:half]:
        pipeline.build_model(settings, name)
    _drop(settings, "during.log", 1)
    pipeline.intake(settings)
    new = (TODAY - timedelta(days=1)).date()
    for name in order[half:]:
        assert new.isoformat() not in pipeline.build_model(settings, name).days
    assert pipeline.stale_days(settings) == [new]
    assert {new.isoformat() in one.days for one in pipeline.build(settings) if one.model.startswith("fct_usage")} == {
        True
    }
    assert pipeline.stale_days(settings) == []


def test_late_data_rebuilds_its_day_and_no_other(settings: Settings) -> None:
    """An upload that touches an old day makes that day stale; a second build finds nothing to do."""
    for days_ago in (3, 2, 1):
        _drop(settings, f"{days_ago}.log", days_ago)
    pipeline.intake(settings)
    assert len(pipeline.stale_days(settings)) == 3
    pipeline.build(settings)
    assert pipeline.stale_days(settings) == []
    assert all(one.days == [] for one in pipeline.build(settings))
    _drop(settings, "late.log", 3, lines=5, host="late.example.org")
    pipeline.intake(settings)
    late = (TODAY - timedelta(days=3)).date()
    assert pipeline.stale_days(settings) == [late]
    built = {one.model: one.days for one in pipeline.build(settings)}
    assert built["fct_usage_daily"] == [late.isoformat()]
    assert sum(int(str(row["transactions"])) for row in _facts(settings)) == 14
    pipeline.check(settings)


def test_changed_settings_rebuild_what_reads_them(settings: Settings) -> None:
    """New internal ranges re-class hosts without reading a log again."""
    _drop(settings, "a.log", 1, host="203.0.113.9")
    pipeline.intake(settings)
    pipeline.build(settings)
    assert _facts(settings)[0]["app_class"] == "uncatalogued"
    wider = settings.organisation.model_copy(update={"internal_ranges": ("203.0.113.0/24",)})
    changed = settings.model_copy(update={"organisation": wider})
    built = {one.model: one.days for one in pipeline.build(changed)}
    assert built["int_usage_daily"] == [] and built["int_hosts_daily"] != []
    assert _facts(changed)[0]["app_class"] == "internal"


def test_event_with_a_key_counts_once_across_sources(settings: Settings) -> None:
    """The same MDE event by streaming and by hunting export is one transaction, and the coverage says so."""
    at = (TODAY - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    folder = settings.folder("drops")
    for source in ("mde", "hunting"):
        (folder / source).mkdir(parents=True)
    row = (
        f'{{"Timestamp":"{at}","DeviceName":"lt-1.corp.example","DeviceId":"d","ActionType":"ConnectionSuccess",'
        '"RemoteUrl":"chatgpt.com","RemoteIP":"198.51.100.7","ReportId":7}'
    )
    (folder / "mde" / "a.json").write_text(
        '{"category":"AdvancedHunting-DeviceNetworkEvents","properties":' + row + "}\n"
    )
    (folder / "hunting" / "a.csv").write_text(
        f"Timestamp,DeviceId,DeviceName,ActionType,RemoteIP,RemoteUrl,ReportId\n{at},d,lt-1.corp.example,ConnectionSuccess,198.51.100.7,chatgpt.com,7\n"
    )
    receipts = pipeline.intake(settings)
    assert [receipt.events for receipt in receipts] == [1, 1]
    pipeline.build(settings)
    pipeline.check(settings)
    (fact,) = _facts(settings)
    assert (fact["transactions"], fact["app_id"], fact["device_key"], fact["total_bytes"]) == (
        1,
        "chatgpt",
        "lt-1",
        None,
    )
    assert fact["unknown_bytes_transactions"] == 1


def test_check_finds_a_fact_that_lost_a_transaction(settings: Settings) -> None:
    """The conservation law is not a comment: a tampered fact fails the night with a sentence."""
    _drop(settings, "a.log", 1)
    pipeline.intake(settings)
    pipeline.build(settings)
    lake = Lake(settings.folder("lake"))
    (path,) = lake.partitions("fct_usage_daily")
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.schema.get_field_index("transactions"), "transactions", [[2]]), path)
    with pytest.raises(CheckFailed, match="facts_conserve_events: found 1 rows"):
        pipeline.check(settings, [(TODAY - timedelta(days=1)).date()])


def test_damaged_state_costs_a_rebuild_not_the_report(settings: Settings) -> None:
    """A broken fingerprint file makes its partition stale; nothing else happens."""
    _drop(settings, "a.log", 1)
    pipeline.intake(settings)
    pipeline.build(settings)
    lake = Lake(settings.folder("lake"))
    (lake.partitions("fct_usage_daily")[0].parent / "inputs.json").write_text("{broken")
    assert len(pipeline.stale_days(settings)) == 1
    pipeline.build(settings)
    assert pipeline.stale_days(settings) == []


def test_retention_keeps_facts_longer_than_events(settings: Settings) -> None:
    """Events older than their limit go, their facts stay and are not built to nothing."""
    _drop(settings, "a.log", 20)
    pipeline.intake(settings)
    pipeline.build(settings)
    short = settings.model_copy(update={"retention": settings.retention.model_copy(update={"events_days": 10})})
    assert len(pipeline.maintain(short).event_days) == 1
    pipeline.build(short)
    assert len(_facts(short)) == 1


def test_unknown_model_is_refused(settings: Settings) -> None:
    """The message lists the models that there are."""
    with pytest.raises(ModelError, match=r"expected one of .*int_uploads_daily"):
        pipeline.build_model(settings, "fct_nothing")


def test_internal_and_known_users(settings: Settings) -> None:
    """DOMAIN\\user and user are one person; the clock of the test is not the clock of the events."""
    assert time.tzname[0] != "UTC"
    _drop(settings, "a.log", 1)
    pipeline.intake(settings)
    pipeline.build(settings)
    assert {row["user_key"] for row in _facts(settings)} == {"alice"}
