"""Kind `bars`: a ranking as bars, the longest first, each with its value at the end.

Keys: `by` (the column that names a bar), `value` (columns; the first that is known is measured), `stack` (a column that
splits a bar; the query then says how long the whole bar is, in `<by>_<value>`), `top`, `width`, `step` (height of a
bar), `labels` (width of the names), `legend_columns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from reports import wording
from reports.charts.measures import Row, measure, value_text
from reports.charts.palette import BLUE, INK, place, scale

ROOM_FOR_VALUES = 1.22  # of the longest bar


def chart(config: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> Any:
    """The chart, or None when no row knows its value."""
    import altair as alt

    column = measure(rows, config["value"])
    bars = _ranked(config, rows, column)
    if not bars:
        return None
    stack = config.get("stack")
    marks = [_mark(name, row, column, stack) for name, found in bars.items() for row in found]
    lengths = {name: _whole(config, found[0], column) for name, found in bars.items()}
    ends = [{"name": name, "value": length, "text": value_text(column, length)} for name, length in lengths.items()]
    parts = sorted({str(mark["part"]) for mark in marks}, key=place)
    names = alt.Axis(labelLimit=config.get("labels", 170), grid=False, ticks=False, domain=False)
    y = alt.Y("name:N", sort=list(bars), title=None, axis=names)
    room = alt.Scale(domain=[0, max(lengths.values()) * ROOM_FOR_VALUES])
    x = alt.X("value:Q", title=None, axis=None, scale=room)
    legend = alt.Legend(orient="top", columns=config.get("legend_columns", 0))
    several = alt.Color("part:N", title=None, sort=parts, scale=scale(parts), legend=legend)
    colour = several if len(parts) > 1 else alt.value(BLUE)  # where nothing is tagged, the tags say nothing
    drawn = (
        alt.Chart(alt.Data(values=marks))
        .mark_bar(height={"band": 0.68}, cornerRadiusEnd=1)
        .encode(x=x, y=y, color=colour, order=alt.Order("place:Q"), description=alt.Text("label:N"))
    )
    texts = (
        alt.Chart(alt.Data(values=ends))
        .mark_text(align="left", dx=5, color=INK, fontSize=11, aria=False)
        .encode(x=x, y=y, text="text:N")
    )
    height = max(len(bars) * config.get("step", 25), 50)
    return alt.layer(drawn, texts).properties(width=config.get("width", 330), height=height)


def _ranked(config: Mapping[str, Any], rows: Sequence[Row], column: str) -> dict[str, list[Row]]:
    bars: dict[str, list[Row]] = {}
    for row in rows:
        if row.get(column):
            bars.setdefault(_name(config["by"], row[config["by"]]), []).append(row)
    longest = sorted(bars, key=lambda name: -_whole(config, bars[name][0], column))
    return {name: bars[name] for name in longest[: config.get("top", 10)]}


def _whole(config: Mapping[str, Any], row: Row, column: str) -> int:
    whole: int = row[f"{config['by']}_{column}"] if config.get("stack") else row[column]
    return whole


def _mark(name: str, row: Row, column: str, stack: str | None) -> dict[str, Any]:
    part = str(row[stack]) if stack else ""
    said = f"{name}: {value_text(column, row[column])} {part}".rstrip()
    return {"name": name, "part": part, "value": row[column], "place": place(part), "label": said}


def _name(column: str, value: Any) -> str:
    if column == "headquarters_country":
        return wording.country(value)
    return wording.UNKNOWN if value is None else str(value)
