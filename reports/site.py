"""The HTML site of one report: pages from `reports/dashboard`, rows as data files beside them.

A page opened from disk may not fetch; a `<script src>` with a relative path it may load. So each table's rows are a
script that calls `CloudDiscovery.table(…)`, and drill-downs lie in buckets that are loaded when they are opened.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from reports import charts, data_files, details
from reports.blocks import Block, Page, pages
from reports.templates import fill

if TYPE_CHECKING:
    from reports.report import Report

THEME = Path(__file__).parent / "theme"
ASSETS = (
    "site.css",
    "theme.js",
    "site.js",
    "vendor/tabulator.min.js",
    "vendor/tabulator_simple.min.css",
    "vendor/LICENSE.tabulator",
)


def write_site(report: Report, folder: Path) -> Path:
    """Write all pages and their data; returns the start page."""
    root = "../../" if report.slug else ""
    if not report.slug:
        _copy_assets(folder / "assets")
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    kinds = {} if report.is_empty else details.write(report, data)
    days = [report.request.first_day.isoformat(), report.request.last_day.isoformat()]
    (data / "drawers.js").write_text(
        data_files.script("drawers", kinds, "csv" in report.request.formats, days), encoding="utf-8"
    )
    for page in pages():
        is_told = page.when_empty or not report.is_empty
        blocks = [_show(report, block, folder) for block in page.blocks] if is_told else []
        (folder / page.file).write_text(
            fill("dashboard/page.html", **_frame(report, page, root), blocks=blocks), encoding="utf-8"
        )
    return folder / "index.html"


def _copy_assets(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        shutil.copyfile(THEME / name, folder / Path(name).name)


def _frame(report: Report, page: Page, root: str) -> dict[str, Any]:
    """What every page says: whose report, which days, which sources, when it was made."""
    here = report.slug
    others = [{"name": "All sources", "href": f"{root}index.html" if here else page.file, "is_here": here is None}]
    for source, slug in report.siblings.items():
        href = f"{'../' if here else 'sources/'}{slug}/{page.file}"
        others.append({"name": source, "href": href, "is_here": slug == here})
    if here:
        others[0]["href"] = f"{root}{page.file}"
    return {
        "report": report,
        "page": page,
        "pages": pages(),
        "root": root,
        "choices": others if len(others) > 1 else [],
        "has_csv": "csv" in report.request.formats,
        "has_pdf": "pdf" in report.request.formats,
        "as_of": report.answers.row("freshness"),
    }


def _show(report: Report, block: Block, folder: Path) -> dict[str, Any]:
    """A block with its answer, drawing or table, and its template filled."""
    rows = [] if block.columns else report.rows(block)
    shown: dict[str, Any] = {"block": block, "svg": "", "table": None, "metric": ""}
    if block.columns and block.query:
        table = report.answers.table(block.query)
        shown["table"] = {"id": f"{block.name}-table", "data": f"data/{block.name}.js", "rows": len(table)}
        if len(table):
            data_files.write_table(folder / "data" / f"{block.name}.js", f"{block.name}-table", table, block.columns)
    elif block.chart:
        svg = report.drawing(block)
        shown["svg"] = Markup(charts.for_page(svg, block.title)) if svg else ""  # noqa: S704 - ours, and escaped
        shown["metric"] = charts.drawn_measure(block.chart, rows)
    html = fill(block.template, report=report, rows=rows, row=rows[0] if rows else {}, block=block, shown=shown)
    shown["html"] = Markup(html)  # noqa: S704 - ours, and escaped
    return shown
