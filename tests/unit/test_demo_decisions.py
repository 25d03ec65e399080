"""What the demo's organisation decided: about apps that there are, and never over a person's own decisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import catalog, demo
from etl.demo.decisions import DECISIONS
from etl.governance import tags
from etl.settings import Settings


def test_decisions_are_about_apps_of_the_catalog() -> None:
    """A decision about an app that does not exist would show nowhere."""
    assert {app_id for app_id, _, _ in DECISIONS} <= set(catalog.load(Settings()).apps)


@pytest.fixture
def written(tmp_path: Path) -> demo.DemoSummary:
    return demo.write(tmp_path / "drops", devices=3, users=2, days=1)


def test_demo_decides_once(tmp_path: Path, written: demo.DemoSummary) -> None:
    """The first demo writes configuration and decisions; a second one leaves both alone and says nothing."""
    settings = Settings(home=tmp_path)
    assert len(demo.record(settings, written)) == 2
    assert tags.current(settings)["mega"].tag == "unsanctioned"
    tags.append(settings, [tags.Entry("mega", "none", "alice")])
    assert demo.record(settings, written) == []
    assert "mega" not in tags.current(settings)


def test_own_decisions_stay(tmp_path: Path, written: demo.DemoSummary) -> None:
    """Where a person has decided, the demo decides nothing."""
    settings = Settings(home=tmp_path)
    tags.append(settings, [tags.Entry("slack", "unsanctioned", "alice")])
    demo.record(settings, written)
    assert set(tags.current(settings)) == {"slack"}
