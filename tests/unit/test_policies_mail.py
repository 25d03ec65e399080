"""What policies matched, in the nightly mail: those that ask for it, within their caps, hostile names as text."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dags.handover import packed, unpacked
from etl import warehouse
from reports.mail import MOST_MATCHES, compose
from reports.queries import Answers
from reports.render import Rendered
from tests import warehouse_fixture

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)
HOSTILE = "<img src=x>\u202e'; drop table x; --"
Match = tuple[str, str, str, str, bool, bool, str | None]
# day, policy, app_id, severity, is_mail, acts, source
MATCHES: list[Match] = [
    ("2026-11-17", HOSTILE, "mega", "high", True, True, "proxy-hamburg/endpoints"),
    ("2026-11-19", "no mail", "mega", "high", False, True, "endpoints"),
    ("2026-11-19", "beyond", "mega", "high", True, False, "endpoints"),
    ("2026-11-12", "too old", "mega", "high", True, True, "endpoints"),
    ("2026-11-19", "newest", "uncatalogued:odd.example", "low", True, True, "endpoints"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    file = warehouse_fixture.build(path, devices=5)
    with duckdb.connect(str(file)) as con:
        for row in MATCHES:
            con.execute(
                "insert into fct_policy_matches (day, policy, app_id, severity, is_mail, acts, source, users, devices, "
                "transactions, held_back, total_bytes) values (?, ?, ?, ?, ?, ?, ?, 2, 1, 3, 4, null)",
                list(row),
            )
    return path


def rendered(home: Path, *sources: str, copies: int = 1) -> list[Rendered]:
    """A report as it is handed on, without its pages."""
    settings = warehouse_fixture.settings(home)
    with warehouse.reading(settings) as connection:
        answers = Answers(connection, FIRST, LAST, sources or None)
        matches = tuple(answers.rows("policy_matches")) * copies
        numbers: dict[str, Any] = answers.row("counters")
    return [Rendered("csv", home / "out" / "csv", None, "Contoso", numbers, FIRST, LAST, (), matches)]


def bodies(home: Path, found: list[Rendered]) -> tuple[str, str]:
    message = compose(warehouse_fixture.settings(home), found)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    return str(text.get_content()), str(html.get_content())


def test_matches_are_in_both_bodies(home: Path) -> None:
    """Policies that send mail, in the period, within the cap, the newest first; unknown bytes are unknown."""
    text, html = bodies(home, rendered(home))
    assert text.index("[low] newest: uncatalogued:odd.example on") < text.index(f"[high] {HOSTILE}: MEGA on")
    assert "2 users, 1 device, 3 transactions; unknown, of which uploaded unknown" in text
    assert "4 more apps matched that day, beyond the daily cap" in text
    for body in (text, html):
        assert not any(name in body for name in ("no mail", "too old", "beyond:"))
    assert "&lt;img src=x&gt;" in html and "<img" not in html


def test_a_source_has_its_matches(home: Path) -> None:
    """A match over two sources belongs to each of them, and to no third."""
    assert [one["policy"] for one in rendered(home, "proxy-hamburg")[0].matches] == [HOSTILE]
    assert [one["policy"] for one in rendered(home, "endpoints")[0].matches] == ["newest", HOSTILE]
    assert rendered(home, "proxy")[0].matches == ()


def test_many_matches_are_counted(home: Path) -> None:
    """The mail shows so many, and says how many more there are."""
    text, html = bodies(home, rendered(home, copies=30))
    assert text.count("[low]") + text.count("[high]") == MOST_MATCHES
    assert "… and 40 more" in text and "… and 40 more" in html


def test_without_matches_there_is_no_section(home: Path) -> None:
    """Nobody is told of nothing."""
    text, html = bodies(home, rendered(home, copies=0))
    assert "POLICIES" not in text and "policies matched" not in html


def test_the_scheduler_hands_matches_on(home: Path) -> None:
    """From the task that renders to the task that sends nothing is lost."""
    found = rendered(home)
    assert unpacked(packed(found)) == found
