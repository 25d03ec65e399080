"""Kind `grid`: one line a source, one cell a day. A dashed cell is a day on which the source brought nothing.

Keys: `value` (the column that shades a cell), `width`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from reports import wording
from reports.charts.days import day_axis
from reports.charts.measures import Row
from reports.charts.palette import RED

SHADES = ["#9CC9E6", "#004C7A"]


def chart(config: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> Any:
    """The chart."""
    import altair as alt

    cells = _cells(config["value"], rows, first_day, last_day)
    days = sorted({cell["day"] for cell in cells})
    sources = {cell["source"] for cell in cells}
    axis = day_axis(days)
    axis.ticks, axis.domain = False, False
    base = alt.Chart(alt.Data(values=cells), width=config["width"], height=max(len(sources) * 24, 40)).encode(
        x=alt.X("day:O", title=None, axis=axis),
        y=alt.Y("source:N", title=None, axis=alt.Axis(labelLimit=170, ticks=False, domain=False)),
        description=alt.Text("label:N"),
    )
    shade = alt.Color("value:Q", legend=None, scale=alt.Scale(type="log", range=SHADES))
    filled = (
        base.transform_filter("datum.value > 0")
        .mark_rect(cornerRadius=3, width={"band": 0.97}, height={"band": 0.88})
        .encode(color=shade)
    )
    gaps = base.transform_filter("!(datum.value > 0)").mark_rect(
        fill="none",
        stroke=RED,
        strokeWidth=1,
        strokeDash=[3, 2],
        cornerRadius=3,
        width={"band": 0.95},
        height={"band": 0.82},
    )
    return alt.layer(gaps, filled)


def _cells(column: str, rows: Sequence[Row], first_day: date, last_day: date) -> list[dict[str, Any]]:
    have = {(str(row["source"]), row["day"]): row[column] for row in rows}
    days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    cells = []
    for source in sorted({str(row["source"]) for row in rows}):
        for day in days:
            value = have.get((source, day))
            said = "no data" if value is None else f"{wording.count(value)} {wording.words(column)}"
            label = f"{source}, {wording.day(day)}: {said}"
            cells.append({"source": source, "day": day.isoformat(), "value": value, "label": label})
    return cells
