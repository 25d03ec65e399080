"""Render a report: an HTML site, an executive PDF and CSV exports, for all sources and for each.

    <out>/index.html …            the site of all chosen sources; opens from disk, asks the network for nothing
    <out>/executive.pdf           the same in print
    <out>/csv/*.csv               every table in full
    <out>/sources/<slug>/…        the same three for one source
    <out>/report.json             period, files and key figures, for a program

It is written into a folder beside `<out>` and exchanged with it when complete. No number is computed here: each comes
from a query in `sql/reports`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from etl.errors import ReportError
from etl.settings import Settings
from reports.asked import asked
from reports.printing import Printer
from reports.queries import Answers
from reports.report import FORMATS, Report, ReportRequest
from reports.slugs import slugs
from reports.swap import MARK, replacing_folder

__all__ = ["FORMATS", "Rendered", "ReportRequest", "render"]
Progress = Callable[..., None]
IN_TURN = ("pdf", "html", "csv")  # a PDF is printed, and exports are written, while pages are put together


@dataclass(frozen=True)
class Rendered:
    """One thing that was written: a site (its start page), a PDF, or a folder of CSV exports.

    `numbers`: the key figures of `sql/reports/counters.sql`; `findings`: sentences, the worst first; `matches`: the rows of
    `sql/reports/policy_matches.sql`, for the mail.
    """

    format: str
    path: Path
    source: str | None
    title: str
    numbers: dict[str, Any]
    first_day: date
    last_day: date
    findings: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    matches: tuple[dict[str, Any], ...] = field(default=(), repr=False)


def render(settings: Settings, request: ReportRequest, progress: Progress | None = None) -> list[Rendered]:
    """Write the report and say what was written, the whole before its parts. Raises ReportError or WarehouseError."""
    # pyarrow loads it with its first array, in whichever thread that is, and Altair trips over one that is half loaded.
    import pandas  # noqa: F401

    from etl import warehouse

    _check(request)
    formats = [name for name in IN_TURN if name in request.formats]
    with (
        warehouse.reading(settings) as connection,
        replacing_folder(request.out) as folder,
        Printer() as printer,
        ThreadPoolExecutor(1, "exports") as beside,
    ):
        if "pdf" in formats:
            printer.start()
        reports = _reports(settings, request, connection)
        rendered: list[Rendered] = []
        for report in reports:
            paths: dict[str, Path] = {}

            def write(name: str, report: Report = report) -> Path:
                return request.out / _write(report, name, report.folder(folder), printer).relative_to(folder)

            try:
                report.answers.ahead(asked(formats))
                exports = beside.submit(write, "csv") if "csv" in formats else None
                for name in formats:
                    if progress:
                        what = f"{report.source or 'all sources'}, {name}"
                        progress("report", len(rendered) + len(paths), len(reports) * len(formats), what)
                    paths[name] = exports.result() if exports and name == "csv" else write(name)
                rendered += [_rendered(report, name, paths[name]) for name in FORMATS if name in paths]
            finally:
                report.answers.forget()
        _write_mark(folder, request, reports[0], rendered)
        if progress:
            progress("report", len(rendered), len(rendered))
    return rendered


def _check(request: ReportRequest) -> None:
    unknown = [name for name in request.formats if name not in FORMATS]
    if unknown or not request.formats:
        raise ReportError(
            f"report: found the format {unknown[0] if unknown else ''!r}; "
            f"expected some of {', '.join(FORMATS)}. Correct it."
        )
    if request.last_day < request.first_day:
        raise ReportError(
            f"report: found a period from {request.first_day} to {request.last_day}; "
            "expected one that ends after it begins."
        )


def _reports(settings: Settings, request: ReportRequest, connection: Any) -> list[Report]:
    """The report of all chosen sources, then one for each, unless there is but one."""
    chosen = request.sources
    whole = Answers(connection, request.first_day, request.last_day, chosen)
    present = [row["source"] for row in whole.rows("sources")]
    missing = [name for name in chosen or () if name not in present]
    if missing and present:
        everything = Answers(connection, request.first_day, request.last_day).rows("sources")
        known = ", ".join(row["source"] for row in everything)
        raise ReportError(
            f"report: {missing[0]!r} has no data from {request.first_day} to {request.last_day}; "
            f"expected some of {known}. Correct --source."
        )
    folders = slugs(present) if settings.report.per_source and len(present) > 1 else {}
    at = datetime.now(UTC)
    reports = [Report(settings, request, whole, chosen[0] if chosen and len(chosen) == 1 else None, None, folders, at)]
    for source, slug in folders.items():
        answers = Answers(connection, request.first_day, request.last_day, (source,))
        reports.append(Report(settings, request, answers, source, slug, folders, at))
    return reports


def _write(report: Report, name: str, folder: Path, printer: Printer) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if name == "html":
        from reports.site import write_site

        return write_site(report, folder)
    if name == "pdf":
        from reports.document import write_pdf

        return write_pdf(report, folder / "executive.pdf", printer)
    from reports.csvs import write_exports

    return write_exports(report, folder / "csv")


def _rendered(report: Report, name: str, path: Path) -> Rendered:
    return Rendered(
        format=name,
        path=path,
        source=report.source,
        title=report.title,
        numbers=report.counters,
        first_day=report.request.first_day,
        last_day=report.request.last_day,
        findings=report.told,
        matches=report.matches,
    )


def _write_mark(folder: Path, request: ReportRequest, whole: Report, rendered: Sequence[Rendered]) -> None:
    about = {
        "title": whole.title,
        "first_day": request.first_day,
        "last_day": request.last_day,
        "generated_at": whole.generated_at.isoformat(timespec="seconds"),
        "files": [
            {
                "format": one.format,
                "path": one.path.relative_to(request.out).as_posix(),
                "source": one.source,
                "numbers": one.numbers,
            }
            for one in rendered
        ],
    }
    (folder / MARK).write_text(json.dumps(about, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")
