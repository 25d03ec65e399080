"""Policies: what each template and filter matches and does not; once per app and period; the cap; hostile names."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from etl import context, models
from etl.context.settings import ContextSettings
from etl.governance import tags
from etl.governance.policies.settings import Policy, templates
from etl.inputs import CATALOG
from etl.lake import Lake, replacing
from etl.settings import Settings
from tests.lake_fixture import APPS, DAY, NOON, write_catalog, write_upload

Row = dict[str, Any]
MB = 1_000_000
APART = ("fct_coverage_daily", "fct_device_risk_daily", "fct_excluded_daily")  # nothing here reads them
EARLIER = DAY - timedelta(days=30)  # the first day of all logs: nothing seen on it is new
# app_id, category, traits
KINDS = [
    ("collab", "Collaboration", ""),
    ("sharepoint", "Collaboration", ""),
    ("store", "Cloud storage", ""),
    ("crm", "CRM", ""),
    ("git", "Code hosting", ""),
    ("hr", "Human-resource management", ""),
    ("meet", "Online meetings", ""),
    ("sell", "Sales", ""),
    ("vendors", "Vendor management system", ""),
    ("ai", "Generative AI", "generative_ai"),
    ("plain", "Productivity", ""),
]
FACTS = [
    ("store", "soc2", "yes"),
    ("store", "iso27001", "yes"),
    ("collab", "soc2", "yes"),
    ("collab", "iso27001", "yes"),
    ("crm", "soc2", "no"),
    ("plain", "breach", "2025-06-01"),
    ("git", "breach", "2019"),
    ("plain", "mfa", "sms+totp"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a catalog of an app of each kind (`safe` has a score of 9, all others 5) and a first day that is built."""
    settings = Settings(home=tmp_path_factory.mktemp("base"))
    found = Lake(settings.folder("lake"))
    apps = [(app_id, app_id.title(), kind, "medium", traits, [f"{app_id}.com"]) for app_id, kind, traits in KINDS]
    write_catalog(found, [*APPS, *apps, ("safe", "Safe", "Productivity", "low", "", ["safe.com"])])
    rows = pq.read_table(found.partition("catalog_apps")).to_pylist()
    rows = [row | {"risk_score": 9.0 if row["app_id"] == "safe" else 5.0, "vendor": "O'Brien; --"} for row in rows]
    put(found, "catalog_apps", rows)
    put(found, "catalog_facts", [{"app_id": a, "factor": f, "value": v, "source": "test"} for a, f, v in FACTS])
    write_upload(found, "baseline", [{"event_at": at(EARLIER), "dst_host": "anydesk.com"}])
    build(settings, found)
    return found.root


@pytest.fixture
def lake(settings: Settings, base: Path) -> Lake:
    """A copy of it: what a test adds is built, the first day is there."""
    return Lake(Path(shutil.copytree(base, settings.folder("lake"))))


def put(lake: Lake, name: str, rows: list[Row]) -> None:
    with replacing(lake.partition(name)) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=CATALOG[name]), temporary)
    lake.write_fingerprint(name, None, str(rows))


def at(day: date) -> datetime:
    return datetime.combine(day, NOON.time())


def use(app: str, users: int = 1, megabytes: float = 1, day: date = DAY, **more: Any) -> list[Row]:
    """One event of each of so many people, who share so many uploaded megabytes."""
    size = int(megabytes * MB / users)
    return [
        {
            "event_at": at(day),
            "dst_host": f"{app}.com",
            "user_name": f"user{number}",
            "src_ip": f"10.{number // 250}.0.{number % 250}",
            "uploaded_bytes": size,
            "total_bytes": size,
            **more,
        }
        for number in range(users)
    ]


def configured(settings: Settings, *policies: Row, **values: Any) -> Settings:
    found = tuple(Policy.model_validate({"name": "P", **one}) for one in policies)
    return settings.model_copy(update={"policies": found, **values})


def build(settings: Settings, lake: Lake) -> dict[str, list[str]]:
    """Build what policies and alerts follow from; gives the days that each model wrote."""
    context.load(settings).write(lake)
    names = [name for name in models.model_order() if not name.startswith("dim_") and name not in APART]
    return {name: models.build_model(settings, lake, name).days for name in names}


def matches(settings: Settings, lake: Lake, *policies: Row, **values: Any) -> list[Row]:
    build(configured(settings, *policies, **values), lake)
    return sorted(
        pq.read_table(lake.partition("fct_policy_matches")).to_pylist(), key=lambda r: (r["day"], r["match_no"])
    )


def apps(found: list[Row]) -> list[str]:
    return [row["app_id"] for row in found]


# template, use that it matches, use that it does not
BIG = {"users": 51, "megabytes": 51}
CASES: list[tuple[str, Row, Row]] = [
    ("new_app", {"app": "plain"}, {"app": "nobodyknows"}),
    ("new_risky_app", {"app": "plain", **BIG}, {"app": "safe", **BIG}),
    ("new_risky_app", {"app": "plain", **BIG}, {"app": "plain", "users": 50, "megabytes": 51}),
    ("new_high_volume_app", {"app": "plain", "megabytes": 501}, {"app": "plain", "megabytes": 500}),
    (
        "new_high_upload_app",
        {"app": "plain", "megabytes": 501},
        {"app": "plain", "megabytes": 501, "uploaded_bytes": None},
    ),
    ("new_popular_app", {"app": "plain", "users": 501}, {"app": "plain", "users": 500}),
    ("collaboration_compliance", {"app": "sharepoint", **BIG}, {"app": "collab", **BIG}),
    ("cloud_storage_compliance", {"app": "store", **BIG}, {"app": "plain", **BIG}),
    ("crm_compliance", {"app": "crm", **BIG}, {"app": "crm", "users": 51, "megabytes": 50}),
    ("new_cloud_storage_app", {"app": "store", **BIG}, {"app": "plain", **BIG}),
    ("new_code_hosting_app", {"app": "git", **BIG}, {"app": "plain", **BIG}),
    ("new_collaboration_app", {"app": "collab", **BIG}, {"app": "plain", **BIG}),
    ("new_crm_app", {"app": "crm", **BIG}, {"app": "plain", **BIG}),
    ("new_human_resources_app", {"app": "hr", **BIG}, {"app": "plain", **BIG}),
    ("new_online_meeting_app", {"app": "meet", **BIG}, {"app": "plain", **BIG}),
    ("new_sales_app", {"app": "sell", **BIG}, {"app": "plain", **BIG}),
    ("new_vendor_management_app", {"app": "vendors", **BIG}, {"app": "plain", **BIG}),
    ("data_exfiltration_to_unsanctioned", {"app": "chatgpt", "megabytes": 51}, {"app": "chatgpt", "megabytes": 50}),
    ("data_exfiltration_to_unsanctioned", {"app": "chatgpt", "megabytes": 51}, {"app": "plain", "megabytes": 51}),
    ("breached_app_newly_in_use", {"app": "plain"}, {"app": "git"}),
    ("generative_ai_first_seen", {"app": "ai"}, {"app": "plain"}),
]


@pytest.mark.parametrize(("template", "yes", "no"), CASES)
def test_template(settings: Settings, lake: Lake, template: str, yes: Row, no: Row) -> None:
    """Each template matches what it is for, and not what falls short of it by one thing."""
    entry = tags.Entry("chatgpt", "unsanctioned", "me", at=datetime(2026, 11, 1, tzinfo=UTC))
    tags.append(settings, [entry])
    write_upload(lake, "no", use(**no))
    assert apps(matches(settings, lake, {"template": template})) == []
    write_upload(lake, "yes", use(**yes, day=DAY + timedelta(days=1)))
    found = matches(settings, lake, {"template": template})
    assert [(row["app_id"], row["day"]) for row in found] == [(yes["app"], DAY + timedelta(days=1))]
    assert found[0]["severity"] == templates()[template]["severity"]


def test_every_template_has_a_case() -> None:
    """The cases above leave no template out, and each template is a policy."""
    assert {case[0] for case in CASES} == set(templates())
    assert all(Policy(name=name, template=name).description for name in templates())


def test_what_is_given_wins_over_the_template() -> None:
    """A policy keeps what its template says, where it says nothing itself."""
    policy = Policy.model_validate({"name": "P", "template": "new_risky_app", "over": {"users": 5}, "severity": "low"})
    assert (policy.over.users, policy.over.total_bytes, policy.severity) == (5, 50 * MB, "low")
    assert (policy.where.score_below, policy.once_per, policy.new_within_days) == (6.0, "ever", 30)


# where, apps it matches among dropbox, chatgpt, tor and an uncatalogued host
FILTERS: list[tuple[Row, set[str]]] = [
    ({}, {"dropbox", "chatgpt", "tor", "uncatalogued:odd.net"}),
    ({"apps": ["DropBox", "Tor"]}, {"dropbox", "tor"}),
    ({"not_apps": ["tor"]}, {"dropbox", "chatgpt", "uncatalogued:odd.net"}),
    ({"classes": ["uncatalogued"]}, {"uncatalogued:odd.net"}),
    ({"categories": ["generative ai"]}, {"chatgpt"}),
    ({"categories": ["unknown"]}, {"uncatalogued:odd.net"}),
    ({"not_categories": ["Generative AI", "unknown"]}, {"dropbox", "tor"}),
    ({"vendors": ["O'Brien; --"]}, {"dropbox", "chatgpt", "tor"}),
    ({"vendors": ["x' or 1=1 --"]}, set()),
    ({"traits": ["anonymiser", "file_sharing"]}, {"dropbox", "tor"}),
    ({"not_traits": ["anonymiser"], "classes": ["app"]}, {"dropbox", "chatgpt"}),
    ({"risk_bands": ["high"]}, {"tor"}),
    ({"score_below": 6}, {"dropbox", "chatgpt", "tor"}),
    ({"score_from": 5.1}, set()),
    ({"factors": {"soc2": ["yes"]}}, {"dropbox"}),
    ({"factors": {"soc2": ["no", "unknown"]}}, {"chatgpt", "tor", "uncatalogued:odd.net"}),
    ({"factors": {"soc2": ["yes"], "mfa": ["unknown"]}}, {"dropbox"}),
    ({"factors": {"mfa": ["totp"]}}, {"chatgpt"}),
    ({"lacks": ["soc2"]}, {"chatgpt", "tor", "uncatalogued:odd.net"}),
    ({"tags": ["sanctioned"]}, {"dropbox"}),
    ({"tags": ["label:pilot"]}, {"chatgpt"}),
    ({"tags": ["none"]}, {"tor", "uncatalogued:odd.net"}),
    ({"not_tags": ["sanctioned"]}, {"chatgpt", "tor", "uncatalogued:odd.net"}),
    ({"sources": ["Proxy"]}, {"dropbox", "tor"}),
    ({"not_sources": ["proxy"]}, {"chatgpt", "uncatalogued:odd.net"}),
    ({"source_kinds": ["endpoint"]}, {"chatgpt", "uncatalogued:odd.net"}),
    ({"groups": ["board"]}, {"dropbox"}),
    ({"not_groups": ["Board"]}, {"chatgpt", "tor", "uncatalogued:odd.net"}),
    ({"groups": ["nobody is in it"]}, set()),
    ({"not_groups": ["nobody is in it"]}, {"dropbox", "chatgpt", "tor", "uncatalogued:odd.net"}),
    ({"departments": ["Sales"]}, {"chatgpt"}),
    ({"ip_tags": ["Office"]}, {"dropbox", "chatgpt"}),
    ({"not_ip_tags": ["office"]}, {"tor", "uncatalogued:odd.net"}),
    ({"ip_categories": ["vpn"]}, {"tor"}),
    ({"not_ip_categories": ["vpn", "corporate"]}, {"uncatalogued:odd.net"}),
    ({"categories": ["Cloud storage"], "groups": ["board"], "ip_tags": ["office"], "sources": ["proxy"]}, {"dropbox"}),
    ({"categories": ["Cloud storage"], "departments": ["sales"]}, set()),
]


def test_filters(settings: Settings, lake: Lake) -> None:
    """Each filter matches exactly the apps, and the use by those, that it describes; all at once, so that none disturbs another."""
    put(
        lake,
        "catalog_facts",
        [
            {"app_id": "dropbox", "factor": "soc2", "value": "yes"},
            {"app_id": "chatgpt", "factor": "soc2", "value": "no"},
            {"app_id": "chatgpt", "factor": "mfa", "value": "sms+totp"},
        ],
    )
    early = datetime(2026, 11, 1, tzinfo=UTC)
    tags.append(
        settings,
        [
            tags.Entry("dropbox", "sanctioned", "me", at=early),
            tags.Entry("chatgpt", "label:pilot", "me", at=early),
            tags.Entry("tor", "sanctioned", "me", at=datetime(2026, 11, 21, tzinfo=UTC)),  # after the day
        ],
    )
    (settings.home / "p.csv").write_text("user,department,groups\nalice,,Board\nbob,Sales,\n")
    ranges = [
        {"cidr": "10.1.0.0/16", "name": "Berlin", "category": "corporate", "tags": ["office"]},
        {"cidr": "2001:db8::/32", "name": "VPN", "category": "vpn"},
    ]
    given = ContextSettings.model_validate({"ip_ranges": ranges, "users": {"path": "p.csv"}})
    proxy, endpoint = {"source": "proxy"}, {"source": "endpoints", "source_kind": "endpoint"}
    alice = {"user_name": "alice", "src_ip": "10.1.0.1"}
    write_upload(
        lake,
        "u1",
        [
            {**proxy, **alice, "dst_host": "www.dropbox.com"},
            {**proxy, "user_name": None, "src_ip": "2001:db8::1", "dst_host": "torproject.org"},
        ],
    )
    write_upload(
        lake,
        "u2",
        [
            {**endpoint, "user_name": "bob", "src_ip": "10.1.0.2", "dst_host": "chatgpt.com"},
            {**endpoint, "user_name": "carol", "src_ip": None, "dst_host": "odd.net"},
        ],
        source="endpoints",
    )
    policies = [{"name": str(number), "since": DAY, "where": where} for number, (where, _) in enumerate(FILTERS)]
    found = matches(settings, lake, *policies, context=given)
    got = {number: {row["app_id"] for row in found if row["policy"] == str(number)} for number in range(len(FILTERS))}
    assert {number: (where, got[number]) for number, (where, _) in enumerate(FILTERS)} == dict(enumerate(FILTERS))


def test_a_filter_counts_only_what_it_lets_through(settings: Settings, lake: Lake) -> None:
    """Limits hold for the use behind the filter, not for all use of the app."""
    write_upload(lake, "a", use("plain", 3, 30))
    write_upload(lake, "b", use("plain", 2, 40, source="other"), source="other")
    where = {"where": {"sources": ["other"]}}
    (found,) = matches(settings, lake, {**where, "over": {"total_bytes": 39 * MB, "users": 1}})
    assert (found["users"], found["total_bytes"], found["source"]) == (2, 40 * MB, "other")
    assert matches(settings, lake, {**where, "over": {"total_bytes": 40 * MB}}) == []
    assert matches(settings, lake, {**where, "over": {"users": 2}}) == []


def test_one_match_over_all_sources(settings: Settings, lake: Lake) -> None:
    """Two sources that each fall short together exceed a limit, in one match; unknown bytes exceed nothing."""
    write_upload(lake, "a", use("plain", 2, 30))
    write_upload(lake, "b", use("plain", 3, 30, source="other"), source="other")
    write_upload(lake, "c", use("git", 1, uploaded_bytes=None, total_bytes=None))
    (found,) = matches(settings, lake, {"since": DAY, "over": {"total_bytes": 50 * MB}})
    assert (found["source"], found["users"], found["transactions"]) == ("other/proxy", 3, 5)
    assert apps(matches(settings, lake, {"since": DAY, "over": {"total_bytes": 0}})) == ["plain"]


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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "one line"),
        ({"template": "new_ap"}, "one of new_app"),
        ({"actions": ["page"]}, "actions"),
        ({"actions": ["tag:Blocked"]}, "actions"),
        ({"severity": "huge"}, "severity"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"where": {"colour": ["red"]}}, "where.colour"),
        ({"where": {"apps": [""]}}, "where.apps"),
        ({"over": {"users": -1}}, "over.users"),
        ({"once_per": "year"}, "once_per"),
    ],
)
def test_wrong_policies_are_refused(given: Row, said: str) -> None:
    """A policy that cannot be meant is refused when the configuration is read."""
    with pytest.raises(ValidationError, match=said):
        Policy.model_validate({"name": "P", **given})


def test_two_policies_of_one_name_are_refused() -> None:
    """Matches are kept under the name."""
    with pytest.raises(ValidationError, match="is there again"):
        Settings.model_validate({"policies": [{"name": "P"}, {"name": "p"}]})
