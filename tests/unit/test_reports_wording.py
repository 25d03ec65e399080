"""Values as a person reads them: rounded at the end, with a unit, unknown when they are not known."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from etl.errors import ReportError
from reports import wording
from reports.charts import measure, ranking
from reports.periods import period
from reports.slugs import slugs


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (5 * 10**18, "5000.0 PB"),
        (None, "unknown"),
    ],
)
def test_size(value: int | None, text: str) -> None:
    """Sizes are decimal, keep one digit, never read `1000.0 kB`, and are unknown when null."""
    assert wording.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (9_999, "9,999"), (12_345, "12.3 k"), (4_500_000, "4.5 M"), (None, "unknown")]
)
def test_short_count(value: int | None, text: str) -> None:
    """Large counts are shortened; zero is a number, null is not."""
    assert wording.short(value) == text


def test_every_filter_says_unknown() -> None:
    """No filter turns null into 0, an empty text or an error."""
    for name in ("size", "exact_size", "count", "short", "number", "day", "instant", "clock", "words", "country"):
        assert wording.FILTERS[name](None) == "unknown", name


def test_nouns_agree() -> None:
    """One file, two files."""
    assert (wording.things(1, "file"), wording.things(2, "file"), wording.things(None, "file")) == (
        "1 file",
        "2 files",
        "unknown files",
    )


def test_times_name_their_zone() -> None:
    """An instant is shown as UTC, a day with its weekday."""
    assert wording.instant(datetime(2026, 11, 9, 21, 5)) == "9 Nov 2026 21:05 UTC"  # noqa: DTZ001 - UTC without a marker
    assert wording.day(date(2026, 11, 9)) == "Mon 9 Nov 2026"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 19), date(2026, 11, 19), "19 Nov 2026"),
        (date(2026, 11, 13), date(2026, 11, 19), "13 – 19 Nov 2026"),
        (date(2026, 10, 28), date(2026, 11, 3), "28 Oct – 3 Nov 2026"),
        (date(2026, 12, 28), date(2027, 1, 3), "28 Dec 2026 – 3 Jan 2027"),
    ],
)
def test_period_in_words(first: date, last: date, text: str) -> None:
    """A period says month and year as often as needed, and no more."""
    assert wording.period(first, last) == text


@pytest.mark.parametrize("broken", [None, "", "{", "3", '"text"', "[3, null]", '{"a": 1}'])
def test_broken_reasons_are_no_reasons(broken: str | None) -> None:
    """Risk reasons that cannot be read do not stop the report."""
    assert wording.reasons(broken) == "no reason given"


def test_reasons_in_words() -> None:
    """A reason is its detail, or else the name of its feature in words."""
    text = '[{"feature": "new_app", "points": 3, "detail": "used MEGA"}, {"feature": "night_work", "points": 1}]'
    assert wording.reasons(text) == "used MEGA; night work"


def test_countries() -> None:
    """Countries have names; a code that is none is shown as it is."""
    assert (wording.country("DE"), wording.country("nl"), wording.country("ZZ")) == ("Germany", "Netherlands", "ZZ")


@pytest.mark.parametrize(
    ("text", "first"),
    [("7d", date(2026, 11, 13)), ("30d", date(2026, 10, 21)), ("1d", date(2026, 11, 19)), (" 90d ", date(2026, 8, 22))],
)
def test_period_counts_back_from_the_latest_day(text: str, first: date) -> None:
    """Days are counted back from the latest day with data, that day included."""
    assert period(text, date(2026, 11, 19)) == (first, date(2026, 11, 19))


def test_period_from_to() -> None:
    """A period may be named by its two days, whatever the latest day is."""
    assert period("2026-01-01..2026-01-31", None) == (date(2026, 1, 1), date(2026, 1, 31))


@pytest.mark.parametrize(
    "text", ["", "d", "0d", "7", "7w", "2026-01-01", "2026-02-30..2026-03-01", "2026-03-02..2026-03-01"]
)
def test_period_refuses(text: str) -> None:
    """A period that cannot be understood is refused with what was found and what is expected."""
    with pytest.raises(ReportError, match=r"found .*expected"):
        period(text, date(2026, 11, 19))


def test_ranking_falls_back_to_transactions() -> None:
    """Where no row knows its bytes, the ranking goes by transactions; a row of unknown bytes is not ranked by them."""
    blind = [{"n": "a", "total_bytes": None, "transactions": 3}, {"n": "b", "total_bytes": None, "transactions": 5}]
    assert measure(blind, ("total_bytes", "transactions")) == "transactions"
    assert [row["n"] for row in ranking(blind)["rows"]] == ["b", "a"]
    half = [*blind, {"n": "c", "total_bytes": 10, "transactions": 1}]
    assert ranking(half) == {"metric": "total_bytes", "rows": [half[2]]}


def test_slugs_are_safe_and_distinct() -> None:
    """Whatever a source is called, its folder's name is plain, never empty, and never another source's."""
    names = ["proxy", "Proxy", "proxy ", "../../etc", "<script>", "日本", "", "a" * 300, "proxy-1", "proxy 1", "."]
    found = slugs(names)
    assert len(set(found.values())) == len(names)
    assert all(
        slug and set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_") and len(slug) < 80
        for slug in found.values()
    )
    assert found["proxy"] == "proxy" and found["proxy-1"] == "proxy-1"
