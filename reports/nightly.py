"""The night's report: render what the configuration asks for, then send it. The last step of the job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etl.settings import Settings

if TYPE_CHECKING:
    from reports.render import Rendered


def render(
    settings: Settings,
    period: str = "",
    sources: Sequence[str] | None = None,
    formats: str = "",
    out: Path | None = None,
    progress: Callable[..., None] | None = None,
) -> list[Rendered]:
    """Render a report; what is not given comes from the configuration. Raises ReportError."""
    from reports import periods
    from reports.render import ReportRequest
    from reports.render import render as render_request

    first, last = periods.period(period or settings.report.period, periods.latest_day(settings))
    request = ReportRequest(
        first_day=first,
        last_day=last,
        sources=tuple(sources) if sources else None,
        formats=tuple(part.strip() for part in formats.split(",")) if formats else settings.report.formats,
        out=out or settings.folder("output"),
        title=settings.organisation.name,
    )
    return render_request(settings, request, progress)


def render_and_send(settings: Settings) -> list[str]:
    """Render the configured report, mail it, and name every file or recipient."""
    from reports.mail import send

    rendered = render(settings)
    sent = send(settings, rendered)
    return [str(one.path) for one in rendered] + [str(sent)]
