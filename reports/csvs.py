"""The folder of CSV exports of one report: the complete answer behind every table, chart and drill-down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reports.blocks import drawers, pages
from reports.exports import write_csv
from reports.queries import header

if TYPE_CHECKING:
    from reports.report import Report


def exported() -> list[str]:
    """The queries that are exported: all that a page, or a drill-down, shows."""
    shown = {block.query for page in pages() for block in page.blocks if block.query}
    shown |= {query for page in pages() for block in page.blocks for query in block.also}
    shown |= {entry.query for drawer in drawers() for entry in drawer.lists}
    return sorted(shown)


def described() -> list[tuple[str, str]]:
    """Each export's name and what it holds, for the page that lists them."""
    found = [(name, header(name)["what"]) for name in exported()]
    return sorted([*found, ("findings", "what needs attention, and what to do about it.")])


def write_exports(report: Report, folder: Path) -> Path:
    """Write `<query>.csv` for each, and `findings.csv`. Returns the folder."""
    import pyarrow as pa

    folder.mkdir(parents=True, exist_ok=True)
    for name in exported():
        write_csv(report.answers.table(name), folder / f"{name}.csv")
    columns = (
        "severity",
        "title",
        "sentence",
        "check",
        "day",
        "first_at",
        "last_at",
        "source",
        "user_key",
        "device_key",
        "app_name",
        "file_name",
        "upload_id",
        "uploaded_bytes",
        "transactions",
    )
    types = {
        "day": pa.date32(),
        "first_at": pa.timestamp("us"),
        "last_at": pa.timestamp("us"),
        "uploaded_bytes": pa.int64(),
        "transactions": pa.int64(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in columns])
    rows = [{name: getattr(one, name) for name in columns} for one in report.findings]
    write_csv(pa.Table.from_pylist(rows, schema=schema), folder / "findings.csv")
    return folder
