"""The times that CEF and LEEF allow, and the time of the syslog prefix, as UTC instants."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from etl.intake import formats
from etl.intake.framing import Records
from etl.intake.parse import Parser


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nov 20 2026 10:11:12 GMT", "2026-11-20 10:11:12"),
        ("Nov 20 2026 10:11:12", "2026-11-20 09:11:12"),
        ("Nov  2 2026 10:11:12 UTC", "2026-11-02 10:11:12"),
        ("Nov 20 2026 10:11:12.125 +0200", "2026-11-20 08:11:12.125"),
        ("Dec 31 23:59:00", "2025-12-31 22:59:00"),
        ("2026-11-20T10:11:12.5Z", "2026-11-20 10:11:12.5"),
        ("1795000000123", "2026-11-18 11:06:40.123"),
        ("yesterday", None),
    ],
)
def test_a_cef_time_is_an_instant(text: str, expected: str | None) -> None:
    """A zone in the text wins; without one the source's zone holds; a year that is left out is the latest one past."""
    parser = Parser("Europe/Berlin", datetime(2026, 11, 24, tzinfo=UTC))
    try:
        row = parser._engine.connection.execute("select cef_time(?)::varchar", [text]).fetchone()
    finally:
        parser.close()
    assert row == (expected,)


@pytest.mark.parametrize(
    ("text", "received", "expected"),
    [
        ("Dec 31 23:59:00", "2026-01-02", "2025-12-31 23:59:00"),
        ("Jan  3 01:00:00", "2026-01-02", "2026-01-03 01:00:00"),  # a clock somewhat ahead
        ("Feb 29 12:00:00", "2025-03-02", "2024-02-29 12:00:00"),
        ("Nov  5 13:07:09.250", "2026-11-24", "2026-11-05 13:07:09.25"),
        ("Nov 05 2024 13:07:09", "2026-11-24", "2024-11-05 13:07:09"),
        ("2026-11-05T13:07:09.25+01:00", "2026-11-24", "2026-11-05 12:07:09.25"),
        ("5 Nov", "2026-11-24", None),
    ],
)
def test_the_year_that_syslog_omits(text: str, received: str, expected: str | None) -> None:
    """The year is the latest one in which the time does not lie after the receipt."""
    parser = Parser("UTC", datetime.fromisoformat(received).replace(tzinfo=UTC))
    try:
        row = parser._engine.connection.execute("select syslog_time(?)::varchar", [text]).fetchone()
    finally:
        parser.close()
    assert row == (expected,)


@pytest.mark.parametrize(
    ("prefix", "own", "expected"),
    [
        ("<13>Nov 20 10:11:12 gw-01 ", "", "2026-11-20T09:11:12"),
        ("<13>1 2026-11-20T10:11:12+01:00 gw-01 app - - - ", "", "2026-11-20T09:11:12"),
        ("Nov 20 10:11:12 gw-01 ", "rt=1795169477000 ", "2026-11-20T10:11:17"),
    ],
)
def test_prefix_gives_the_time_that_a_record_lacks(prefix: str, own: str, expected: str) -> None:
    """The record's own time first; where it has none, that of its syslog prefix, in the source's zone unless it names one."""
    spec = formats.available()["generic_cef"]
    line = f"{prefix}CEF:0|Example|Gateway|1.0|1|web|3|{own}src=10.1.8.20 request=http://www.example.org/ act=allowed"
    parser = Parser("Europe/Berlin", datetime(2026, 11, 24, tzinfo=UTC))
    try:
        (row,) = parser.parse(Records(1, pa.array([line])), [spec]).to_pylist()
    finally:
        parser.close()
    assert row["outcome"] == "event" and row["event_at"] == datetime.fromisoformat(expected)
