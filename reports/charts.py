"""Charts as static SVG: Altair describes, vl-convert draws. The same drawing serves the page and the PDF.

A block names a `kind` and the columns it draws; a chart never computes a number, it places those of the query. Colours are
distinguishable with the common colour-vision deficiencies (after Okabe and Ito), and no meaning hangs on colour alone:
legends, labels and the text beside each mark say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from reports import wording

Row = dict[str, Any]
FONT = "DejaVu Sans"
BLUE, ORANGE, GREEN, RED, SKY, PURPLE, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#56B4E9",
    "#CC79A7",
    "#9AA3AE",
)
COLOURS = {
    "high": RED, "medium": ORANGE, "low": BLUE, "unknown": GREY,
    "sanctioned": BLUE, "monitored": ORANGE, "unsanctioned": RED, "untagged": GREY,
    "downloaded": BLUE, "uploaded": ORANGE, "total": BLUE, "not blocked": BLUE, "blocked": RED,
}  # fmt: skip
LABELS = {
    "uploaded_bytes": "uploaded", "downloaded_bytes": "downloaded", "total_bytes": "total", "transactions": "transactions",
    "blocked_transactions": "blocked", "passed_transactions": "not blocked",
}  # fmt: skip
INK, FAINT = "#4A5462", "#DDE2E8"  # replaced by CSS variables on pages, kept in the PDF
BYTES_AXIS = (
    "datum.value >= 1e12 ? format(datum.value/1e12, '.3~g') + ' TB' : datum.value >= 1e9 ? format(datum.value/1e9, '.3~g') + ' GB' : "
    "datum.value >= 1e6 ? format(datum.value/1e6, '.3~g') + ' MB' : datum.value >= 1e3 ? format(datum.value/1e3, '.3~g') + ' kB' : datum.value + ' B'"
)


def metric(rows: Sequence[Row], candidates: Sequence[str]) -> str:
    """The first column that any row knows; the last one when none does. A source without bytes is drawn by transactions."""
    for name in candidates:
        if any(row.get(name) for row in rows):
            return name
    return candidates[-1]


def ranking(rows: Sequence[Row], candidates: Sequence[str] = ("total_bytes", "transactions"), top: int = 10) -> dict[str, Any]:
    """The first rows by the first measure that is known: `metric` and `rows`, the largest first."""
    column = metric(rows, candidates)
    known = [row for row in rows if row.get(column)]
    return {"metric": column, "rows": sorted(known, key=lambda row: -row[column])[:top]}


def is_bytes(column: str) -> bool:
    return column.endswith("_bytes")


def value_text(column: str, value: Any) -> str:
    return wording.size(value) if is_bytes(column) else wording.count(value)


def draw(chart: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> str:
    """The SVG of a block's chart; an empty string when there is nothing to draw."""
    if not rows:
        return ""
    kinds: dict[str, Callable[..., Any]] = {"days": _days, "bars": _bars, "grid": _grid}
    drawn = kinds[chart["kind"]](chart, rows, first_day, last_day)
    return _svg(drawn) if drawn is not None else ""


def _days(chart: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> Any:
    """Columns over the days of the period, stacked by series; days without data stay empty, so that a gap is seen."""
    import altair as alt

    groups: list[list[str]] = [list(group) for group in chart["series"]]
    series = next((group for group in groups if any(row.get(name) for row in rows for name in group)), groups[-1])
    values = [
        {"day": row["day"].isoformat(), "series": LABELS.get(name, wording.words(name)), "order": place, "value": row[name],
         "text": value_text(name, row[name])}
        for row in rows for place, name in enumerate(series) if row.get(name) is not None
    ]  # fmt: skip
    labels = [LABELS.get(name, wording.words(name)) for name in series]
    days = [(first_day + timedelta(days=number)).isoformat() for number in range((last_day - first_day).days + 1)]
    ticks = days if len(days) <= 10 else days[:: max(len(days) // 8, 1)]
    axis = alt.Axis(title=None, labelExpr=BYTES_AXIS) if is_bytes(series[0]) else alt.Axis(title=None, format="~s")
    colour = alt.Color(
        "series:N", title=None, scale=_scale(labels), legend=alt.Legend(orient="top") if len(labels) > 1 else None
    )
    return (
        alt.Chart(alt.Data(values=values), width=chart.get("width", 560), height=chart.get("height", 190))
        .mark_bar(cornerRadiusEnd=1)
        .encode(
            x=alt.X("day:O", title=None, scale=alt.Scale(domain=days, paddingInner=0.25), axis=alt.Axis(
                values=ticks, labelAngle=0, labelExpr="utcFormat(toDate(datum.value), '%d %b')", labelOverlap=True, grid=False)),
            y=alt.Y("value:Q", axis=axis),
            color=colour,
            order=alt.Order("order:Q"),
            description=alt.Text("label:N"),
        )
        .transform_calculate(label="utcFormat(toDate(datum.day), '%a %d %b') + ': ' + datum.text + ' ' + datum.series")
    )  # fmt: skip


def _bars(chart: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> Any:
    """The longest bars of a ranking, stacked by a second column if there is one, each with its value written at the end."""
    import altair as alt

    column = metric(rows, chart["value"])
    by, stack = chart["by"], chart.get("stack")
    whole = f"{by}_{column}"  # a query with several rows for one bar says how long the bar is
    ranked: dict[str, list[Row]] = {}
    for row in rows:
        if row.get(column):
            ranked.setdefault(_name(by, row[by]), []).append(row)
    lengths = {name: found[0].get(whole, found[0][column]) for name, found in ranked.items()}
    order = sorted(ranked, key=lambda name: -lengths[name])[: chart.get("top", 10)]
    if not order:
        return None
    values, ends = [], []
    for name in order:
        ends.append({"name": name, "value": lengths[name], "text": value_text(column, lengths[name])})
        values += [
            {"name": name, "part": str(row[stack]) if stack else "", "value": row[column], "place": _place(str(row[stack])) if stack else 0,
             "label": f"{name}: {value_text(column, row[column])}{' ' + str(row[stack]) if stack else ''}"}
            for row in ranked[name]
        ]  # fmt: skip
    y = alt.Y(
        "name:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=chart.get("labels", 170), grid=False, ticks=False, domain=False),
    )
    longest = max(end["value"] for end in ends)
    x = alt.X("value:Q", title=None, axis=None, scale=alt.Scale(domain=[0, longest * 1.18]))
    parts = sorted({value["part"] for value in values}, key=_place)
    colour = (
        alt.Color("part:N", title=None, sort=parts, scale=_scale(parts), legend=alt.Legend(orient="top", columns=chart.get("legend_columns", 0)))
        if stack
        else alt.value(COLOURS.get(chart.get("colour", "total"), BLUE))
    )
    bars = alt.Chart(alt.Data(values=values)).mark_bar(height={"band": 0.68}, cornerRadiusEnd=1).encode(
        x=x, y=y, color=colour, order=alt.Order("place:Q"), description=alt.Text("label:N"))  # fmt: skip
    text = (
        alt.Chart(alt.Data(values=ends))
        .mark_text(align="left", dx=5, color=INK, fontSize=11, aria=False)
        .encode(x=x, y=y, text="text:N")
    )
    return alt.layer(bars, text).properties(
        width=chart.get("width", 330), height=max(len(order) * chart.get("step", 25), 50)
    )


def _grid(chart: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> Any:
    """One row a source, one cell a day; a cell that is missing is a day without data."""
    import altair as alt

    column = chart["value"]
    sources = sorted({str(row["source"]) for row in rows})
    have = {(str(row["source"]), row["day"]): row for row in rows}
    days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    values = [
        {"source": source, "day": day.isoformat(), "value": have[source, day][column] if (source, day) in have else None,
         "label": f"{source}, {wording.day(day)}: " + (f"{wording.count(have[source, day][column])} transactions" if (source, day) in have else "no data")}
        for source in sources for day in days
    ]  # fmt: skip
    ticks = [day.isoformat() for day in (days if len(days) <= 10 else days[:: max(len(days) // 8, 1)])]
    size = {"width": chart.get("width", 560), "height": max(len(sources) * 24, 40)}
    base = alt.Chart(alt.Data(values=values), **size).encode(
        x=alt.X("day:O", title=None, axis=alt.Axis(values=ticks, labelAngle=0, labelExpr="utcFormat(toDate(datum.value), '%d %b')", labelOverlap=True, ticks=False, domain=False)),
        y=alt.Y("source:N", title=None, axis=alt.Axis(labelLimit=170, ticks=False, domain=False)),
        description=alt.Text("label:N"),
    )  # fmt: skip
    shades = alt.Color("value:Q", legend=None, scale=alt.Scale(type="log", range=["#9CC9E6", "#004C7A"]))
    filled = (
        base.transform_filter("datum.value > 0")
        .mark_rect(stroke="white", strokeWidth=2, cornerRadius=3)
        .encode(color=shades)
    )
    gaps = base.transform_filter("!(datum.value > 0)").mark_rect(
        fill="none", stroke=RED, strokeWidth=1, strokeDash=[3, 2], cornerRadius=3, width={"band": 0.86}, height={"band": 0.8})  # fmt: skip
    return alt.layer(gaps, filled)


def _name(column: str, value: Any) -> str:
    return (
        wording.country(value)
        if column == "headquarters_country"
        else str(value if value is not None else wording.UNKNOWN)
    )


def _place(part: str) -> int:
    order = ["high", "medium", "low", "unsanctioned", "monitored", "untagged", "sanctioned", "unknown"]
    return order.index(part) if part in order else len(order)


def _scale(labels: Sequence[str]) -> Any:
    import altair as alt

    spare = iter([BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY] * 3)
    return alt.Scale(domain=list(labels), range=[COLOURS.get(label) or next(spare) for label in labels])


def _svg(chart: Any) -> str:
    import vl_convert

    configured = chart.configure(font=FONT, background="transparent").configure_view(stroke=None).configure_axis(
        labelColor=INK, titleColor=INK, gridColor=FAINT, domainColor=FAINT, tickColor=FAINT, labelFontSize=11, labelPadding=5,
    ).configure_legend(labelColor=INK, titleColor=INK, labelFontSize=11, symbolType="square", symbolSize=90, labelLimit=200)  # fmt: skip
    svg: str = vl_convert.vegalite_to_svg(configured.to_dict(validate=False))
    return _COMMENT.sub("", svg)


_COMMENT = re.compile(r"^<\?xml[^>]*>|<!--.*?-->", re.S)


def for_page(svg: str, title: str) -> str:
    """The drawing for a page: as wide as its card, ink and lines in the colours of the theme, described for a screen reader."""
    from markupsafe import escape

    svg = svg.replace(INK, "var(--chart-ink)").replace(INK.lower(), "var(--chart-ink)")
    svg = svg.replace(FAINT, "var(--chart-line)").replace(FAINT.lower(), "var(--chart-line)")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
