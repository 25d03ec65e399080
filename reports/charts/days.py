"""Kind `days`: columns over the days of the period, stacked by series. A day without data stays empty: a gap is seen.

Keys: `series` (lists of columns; the first list of which anything is known is drawn), `width`, `height`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from reports import wording
from reports.charts.measures import Row, is_bytes, value_text
from reports.charts.palette import scale

LABELS = {
    "uploaded_bytes": "uploaded",
    "downloaded_bytes": "downloaded",
    "blocked_transactions": "blocked",
    "passed_transactions": "not blocked",
}
BYTES = {"1e12": " TB", "1e9": " GB", "1e6": " MB", "1e3": " kB", "0": " B"}
COUNTS = {"1e9": " G", "1e6": " M", "1e3": " k", "0": ""}
DAY = "utcFormat(toDate(datum.value), '%d %b')"


def chart(config: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> Any:
    """The chart, or None when no row knows anything of any series."""
    import altair as alt

    known = [group for group in config["series"] if any(row.get(name) for row in rows for name in group)]
    if not known:
        return None
    series = known[0]
    labels = [label(name) for name in series]
    days = days_of(first_day, last_day)
    units = _in_units(BYTES if is_bytes(series[0]) else COUNTS)
    return (
        alt.Chart(alt.Data(values=_marks(rows, series)), width=config["width"], height=config["height"])
        .mark_bar(cornerRadiusEnd=1)
        .encode(
            x=alt.X("day:O", title=None, scale=alt.Scale(domain=days, paddingInner=0.25), axis=day_axis(days)),
            y=alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=5, labelExpr=units)),
            color=alt.Color("series:N", title=None, scale=scale(labels), legend=alt.Legend(orient="top")),
            order=alt.Order("place:Q"),
            description=alt.Text("text:N"),
        )
    )


def _in_units(units: Mapping[str, str]) -> str:
    """A label's expression: the value over the largest unit below it. Zero stands alone."""
    choices = [
        f"datum.value >= {size} ? format(datum.value / {size}, '.3~g') + '{unit}'"
        for size, unit in units.items()
        if size != "0"
    ]
    return " : ".join([*choices, f"datum.value + (datum.value ? '{units['0']}' : '')"])


def label(column: str) -> str:
    """A series in the legend."""
    return LABELS.get(column, wording.words(column))


def days_of(first_day: date, last_day: date) -> list[str]:
    """Every day of the period."""
    return [(first_day + timedelta(days=number)).isoformat() for number in range((last_day - first_day).days + 1)]


def day_axis(days: Sequence[str]) -> Any:
    """An axis that names at most ten days."""
    import altair as alt

    named = days if len(days) <= 10 else days[:: -(-len(days) // 9)]
    return alt.Axis(values=list(named), labelAngle=0, labelExpr=DAY, labelOverlap=True, grid=False)


def _marks(rows: Sequence[Row], series: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "day": row["day"].isoformat(),
            "series": label(name),
            "place": place,
            "value": row[name],
            "text": f"{wording.day(row['day'])}: {value_text(name, row[name])} {label(name)}",
        }
        for row in rows
        for place, name in enumerate(series)
        if row.get(name) is not None
    ]
