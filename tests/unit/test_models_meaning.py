"""What the models say of given events: which count, who used what, what a host is, what is missing, how risky a device is."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from etl import checks, models
from etl.errors import ModelError
from etl.inputs import missing_chunks
from etl.lake import Lake
from etl.settings import Settings
from tests.lake_fixture import APPS, DAY, NOON, write_catalog, write_upload

Row = dict[str, Any]


@pytest.fixture
def lake(settings: Settings) -> Lake:
    found = Lake(settings.folder("lake"))
    write_catalog(found)
    return found


def build(settings: Settings, lake: Lake) -> dict[str, list[str]]:
    """Build all and check; gives the days that each model wrote."""
    built = {name: models.build_model(settings, lake, name).days for name in models.model_order()}
    assert [one.sentence for one in checks.run(settings, lake) if one.found and one.severity == "fail"] == []
    return built


def rows(lake: Lake, name: str, day: date | None = None) -> list[Row]:
    """A model's rows, over all days or of one."""
    paths = lake.partitions(name) if day is None else [lake.partition(name, day)]
    found: list[Row] = [row for path in paths for row in pq.read_table(path).to_pylist()]
    return found


def only(found: list[Row]) -> Row:
    assert len(found) == 1, found
    return found[0]


def organisation(settings: Settings, **values: Any) -> Settings:
    return settings.model_copy(update={"organisation": settings.organisation.model_copy(update=values)})


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


# what counts


def test_event_with_a_key_counts_once_wherever_it_lies(settings: Settings, lake: Lake) -> None:
    """The first copy by source, upload and record counts, within an upload and across uploads and sources."""
    key = {"event_key": "lt-1|2026-11-20T12:00:00Z|7"}
    write_upload(lake, "u9", [{**key, "source": "a", "transactions": 3}, {**key, "source": "a", "transactions": 5}])
    write_upload(lake, "u1", [{**key, "source": "b", "transactions": 7}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 3
    assert [
        (row["source"], row["events"], row["repeated_events"], row["transactions"])
        for row in rows(lake, "fct_coverage_daily")
    ] == [
        ("a", 2, 1, 3),
        ("b", 1, 1, 0),
    ]


def test_events_without_a_key_all_count(settings: Settings, lake: Lake) -> None:
    """Two equal lines of a proxy are two transactions."""
    write_upload(lake, "u1", [{}, {}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 2


def test_superseded_line_does_not_count(settings: Settings, lake: Lake) -> None:
    """A line that was cut off when first read counts as it was read in full, whatever the names of the uploads."""
    write_upload(lake, "u9", [{"total_bytes": 10}, {"total_bytes": 1}])
    write_upload(lake, "u1", [{"total_bytes": 1234}], supersedes=[["u9", 2]], continues="u9")
    write_upload(lake, "u2", [], days=[DAY.isoformat()], supersedes=[["u9", 2]])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["total_bytes"] == 1244
    assert only(rows(lake, "fct_coverage_daily"))["superseded_events"] == 1


def test_superseded_copy_does_not_take_the_others_with_it(settings: Settings, lake: Lake) -> None:
    """When the first copy of an event is a cut-off line, the next copy counts."""
    write_upload(lake, "u1", [{"event_key": "k", "total_bytes": 1}])
    write_upload(lake, "u2", [{"event_key": "k", "total_bytes": 1234}], supersedes=[["u1", 1]])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["total_bytes"] == 1234


def test_events_without_a_receipt_do_not_exist(settings: Settings, lake: Lake) -> None:
    """What a killed intake left behind is not counted."""
    write_upload(lake, "u1", [{}])
    write_upload(lake, "u2", [{}])
    lake.receipt_path("u2").unlink()
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 1


def test_unknown_bytes_stay_unknown(settings: Settings, lake: Lake) -> None:
    """A sum over nothing known is null; over something known it is that, and the rest is counted as unknown."""
    write_upload(
        lake, "u1", [{"src_ip": "192.0.2.1"}, {"src_ip": "192.0.2.2", "total_bytes": 0}, {"src_ip": "192.0.2.2"}]
    )
    build(settings, lake)
    found = {
        row["src_ip"]: (row["total_bytes"], row["unknown_bytes_transactions"]) for row in rows(lake, "fct_usage_daily")
    }
    assert found == {"192.0.2.1": (None, 1), "192.0.2.2": (0, 1)}
    assert only(rows(lake, "fct_coverage_daily"))["uploaded_bytes"] is None


def test_large_sums_stay_integers(settings: Settings, lake: Lake) -> None:
    """Sums beyond what a floating point number holds are exact."""
    write_upload(lake, "u1", [{"total_bytes": 2**61 + 1}, {"total_bytes": 2**61 + 2}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["total_bytes"] == 2**62 + 3


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


# what is missing, and what is risky


def test_missing_chunks(settings: Settings, lake: Lake) -> None:
    """Gaps are counted per device and shown as a warning; a counter that began anew, or that lies, is no gap."""
    chunks = [
        {"device": "lt-1", "chunk_id": "a", "sequence": 1},
        {"device": "lt-1", "chunk_id": "b", "sequence": 4},
        {"device": "lt-2", "chunk_id": "c", "sequence": 9},
        {"device": "lt-3", "chunk_id": "d", "sequence": 1},
        {"device": "lt-3", "chunk_id": "e", "sequence": 10**30},
        {"device": {"x": 1}, "chunk_id": 7, "sequence": "three"},
        {"device": None, "chunk_id": None, "sequence": True},
        {},
    ]
    receipt = write_upload(lake, "u1", [{}], chunks=chunks)
    assert missing_chunks([receipt]) == {"proxy": 2}
    build(settings, lake)
    assert only(rows(lake, "fct_coverage_daily"))["missing_chunks"] == 2
    (warning,) = [one for one in checks.run(settings, lake, [DAY]) if one.found]
    assert (warning.check, warning.severity) == ("no_chunk_is_missing", "warn")
    assert "missing_chunks 2" in warning.sentence and "Rebuild" not in warning.sentence


def risk(lake: Lake) -> dict[str, tuple[float, str, list[str]]]:
    return {
        row["device_key"]: (
            row["risk_score"],
            row["risk_level"],
            [one["feature"] for one in json.loads(row["reasons"])],
        )
        for row in rows(lake, "fct_device_risk_daily")
    }


def test_risk_is_explained_to_the_point(settings: Settings, lake: Lake) -> None:
    """The score is the sum of the reasons' points; quiet devices score nothing."""
    write_upload(
        lake,
        "u1",
        [
            {"device_name": "bad", "dst_host": "www.torproject.org"},
            {
                "device_name": "bad",
                "dst_host": "www.dropbox.com",
                "uploaded_bytes": 2_000_000_000,
                "total_bytes": 2_000_000_000,
            },
            {"device_name": "denied", "dst_host": "www.torproject.org", "action": "blocked", "transactions": 120},
            {"device_name": "quiet", "dst_host": "business.dropbox.com"},
            {"device_name": "inside", "dst_host": "printer", "uploaded_bytes": 9_000_000_000},
        ],
    )
    build(settings, lake)
    assert risk(lake) == {
        "bad": (85.0, "high", ["anonymiser", "risky upload", "high-risk apps", "file sharing"]),
        "denied": (35.0, "medium", ["anonymiser", "blocked attempts"]),
        "quiet": (0.0, "informational", []),
    }
    for row in rows(lake, "fct_device_risk_daily"):
        assert sum(one["points"] for one in json.loads(row["reasons"])) == row["risk_score"]


def test_risk_is_seen_beside_other_devices(settings: Settings, lake: Lake) -> None:
    """One device that uploads much more than the others, and one with apps of its own, stand out among ten."""
    events: list[Row] = [
        {"device_name": f"lt-{n}", "dst_host": "business.dropbox.com", "uploaded_bytes": 1000} for n in range(10)
    ]
    events[0]["uploaded_bytes"] = 60_000_000
    events += [
        {"device_name": "lt-1", "dst_host": host} for host in ("www.anydesk.com", "chatgpt.com", "www.dropbox.com")
    ]
    write_upload(lake, "u1", events)
    build(settings, lake)
    found = risk(lake)
    assert found["lt-0"][2] == ["unusual upload"]
    assert found["lt-1"][2] == ["high-risk apps", "remote access", "generative AI", "file sharing", "rare apps"]
    assert found["lt-2"][2] == []


# when


def test_order_of_uploads_changes_nothing(settings: Settings, lake: Lake) -> None:
    """Ties in time, in names and in keys are decided by the values, so that a rebuild gives the same rows."""
    events: list[Row] = [
        {
            "device_name": f"LT-{n % 3}{'.corp' if n % 2 else ''}",
            "user_name": f"u{n % 5}",
            "device_id": f"i{n % 4}",
            "event_key": f"k{n % 7}",
        }
        for n in range(40)
    ]
    names = ("fct_usage_daily", "fct_coverage_daily", "dim_devices", "dim_users", "int_seen_daily")

    def answer(order: int) -> list[list[str]]:
        other = Lake(settings.folder("lake") / f"order{order}")
        write_catalog(other)
        for number in range(0, 40, 10)[::order]:
            write_upload(other, f"u{number}", events[number : number + 10])
        build(settings, other)
        return [sorted(map(str, rows(other, name))) for name in names]

    assert answer(1) == answer(-1)


def test_upload_in_the_middle_of_a_night_waits(settings: Settings, lake: Lake) -> None:
    """All models and checks of a day speak of the uploads that its build began with; the next build takes the new one."""
    write_upload(lake, "u1", [{"device_name": "lt-1"}])
    for name in models.model_order():
        models.build_model(settings, lake, name)
        if name == "int_uploads_daily":
            write_upload(
                lake,
                "u2",
                [{"device_name": "lt-2", "dst_host": "late.example.net"}],
                chunks=[{"device": "x", "sequence": 1}],
            )
    assert [one.sentence for one in checks.run(settings, lake) if one.found] == []
    assert only(rows(lake, "fct_coverage_daily"))["uploads"] == 1
    assert models.stale_days(settings, lake) == [DAY]
    build(settings, lake)
    assert only(rows(lake, "fct_coverage_daily"))["uploads"] == 2
    assert len(rows(lake, "dim_devices")) == 2


def test_catalog_change_rebuilds_what_reads_it(settings: Settings, lake: Lake) -> None:
    """A new catalog re-classes all days without a look at events, those of unsanctioned apps aside."""
    for number in range(3):
        write_upload(lake, f"u{number}", [{"event_at": NOON - timedelta(days=number)}])
    build(settings, lake)
    write_catalog(lake, APPS[1:])
    built = build(settings, lake)
    assert {name for name, days in built.items() if days} == {
        "int_hosts_daily",
        "int_unsanctioned_daily",
        "fct_alerts",
        "fct_usage_daily",
        "fct_coverage_daily",
        "fct_device_risk_daily",
        "int_seen_daily",
        "dim_apps",
        "dim_devices",
        "dim_ip_addresses",
        "dim_users",
        "int_policy_candidates_daily",
        "int_policy_matches",
        "fct_policy_matches",
    }
    assert len(built["int_hosts_daily"]) == 3
    assert {row["app_id"] for row in rows(lake, "fct_usage_daily")} == {"uncatalogued:dropbox.com"}
    assert all(days == [] for days in build(settings, lake).values())


def test_stale_days_of_one_model(settings: Settings, lake: Lake) -> None:
    """The question can be asked of a model alone."""
    write_upload(lake, "u1", [{}])
    assert models.stale_days(settings, lake, "int_uploads_daily") == [DAY]
    models.build_model(settings, lake, "int_uploads_daily")
    assert models.stale_days(settings, lake, "int_uploads_daily") == []
    assert models.stale_days(settings, lake) == [DAY]


def test_a_lake_without_events_has_dimensions(settings: Settings, lake: Lake) -> None:
    """Before the first upload the models are built over nothing, and dim_apps is the catalog."""
    build(settings, lake)
    assert len(rows(lake, "dim_apps")) == len(APPS)
    assert rows(lake, "dim_devices") == []
    assert lake.model_days("fct_usage_daily") == []


def test_a_lake_without_catalog_calls_all_uncatalogued(settings: Settings) -> None:
    """Where the catalog's datasets are missing they are taken as empty."""
    lake = Lake(settings.folder("lake"))
    write_upload(lake, "u1", [{}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["app_id"] == "uncatalogued:dropbox.com"


def test_partition_without_its_fingerprint_is_stale(settings: Settings, lake: Lake) -> None:
    """A run killed between a partition and its fingerprint leaves a stale day, also when the inputs go back to what they were."""
    write_upload(lake, "u1", [{"dst_host": "203.0.113.9"}])
    build(settings, lake)
    other = organisation(settings, internal_ranges=("203.0.113.0/24",))
    real = Lake.write_fingerprint
    killed = pytest.MonkeyPatch()

    def dies(self: Lake, model: str, day: date | None, fingerprint: str) -> None:
        if fingerprint and model == "int_hosts_daily":
            raise KeyboardInterrupt
        real(self, model, day, fingerprint)

    killed.setattr(Lake, "write_fingerprint", dies)
    with pytest.raises(KeyboardInterrupt):
        build(other, lake)
    killed.undo()
    assert only(rows(lake, "int_hosts_daily"))["app_class"] == "internal"
    assert models.stale_days(settings, lake) == [DAY]
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["app_class"] == "uncatalogued"


def test_engine_errors_name_the_file_and_the_day(settings: Settings, lake: Lake) -> None:
    """A damaged event file is a sentence with the model and the day."""
    write_upload(lake, "u1", [{}])
    models.build_model(settings, lake, "int_uploads_daily")
    lake.event_files(DAY)[0].write_bytes(b"PAR1 this is not Parquet")
    with pytest.raises(
        ModelError, match=r"int_usage_daily.sql \(2026-11-20\): the engine refused the SQL: .*Correct it"
    ):
        models.build_model(settings, lake, "int_usage_daily")


def test_model_before_its_uploads_says_what_to_build(settings: Settings, lake: Lake) -> None:
    """A model asked for before the day's list of uploads names what is to be built first."""
    write_upload(lake, "u1", [{}])
    with pytest.raises(ModelError, match="found no int_uploads_daily; expected it before all other models"):
        models.build_model(settings, lake, "int_usage_daily")


def test_facts_of_removed_events_are_checked_no_more(settings: Settings, lake: Lake) -> None:
    """Retention of events leaves facts that nobody can check against events: no check fails on them."""
    write_upload(lake, "u1", [{}])
    build(settings, lake)
    lake.drop_day("events", DAY)
    assert [one for one in checks.run(settings, lake) if one.found] == []
    assert models.stale_days(settings, lake) == []


def test_receipt_that_promises_more_than_the_lake_holds_fails(settings: Settings, lake: Lake) -> None:
    """A lost event file, or a receipt that does not add up, fails the night and names the upload."""
    write_upload(lake, "u1", [{}, {}])
    receipt = write_upload(lake, "u2", [{}, {}], records=5, skips={"header": 1}, rejects={"torn": 1})
    found = next(one for one in checks.run(settings, lake, []) if one.found)
    assert found.check == "uploads_conserve_records" and found.found == 1
    assert "upload_id u2, records 5, events 2, skips 1, rejects 1" in found.sentence
    lake.write_receipt(receipt)
    lake.event_file(DAY, "proxy", "u1").unlink()
    sentence = next(one for one in checks.run(settings, lake, []) if one.found).sentence
    assert "upload_id u1, records 2, events 2, skips 0, rejects 0, events_in_lake 0" in sentence


def test_spill_folders_are_cleared(settings: Settings, lake: Lake) -> None:
    """What a killed engine spilled is removed by the next one; what one in use spills is not."""
    from etl import compute

    root = settings.folder("lake") / ".spill"
    (root / "left").mkdir(parents=True)
    (root / "left" / "lock").touch()
    (root / "left" / "spilled.tmp").touch()
    one, two = compute.session(settings), compute.session(settings)
    assert len([path for path in root.iterdir() if path.is_dir()]) == 2 and not (root / "left").exists()
    one.close()
    two.close()
    assert [path for path in root.iterdir() if path.is_dir()] == []


def test_session_is_in_utc(settings: Settings) -> None:
    """Whatever the machine's zone, an instant of the engine is UTC."""
    from etl import compute

    session = compute.session(settings)
    try:
        (row,) = session.rows("select cast(to_timestamp(0) as timestamp) as at")
    finally:
        session.close()
    assert row["at"] == datetime(1970, 1, 1)  # noqa: DTZ001 - as the lake has it
