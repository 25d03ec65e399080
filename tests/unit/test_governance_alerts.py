"""Alerts: every attempt to reach an unsanctioned app, one alert a session, blocked, pending or not blocked for a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from etl import checks, models
from etl.governance import tags
from etl.governance.tags import Entry
from etl.lake import Lake
from etl.settings import Settings
from tests.lake_fixture import DAY, NOON, write_catalog, write_upload

Row = dict[str, Any]
BY_MODEL = tuple(models.model_order()[: models.model_order().index("fct_alerts") + 1])
ENDPOINT: Row = {
    "source": "endpoint",
    "source_kind": "endpoint",
    "device_name": "LT-1.corp.example.com",
    "user_name": "CORP\\alice",
}
BLOCKED: Row = {"action": "blocked", "total_bytes": 0, "uploaded_bytes": 0, "downloaded_bytes": 0}


@pytest.fixture
def lake(settings: Settings) -> Lake:
    found = Lake(settings.folder("lake"))
    write_catalog(found)
    return found


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def at(minutes: float, **event: Any) -> Row:
    """An endpoint's event, so many minutes after noon."""
    return {**ENDPOINT, "event_at": after(minutes), **event}


def proxy(minutes: float, **event: Any) -> Row:
    """A proxy's event, which names no device."""
    return {"event_at": after(minutes), "user_name": "alice", "source": "proxy", **event}


def decide(
    settings: Settings, minutes: float, tag: str = "unsanctioned", app_id: str = "dropbox", note: str = ""
) -> None:
    when = (NOON + timedelta(minutes=minutes)).replace(tzinfo=UTC)
    tags.append(settings, [Entry(app_id, tag, "alice", note=note, at=when)])


def build(settings: Settings, lake: Lake) -> dict[str, list[str]]:
    return {name: models.build_model(settings, lake, name).days for name in BY_MODEL}


def alerts(settings: Settings, lake: Lake, *events: Row) -> list[Row]:
    """Alerts of these events, each source an upload."""
    for source in sorted({row["source"] for row in events}):
        write_upload(lake, f"u_{source}", [row for row in events if row["source"] == source], source=source)
    build(settings, lake)
    return found(lake)


def found(lake: Lake) -> list[Row]:
    rows: list[Row] = [row for path in lake.partitions("fct_alerts") for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["first_at"], str(row["device_key"])))


def test_one_session_is_one_alert_with_everything_in_it(settings: Settings, lake: Lake) -> None:
    """Attempts on several hosts over two sources, no pause over 30 minutes: one alert, with hosts, addresses, bytes, samples."""
    decide(settings, -600, note="no contract")
    big = {"uploaded_bytes": 1_000_000, "downloaded_bytes": 5_000, "total_bytes": 1_005_000}
    events = [
        at(0),
        at(29, dst_host="dropbox.com"),
        at(59, transactions=7, **big),
        proxy(10, src_ip="192.0.2.10", **big),
        at(3, dst_host="chatgpt.com"),
        at(4, dst_host="business.dropbox.com"),
    ]
    (one,) = alerts(settings, lake, *events)
    assert one | {"alert_id": "", "records": ""} == {
        "day": DAY,
        "alert_id": "",
        "kind": "unsanctioned_access",
        "severity": "high",
        "policy": None,
        "status": "not_blocked",
        "source": "endpoint/proxy",
        "source_kind": "endpoint proxy",
        "device_key": "lt-1",
        "user_key": "alice",
        "src_ips": "192.0.2.10",
        "app_id": "dropbox",
        "hosts": "dropbox.com www.dropbox.com",
        "first_at": NOON,
        "last_at": after(59),
        "attempts": 10,
        "blocked_transactions": 0,
        "not_blocked_transactions": 10,
        "uploaded_bytes": 2_000_000,
        "downloaded_bytes": 10_000,
        "total_bytes": 2_010_000,
        "records": "",
        "tagged_at": after(-600),
        "note": "no contract",
    }
    assert one["records"].split() == ["u_endpoint:1", "u_proxy:1", "u_endpoint:2", "u_endpoint:3"]
    assert len(one["alert_id"]) == 32


def test_session_ends_with_a_pause_another_user_or_device(settings: Settings, lake: Lake) -> None:
    """31 minutes, another device and another user each begin an alert; half an hour exactly does not."""
    decide(settings, -600)
    events = [at(0), at(30), at(61), at(0, device_name="LT-2"), at(1, user_name="bob", device_name="LT-3")]
    made = alerts(settings, lake, *events)
    assert [(one["device_key"], one["user_key"], one["attempts"]) for one in made] == [
        ("lt-1", "alice", 2),
        ("lt-2", "alice", 1),
        ("lt-3", "bob", 1),
        ("lt-1", "alice", 1),
    ]
    assert len({one["alert_id"] for one in made}) == 4


def test_record_without_user_belongs_to_the_only_user_of_the_device(settings: Settings, lake: Lake) -> None:
    """A service's connection joins the session of the one person there; with two people it stays by itself."""
    decide(settings, -600)
    system = {"user_name": "NT AUTHORITY\\SYSTEM"}
    assert [one["attempts"] for one in alerts(settings, lake, at(0), at(1, **system))] == [2]
    write_upload(lake, "u_more", [at(2, user_name="bob")], source="endpoint")
    build(settings, lake)
    assert [(one["user_key"], one["attempts"]) for one in found(lake)] == [("alice", 1), (None, 1), ("bob", 1)]


def test_user_found_by_the_device_finds_the_device(settings: Settings, lake: Lake) -> None:
    """A proxy names alice at an address that her device used as the system only: still one session on one device."""
    decide(settings, -600)
    system = {"user_name": "NT AUTHORITY\\SYSTEM", "src_ip": "192.0.2.77"}
    (one,) = alerts(settings, lake, at(0, src_ip="192.0.2.10"), at(1, **system), proxy(2, src_ip="192.0.2.77"))
    assert (one["device_key"], one["user_key"], one["attempts"]) == ("lt-1", "alice", 3)


# when the attempts were (minutes after the tag), what became of them → status, severity
STATUS: list[tuple[list[tuple[float, str]], str, str]] = [
    ([(1, "allowed")], "pending_enforcement", "medium"),
    ([(119.9, "allowed")], "pending_enforcement", "medium"),
    ([(120, "allowed")], "not_blocked", "high"),
    ([(110, "allowed"), (125, "blocked")], "pending_enforcement", "medium"),
    ([(110, "blocked"), (125, "allowed")], "not_blocked", "high"),
    ([(125, "bypassed")], "not_blocked", "high"),
    ([(125, "unknown")], "not_blocked", "high"),
    ([(1, "blocked"), (125, "blocked")], "blocked", "low"),
    ([(125, "failed"), (126, "warned")], "blocked", "low"),
]


@pytest.mark.parametrize(("attempts", "status", "severity"), STATUS)
def test_status(settings: Settings, lake: Lake, attempts: list[tuple[float, str]], status: str, severity: str) -> None:
    """Blocked when nothing went through; pending within two hours of the tag; not blocked, and worse, after them."""
    decide(settings, 0)
    events = [proxy(minute, action=action, total_bytes=1_000_000) for minute, action in attempts]
    for one in alerts(settings, lake, *events):
        assert (one["status"], one["severity"]) == (status, severity)


def test_propagation_time_is_configured(settings: Settings, lake: Lake) -> None:
    """With ten hours instead of two, the same access is still pending."""
    decide(settings, -300)
    assert alerts(settings, lake, at(0))[0]["status"] == "not_blocked"
    slow = settings.governance.model_copy(update={"propagation_hours": 10.0})
    build(settings.model_copy(update={"governance": slow}), lake)
    assert found(lake)[0]["status"] == "pending_enforcement"


# the connection, the block → whether the block proves that the connection came to nothing
PROOFS: list[tuple[str, Row, Row, bool]] = [
    ("network protection on the device", at(0), at(0.5, **BLOCKED), True),
    ("the verdict may be logged first", at(0.5), at(0, **BLOCKED), True),
    ("a minute exactly", at(0), at(1, **BLOCKED), True),
    ("over a minute", at(0), at(1.02, **BLOCKED), False),
    ("across the border of a minute", at(0.99), at(1.01, **BLOCKED), True),
    ("another host of the app", at(0), at(0.5, dst_host="dropbox.com", **BLOCKED), False),
    ("another device", at(0, device_name="LT-9"), at(0.5, **BLOCKED), False),
    ("another device behind the same address", at(0, device_name="LT-9"), at(0.5, **BLOCKED), False),
    ("a proxy denies the address", at(0), proxy(0.5, **BLOCKED), True),
    ("a proxy denies another address", at(0), proxy(0.5, src_ip="192.0.2.99", **BLOCKED), False),
    ("a firewall saw the handshake", proxy(0, source="fw", total_bytes=5_000), proxy(0.5, **BLOCKED), True),
    ("a firewall saw a download", proxy(0, source="fw", total_bytes=50_000), proxy(0.5, **BLOCKED), False),
    ("a proxy denied and then allowed", proxy(0.5, total_bytes=5_000), proxy(0, **BLOCKED), False),
    ("the user went on", at(0, action="bypassed"), at(0.5, **BLOCKED), False),
]


@pytest.mark.parametrize(("connection", "block", "proven"), [row[1:] for row in PROOFS], ids=[row[0] for row in PROOFS])
def test_proof_of_a_block(settings: Settings, lake: Lake, connection: Row, block: Row, proven: bool) -> None:
    """A connection that succeeded below a block is no access; one that carried data, or was elsewhere, is."""
    decide(settings, -600)
    made = alerts(settings, lake, connection, block)
    assert sum(one["not_blocked_transactions"] for one in made) == (0 if proven else 1)
    assert sum(one["blocked_transactions"] for one in made) == (2 if proven else 1)
    assert {one["status"] for one in made if one["not_blocked_transactions"]} == (set() if proven else {"not_blocked"})


def test_only_while_unsanctioned(settings: Settings, lake: Lake) -> None:
    """Before the tag and after it is taken off there is no alert; other apps have none; two periods are two alerts."""
    decide(settings, 10)
    decide(settings, 20, "none")
    decide(settings, 25)
    decide(settings, 10, "monitored", "chatgpt")
    events = [at(minute) for minute in (9, 10, 19, 20, 24, 25)] + [at(15, dst_host="chatgpt.com")]
    made = alerts(settings, lake, *events)
    assert [(one["tagged_at"], one["attempts"]) for one in made] == [(after(10), 2), (after(25), 1)]


def test_uncatalogued_domain_and_hinted_app(settings: Settings, lake: Lake) -> None:
    """A domain that the catalog does not know, and an app that only the vendor's label names."""
    decide(settings, -600, app_id="uncatalogued:shady.net")
    decide(settings, -600, app_id="chatgpt")
    hinted = at(1, dst_host=None, dst_ip="203.0.113.7", app_hint="OpenAI-ChatGPT")
    made = alerts(settings, lake, at(0, dst_host="a.shady.net"), hinted)
    assert [(one["app_id"], one["hosts"]) for one in made] == [
        ("uncatalogued:shady.net", "a.shady.net"),
        ("chatgpt", "203.0.113.7"),
    ]


def test_at_most_five_samples_those_that_went_through_first(settings: Settings, lake: Lake) -> None:
    """Of eight records the one that was let through leads the samples."""
    decide(settings, -600)
    events = [proxy(n, action="allowed" if n == 7 else "blocked", total_bytes=9_999_999) for n in range(8)]
    (one,) = alerts(settings, lake, *events)
    assert one["records"].split() == ["u_proxy:8", "u_proxy:1", "u_proxy:2", "u_proxy:3", "u_proxy:4"]
    assert (one["attempts"], one["blocked_transactions"], one["not_blocked_transactions"]) == (8, 7, 1)


def test_unknown_bytes_stay_unknown(settings: Settings, lake: Lake) -> None:
    """Nobody counted the bytes: null, never 0; the same for a client that has no name."""
    decide(settings, -600)
    (one,) = alerts(settings, lake, at(0, device_name=None, user_name=None, src_ip=None))
    assert [one[key] for key in ("total_bytes", "uploaded_bytes", "device_key", "user_key", "src_ips")] == [None] * 5


def test_same_events_give_the_same_alert(settings: Settings, lake: Lake) -> None:
    """Built again, an alert keeps its id, and names that look like a joint do not meet in one."""
    decide(settings, -600)
    events = [at(0, device_name="a", user_name="b|c"), at(0, device_name="a|b", user_name="c")]
    before = alerts(settings, lake, *events)
    models.build_model(settings, lake, "fct_alerts", everything=True)
    assert found(lake) == before
    assert len({one["alert_id"] for one in before}) == 2


def test_a_decision_makes_stale_what_depends_on_it(settings: Settings, lake: Lake) -> None:
    """A tag rebuilds the attempts and alerts of its own day and of later ones; usage, hosts and earlier days stay."""
    for day in range(3):
        write_upload(lake, f"u{day}", [at(day * 24 * 60)], source="endpoint")
    built = build(settings, lake)
    assert len(built["fct_alerts"]) == 3 and found(lake) == []
    decide(settings, 24 * 60 - 5)
    built = build(settings, lake)
    assert [built[name] for name in BY_MODEL[:3]] == [[], [], []]
    assert built["fct_alerts"] == built["int_unsanctioned_daily"] == ["2026-11-21", "2026-11-22"]
    assert [one["status"] for one in found(lake)] == ["pending_enforcement", "not_blocked"]
    decide(settings, 24 * 60 - 4, "sanctioned", "tor")
    assert build(settings, lake)["int_unsanctioned_daily"] == []


def test_app_shows_what_was_decided(settings: Settings, lake: Lake) -> None:
    """dim_apps has the tag with who, when and why, for catalog apps and for domains that were met; a tag rebuilds it alone."""
    write_upload(lake, "u", [at(0, dst_host="a.shady.net")], source="endpoint")
    for name in models.model_order():
        models.build_model(settings, lake, name)
    decide(settings, 0, "monitored", note="on trial")
    decide(settings, 1, "label:legal")
    decide(settings, 2, "unsanctioned", "uncatalogued:shady.net")
    decide(settings, 3, "none", "uncatalogued:shady.net")
    built = {name for name in models.model_order() if models.build_model(settings, lake, name).days}
    assert built == {"int_unsanctioned_daily", "fct_alerts", "dim_apps"}
    rows = {row["app_id"]: row for row in pq.read_table(lake.partition("dim_apps")).to_pylist()}
    kept = ("tag", "labels", "tagged_at", "tagged_by", "tag_note")
    assert [rows["dropbox"][key] for key in kept] == ["monitored", "legal", NOON, "alice", "on trial"]
    assert [rows["uncatalogued:shady.net"][key] for key in kept] == [None] * 5


def test_check_finds_an_attempt_that_no_alert_has(settings: Settings, lake: Lake) -> None:
    """Alerts that lost an attempt fail the night."""
    decide(settings, -600)
    alerts(settings, lake, at(0), at(5))
    for name in models.model_order():
        models.build_model(settings, lake, name)
    path = lake.partition("fct_alerts", DAY)
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.schema.get_field_index("attempts"), "attempts", [[1]]), path)
    (wrong,) = [one for one in checks.run(settings, lake, [DAY]) if one.found and one.severity == "fail"]
    assert wrong.check == "alerts_conserve_attempts"
