"""Alerts of the invented organisation: each use of an unsanctioned app, of three kinds in turn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.warehouse_fixture.organisation import APPS

Row = dict[str, Any]
STATUS = (("not_blocked", "high"), ("pending_enforcement", "medium"), ("blocked", "low"))
NOTE = '=HYPERLINK("http://evil.example") <img src=x onerror=alert(1)>'


def alerts(facts: list[Row]) -> list[Row]:
    """Rows of fct_alerts."""
    unsanctioned = {app.app_id for app in APPS if app.tag == "unsanctioned"}
    found = []
    for number, row in enumerate(row for row in facts if row["app_id"] in unsanctioned):
        status, severity = STATUS[number % len(STATUS)]
        stopped = row["transactions"] if status == "blocked" else 0
        kept = ("day", "source", "source_kind", "device_key", "user_key", "app_id", "first_at", "last_at")
        sizes = ("uploaded_bytes", "downloaded_bytes", "total_bytes")
        found.append(
            {name: row[name] for name in (*kept, *sizes)}
            | {
                "alert_id": f"{number:032x}",
                "kind": "unsanctioned_access",
                "severity": severity,
                "status": status,
                "source": f"{row['source']}/endpoints" if number == 0 else row["source"],
                "src_ips": row["src_ip"],
                "hosts": row["host"],
                "attempts": row["transactions"],
                "blocked_transactions": stopped,
                "not_blocked_transactions": row["transactions"] - stopped,
                "records": f"upload_{number}:1",
                "tagged_at": datetime(2026, 11, 12, 9),  # noqa: DTZ001 - as the warehouse keeps it: UTC
                "note": NOTE if number == 0 else "no contract; use OneDrive",
            }
        )
    return found
