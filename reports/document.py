"""The executive PDF: A4, under ten pages, charts as vector graphics. The same answers give the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from reports import charts
from reports.blocks import Block, sections
from reports.templates import fill

if TYPE_CHECKING:
    from reports.printing import Printer
    from reports.report import Report


def write_pdf(report: Report, path: Path, printer: Printer) -> Path:
    """Have the PDF printed; returns its path. It is there when the printer's context ends."""
    printer.print(document(report), path, _identifier(report))
    return path


def document(report: Report) -> str:
    """The HTML that is printed."""
    as_of = report.answers.row("freshness")
    last = (
        as_of.get("last_upload_at") or as_of.get("last_event_at") or datetime.combine(report.request.last_day, time())
    )
    shown = [] if report.is_empty else [_show(report, block) for block in sections()]
    return fill(
        "executive/document.html",
        report=report,
        lines=_lines(shown),
        as_of=last,
        created=last.replace(tzinfo=UTC, microsecond=0).isoformat(),
        sources=report.answers.rows("sources"),
    )


def _lines(shown: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Sections of half width stand side by side, two by two."""
    lines: list[list[dict[str, Any]]] = []
    for one in shown:
        last = lines[-1] if lines else []
        if one["block"].width == "half" and len(last) == 1 and last[0]["block"].width == "half":
            last.append(one)
        else:
            lines.append([one])
    return lines


def _show(report: Report, block: Block) -> dict[str, Any]:
    rows = report.rows(block)
    shown: dict[str, Any] = {"block": block, "svg": "", "metric": ""}
    if block.chart:
        shown |= {
            "svg": Markup(charts.for_print(report.drawing(block))),  # noqa: S704 - ours, and escaped
            "metric": charts.drawn_measure(block.chart, rows),
        }
    html = fill(block.template, report=report, rows=rows, row=rows[0] if rows else {}, block=block, shown=shown)
    shown["html"] = Markup(html)  # noqa: S704 - ours, and escaped
    return shown


def _identifier(report: Report) -> str:
    """What makes two files the same document: whose report, which days, which source."""
    request = report.request
    return f"{report.title}|{request.first_day}|{request.last_day}|{report.source}"
