"""Colours and type of the charts.

Distinguishable with the common colour-vision deficiencies (after Okabe and Ito). No meaning hangs on colour alone:
legends, labels and the text of each mark say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FONT = "DejaVu Sans"
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, GREY = "#56B4E9", "#CC79A7", "#9AA3AE"
INK, FAINT = "#4A5462", "#DDE2E8"  # become CSS variables on pages; kept in the PDF
COLOURS = {
    "high": RED,
    "medium": ORANGE,
    "low": BLUE,
    "unknown": GREY,
    "sanctioned": BLUE,
    "monitored": ORANGE,
    "unsanctioned": RED,
    "untagged": GREY,
    "downloaded": BLUE,
    "uploaded": ORANGE,
    "not blocked": BLUE,
    "blocked": RED,
}
ORDER = ("high", "medium", "low", "unsanctioned", "monitored", "untagged", "sanctioned", "unknown")


def place(part: str) -> int:
    """Where a part stands in a stack and its legend: what matters most comes first."""
    return ORDER.index(part) if part in ORDER else len(ORDER)


def scale(labels: Sequence[str]) -> Any:
    """A colour for each label; the same label has the same colour in every chart."""
    import altair as alt

    spare = iter([BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY] * 3)
    return alt.Scale(domain=list(labels), range=[COLOURS.get(label) or next(spare) for label in labels])


def configured(chart: Any) -> Any:
    """A chart in the report's type and ink."""
    return (
        chart.configure(font=FONT, background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK, gridColor=FAINT, domainColor=FAINT, tickColor=FAINT, labelFontSize=11, labelPadding=5
        )
        .configure_legend(labelColor=INK, labelFontSize=11, symbolType="square", symbolSize=90, labelLimit=200)
    )
