"""`catalog recognition`: what of files and of the warehouse is recognised, and what is missed most."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.catalog.recognition import Recognition, of_files, of_warehouse, total
from etl.cli import app as program
from etl.settings import Settings
from tests import warehouse_fixture

HOSTS = ["www.dropbox.com", "www.dropbox.com", "ad.doubleclick.net", "a.nobody.example", "b.nobody.example", "intranet"]


def log(path: Path, hosts: list[str]) -> Path:
    lines = (
        f"1763634240.{number:03} 10 192.0.2.10 TCP_MISS/200 100 GET http://{host}/a alice HIER_DIRECT/198.51.100.7 text/html\n"
        for number, host in enumerate(hosts)
    )
    path.write_text("".join(lines))
    return path


def test_files_are_judged_by_the_models(settings: Settings, tmp_path: Path) -> None:
    """Events with a host by what it is; misses under their registrable domain; a file that no format reads is told."""
    (tmp_path / "notes.txt").write_text("nothing of the kind\n")
    paths = [log(tmp_path / "access.log", HOSTS), tmp_path / "notes.txt", log(tmp_path / "b.log", ["x.nobody.example"])]
    first, unread, last = of_files(settings, paths)
    assert (first.events, first.internal, first.app, first.not_an_app, first.uncatalogued) == (6, 1, 2, 1, 2)
    assert first.share == 0.6 and first.misses == (("nobody.example", 2),)
    assert unread.events == 0 and unread.share is None and "no format reads" in unread.message
    together = total([first, unread, last])
    assert (together.events, together.share) == (7, 0.5) and together.misses == (("nobody.example", 3),)
    assert total([first, last], misses=0).misses == ()
    assert not settings.folder("lake").exists()


def test_nothing_to_judge_has_no_share() -> None:
    """Internal hosts alone are no success and no failure."""
    assert Recognition("x", 5, internal=5).share is None


def test_warehouse_is_judged_by_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What bears a host adds up to its classes; the command shows the whole, as JSON too."""
    warehouse_fixture.build(tmp_path, devices=6, days=2)
    found = of_warehouse(warehouse_fixture.settings(tmp_path))
    assert found and all(one.events == one.internal + one.app + one.not_an_app + one.uncatalogued for one in found)
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(tmp_path))
    shown = CliRunner().invoke(program, ["catalog", "recognition", "--json", "--misses", "3"])
    rows = json.loads(shown.output)
    assert rows[-1]["events"] == sum(one.events for one in found) and len(rows[-1]["misses"]) == 3
    table = CliRunner().invoke(program, ["catalog", "recognition", "--misses", "1"]).output
    assert "largest misses" in table and f"{rows[-1]['share']:.1%}" in table
