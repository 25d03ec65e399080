"""What the models say of given events: which device, which user, and what a host is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from etl.lake import Lake
from etl.settings import Settings
from tests.built_lake import Row, build, only, organisation, rows
from tests.lake_fixture import APPS, NOON, write_catalog, write_upload


@pytest.fixture
def lake(settings: Settings) -> Lake:
    found = Lake(settings.folder("lake"))
    write_catalog(found)
    return found


# device_name, device_id, device_key
DEVICES: list[tuple[str | None, str | None, str | None]] = [
    ("LT-1", "d1", "lt-1"),
    ("LT-1.corp.example.com", None, "lt-1"),
    (None, "D-77", "d-77"),
    ("", "d1", "d1"),
    ("192.0.2.7", None, "192.0.2.7"),
    ("2001:db8::7", None, "2001:db8::7"),
    (".hidden", None, ".hidden"),
    (None, None, None),
]
# user_name, user_key
USERS: list[tuple[str | None, str | None]] = [
    ("CORP\\Alice", "alice"),
    ("alice@example.com", "alice"),
    ("CORP\\alice@EXAMPLE.com", "alice"),
    ("alice@example.org", "alice@example.org"),
    ("CORP\\", None),
    ("@example.com", None),
    ("NT AUTHORITY\\SYSTEM", None),
    ("LT-1$", None),
    ("=cmd()|'/c calc'!A0", "=cmd()|'/c calc'!a0"),
    (None, None),
]
# host, app_id, registrable_domain
HOSTS: list[tuple[str, str, str | None]] = [
    ("dropbox.com", "dropbox", "dropbox.com"),
    ("www.dropbox.com", "dropbox", "dropbox.com"),
    ("eu.business.dropbox.com", "dropbox_business", "dropbox.com"),
    ("notdropbox.com", "uncatalogued:notdropbox.com", "notdropbox.com"),
    ("dropbox.com.evil.net", "uncatalogued:evil.net", "evil.net"),
    ("ad.doubleclick.net", "not_an_app:doubleclick.net", "doubleclick.net"),
    ("a.b.shop.co.uk", "uncatalogued:shop.co.uk", "shop.co.uk"),
    ("co.uk", "uncatalogued:co.uk", "co.uk"),
    ("x.y.any.ck", "uncatalogued:y.any.ck", "y.any.ck"),
    ("a.www.ck", "uncatalogued:www.ck", "www.ck"),
    ("a.b.unlisted", "uncatalogued:b.unlisted", "b.unlisted"),
    ("203.0.113.7", "uncatalogued:203.0.113.7", None),
    ("2001:db8::7", "uncatalogued:2001:db8::7", None),
    ("10.1.2.3", "internal", None),
    ("::ffff:10.1.2.3", "internal", None),
    ("fe80::1%eth0", "internal", None),
    ("fd00::1", "internal", None),
    ("172.32.0.1", "uncatalogued:172.32.0.1", None),
    ("224.0.0.251", "internal", None),
    ("printer", "internal", "printer"),
    ("printer.local", "internal", "printer.local"),
    ("wiki.corp.example.com", "internal", "example.com"),
    ("<script>.example.net", "uncatalogued:example.net", "example.net"),
    ("a..b", "uncatalogued:.b", ".b"),
    (".".join("x" * 150) + ".com", "uncatalogued:x.com", "x.com"),
    (".".join("x" * 150) + ".www.dropbox.com", "dropbox", "dropbox.com"),
    ("a.b.c.d.e.f.dropbox.com", "dropbox", "dropbox.com"),
    ("1.2.3.4.dropbox.com", "dropbox", "dropbox.com"),
    ("dropbox.com1", "uncatalogued:dropbox.com1", "dropbox.com1"),
]
# event, app_id
LABELS: list[tuple[Row, str]] = [
    ({"dst_host": None, "dst_ip": "203.0.113.7", "app_hint": "OpenAI-ChatGPT"}, "chatgpt"),
    ({"dst_host": None, "dst_ip": "10.0.0.7", "app_hint": "OpenAI-ChatGPT"}, "internal"),
    ({"dst_host": "www.dropbox.com", "app_hint": "openai-chatgpt"}, "dropbox"),
    ({"dst_host": "cdn.example.net", "app_hint": "openai-chatgpt"}, "chatgpt"),
    ({"dst_host": "cdn.example.net", "app_hint": "ssl"}, "uncatalogued:example.net"),
    ({"dst_host": None, "app_hint": "openai-chatgpt"}, "chatgpt"),
    ({"dst_host": None, "app_hint": "BitTorrent"}, "uncatalogued:bittorrent"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """The facts of all cases, built at once: each case is a source of its own, named by its table and number."""
    home = tmp_path_factory.mktemp("home")
    ours = {"user_domains": ["Example.com"], "internal_domains": ["corp.example.com"]}
    settings = Settings.model_validate({"home": home, "organisation": ours})
    lake = Lake(settings.folder("lake"))
    write_catalog(lake)
    events: dict[str, Row] = {
        **{f"device{n}": {"device_name": one[0], "device_id": one[1]} for n, one in enumerate(DEVICES)},
        **{f"user{n}": {"user_name": one[0]} for n, one in enumerate(USERS)},
        **{f"host{n}": {"dst_host": one[0]} for n, one in enumerate(HOSTS)},
        **{f"label{n}": one[0] for n, one in enumerate(LABELS)},
    }
    for source, event in events.items():
        write_upload(lake, f"u{source}", [{**event, "source": source}])
    build(settings, lake)
    found = {row["source"]: row for row in rows(lake, "fct_usage_daily")}
    assert len(found) == len(events)
    return found


# who


@pytest.mark.parametrize("number", range(len(DEVICES)), ids=[str(one[:2]) for one in DEVICES])
def test_device_key(told: dict[str, Row], number: int) -> None:
    """The first label of the name, else the id; an address as a name is kept whole."""
    assert told[f"device{number}"]["device_key"] == DEVICES[number][2]


@pytest.mark.parametrize("number", range(len(USERS)), ids=[str(one[0]) for one in USERS])
def test_user_key(told: dict[str, Row], number: int) -> None:
    """Domain and the organisation's own suffix are taken off; accounts of the machine are no users."""
    assert told[f"user{number}"]["user_key"] == USERS[number][1]


def test_names_of_one_key_are_one_row(settings: Settings, lake: Lake) -> None:
    """Short and full name, with and without domain, are one device and one person in the facts."""
    names = [("LT-1", "CORP\\alice"), ("lt-1.corp.example.com", "ALICE"), ("Lt-1", "alice")]
    write_upload(lake, "u1", [{"device_name": device, "user_name": user} for device, user in names])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 3
    assert only(rows(lake, "dim_devices"))["device_name"] == "lt-1.corp.example.com"
    assert only(rows(lake, "dim_users"))["user_key"] == "alice"


def test_dimensions_tell_the_latest(settings: Settings, lake: Lake) -> None:
    """Name, id and user are the last that are known, seen from the first to the last event, over all days."""
    early, late = NOON - timedelta(days=2), NOON
    first = {
        "event_at": early,
        "device_name": "LT-1",
        "device_id": "id-7",
        "user_name": "bob",
        "source_kind": "endpoint",
    }
    write_upload(lake, "u1", [first])
    write_upload(lake, "u2", [{"event_at": late, "device_name": "lt-1.corp", "user_name": None}])
    build(settings, lake)
    device = only(rows(lake, "dim_devices"))
    assert (device["device_name"], device["device_id"], device["last_user_key"]) == ("lt-1.corp", "id-7", "bob")
    assert (device["source_kinds"], device["first_seen_at"], device["last_seen_at"]) == ("endpoint proxy", early, late)


# what


@pytest.mark.parametrize("number", range(len(HOSTS)), ids=[one[0][:40] for one in HOSTS])
def test_host(told: dict[str, Row], number: int) -> None:
    """Longest suffix on whole labels, public suffixes, addresses, the organisation's own names; nothing is dropped."""
    _, app_id, registrable = HOSTS[number]
    found = told[f"host{number}"]
    assert (found["app_id"], found["registrable_domain"]) == (app_id, registrable)
    assert found["app_class"] == (app_id.partition(":")[0] if ":" in app_id or app_id == "internal" else "app")


def test_own_domain_beats_a_shorter_one_of_the_catalog(settings: Settings, lake: Lake) -> None:
    """The longest domain decides, and on equal terms the organisation knows better what is its own."""
    ours = organisation(settings, internal_domains=("chatgpt.com", "files.dropbox.com", "doubleclick.net."))
    for number, host in enumerate(
        ["chatgpt.com", "a.files.dropbox.com", "www.dropbox.com", "business.dropbox.com", "doubleclick.net"]
    ):
        write_upload(lake, f"u{number}", [{"dst_host": host}])
    build(ours, lake)
    found = {row["host"]: row["app_id"] for row in rows(lake, "fct_usage_daily")}
    assert found == {
        "chatgpt.com": "internal",
        "a.files.dropbox.com": "internal",
        "doubleclick.net": "internal",
        "www.dropbox.com": "dropbox",
        "business.dropbox.com": "dropbox_business",
    }


@pytest.mark.parametrize("number", range(len(LABELS)))
def test_vendor_label(told: dict[str, Row], number: int) -> None:
    """The vendor's label decides where neither the host nor the organisation does; it may be all that is known."""
    assert told[f"label{number}"]["app_id"] == LABELS[number][1]


def test_one_host_with_and_without_label_is_two_facts(settings: Settings, lake: Lake) -> None:
    """Labels differ by case only in the log; no label and an unknown label come to the same app and row."""
    events: list[Row] = [
        {"dst_host": "cdn.example.net", "app_hint": hint} for hint in (None, "ssl", "SSL", "OpenAI-ChatGPT")
    ]
    write_upload(lake, "u1", events)
    build(settings, lake)
    assert {row["app_id"]: row["transactions"] for row in rows(lake, "fct_usage_daily")} == {
        "uncatalogued:example.net": 3,
        "chatgpt": 1,
    }


def test_dim_apps_names_what_was_met(settings: Settings, lake: Lake) -> None:
    """The whole catalog, used or not, and a row for each other destination group, under a name for people."""
    write_upload(
        lake,
        "u1",
        [{"dst_host": host} for host in ("www.dropbox.com", "a.shop.co.uk", "printer", "ad.doubleclick.net")],
    )
    build(settings, lake)
    found = {row["app_id"]: row for row in rows(lake, "dim_apps")}
    assert set(found) == {app[0] for app in APPS} | {
        "uncatalogued:shop.co.uk",
        "internal",
        "not_an_app:doubleclick.net",
    }
    assert found["uncatalogued:shop.co.uk"]["app_name"] == "shop.co.uk"
    assert (found["dropbox"]["first_seen_at"], found["tor"]["first_seen_at"]) == (NOON, None)
