"""Policies: what each template and filter matches and does not; what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from etl.context.settings import ContextSettings
from etl.governance import tags
from etl.governance.policies.settings import Policy, templates
from etl.lake import Lake
from etl.settings import Settings
from tests.lake_fixture import DAY, write_upload
from tests.policy_lake import MB, Row, apps, base, lake, matches, put, use

__all__ = ["base", "lake"]  # fixtures


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
