"""CSV exports: complete, with units, exact, and harmless in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ReportError
from reports.csvs import exported
from reports.exports import export_table, head, safe_cell, write_csv
from reports.render import ReportRequest, render
from tests import warehouse_fixture
from tests.warehouse_fixture.organisation import HOSTILE_HOST, HOSTILE_USER

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(path)
    return path


@pytest.fixture(scope="module")
def folder(home: Path) -> Path:
    settings = warehouse_fixture.settings(home, per_source=False)
    [rendered] = render(settings, ReportRequest(FIRST, LAST, None, ("csv",), home / "out"))
    return rendered.path


def test_every_export_is_there(folder: Path) -> None:
    """Each query that a page shows has its file, and findings have theirs."""
    assert {path.stem for path in folder.iterdir()} == {*exported(), "findings"}
    assert {"apps", "devices", "users", "ip_addresses", "uploads", "rejects", "app_users"} <= set(exported())


def test_nothing_is_cut_off(folder: Path, home: Path) -> None:
    """An export has as many rows as there are, not the first ones."""
    with duckdb.connect(str(home / warehouse_fixture.FILE), read_only=True) as con:
        pairs = con.execute(
            "select count(*) from (select distinct app_id, user_key from fct_usage_daily where user_key is not null)"
        ).fetchall()[0][0]
    assert len(read(folder / "app_users.csv")) == pairs


def test_heads_carry_units(folder: Path) -> None:
    """Bytes and instants say what they are in the head."""
    row = read(folder / "users.csv")[0]
    assert {"uploaded_bytes", "total_bytes", "first_seen_at_utc", "last_seen_at_utc"} <= set(row)
    assert datetime.fromisoformat(row["last_seen_at_utc"]).utcoffset() is not None
    assert (head("day"), head("risk_day"), head("days"), head("events")) == (
        "day_utc",
        "risk_day_utc",
        "days",
        "events",
    )


def test_sums_equal_the_key_figures(folder: Path) -> None:
    """The exported rows add up to the exported totals."""
    [total] = read(folder / "counters.csv")
    days = read(folder / "usage_daily.csv")
    for column in ("transactions", "uploaded_bytes", "total_bytes"):
        assert sum(int(row[column]) for row in days) == int(total[column])


def test_unknown_is_empty_and_zero_is_zero(folder: Path) -> None:
    """A source without bytes has empty cells, not 0; a count of none is 0."""
    row = next(row for row in read(folder / "sources.csv") if row["source"] == "endpoints")
    assert (
        row["total_bytes"] == "" and row["internal_transactions"] != "" and int(row["unknown_bytes_transactions"]) > 0
    )


def test_hostile_texts_are_neutral(folder: Path) -> None:
    """No cell of any export begins like a formula, and no text is lost by it."""
    for path in folder.glob("*.csv"):
        for row in read(path):
            for column, value in row.items():
                assert not value.startswith(("=", "+", "@", "\t", "\r")), f"{path.name}: {column}: {value!r}"
    assert "'" + HOSTILE_USER in {row["user_key"] for row in read(folder / "users.csv")}
    assert f"uncatalogued:{HOSTILE_HOST}" in {row["app_id"] for row in read(folder / "uncatalogued_domains.csv")}


@given(st.text())
def test_any_text_is_safe(text: str) -> None:
    """Whatever the text, the cell does not start a formula and still ends in the text."""
    cell = safe_cell(text)
    assert cell.endswith(text) and not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


def test_a_bom_and_odd_texts_survive(tmp_path: Path) -> None:
    """Quotes, line breaks, commas and other scripts come back as they were; the file opens with a byte-order mark."""
    texts = ['say "hi"', "two\nlines", "a,b;c", "日本語", "", None, "-12", "＝1+1"]
    write_csv(pa.table({"text": texts, "n": [1, None, 3, 4, 5, 6, 7, 8]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = read(tmp_path / "t.csv")
    assert [row["text"] for row in rows] == ['say "hi"', "two\nlines", "a,b;c", "日本語", "", "", "'-12", "'＝1+1"]
    assert [row["n"] for row in rows][:3] == ["1", "", "3"]


@pytest.mark.parametrize("format_id", ["csv", "jsonl", "parquet"])
def test_a_table_in_full(home: Path, tmp_path: Path, format_id: str) -> None:
    """A published table is exported whole, for a period or altogether, in each format."""
    settings = warehouse_fixture.settings(home)
    out = tmp_path / f"facts.{format_id}"
    rows = export_table(settings, "fct_usage_daily", "", format_id, out)
    found: list[dict[str, Any]]
    if format_id == "csv":
        found = list(read(out))
    elif format_id == "jsonl":
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    else:
        found = pq.read_table(out).to_pylist()
    assert len(found) == rows > 500
    one_day = export_table(settings, "fct_usage_daily", "1d", format_id, tmp_path / "day")
    assert 0 < one_day < rows


@pytest.mark.parametrize(
    ("name", "period", "format_id"),
    [
        ("no_such_table", "", "csv"),
        ("dim_apps; drop table uploads", "", "csv"),
        ("dim_apps", "7d", "csv"),
        ("dim_apps", "", "xlsx"),
        ("dim_apps", "", "parquet"),
    ],
)
def test_export_refuses(home: Path, name: str, period: str, format_id: str) -> None:
    """A table that is not published, a period without days, an unknown format, Parquet to a terminal: refused in a sentence."""
    with pytest.raises(ReportError, match=r"^(export: found|export: dim_apps has no day|export: parquet)"):
        export_table(warehouse_fixture.settings(home), name, period, format_id)


def test_lines_are_those_of_the_arrow_writer(tmp_path: Path) -> None:
    """Each type of column, with quotes, line breaks and unknown values, over more rows than are written at once."""
    table = pa.table(
        {
            "name": pa.chunked_array([["a", None, 'say "so"'], ["two\nlines", "", "ä,ö"]], pa.string()),
            "count": pa.chunked_array([[1, None, -3], [4, 5, 2**62]], pa.int64()),
            "share": pa.chunked_array([[0.1, None, 1e21], [2.0, -0.5, 1e-7]], pa.float64()),
            "is_new": pa.chunked_array([[True, None, False], [True, True, False]], pa.bool_()),
            "on": pa.chunked_array([[date(2026, 11, 24), None, None], [date(1970, 1, 1)] * 3], pa.date32()),
            "nothing": pa.chunked_array([[None] * 3, [None] * 3], pa.null()),
        }
    )
    for rows in (table, table.slice(2, 3), table.slice(0, 0), pa.concat_tables([table] * 20_000)):
        write_csv(rows, tmp_path / "ours.csv")
        pyarrow.csv.write_csv(rows, tmp_path / "theirs.csv")
        assert (tmp_path / "ours.csv").read_bytes() == codecs.BOM_UTF8 + (tmp_path / "theirs.csv").read_bytes()
    write_csv(
        pa.table({"seen_at": pa.array([datetime(2026, 11, 19, 21, 32, 56, 999_999, UTC), None], pa.timestamp("us"))}),
        tmp_path / "at.csv",
    )
    assert (tmp_path / "at.csv").read_text("utf-8-sig") == '"seen_at_utc"\n2026-11-19 21:32:56Z\n\n'
