"""Recognition beyond plain domains: tails of labels, parts of hosts, address ranges; in the models as in a look-up."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest

from etl import checks, models
from etl.catalog.catalog import Catalog
from etl.catalog.entries import App, Entries, PathPrefix, Range
from etl.lake import Lake
from etl.settings import Settings
from tests.lake_fixture import write_upload

DOMAINS = {
    "portal": ("share.example.net",),
    "files": ("-my.share.example.net",),
    "legal": ("legal-my.share.example.net",),
    "search": ("find.example.org", "maps.find.example.org"),
    "maps": ("maps.example.org",),
    "drive": ("drive.example.org",),
    "meet": ("meet.example.org",),
    "cloud": ("cloud.example.org",),
}
PATHS = [
    PathPrefix("find.example.org", "/maps", "maps"),
    PathPrefix("find.example.org", "/maps/deep", "drive"),  # under another: left out
    PathPrefix("find.example.org", "/drive", "drive"),
    PathPrefix("www.find.example.org", "/drive", "files"),
    PathPrefix("nobody.example.com", "/maps", "maps"),
]
RANGES = [
    Range("203.0.113.0/24", "cloud", None),
    Range("203.0.113.64/26", "meet", None),
    Range("198.51.100.7/32", None, "name_lookup"),
    Range("2001:db8:7::/48", "meet", None),
    Range("10.0.0.0/8", "cloud", None),
]
# host, path, what it is
CASES: list[tuple[str, str | None, str]] = [
    ("acme-my.share.example.net", None, "files"),
    ("a-b-my.share.example.net", None, "files"),
    ("x.acme-my.share.example.net", None, "files"),
    ("legal-my.share.example.net", None, "legal"),
    ("acme.share.example.net", None, "portal"),
    ("my.share.example.net", None, "portal"),
    ("acme-other.share.example.net", None, "portal"),
    ("share.example.net", None, "portal"),
    ("find.example.org", "/maps", "maps"),
    ("find.example.org", "/maps/deep/er", "maps"),
    ("find.example.org", "/mapstyle", "search"),
    ("find.example.org", "/", "search"),
    ("find.example.org", None, "search"),
    ("eu.find.example.org", "/maps/x", "maps"),
    ("a.eu.find.example.org", "/maps/x", "search"),
    ("maps.find.example.org", "/drive", "search"),
    ("www.find.example.org", "/drive/x", "files"),
    ("www.find.example.org", "/maps", "maps"),
    ("nobody.example.com", "/maps", "maps"),
    ("nobody.example.com", "/other", "uncatalogued:example.com"),
    ("203.0.113.7", None, "cloud"),
    ("203.0.113.63", None, "cloud"),
    ("203.0.113.64", None, "meet"),
    ("203.0.113.127", None, "meet"),
    ("203.0.113.128", None, "cloud"),
    ("203.0.114.1", None, "uncatalogued:203.0.114.1"),
    ("198.51.100.7", None, "not_an_app:198.51.100.7/32"),
    ("198.51.100.8", None, "uncatalogued:198.51.100.8"),
    ("2001:db8:7::1", None, "meet"),
    ("2001:DB8:7:0:0::1", None, "meet"),
    ("2001:db8:8::1", None, "uncatalogued:2001:db8:8::1"),
]


def catalog() -> Catalog:
    apps = {name: App(name, name.title(), None, domains) for name, domains in DOMAINS.items()}
    return Catalog(Entries(apps, hints={"acme-meet": "meet"}, ranges=list(RANGES), paths=list(PATHS)))


def build(settings: Settings, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The day's facts of events, each in a source of its own; the checks hold."""
    lake = Lake(settings.folder("lake"))
    catalog().write(lake)
    for number, event in enumerate(events):
        source = f"s{number:02}"
        write_upload(lake, f"u{number}", [{**event, "source": source}], source=source)
    for name in models.model_order():
        models.build_model(settings, lake, name)
    assert [one.sentence for one in checks.run(settings, lake) if one.found and one.severity == "fail"] == []
    found = [row for path in lake.partitions("fct_usage_daily") for row in pq.read_table(path).to_pylist()]
    return sorted(found, key=lambda row: str(row["source"]))


def test_models_and_look_up_agree(settings: Settings) -> None:
    """Every case is what it should be, in the facts and in a look-up; nothing counts twice."""
    events = [
        {"dst_ip": host, "dst_host": None, "url_path": path}
        if ":" in host or host[-1].isdigit()
        else {"dst_host": host, "url_path": path}
        for host, path, _ in CASES
    ]
    facts = build(settings, events)
    assert [(row["host"], row["app_id"]) for row in facts] == [(host, told) for host, _, told in CASES]
    assert [row["transactions"] for row in facts] == [1] * len(CASES)
    known = catalog()
    for host, path, told in CASES:
        found = known.lookup(host + (path or ""))
        name = found.app.app_id if found.app else f"{found.host_class}:{found.matched or found.registrable_domain}"
        assert name == told.lower(), host


def test_address_is_internal_first_then_as_labelled(settings: Settings) -> None:
    """The organisation's own addresses stay its own; a vendor's label knows the session, a range only who has the address."""
    events = [
        {"dst_host": None, "dst_ip": "10.1.2.3"},
        {"dst_host": None, "dst_ip": "203.0.113.7", "app_hint": "Acme-Meet"},
        {"dst_host": None, "dst_ip": "203.0.113.7", "app_hint": "ssl"},
    ]
    assert [row["app_id"] for row in build(settings, events)] == ["internal", "meet", "cloud"]


def test_own_domain_beats_a_path(settings: Settings) -> None:
    """What the organisation calls its own is no app, whatever its path."""
    ours = settings.organisation.model_copy(update={"internal_domains": ("find.example.org",)})
    event = {"dst_host": "find.example.org", "url_path": "/maps"}
    assert [row["app_id"] for row in build(settings.model_copy(update={"organisation": ours}), [event])] == ["internal"]


def test_paths_do_not_split_facts_of_other_hosts(settings: Settings) -> None:
    """A thousand paths of one host are one fact; two parts of a host are two."""
    lake = Lake(settings.folder("lake"))
    catalog().write(lake)
    many = [{"dst_host": "cloud.example.org", "url_path": f"/p{number}"} for number in range(1000)]
    parts = [{"dst_host": "find.example.org", "url_path": path} for path in ("/maps/1", "/maps/2", "/x", "/drive")]
    write_upload(lake, "u1", many + parts)
    for name in models.model_order():
        models.build_model(settings, lake, name)
    used = [row for path in lake.partitions("int_usage_daily") for row in pq.read_table(path).to_pylist()]
    assert sorted((row["host"], row["app_path"] or "", row["events"]) for row in used) == [
        ("cloud.example.org", "", 1000),
        ("find.example.org", "", 1),
        ("find.example.org", "find.example.org/drive", 1),
        ("find.example.org", "find.example.org/maps", 2),
    ]


@pytest.mark.parametrize(
    ("url", "app_id"), [("https://www.google.com/maps/place/x?q=1", "google_maps"), ("52.113.1.2", "teams")]
)
def test_shipped_paths_and_ranges(url: str, app_id: str) -> None:
    """The shipped catalog knows parts of hosts and published ranges."""
    from etl import catalog as shipped

    found = shipped.load(Settings()).lookup(url)
    assert found.app is not None and found.app.app_id == app_id
