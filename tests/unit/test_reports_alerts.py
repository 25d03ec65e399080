"""Alerts in the reports: counted and listed alike, by period and source; a line in the PDF only where there are any."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import warehouse
from reports.render import ReportRequest, render
from tests import warehouse_fixture

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(path)
    return path


def ask(home: Path, query: str, **params: Any) -> list[dict[str, Any]]:
    period = {"first_day": FIRST, "last_day": LAST, "source": None}
    return warehouse.rows(warehouse_fixture.settings(home), query, **{**period, **params})


@pytest.mark.parametrize("source", [None, "endpoints", "endpoints/proxy-hamburg", "end", "nowhere"])
def test_counts_are_those_of_the_list(home: Path, source: str | None) -> None:
    """The key figures equal a count of the rows; a part of a source's name is no source."""
    rows, (counts,) = ask(home, "alerts", source=source), ask(home, "alert_counts", source=source)
    assert counts["alerts"] == counts["session_alerts"] == len(rows)
    by_status = {
        name: sum(row["status"] == name for row in rows) for name in ("not_blocked", "pending_enforcement", "blocked")
    }
    assert [counts[f"{name}_alerts"] for name in ("not_blocked", "pending", "blocked")] == list(by_status.values())
    assert counts["devices"] == len({row["device_key"] for row in rows} - {None})
    assert bool(rows) == (source in (None, "endpoints", "endpoints/proxy-hamburg"))


def test_alert_of_two_sources_is_in_the_list_of_each(home: Path) -> None:
    """It is shown for either source, and once for both."""
    (two,) = [row for row in ask(home, "alerts") if "," in row["sources"]]
    names = two["sources"].split(", ")
    assert len(names) == 2
    for source in (*names, "/".join(names)):
        assert [row["alert_id"] for row in ask(home, "alerts", source=source)].count(two["alert_id"]) == 1


def test_the_worst_comes_first_and_days_bound_it(home: Path) -> None:
    """High before medium before low; a period without days has none."""
    found = [row["severity"] for row in ask(home, "alerts")]
    assert found == sorted(found, key=["high", "medium", "low"].index) and len(set(found)) == 3
    assert ask(home, "alerts", first_day=date(2026, 1, 1), last_day=date(2026, 1, 2)) == []


def test_drill_downs_share_the_alerts_out(tmp_path: Path) -> None:
    """Each alert is in the drill-down of its app, device and user, and in no other; where one is unknown, it is nobody's."""
    path = warehouse_fixture.build(tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute("update fct_alerts set device_key = null where alert_id in (select min(alert_id) from fct_alerts)")
    out = tmp_path / "out"
    render(
        warehouse_fixture.settings(tmp_path, per_source=False),
        ReportRequest(first_day=FIRST, last_day=LAST, formats=("html",), out=out),
    )
    rows = ask(tmp_path, "alerts")
    assert sum(row["device_key"] is None for row in rows) == 1
    for entity, key in (("app", "app_id"), ("device", "device_key"), ("user", "user_key")):
        told: Counter[str] = Counter()
        for bucket in (out / "data").glob(f"{entity}-[0-9]*.js"):
            text = bucket.read_text(encoding="utf-8").strip().removeprefix("CloudDiscovery.details(").removesuffix(");")
            _, _, things = json.loads(f"[{text}]")
            for name, thing in things.items():
                found = thing["lists"].get("alerts", {"all": 0, "rows": []})
                assert len(found["rows"]) == min(found["all"], 50)
                told += Counter({name: found["all"]})
        assert told == Counter(row[key] for row in rows if row[key] is not None)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_pdf_has_a_line_where_there_are_alerts(tmp_path: Path) -> None:
    """With alerts the counts are in the PDF; with a policy's match, too; without alerts there is no word of them."""

    def said(name: str) -> str:
        settings = warehouse_fixture.settings(tmp_path, per_source=False)
        (made,) = render(settings, ReportRequest(FIRST, LAST, None, ("pdf",), tmp_path / name))
        done = subprocess.run(["pdftotext", "-layout", made.path, "-"], check=True, capture_output=True, text=True)
        return " ".join(done.stdout.split())

    path = warehouse_fixture.build(tmp_path, devices=8)
    (counts,) = ask(tmp_path, "alert_counts")
    first = said("alerts")
    assert (
        f"{counts['session_alerts']} sessions with 1 unsanctioned app: {counts['not_blocked_alerts']} not blocked"
        in first
    )
    assert "Policies matched" not in first
    with duckdb.connect(str(path)) as con:
        con.execute("insert into fct_alerts by name select * replace ('policy' as kind, 'matched' as status, 'p' as alert_id) "
                    "from fct_alerts limit 1")  # fmt: skip
    assert "Policies matched 1 time" in said("policies")
    with duckdb.connect(str(path)) as con:
        con.execute("delete from fct_alerts")
    assert "unsanctioned app:" not in said("none") and "page Alerts" not in said("none_again")


def test_empty_page_says_what_to_do(tmp_path: Path) -> None:
    """Without an alert the page says how one comes about; a note of a tag is no formula in the CSV."""
    path = warehouse_fixture.build(tmp_path, devices=8)
    settings = warehouse_fixture.settings(tmp_path, per_source=False)
    render(settings, ReportRequest(FIRST, LAST, None, ("html", "csv"), tmp_path / "some"))
    exported = (tmp_path / "some" / "csv" / "alerts.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK" in exported
    with duckdb.connect(str(path)) as con:
        con.execute("delete from fct_alerts")
    render(settings, ReportRequest(FIRST, LAST, None, ("html",), tmp_path / "none"))
    assert "cloud-discovery tag APP unsanctioned" in (tmp_path / "none" / "alerts.html").read_text(encoding="utf-8")
