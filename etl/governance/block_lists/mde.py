"""Custom network indicators of Microsoft Defender for Endpoint: CSV files of at most 500 rows, 15,000 rows in all."""

from __future__ import annotations

import csv
import io

from etl.errors import GovernanceError
from etl.governance.block_lists.devices import Device
from etl.governance.block_lists.entries import Blocked, Blocking

COLUMNS = (
    "indicatorType",
    "indicatorValue",
    "action",
    "title",
    "description",
    "expirationTime",
    "severity",
    "recommendedActions",
    "rbacGroups",
    "category",
    "mitretechniques",
    "GenerateAlert",
)
ROWS_A_FILE = 500
ROWS_A_TENANT = 15_000


def files(device: Device, wanted: Blocking) -> dict[str, str]:
    """CSV files by name. Raises GovernanceError when there are more rows than a tenant can hold."""
    rows = sorted(_row(app, domain) for app in wanted.apps for domain in app.domains)
    if len(rows) > ROWS_A_TENANT:
        raise GovernanceError(
            f"mde: found {len(rows):,} domains to block; expected at most {ROWS_A_TENANT:,}, all that a tenant holds. "
            "Block the least used apps elsewhere, or take their tag off."
        )
    parts = [rows[start : start + ROWS_A_FILE] for start in range(0, len(rows), ROWS_A_FILE)] or [[]]
    stem, _, ending = device.file.rpartition(".")
    names = (
        [device.file] if len(parts) == 1 else [f"{stem}_{number:02}.{ending}" for number in range(1, len(parts) + 1)]
    )
    return {name: _csv(part) for name, part in zip(names, parts, strict=True)}


def _row(app: Blocked, domain: str) -> tuple[str, ...]:
    title = f"Unsanctioned app: {app.app_name}"
    said = {
        "indicatorType": "DomainName",
        "indicatorValue": domain,
        "action": "Block",
        "title": title,
        "description": app.note or title,
        "severity": "Medium",
        "GenerateAlert": "True",
    }
    return tuple(_plain(said.get(name, "")) for name in COLUMNS)


def _plain(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return "'" + cell if cell.startswith(tuple("=+-@")) else cell


def _csv(rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([COLUMNS, *rows])
    return out.getvalue()
