"""Policies over days: once per app and period, new once, the cap; matches become alerts, whatever the policy is called."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from etl.governance import tags
from etl.lake import Lake
from etl.settings import Settings
from tests.lake_fixture import DAY, NOON, write_upload
from tests.policy_lake import MB, Row, base, build, configured, lake, matches, use

__all__ = ["base", "lake"]  # fixtures


PERIODS = [("day", [0, 1, 2, 3, 14, 15]), ("week", [0, 3, 14]), ("month", [0, 14]), ("ever", [0])]


@pytest.mark.parametrize(("period", "days"), PERIODS)
def test_once_per_period(settings: Settings, lake: Lake, period: str, days: list[int]) -> None:
    """An app matches once in a UTC day, a week from Monday, a calendar month, or ever: on the first day that it does."""
    for number in (0, 1, 2, 3, 14, 15):  # Friday 2026-11-20 and on
        write_upload(lake, f"u{number}", use("plain", day=DAY + timedelta(days=number)))
    found = matches(settings, lake, {"once_per": period, "where": {"apps": ["plain"]}})
    assert [(row["day"] - DAY).days for row in found] == days


def test_new_is_new_once(settings: Settings, lake: Lake) -> None:
    """An app that was used before, or on the first day of all logs, is not new; it stays new for the days given, and matches once."""
    write_upload(lake, "old", use("git", day=DAY - timedelta(days=5)))
    write_upload(lake, "now", [*use("git"), *use("plain"), *use("anydesk")])
    write_upload(lake, "next", use("plain", 60, 60, day=DAY + timedelta(days=2)))
    policy: Row = {"new_within_days": 3}
    assert [(r["app_id"], r["day"]) for r in matches(settings, lake, policy)] == [
        ("git", DAY - timedelta(days=5)),
        ("plain", DAY),
    ]
    later = matches(settings, lake, policy | {"over": {"users": 50}})
    assert [(row["day"], row["first_seen_day"]) for row in later] == [(DAY + timedelta(days=2), DAY)]
    assert matches(settings, lake, {"new_within_days": 2, "over": {"users": 50}}) == []


def test_a_late_log_makes_an_app_old(settings: Settings, lake: Lake) -> None:
    """When an older log arrives, the match moves to the day that the app was really first seen on, and so does its alert."""
    write_upload(lake, "now", use("plain"))
    policy: Row = {"template": "new_app", "where": {"apps": ["plain"]}}
    assert [row["day"] for row in matches(settings, lake, policy)] == [DAY]
    write_upload(lake, "late", use("plain", day=DAY - timedelta(days=3)))
    assert [row["day"] for row in matches(settings, lake, policy)] == [DAY - timedelta(days=3)]
    assert alerts(lake, DAY) == [] and len(alerts(lake, DAY - timedelta(days=3))) == 1


def alerts(lake: Lake, day: date = DAY) -> list[Row]:
    return pq.read_table(lake.partition("fct_alerts", day)).to_pylist()


def test_matches_become_alerts(settings: Settings, lake: Lake) -> None:
    """An alert names policy, app and numbers; a policy that only mails raises none; a second build changes nothing."""
    blocked = {"dst_host": "a.plain.com", "action": "blocked", "total_bytes": 1, "event_at": NOON}
    write_upload(lake, "u", [*use("plain", 2, 2), blocked])
    policies: list[Row] = [
        {"name": "loud", "severity": "high", "where": {"apps": ["plain"]}},
        {"name": "quiet", "actions": ["mail"], "where": {"apps": ["plain"]}},
    ]
    assert len(matches(settings, lake, *policies)) == 2
    (alert,) = alerts(lake)
    assert (alert["kind"], alert["policy"], alert["severity"], alert["status"]) == ("policy", "loud", "high", "matched")
    assert (alert["attempts"], alert["blocked_transactions"], alert["not_blocked_transactions"]) == (3, 1, 2)
    assert (alert["hosts"], alert["total_bytes"], alert["device_key"]) == ("plain.com a.plain.com", 2 * MB + 1, None)
    assert alert["note"] == "users 2, devices 0, IP addresses 3; first seen 2026-11-20"
    assert all(days == [] for days in build(configured(settings, *policies), lake).values())


def test_the_cap_holds_back_and_counts(settings: Settings, lake: Lake) -> None:
    """The largest act, up to the cap; the rest is kept, and the alerts say how many they are."""
    write_upload(
        lake,
        "u",
        [*use("plain", megabytes=1), *use("git", megabytes=3), *use("crm", megabytes=2), *use("hr", megabytes=4)],
    )
    found = matches(settings, lake, {"daily_cap": 2, "since": DAY})
    assert [(row["app_id"], row["acts"], row["held_back"]) for row in found] == [
        ("hr", True, 2),
        ("git", True, 2),
        ("crm", False, 2),
        ("plain", False, 2),
    ]
    assert {row["app_id"] for row in alerts(lake)} == {"hr", "git"}
    assert all("2 more apps matched" in row["note"] for row in alerts(lake))


def test_a_changed_policy_reads_no_events(settings: Settings, lake: Lake) -> None:
    """Only what depends on policies is built again; an alert's days that stay the same are left alone."""
    write_upload(lake, "u", use("plain"))
    write_upload(lake, "v", use("plain", day=DAY + timedelta(days=1)))
    matches(settings, lake, {"where": {"apps": ["plain"]}})
    built = build(configured(settings, {"where": {"apps": ["plain"]}, "since": DAY + timedelta(days=1)}), lake)
    assert {name for name, days in built.items() if days} == {
        "int_policy_candidates_daily",
        "int_policy_matches",
        "fct_policy_matches",
        "fct_alerts",
    }
    assert built["fct_alerts"] == [DAY.isoformat()]


def test_a_tag_that_no_policy_asks_for_rebuilds_no_policy(settings: Settings, lake: Lake) -> None:
    """Decisions about apps cost nothing here, unless a policy filters on tags."""
    write_upload(lake, "u", use("plain"))
    ours = configured(settings, {"where": {"apps": ["plain"]}})
    build(ours, lake)
    tags.append(settings, [tags.Entry("plain", "monitored", "me", at=datetime(2026, 11, 1, tzinfo=UTC))])
    assert build(ours, lake)["int_policy_candidates_daily"] == []


HOSTILE = [
    "=cmd()|'/c calc'!A0",
    "'; drop table policies; --",
    '"quoted" {{ 7*7 }}',
    "<script>alert(1)</script>",
    "P %s :name",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(settings: Settings, lake: Lake, name: str) -> None:
    """Names of policies, users, hosts and sources are values: they match what equals them, and stay as they are."""
    source = name.replace("/", "")
    write_upload(lake, "u", use("plain", user_name=name, source=source), source=source)
    where = {"sources": [source], "apps": ["plain"], "not_apps": [name], "factors": {name: ["unknown"]}}
    (found,) = matches(settings, lake, {"name": name, "where": where})
    assert (found["policy"], found["source"]) == (name, source)
    assert [row["policy"] for row in alerts(lake)] == [name]


def test_names_that_look_alike_are_two_alerts(settings: Settings, lake: Lake) -> None:
    """No policy's alert can be taken for another's."""
    write_upload(lake, "u", use("plain"))
    matches(settings, lake, {"name": "a|b", "since": DAY}, {"name": "a", "since": DAY})
    assert len({row["alert_id"] for row in alerts(lake)}) == 2
