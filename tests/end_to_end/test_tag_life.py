"""A tag through its life: tagged → pending → not blocked and blocked → alert → block list → untagged, over real logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import pipeline, warehouse
from etl.cli import app
from etl.errors import CheckFailed
from etl.governance import tags
from etl.governance.tags import Entry
from etl.lake import Lake
from etl.settings import Settings

FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=4)
TAGGED, UNTAGGED = FIRST + timedelta(days=1, hours=9), FIRST + timedelta(days=3, hours=9)


def at(day: int, hour: float) -> datetime:
    return FIRST + timedelta(days=day, hours=hour)


def squid(moment: datetime, user: str, host: str, result: str = "TCP_TUNNEL/200", size: int = 50_000) -> str:
    return (
        f"{moment.timestamp():.3f} 80 192.0.2.10 {result} {size} CONNECT {host}:443 {user} HIER_DIRECT/198.51.100.7 -\n"
    )


def defender(moment: datetime, table: str, action: str, host: str, report: int) -> str:
    row = {
        "Timestamp": moment.isoformat().replace("+00:00", "Z"),
        "DeviceId": "d1",
        "DeviceName": "lt-1.corp.example.com",
        "ActionType": action,
        "RemoteUrl": host,
        "RemoteIP": "198.51.100.7" if table == "DeviceNetworkEvents" else None,
        "InitiatingProcessAccountName": "alice",
        "ReportId": report,
        "AdditionalFields": "{}",
    }
    return json.dumps({"category": f"AdvancedHunting-{table}", "properties": row}) + "\n"


def drop(settings: Settings, name: str, lines: list[str]) -> None:
    path = settings.folder("drops") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")


def drop_logs(settings: Settings) -> None:
    """Bob through a proxy, alice on a device with network protection, over four days; a look-alike host is not the app."""
    host = "www.dropbox.com"
    drop(
        settings,
        "proxy/access.log",
        [
            squid(at(0, 10), "bob", host),
            squid(at(1, 8.9), "bob", host),
            squid(at(1, 9.5), "bob", host),
            squid(at(1, 12), "bob", host),
            squid(at(2, 10), "bob", host, "TCP_DENIED/403", 3_900),
            squid(at(2, 10.01), "bob", "notdropbox.com"),
            squid(at(3, 10), "bob", host),
        ],
    )
    drop(
        settings,
        "defender/events.json",
        [
            defender(at(2, 11), "DeviceNetworkEvents", "ConnectionSuccess", host, 1),
            defender(at(2, 11) + timedelta(seconds=2), "DeviceEvents", "ExploitGuardNetworkProtectionBlocked", host, 2),
            defender(at(2, 14), "DeviceNetworkEvents", "ConnectionSuccess", host, 3),
        ],
    )


def night(settings: Settings) -> list[str]:
    """Build, check, publish; gives the models that were rebuilt."""
    built = pipeline.build(settings)
    pipeline.check(settings)
    pipeline.publish(settings)
    return sorted(one.model for one in built if one.days)


def alerts(settings: Settings, **asked: Any) -> list[tuple[str, int, str, str, str | None]]:
    """What the report shows, in order of time: user, day, status, severity, note."""
    period = {"first_day": FIRST.date(), "last_day": (FIRST + timedelta(days=4)).date(), "source": None}
    rows = warehouse.rows(settings, "alerts", **{**period, **asked})
    return [
        (row["user_key"], (row["day"] - FIRST.date()).days, row["status"], row["severity"], row["note"])
        for row in sorted(rows, key=lambda row: row["first_at"])
    ]


def tag_of(settings: Settings) -> str | None:
    with warehouse.reading(settings) as connection:
        from sqlalchemy import text

        found: str | None = connection.execute(text("select tag from dim_apps where app_id = 'dropbox'")).scalar_one()
        return found


def block_list(settings: Settings, device: str) -> str:
    home = {"CLOUD_DISCOVERY_HOME": str(settings.home)}
    return CliRunner().invoke(app, ["block-list", "--for", device], env=home).stdout


EXPECTED = [
    ("bob", 1, "pending_enforcement", "medium", "no contract"),
    ("bob", 1, "not_blocked", "high", "no contract"),
    ("bob", 2, "blocked", "low", "no contract"),
    ("alice", 2, "blocked", "low", "no contract"),
    ("alice", 2, "not_blocked", "high", "no contract"),
]


def test_a_tag_lives_and_goes(settings: Settings) -> None:
    """Each step of the life shows in the alerts, the app, and the block lists; no step reads a log or counts usage again."""
    drop_logs(settings)
    assert [receipt.outcome for receipt in pipeline.intake(settings)] == ["loaded", "loaded"]
    night(settings)
    assert alerts(settings) == [] and tag_of(settings) is None
    assert "dropbox" not in block_list(settings, "squid")
    archived = [path for path in settings.folder("archive").rglob("*") if path.is_file()]
    assert archived
    for path in archived:  # whatever follows cannot read the logs
        path.unlink()

    tags.append(settings, [Entry("dropbox", "unsanctioned", "carol", note="no contract", at=TAGGED)])
    assert night(settings) == ["dim_apps", "fct_alerts", "int_unsanctioned_daily"]
    assert alerts(settings) == [*EXPECTED, ("bob", 3, "not_blocked", "high", "no contract")]
    assert alerts(settings, source="proxy/other") == [*EXPECTED[:3], ("bob", 3, "not_blocked", "high", "no contract")]
    assert tag_of(settings) == "unsanctioned"
    assert "# Dropbox (dropbox): no contract\n" in block_list(settings, "squid")
    assert "acl cloud_discovery_unsanctioned dstdomain .dropbox.com\n" in block_list(settings, "squid")

    tags.append(settings, [Entry("dropbox", "none", "carol", note="contract signed", at=UNTAGGED)])
    assert night(settings) == ["dim_apps", "fct_alerts", "int_unsanctioned_daily"]
    assert alerts(settings) == EXPECTED
    assert tag_of(settings) is None
    assert block_list(settings, "squid") == "" and "dropbox" not in block_list(settings, "rpz")
    assert [(one.tag, one.by, one.note) for one in tags.history(settings, "dropbox")] == [
        ("unsanctioned", "carol", "no contract"),
        ("none", "carol", "contract signed"),
    ]
    assert night(settings) == []


def test_an_alert_leads_to_its_lines(settings: Settings) -> None:
    """The records of an alert are uploads and record numbers: the lines that were logged."""
    drop_logs(settings)
    tags.append(settings, [Entry("dropbox", "unsanctioned", "carol", at=TAGGED)])
    pipeline.intake(settings)
    night(settings)
    lake = Lake(settings.folder("lake"))
    named = {one.upload_id: one.file_name for one in lake.receipts()}
    period = {"first_day": FIRST.date(), "last_day": (FIRST + timedelta(days=4)).date(), "source": None}
    found = {
        (named[record.split(":")[0]], int(record.split(":")[1]))
        for row in warehouse.rows(settings, "alerts", **period)
        for record in row["sample_records"].split()
    }
    assert found == {("access.log", n) for n in (3, 4, 5, 7)} | {("events.json", n) for n in (1, 2, 3)}


def test_a_lost_attempt_fails_the_night(settings: Settings) -> None:
    """Were an attempt missing from the alerts, the check would stop the night before it publishes."""
    import pyarrow.parquet as pq

    drop_logs(settings)
    tags.append(settings, [Entry("dropbox", "unsanctioned", "carol", at=TAGGED)])
    pipeline.intake(settings)
    pipeline.build(settings)
    path: Path = Lake(settings.folder("lake")).partition("fct_alerts", at(1, 0).date())
    pq.write_table(pq.read_table(path).slice(0, 1), path)
    with pytest.raises(CheckFailed, match="alerts_conserve_attempts"):
        pipeline.check(settings)
