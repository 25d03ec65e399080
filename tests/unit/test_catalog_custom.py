"""The user's own part by command, and the uncatalogued domains that it begins with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import catalog
from etl.catalog import custom
from etl.catalog.uncatalogued import days, ranked, uncatalogued
from etl.cli import app as program
from etl.errors import CatalogError
from etl.settings import Settings
from tests import warehouse_fixture


def own(settings: Settings) -> Path:
    return settings.home / "catalog" / "own.toml"


def test_domain_becomes_an_app(settings: Settings) -> None:
    """The registrable domain of a host is recognised from then on; a formula in the name is none."""
    done = custom.add(settings, "a.portal.example.co.uk", '=Supplier "portal"', category="CRM", score=7.0)
    found = catalog.load(settings).lookup("https://x.example.co.uk/login")
    assert found.app is not None and found.app.app_id == done.app_id == "supplier_portal"
    assert (found.app.app_name, found.app.domains, found.app.origin) == ('Supplier "portal"', ("example.co.uk",), "own")
    assert found.score is not None and found.score.value == 7.0


def test_exact_host_may_lie_under_an_app(settings: Settings) -> None:
    """A part of an app's domain can be an app of one's own, when asked for."""
    with pytest.raises(CatalogError, match="found that it belongs to Dropbox"):
        custom.add(settings, "files.dropbox.com", "Files")
    custom.add(settings, "files.dropbox.com", "Files", is_exact=True)
    known = catalog.load(settings)
    assert known.domains["files.dropbox.com"] == "files" and known.domains["dropbox.com"] == "dropbox"


def test_alias_and_override_join_what_is_in_the_file(settings: Settings) -> None:
    """Comments and tables of the file stay; aliases go into their one table."""
    own(settings).parent.mkdir(parents=True)
    own(settings).write_text('# mine\n[aliases]  # domains\n"one.example" = "box"\n\n[hints]\n"acme" = "box"')
    custom.alias(settings, "*.two.example", "Dropbox")
    custom.alias(settings, "three.example", "dropbox.com")
    custom.override(settings, "dropbox", score=2.5, note='a "quote"\nand a line')
    known = catalog.load(settings)
    assert {"two.example", "three.example"} <= set(known.apps["dropbox"].domains)
    assert known.domains["one.example"] == "box" and known.hints["acme"] == "box"
    assert known.score("dropbox").value == 2.5
    assert own(settings).read_text().startswith("# mine\n[aliases]  # domains\n")


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda s: custom.add(s, "192.0.2.7", "x"), "found no domain"),
        (lambda s: custom.add(s, "co.uk", "x"), "found no domain"),
        (
            lambda s: custom.add(s, "new.example", "x", category="Nonsense"),
            "category: found 'Nonsense'; expected one of",
        ),
        (lambda s: custom.add(s, "new.example", "x", score=11), "score: found 11"),
        (lambda s: custom.override(s, "dropbox"), "found nothing to change"),
        (lambda s: custom.override(s, "drobpox", note="x"), "Did you mean Dropbox"),
        (lambda s: custom.alias(s, "dropbox.com", "dropbox"), "belongs to dropbox already"),
        (lambda s: custom.alias(s, "new.example", "nobody at all"), "found no such app"),
    ],
)
def test_what_cannot_be_is_refused_and_writes_nothing(settings: Settings, call: Any, complaint: str) -> None:
    """Each refusal says what was found, and the file is not touched."""
    with pytest.raises(CatalogError, match=complaint):
        call(settings)
    assert not own(settings).exists()


def test_twice_is_refused(settings: Settings) -> None:
    """What is in the file already is changed there, not appended again."""
    custom.override(settings, "dropbox", score=2.5)
    custom.alias(settings, "two.example", "dropbox")
    before = own(settings).read_text()
    with pytest.raises(CatalogError, match="found an override of 'dropbox' already"):
        custom.override(settings, "dropbox", score=3)
    with pytest.raises(CatalogError, match="belongs to dropbox already"):
        custom.alias(settings, "two.example", "dropbox")
    with pytest.raises(CatalogError, match=r"two.example.* given to 'dropbox'"):
        custom.alias(settings, "two.example", "box")
    assert own(settings).read_text() == before


def row(domain: str, total_bytes: int | None, users: int, first_seen: int) -> dict[str, Any]:
    seen = datetime(2026, 11, first_seen, tzinfo=UTC)
    return {
        "domain": domain,
        "total_bytes": total_bytes,
        "users": users,
        "devices": 1,
        "transactions": 1,
        "first_seen_at": seen,
    }


def test_ranking() -> None:
    """Traffic, users and novelty each have their order; together, what leads one comes before what leads none."""
    rows = [row("big", 900, 1, 1), row("middle", 500, 5, 5), row("liked", 100, 9, 2), row("new", None, 2, 20)]
    first = {order: ranked(rows, order)[0]["domain"] for order in ("traffic", "users", "novelty")}
    assert first == {"traffic": "big", "users": "liked", "novelty": "new"}
    assert ranked(rows, "all")[-1]["domain"] == "middle"


def test_days() -> None:
    """Back from the latest day, or from and to; anything else is refused."""
    assert days("7d", date(2026, 11, 20)) == (date(2026, 11, 14), date(2026, 11, 20))
    assert days("2026-11-01..2026-11-02", None) == (date(2026, 11, 1), date(2026, 11, 2))
    for text in ("7", "0d", "2026-11-02..2026-11-01", "a..b", "1..2..3"):
        with pytest.raises(CatalogError, match="expected 7d, 30d or FROM"):
            days(text, None)


def test_uncatalogued_domains_of_a_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command lists what the warehouse has met, first what leads, and says how it becomes one."""
    warehouse_fixture.build(tmp_path, devices=6, days=2)
    settings = warehouse_fixture.settings(tmp_path)
    found = uncatalogued(settings, "7d", "traffic", 5)
    sizes = [one.total_bytes or 0 for one in found]
    assert len(found) == 5 and sizes == sorted(sizes, reverse=True) and found[0].users > 0
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(tmp_path))
    shown = CliRunner().invoke(program, ["catalog", "uncatalogued", "--by", "traffic", "--limit", "5"])
    assert shown.exit_code == 0 and f"catalog add {found[0].domain}" in shown.output
    with pytest.raises(CatalogError, match="--by: found 'size'"):
        uncatalogued(settings, "7d", "size")
