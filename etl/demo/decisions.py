"""What the invented organisation has told the system: its name and domains, and what it decided about apps.

Only where nothing of the kind is there yet: a person's own configuration and decisions stay as they are.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from etl import settings as configuration
from etl.demo.write import DemoSummary
from etl.governance import tags
from etl.settings import Settings

DECIDED_DAYS_BEFORE = 30  # before the first day of drops, so that every block was due long since
DECISIONS = (
    ("microsoft_365", "sanctioned", "Bought for everybody"),
    ("slack", "sanctioned", "Bought for everybody"),
    ("zoom", "sanctioned", "Bought for everybody"),
    ("github", "sanctioned", "Engineering"),
    ("chatgpt", "monitored", "Pilot; to be decided in the new year"),
    ("mega", "unsanctioned", "No personal storage; use OneDrive for Business"),
    ("nordvpn", "unsanctioned", "Laptops use the company's VPN"),
)


def record(settings: Settings, written: DemoSummary) -> list[str]:
    """Write the local configuration and the decisions; says what was written, for a person."""
    found = []
    if local := configuration.write_local(settings.home, written.configuration()):
        found.append(f"{local.name} tells the organisation's name and domains; delete it when your own logs come")
    path = tags.path_of(settings)
    if not path.exists():
        at = datetime.combine(date.fromisoformat(written.first_day), datetime.min.time(), UTC)
        at -= timedelta(days=DECIDED_DAYS_BEFORE)
        tags.append(settings, [tags.Entry(app_id, tag, "demo", "bulk", note, at) for app_id, tag, note in DECISIONS])
        found.append(f"{path.parent.name}/{path.name} tells what it decided about {len(DECISIONS)} apps; delete it too")
    return found
