"""Bringing the catalog into the lake: once, and again when a file or a setting that it depends on has changed."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from etl import catalog
from etl.lake import Lake
from etl.settings import Settings

OWN = '[apps.acme]\nname = "Acme"\ncategory = "Cloud storage"\ndomains = ["acme.example"]\n'


def apps(lake: Lake) -> set[str]:
    return set(pq.read_table(lake.partition("catalog_apps"), columns=["app_id"])["app_id"].to_pylist())


def test_catalog_is_brought_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing has changed, the catalog is not even read."""
    settings, lake = Settings(home=tmp_path), Lake(tmp_path / "lake")
    catalog.bring(settings, lake)
    assert {"dropbox", "onedrive"} <= apps(lake)
    monkeypatch.setattr(catalog, "load", lambda settings: pytest.fail("read again"))
    catalog.bring(settings, lake)


def test_own_file_and_settings_are_noticed(tmp_path: Path) -> None:
    """An app of one's own is there at the next run, and so are other weights."""
    settings, lake = Settings(home=tmp_path), Lake(tmp_path / "lake")
    catalog.bring(settings, lake)
    before = lake.fingerprint("catalog_apps")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "own.toml").write_text(OWN, encoding="utf-8")
    catalog.bring(settings, lake)
    assert "acme" in apps(lake)
    own = lake.fingerprint("catalog_apps")
    weighed = Settings.model_validate({"home": tmp_path, "catalog": {"score": {"groups": {"legal": "very_high"}}}})
    catalog.bring(weighed, lake)
    assert len({before, own, lake.fingerprint("catalog_apps")}) == 3
