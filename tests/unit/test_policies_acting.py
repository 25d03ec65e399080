"""What policies do: tag once, preview without a trace, say which of their words mean nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from etl import pipeline
from etl.catalog.vocabulary import factors, words
from etl.cli import app
from etl.errors import GovernanceError
from etl.governance import tags
from etl.governance.policies.actions import tag_matches
from etl.governance.policies.preview import preview
from etl.governance.policies.settings import Policy, templates
from etl.governance.policies.words import all_warnings, check
from etl.lake import Lake
from etl.models import build_model, model_order
from etl.settings import Settings
from tests.lake_fixture import DAY, NOON, write_catalog, write_upload

Row = dict[str, Any]
TAGGING: Row = {"name": "P", "since": DAY, "actions": ["tag:monitored"], "where": {"apps": ["chatgpt", "tor"]}}


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """Two days on which three apps are used, and a first day of all logs long before."""
    found = Lake(settings.folder("lake"))
    write_catalog(found)
    write_upload(found, "old", [{"event_at": NOON - timedelta(days=60), "dst_host": "anydesk.com"}])
    for number in (0, 1):
        hosts = ("chatgpt.com", "torproject.org", "www.dropbox.com")
        events = [{"dst_host": host, "event_at": NOON + timedelta(days=number), "total_bytes": 5} for host in hosts]
        write_upload(found, f"u{number}", events)
    return found


def configured(settings: Settings, *policies: Row) -> Settings:
    return settings.model_copy(update={"policies": tuple(Policy.model_validate(one) for one in policies)})


def build(settings: Settings, lake: Lake) -> None:
    for name in model_order():
        if not name.startswith("dim_") or name == "dim_apps":
            build_model(settings, lake, name)


def files(home: Path) -> dict[str, int]:
    """All files with the time they were changed."""
    return {
        str(path): path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file() and ".spill" not in path.parts
    }


def test_a_policy_tags_once(settings: Settings, lake: Lake) -> None:
    """Each matched app is tagged, in the name of the policy; a person's later decision holds against all later runs."""
    ours = configured(settings, TAGGING)
    build(ours, lake)
    assert [(one.app_id, one.tag, one.via, one.by, one.note) for one in tag_matches(ours, lake)] == [
        ("chatgpt", "monitored", "policy", "policy P", "matched on 2026-11-20"),
        ("tor", "monitored", "policy", "policy P", "matched on 2026-11-20"),
    ]
    tags.append(ours, [tags.Entry("chatgpt", "sanctioned", "alice")])
    assert tag_matches(ours, lake) == []
    assert {app_id: one.tag for app_id, one in tags.current(ours).items()} == {
        "chatgpt": "sanctioned",
        "tor": "monitored",
    }


def test_the_cap_holds_for_tags(settings: Settings, lake: Lake) -> None:
    """What is beyond the daily cap is not tagged."""
    ours = configured(settings, TAGGING | {"daily_cap": 1})
    build(ours, lake)
    assert [one.app_id for one in tag_matches(ours, lake)] == ["chatgpt"]


def test_a_tag_shows_in_the_same_night(settings: Settings) -> None:
    """`pipeline.act` tags and builds what depends on it; a second time there is nothing to do."""
    drop = settings.folder("drops") / "proxy" / "a.log"
    drop.parent.mkdir(parents=True)
    start = int((datetime.now(UTC) - timedelta(days=2)).timestamp())
    line = "{}.123 10 192.0.2.10 TCP_MISS/200 100 GET http://chatgpt.com/a alice HIER_DIRECT/198.51.100.7 text/html\n"
    drop.write_text(line.format(start))
    ours = configured(
        settings, {"name": "AI", "actions": ["tag:monitored"], "where": {"categories": ["Generative AI"]}}
    )
    pipeline.intake(ours)
    pipeline.build(ours)
    day = datetime.fromtimestamp(start, UTC).date()
    assert pipeline.act(ours) == [f"chatgpt: monitored, by policy AI (matched on {day})"]
    apps = pq.read_table(pipeline.lake_of(ours).partition("dim_apps")).to_pylist()
    assert [(row["tag"], row["tagged_by"]) for row in apps if row["app_id"] == "chatgpt"] == [
        ("monitored", "policy AI")
    ]
    assert pipeline.act(ours) == []


def test_policies_that_do_not_tag(settings: Settings, lake: Lake) -> None:
    """An alert tags nothing, and so does a policy that was taken out since the build."""
    build(configured(settings, TAGGING, {"name": "Q", "since": DAY}), lake)
    assert tag_matches(configured(settings, {"name": "Q"}), lake) == []
    assert tag_matches(configured(settings, TAGGING | {"is_enabled": False}), lake) == []
    assert tags.history(settings) == []


def test_preview_leaves_no_trace(settings: Settings, lake: Lake) -> None:
    """A policy that is in no build, not even enabled, is previewed; nothing in the home folder changes."""
    build(settings, lake)
    ours = configured(settings, TAGGING | {"is_enabled": False, "since": date(2030, 1, 1)}, {"name": "Q"})
    before = files(settings.home)
    found = preview(ours, lake, ["p"])
    assert files(settings.home) == before
    assert (found.first_day, found.last_day, list(found.matches)) == (DAY, DAY + timedelta(days=1), ["P"])
    assert [(row["day"], row["app_id"], row["app_name"]) for row in found.matches["P"]] == [
        (DAY + timedelta(days=1), "chatgpt", "ChatGPT"),
        (DAY + timedelta(days=1), "tor", "Tor"),
        (DAY, "chatgpt", "ChatGPT"),
        (DAY, "tor", "Tor"),
    ]
    assert preview(ours, lake, ["P"], days=1).first_day == DAY + timedelta(days=1)
    assert len(preview(ours, lake, [], days=90).matches["Q"]) == 7


def test_preview_of_nothing(settings: Settings) -> None:
    """Without facts there is no day; a name that no policy has is refused with those that there are."""
    lake = Lake(settings.folder("lake"))
    assert preview(configured(settings, TAGGING), lake).last_day is None
    with pytest.raises(GovernanceError, match=r"found 'X'; expected one of 'P'"):
        preview(configured(settings, TAGGING), lake, ["X"])


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"categories": ["Generative IA"]}, "Generative AI"),
        ({"not_traits": ["generativ_ai"]}, "generative_ai"),
        ({"factors": {"soc_2": ["yes"]}}, "soc2"),
        ({"factors": {"fedramp": ["hi"]}}, "high"),
        ({"lacks": ["iso_27001"]}, "iso27001"),
        ({"tags": ["unsanctiond"]}, "unsanctioned"),
    ],
)
def test_words_that_there_are_not(settings: Settings, where: Row, said: str) -> None:
    """A slip in a closed list stops the night with what may be meant: such a policy would be silent for ever."""
    with pytest.raises(GovernanceError, match=said):
        check(configured(settings, {"name": "P", "where": where}))


def test_templates_use_words_that_there_are(settings: Settings) -> None:
    """Every template names categories, traits and factors of the catalog."""
    assert words("categories") and factors()
    check(configured(settings, *({"name": name, "template": name} for name in templates())))


def test_words_with_nothing_behind_them(settings: Settings) -> None:
    """A group, an app or a tag that may come tomorrow is a warning."""
    where = {
        "apps": ["Dropbox", "no such app"],
        "groups": ["Board"],
        "ip_tags": ["office"],
        "not_departments": ["Sales"],
    }
    found = all_warnings(configured(settings, {"name": "P", "where": where}))
    assert [one.partition(": ")[2] for one in found] == [
        "no app of the catalog is 'no such app'",
        "nobody is in the group 'Board'",
        "nobody is in the department 'Sales'",
        "no address range has the tag 'office'",
    ]


def test_command_line(settings: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """`policy list` and `policy preview` speak to a person and to a program; a wrong name ends with status 1 or its message."""
    home = settings.home
    (home / "cloud-discovery.toml").write_text(
        '[[policies]]\nname = "AI"\ntemplate = "generative_ai_first_seen"\n[policies.where]\ngroups = ["Board"]\n'
        '[[policies]]\nname = "Any"\nactions = ["mail"]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("CLOUD_DISCOVERY_HOME", str(home))
    monkeypatch.delenv("CLOUD_DISCOVERY_CONFIG", raising=False)
    build(settings, lake)
    run = CliRunner()
    listed = run.invoke(app, ["policy", "list"])
    assert listed.exit_code == 0 and "generative_ai_first_seen" in listed.stdout
    assert "nobody is in the group 'Board'" in listed.stderr
    assert [one["name"] for one in json.loads(run.invoke(app, ["policy", "list", "--json"]).stdout)] == ["AI", "Any"]
    shown = run.invoke(app, ["policy", "preview", "Any", "--days", "2"])
    assert shown.exit_code == 0 and "Any: 6 matches from 2026-11-20 to 2026-11-21" in shown.stdout
    assert "ChatGPT" in shown.stdout and "unknown" in shown.stdout
    answer = json.loads(run.invoke(app, ["policy", "preview", "--json"]).stdout)
    assert [(one["policy"], len(one["matches"])) for one in answer["policies"]] == [("AI", 0), ("Any", 6)]
    assert isinstance(run.invoke(app, ["policy", "preview", "None"]).exception, GovernanceError)
