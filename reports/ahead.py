"""Loading ahead: what a report needs takes a second to load, and can be loaded while the warehouse is brought up."""

from __future__ import annotations

from etl.settings import Settings


def load(settings: Settings) -> None:
    """Load the libraries, the templates, the engine that draws charts and, for a PDF, the process that prints."""
    # pyarrow loads it with its first array, in whichever thread that is, and Altair trips over one that is half loaded.
    import pandas  # noqa: F401

    from reports import charts, printing, templates

    if "pdf" in settings.report.formats:
        printing.start_ahead()

    from etl import warehouse  # noqa: F401
    from reports import csvs, document, site  # noqa: F401

    charts.load()
    templates.load()
