"""What the organisation knows of itself: address ranges, people, exclusions; and that nothing excluded vanishes silently."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from etl import checks, context, models
from etl.context.addresses import address_key, range_keys
from etl.context.directory import read_directory, user_key
from etl.context.settings import ContextSettings, UsersFile
from etl.errors import ContextError, SettingsError
from etl.governance import tags
from etl.lake import Lake
from etl.settings import Settings, load
from tests.lake_fixture import DAY, NOON, write_catalog, write_upload

ROOT = Path(__file__).resolve().parents[2]
BEFORE = DAY - timedelta(days=1)
SINCE = {"since": DAY, "comment": "agreed with the works council"}


def with_context(settings: Settings, **values: Any) -> Settings:
    organisation = settings.organisation.model_copy(update={"user_domains": ("example.com",)})
    return settings.model_copy(update={"context": ContextSettings.model_validate(values), "organisation": organisation})


def build(settings: Settings) -> dict[str, list[str]]:
    """Build all and check; gives the days that each model wrote."""
    lake = Lake(settings.folder("lake"))
    context.load(settings).write(lake)
    built = {name: models.build_model(settings, lake, name).days for name in models.model_order()}
    assert [one.sentence for one in checks.run(settings, lake) if one.found and one.severity == "fail"] == []
    return built


def rows(settings: Settings, name: str) -> list[dict[str, Any]]:
    lake = Lake(settings.folder("lake"))
    return [row for path in lake.partitions(name) for row in pq.read_table(path).to_pylist()]


def refusal(home: Path, text: str) -> str:
    (home / "cloud-discovery.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(home=home)
    return str(caught.value)


def test_examples_of_the_configuration_are_right() -> None:
    """The tables shown in cloud-discovery.toml can be used as they stand there."""
    lines = (ROOT / "cloud-discovery.toml").read_text(encoding="utf-8").splitlines()
    shown = [line.removeprefix("#     ") for line in lines if re.match(r"#     (\[|[a-z_]+ = )", line)]
    found = Settings.model_validate(tomllib.loads("\n".join(shown)))
    assert found.context.ip_ranges[0].name == "Berlin" and found.context.exclusions[0].label == "user alice"
    assert (found.policies[0].where.traits, found.policies[0].over.users) == (("generative_ai",), 5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("10.0.0.0/8", "10.1.0.0/16"),
        ("10.1.0.0/16", "10.0.0.0/8"),
        ("10.1.2.3/32", "10.1.2.3/32"),
        ("2001:db8::/32", "2001:db8:7::/48"),
        ("::/0", "fd00::/8"),
    ],
)
def test_overlapping_ranges_are_refused(tmp_path: Path, first: str, second: str) -> None:
    """An address has one meaning: the message names both ranges."""
    table = '[[context.ip_ranges]]\ncidr = "{}"\nname = "{}"\n'
    message = refusal(tmp_path, table.format(first, "Berlin") + table.format(second, "Paris"))
    assert "context.ip_ranges" in message and "do not overlap" in message
    assert f"{first} (" in message and f"{second} (" in message


def test_neighbouring_ranges_are_taken(settings: Settings) -> None:
    """Ranges that touch do not overlap, and IPv4 never overlaps IPv6."""
    cidrs = ["10.0.0.0/9", "10.128.0.0/9", "::/0", "0.0.0.0/5"]
    found = with_context(settings, ip_ranges=[{"cidr": cidr, "name": cidr} for cidr in cidrs])
    assert len(found.context.ip_ranges) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[context.ip_ranges]]\ncidr = "10.1.2.3/16"\nname = "x"\n', "host bits set"),
        ('[[context.ip_ranges]]\ncidr = "berlin"\nname = "x"\n', "an address range such as"),
        ('[[context.ip_ranges]]\ncidr = "10.0.0.0/8"\nname = "x"\ntags = ["a b"]\n', "tags without blanks"),
        ('[[context.ip_ranges]]\ncidr = "10.0.0.0/8"\nname = "x"\ncategory = "moon"\n', "'corporate'"),
        (
            '[[context.exclusions]]\nuser = "a"\nip = "10.0.0.0/8"\nsince = 2026-01-01\ncomment = "x"\n',
            "exactly one of",
        ),
        ('[[context.exclusions]]\nsince = 2026-01-01\ncomment = "x"\n', "exactly one of"),
        ('[[context.exclusions]]\nuser = "a"\nsince = 2026-01-01\ncomment = ""\n', "comment"),
        ('[[context.exclusions]]\nuser = "a"\ncomment = "x"\n', "since"),
    ],
)
def test_wrong_context_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be meant is refused when the configuration is read, with the key."""
    message = refusal(tmp_path, text)
    assert said in message and "context." in message


@pytest.mark.parametrize(
    ("address", "cidr", "is_in"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.0.0", "10.1.0.0/16", False),
        ("::ffff:10.1.2.3", "10.1.0.0/16", True),
        ("[2001:db8::7%eth0]", "2001:db8::/32", True),
        ("2001:db9::", "2001:db8::/32", False),
        ("9.255.255.255", "10.0.0.0/8", False),
        ("not an address", "::/0", False),
    ],
)
def test_keys_sort_like_addresses(address: str, cidr: str, is_in: bool) -> None:
    """A text comparison of keys says whether an address is in a range, of both families."""
    first, last = range_keys(cidr)
    assert (first <= address_key(address) <= last) is is_in


@pytest.mark.parametrize(
    ("name", "key"),
    [("CORP\\Alice", "alice"), ("alice@Example.com", "alice"), ("a@b.example", "a@b.example"), (" Bob ", "bob")],
)
def test_a_person_has_the_key_of_the_models(name: str, key: str) -> None:
    """The directory's names become the keys that int_usage_daily makes of logged names."""
    assert user_key(name, ["example.com"]) == key


def test_csv_of_people(tmp_path: Path) -> None:
    """Columns by mapping; an empty cell is null, an empty list of groups is a list; BOM and quotes are read."""
    (tmp_path / "people.csv").write_text(
        '\ufeffsam,mail,dept,teams\nCORP\\Alice,alice@example.com,"Sales; EMEA",Sales;Board; \nbob,,,\n,,nobody,\n',
        encoding="utf-8",
    )
    file = UsersFile(path="people.csv", user="sam", upn="mail", department="dept", groups="teams")
    alice, bob = read_directory(file, tmp_path, ["example.com"])
    assert (alice.user_key, alice.upn, alice.department) == ("alice", "alice@example.com", "Sales; EMEA")
    assert (alice.groups, alice.display_name) == (("Board", "Sales"), None)
    assert (bob.user_key, bob.upn, bob.department, bob.groups) == ("bob", None, None, ())


def test_ldif_of_people(tmp_path: Path) -> None:
    """base64, folded lines, comments, options, several groups, entries that are no people, and values behind URLs."""
    name = base64.b64encode("Zoë Müller".encode()).decode()
    (tmp_path / "people.ldif").write_text(
        "version: 1\n\n# a comment\n that goes on\ndn: CN=Zoe,DC=example\nsAMAccountName: ZOE\n"
        f"displayName:: {name}\ndepartment;lang-en: Research and\n  Development\njpegPhoto:: /9j/\n"
        "memberOf: CN=Sales\\, EMEA,OU=Groups,DC=example\nmemberOf: CN=Board,OU=Groups,DC=example\n"
        "userPrincipalName: zoe@example.com\ncertificate:< file:///etc/passwd\n\ndn: OU=Groups,DC=example\nou: Groups\n",
        encoding="utf-8",
    )
    file = UsersFile(
        path="people.ldif",
        user="sAMAccountName",
        upn="userPrincipalName",
        display_name="displayName",
        groups="memberOf",
    )
    (zoe,) = read_directory(file, tmp_path, [])
    assert (zoe.user_key, zoe.upn, zoe.display_name) == ("zoe", "zoe@example.com", "Zoë Müller")
    assert (zoe.department, zoe.groups) == ("Research and Development", ("Board", "Sales, EMEA"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.csv", b"name,upn\na,b\n", "expected 'user' among them"),
        ("p.csv", b"user,department\na,Sales\nCORP\\A,Board\n", "expected a user once"),
        ("p.csv", b"user\n\xff\xfe\n", "expected UTF-8"),
        ("p.csv", b"user\n" + b"x" * 2000, "expected at most 1,000"),
        ("p.ldif", b"dn: x\nno colon here\n", "attribute: value"),
        ("p.ldif", b"user:: ???\n", "invalid base64"),
        ("p.ldif", b"dn: x\n" + b" " * 900, None),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, name: str, content: bytes, said: str | None) -> None:
    """A wrong file stops with its name and what to do; padding does no harm."""
    (tmp_path / name).write_bytes(content)
    file = UsersFile(path=name, max_bytes=1000)
    if said is None:
        assert read_directory(file, tmp_path, []) == []
        return
    with pytest.raises(ContextError, match=re.escape(said)):
        read_directory(file, tmp_path, [])


def test_a_missing_file_is_named(settings: Settings) -> None:
    """A path without a file stops the run: who is excluded by group must not come back unseen."""
    with pytest.raises(ContextError, match=r"people\.csv: found no file"):
        context.load(with_context(settings, users={"path": "people.csv"}))


def test_a_group_without_members_is_refused(settings: Settings) -> None:
    """A group that is spelled otherwise than in the directory is said, not passed over."""
    with pytest.raises(ContextError, match="nobody"):
        context.load(with_context(settings, exclusions=[{"group": "Sales", **SINCE}]))


@pytest.fixture
def configured(settings: Settings) -> Settings:
    """A day of five clients, of whom the directory knows one, in two named ranges."""
    (settings.home / "people.csv").write_text(
        "user,upn,display_name,department,groups\n"
        "alice,alice@example.com,=cmd()|'/c calc'!A0,Sales,Works council;Sales\n",
        encoding="utf-8",
    )
    lake = Lake(settings.folder("lake"))
    write_catalog(lake)
    who = [
        {"user_name": "CORP\\alice", "device_name": "LT-1.corp.example", "src_ip": "10.1.0.5", "total_bytes": 7},
        {"user_name": "bob", "device_name": "LT-2", "src_ip": "10.9.0.5", "total_bytes": 11},
        {"user_name": "carol", "device_name": "LT-3", "src_ip": "2001:db8::5", "total_bytes": 13},
        {"user_name": None, "device_name": None, "src_ip": "192.0.2.5", "total_bytes": 17},
        {"user_name": None, "device_name": None, "src_ip": None, "total_bytes": None},
    ]
    write_upload(lake, "u1", who)
    write_upload(lake, "u0", [{**row, "event_at": NOON - timedelta(days=1)} for row in who])
    ranges = [
        {"cidr": "10.0.0.0/14", "name": "Berlin", "category": "corporate", "tags": ["Office", "trusted"]},
        {"cidr": "2001:db8::/32", "name": "VPN", "category": "vpn"},
    ]
    return with_context(settings, ip_ranges=ranges, users={"path": "people.csv"})


def test_people_and_ranges_are_published(configured: Settings) -> None:
    """dim_users carries what the directory says, dim_ip_addresses the range; unknown is null."""
    build(configured)
    users = {row["user_key"]: row for row in rows(configured, "dim_users")}
    assert (users["alice"]["upn"], users["alice"]["department"]) == ("alice@example.com", "Sales")
    assert json.loads(users["alice"]["groups"]) == ["Sales", "Works council"]
    assert (users["bob"]["upn"], users["bob"]["groups"]) == (None, None)
    addresses = {row["src_ip"]: row for row in rows(configured, "dim_ip_addresses")}
    assert (addresses["10.1.0.5"]["range_name"], addresses["10.1.0.5"]["tags"]) == ("Berlin", "office trusted")
    assert addresses["2001:db8::5"]["range_category"] == "vpn"
    assert addresses["192.0.2.5"]["range_name"] is None
    assert {row["cidr"] for row in rows(configured, "dim_ip_ranges")} == {"10.0.0.0/14", "2001:db8::/32"}


@pytest.mark.parametrize(
    ("exclusion", "gone"),
    [
        ({"user": "EXAMPLE\\Alice"}, 7),
        ({"group": "works COUNCIL"}, 7),
        ({"device": "lt-2.corp.example"}, 11),
        ({"ip": "10.0.0.0/8"}, 18),
        ({"ip": "2001:db8::5"}, 13),
        ({"ip": "192.0.2.5"}, 17),
        ({"user": "nobody"}, 0),
    ],
    ids=str,
)
def test_who_is_excluded_is_counted(configured: Settings, exclusion: dict[str, str], gone: int) -> None:
    """From its day on the excluded are in no fact and no dimension's new rows, and are counted; checks add up."""
    values = configured.context.model_dump() | {"exclusions": [{**exclusion, **SINCE}]}
    build(with_context(configured, **values))
    facts, left_out = rows(configured, "fct_usage_daily"), rows(configured, "fct_excluded_daily")
    known = {day: sum(row["total_bytes"] or 0 for row in facts if row["day"] == day) for day in (DAY, BEFORE)}
    assert known == {DAY: 48 - gone, BEFORE: 48}
    assert sum(row["total_bytes"] for row in left_out) == gone
    assert {row["day"] for row in left_out} <= {DAY} and {row["comment"] for row in left_out} <= {SINCE["comment"]}
    (coverage,) = (row for row in rows(configured, "fct_coverage_daily") if row["day"] == DAY)
    assert coverage["events"] == 5 and coverage["excluded_events"] == sum(row["events"] for row in left_out)
    assert coverage["transactions"] + coverage["excluded_transactions"] == 5


def test_the_first_exclusion_counts(configured: Settings) -> None:
    """An event that two exclusions name is counted once, under the first one."""
    both = [{"ip": "10.1.0.5", **SINCE}, {"user": "alice", **SINCE}]
    build(with_context(configured, **configured.context.model_dump() | {"exclusions": both}))
    (row,) = rows(configured, "fct_excluded_daily")
    assert (row["exclusion"], row["events"]) == ("ip 10.1.0.5/32", 1)


def test_an_exclusion_leaves_earlier_days_alone(configured: Settings) -> None:
    """Only days from which on it holds are built again; without it they come back."""
    build(configured)
    excluded = with_context(configured, **configured.context.model_dump() | {"exclusions": [{"user": "bob", **SINCE}]})
    assert build(excluded)["fct_usage_daily"] == [DAY.isoformat()]
    assert all(days == [] for days in build(excluded).values())
    build(configured)
    assert sum(row["total_bytes"] or 0 for row in rows(configured, "fct_usage_daily")) == 96
    assert date(2026, 11, 19) in {row["day"] for row in rows(configured, "fct_usage_daily")}


def test_the_excluded_raise_no_alert(configured: Settings) -> None:
    """Who is excluded is in no alert about an unsanctioned app, on the days that the exclusion holds."""
    early = datetime(2026, 11, 1, tzinfo=UTC)
    tags.append(configured, [tags.Entry("dropbox", "unsanctioned", "me", at=early)])
    excluded = with_context(configured, **configured.context.model_dump() | {"exclusions": [{"user": "bob", **SINCE}]})
    build(excluded)
    named = {
        day: {row["user_key"] for row in rows(excluded, "fct_alerts") if row["day"] == day} for day in (DAY, BEFORE)
    }
    assert named == {DAY: {"alice", "carol", None}, BEFORE: {"alice", "bob", "carol", None}}


def test_lost_exclusions_are_noticed(configured: Settings) -> None:
    """When the count of what is excluded goes missing, the check says so."""
    excluded = with_context(configured, **configured.context.model_dump() | {"exclusions": [{"user": "bob", **SINCE}]})
    build(excluded)
    lake = Lake(excluded.folder("lake"))
    path = lake.partition("fct_excluded_daily", DAY)
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    failed = {one.check for one in checks.run(excluded, lake, [DAY]) if one.found}
    assert failed == {"facts_conserve_events", "events_are_accounted_for"}
