"""The catalog: rows are sound, look-ups mean whole labels, scores can be explained."""

from __future__ import annotations

from pathlib import Path

import publicsuffixlist
import pytest

from etl import catalog
from etl.catalog.present import lookup_lines
from etl.inputs import INPUTS, Inputs
from etl.lake import Lake
from etl.models import models
from etl.settings import Settings

CATALOG = catalog.load(Settings())
HOSTS = {
    "dropbox.com": "dropbox",
    "www.dropbox.com": "dropbox",
    "dl.dropboxusercontent.com": "dropbox",
    "notdropbox.com": "uncatalogued:notdropbox.com",
    "dropbox.com.evil.example": "uncatalogued:evil.example",
    "teams.microsoft.com": "teams",
    "foo.github.io": "github",
    "a.b.co.uk": "uncatalogued:b.co.uk",
    "co.uk": "uncatalogued:co.uk",
    "foo.bar.ck": "uncatalogued:foo.bar.ck",
    "x.www.ck": "uncatalogued:www.ck",
    "xn--bcher-kva.example": "uncatalogued:xn--bcher-kva.example",
    "a.b.c.d.e.f.example.com": "uncatalogued:example.com",
    "ocsp.digicert.com": "not_an_app:ocsp.digicert.com",
    "ad.doubleclick.net": "not_an_app:doubleclick.net",
    "198.51.100.7": "uncatalogued:198.51.100.7",
    "2001:db8::7": "uncatalogued:2001:db8::7",
    "10.1.2.3": "internal",
    "fe80::1": "internal",
    "example-my.sharepoint.com": "onedrive_business",
    "example.sharepoint.com": "sharepoint",
    "52.113.1.2": "teams",
    "8.8.8.8": "not_an_app:8.8.8.8/32",
    "a-b-my.sharepoint.com": "onedrive_business",
    "x.example-my.sharepoint.com": "onedrive_business",
    "my.sharepoint.com": "sharepoint",
    "intranet": "internal",
    "printer.local": "internal",
}


def test_catalog_is_large_enough_and_sound() -> None:
    """Reading refuses duplicates, unknown categories, traits and facts; what is left is a catalog."""
    stats = CATALOG.stats()
    assert stats["apps"] >= 2000 and stats["domains"] >= 6000 and stats["not_an_app_domains"] >= 1000
    # github.io and the like are suffixes that their owner gave away; co.uk is nobody's.
    registries = publicsuffixlist.PublicSuffixList(only_icann=True)
    assert [domain for domain in (*CATALOG.domains, *CATALOG.not_apps) if registries.is_public(domain)] == []


@pytest.mark.parametrize("name", ["DROPBOX.com.", "Dropbox", "dropbox"])
def test_lookup_by_host_name_and_id(name: str) -> None:
    """A host in any case, an app's name and its id find the same app."""
    found = CATALOG.lookup(name)
    assert found.app is not None and found.app.app_id == "dropbox"


def test_lookup_and_models_agree(tmp_path: Path) -> None:
    """The SQL that recognises a day's hosts gives what `catalog lookup` says."""
    import pyarrow as pa

    from etl.compute.duckdb import DuckSession

    settings = Settings.model_validate({"home": tmp_path})
    lake = Lake(settings.folder("lake"))
    CATALOG.write(lake)
    session = DuckSession(settings)
    inputs = Inputs(settings, lake)
    for name in models()["int_hosts_daily"].reads:
        if name in INPUTS:
            inputs.provide(session, name, None)
    nothing = pa.nulls(len(HOSTS), pa.string())
    rows = pa.table({"host": list(HOSTS), "app_hint": nothing, "app_path": nothing, "day": [0] * len(HOSTS)})
    session.table("int_usage_daily", rows)
    found = {row["host"]: row["app_id"] for row in session.rows(models()["int_hosts_daily"].sql)}
    session.close()
    assert found == HOSTS
    for host, app_id in HOSTS.items():
        if app_id == "internal":
            continue
        answer = CATALOG.lookup(host)
        told = answer.app.app_id if answer.app else f"{answer.host_class}:{answer.matched or answer.registrable_domain}"
        assert told == app_id


def test_lookup_tells_how_a_score_came_about() -> None:
    """A look-up shows each factor with its source, and the confidence; an unknown host says that nothing is known."""
    text = "\n".join(lookup_lines(CATALOG.lookup("dropbox.com")))
    assert "mfa" in text and "known" in text and "risk" in text and "(vendor)" in text
    assert "uncatalogued" in lookup_lines(CATALOG.lookup("nobody.example.net"))[0]


def test_writing_to_the_lake_twice_changes_nothing(tmp_path: Path) -> None:
    """The datasets are written once; the same catalog leaves the files alone."""
    lake = Lake(tmp_path)
    CATALOG.write(lake)
    before = lake.partition("catalog_apps").stat().st_mtime_ns
    CATALOG.write(lake)
    assert lake.partition("catalog_apps").stat().st_mtime_ns == before
