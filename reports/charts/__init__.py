"""Charts as static SVG: Altair describes, vl-convert draws. The same drawing serves the page and the PDF.

A block names a `kind` and the columns it draws. A kind is a module of this folder with
`chart(config, rows, first_day, last_day)`. A chart never computes a number, it places those of the query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from reports.charts.measures import Row, is_bytes, measure, ranking
from reports.charts.palette import FAINT, INK, configured

__all__ = ["draw", "drawn_measure", "for_page", "for_print", "is_bytes", "measure", "ranking"]
_COMMENT = re.compile(r"^<\?xml[^>]*>|<!--.*?-->", re.S)


def load() -> None:
    """Load what draws: the first drawing takes longer than ten others."""
    import vl_convert
    from altair.utils.schemapi import debug_mode  # noqa: F401

    for path in Path(__file__).parent.glob("[a-z]*.py"):
        import_module(f"reports.charts.{path.stem}")
    vl_convert.vegalite_to_svg({"mark": "bar", "data": {"values": []}})


def draw(config: Mapping[str, Any], rows: Sequence[Row], first_day: date, last_day: date) -> str:
    """The SVG of a block's chart; an empty string when there is nothing to draw."""
    if not rows:
        return ""
    import vl_convert
    from altair.utils.schemapi import debug_mode

    kind = import_module(f"reports.charts.{config['kind']}")
    with debug_mode(False):  # the kinds are ours and tested: checking each against the schema takes longer than drawing
        chart = kind.chart(config, rows, first_day, last_day)
        if chart is None:
            return ""
        described = configured(chart).to_dict(validate=False)
    svg: str = vl_convert.vegalite_to_svg(described)
    return _COMMENT.sub("", svg)


def drawn_measure(config: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """What a ranking measures, in words, for its title; empty for other kinds."""
    if "value" not in config or isinstance(config["value"], str):
        return ""
    return "traffic" if is_bytes(measure(rows, config["value"])) else "transactions"


def for_page(svg: str, title: str) -> str:
    """The drawing for a page: ink and lines in the colours of the theme, named for a screen reader."""
    from markupsafe import escape

    for colour, variable in ((INK, "var(--chart-ink)"), (FAINT, "var(--chart-line)")):
        svg = svg.replace(colour, variable).replace(colour.lower(), variable)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)


def for_print(svg: str) -> str:
    """The drawing for the PDF: without what only a browser reads."""
    return re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
