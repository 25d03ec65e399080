"""Tags: a log that only grows, of which the last decision holds, and a command that says at once what a tag cannot do."""

from __future__ import annotations

import json
import multiprocessing
import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli import app
from etl.errors import CloudDiscoveryError, GovernanceError
from etl.governance import tags
from etl.governance.deciding import Wanted, decide
from etl.governance.periods import unsanctioned
from etl.governance.tags import Entry
from etl.settings import Settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(home: Path, *arguments: str, status: int = 0) -> tuple[str, str]:
    """Standard output and standard error of `cloud-discovery tag …`."""
    result = CliRunner().invoke(app, ["tag", *arguments], env={"CLOUD_DISCOVERY_HOME": str(home)})
    if isinstance(result.exception, CloudDiscoveryError):
        assert status == 1
        return result.stdout, str(result.exception)
    assert result.exit_code == status, result.output
    return result.stdout, result.stderr


def tag_at(settings: Settings, hours: float, tag: str, app_id: str = "dropbox", note: str = "") -> None:
    tags.append(settings, [Entry(app_id, tag, "alice", note=note, at=NOON + hours * HOUR)])


def test_last_decision_holds_and_history_stays(settings: Settings) -> None:
    """Three decisions about one app: the last is current, all three are in the history with who, when and why."""
    tag_at(settings, 0, "unsanctioned", note="no contract")
    tag_at(settings, 1, "label:legal")
    tag_at(settings, 2, "sanctioned", note="signed")
    (now,) = tags.current(settings).values()
    assert (now.tag, now.labels, now.at, now.by, now.note) == (
        "sanctioned",
        ("legal",),
        NOON + 2 * HOUR,
        "alice",
        "signed",
    )
    assert [one.tag for one in tags.history(settings, "dropbox")] == ["unsanctioned", "label:legal", "sanctioned"]
    assert tags.history(settings, "another") == []


def test_time_without_a_zone_is_utc(settings: Settings) -> None:
    """An import that gives no zone, in a place that is not in UTC; another zone is turned into UTC."""
    east = timezone(timedelta(hours=2))
    given = [datetime(2026, 11, 20, 12, 0, 0, 999), datetime(2026, 11, 20, 14, tzinfo=east)]  # noqa: DTZ001
    kept = tags.append(settings, [Entry("dropbox", "monitored", "alice", "import", at=at) for at in given])
    assert [one.at for one in kept] == [one.at for one in tags.history(settings)] == [NOON, NOON]


def test_none_takes_the_tag_off_and_leaves_labels(settings: Settings) -> None:
    """`none` and `unlabel` undo; an app of which nothing is left is not current."""
    for hour, tag in enumerate(("monitored", "label:a", "none")):
        tag_at(settings, hour, tag)
    assert [(one.tag, one.labels) for one in tags.current(settings).values()] == [(None, ("a",))]
    tag_at(settings, 4, "unlabel:a")
    assert tags.current(settings) == {}


@pytest.mark.parametrize(
    "note", ["=1+1", "'=quoted", "-dash", 'a,b "c"', "ünï", "two\nlines\r\nand\tmore\x00", "'plain", " " * 5]
)
def test_hostile_notes_come_back_as_one_line(settings: Settings, note: str) -> None:
    """A note reads as given but for white space; no cell begins a formula, and no line end survives."""
    tag_at(settings, 0, "monitored", note=note)
    (found,) = tags.history(settings)
    assert found.note == " ".join(note.replace("\x00", " ").split())
    text = tags.path_of(settings).read_text(encoding="utf-8")
    assert len(text.splitlines()) == 2
    assert text.splitlines()[1].split(",", 5)[5].lstrip('"')[:1] not in tuple("=+-@")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (Entry("dropbox", "banned", "alice"), "expected sanctioned, unsanctioned, monitored, none, or label:"),
        (Entry("dropbox", "label:Two Words", "alice"), "expected .* or label:"),
        (Entry("dropbox", "none", "alice", via="post"), "expected command, bulk, policy, import"),
        (Entry(" \n", "none", "alice"), "found no app"),
        (Entry("dropbox", "none", "alice", at=datetime(2999, 1, 1, tzinfo=UTC)), "which is to come"),
    ],
)
def test_what_cannot_be_kept_is_refused(settings: Settings, entry: Entry, complaint: str) -> None:
    """A wrong decision is refused with what was expected, and those beside it are not kept either."""
    with pytest.raises(GovernanceError, match=complaint):
        tags.append(settings, [Entry("box", "sanctioned", "alice"), entry])
    assert tags.history(settings) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("2026-11-20T12:00:00Z,dropbox", ":2: found 2 cells"),
        ("yesterday,dropbox,none,alice,command,", ":2: instant: found 'yesterday'"),
        ("2026-11-20T12:00:00Z,dropbox,bad,alice,command,", ":2: tag: found 'bad'"),
    ],
)
def test_damaged_log_is_named_and_not_made_longer(settings: Settings, line: str, complaint: str) -> None:
    """A line that cannot be read is named with its number, in reading and in appending."""
    path = tags.path_of(settings)
    path.parent.mkdir()
    path.write_text(",".join(tags.COLUMNS) + "\n" + line + "\n", encoding="utf-8")
    for attempt in (lambda: tags.history(settings), lambda: tag_at(settings, 0, "none")):
        with pytest.raises(GovernanceError, match=complaint):
            attempt()
    assert path.read_text(encoding="utf-8").endswith(line + "\n")


def _append_many(home: str, name: str) -> None:
    settings = Settings.model_validate({"home": home})
    for _ in range(10):
        tags.append(settings, [Entry(name, "monitored", name), Entry(name, "none", name)])


def test_two_who_decide_at_once_both_stay(settings: Settings) -> None:
    """Four processes append at the same time: nothing is lost, nothing is torn, pairs stay together."""
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_append_many, args=(str(settings.home), f"app{n}")) for n in range(4)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    lines = tags.path_of(settings).read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) == 80
    assert all(
        first.split(",")[1] == second.split(",")[1] for first, second in zip(lines[::2], lines[1::2], strict=True)
    )


def test_period_begins_with_the_first_and_ends_with_another_tag(settings: Settings) -> None:
    """Tagging again goes on with the period and gives the note; labels end nothing; a second period begins anew."""
    for hour, tag in enumerate(("unsanctioned", "label:x", "unsanctioned", "monitored", "unsanctioned")):
        tag_at(settings, hour, tag, note=f"note {hour}")
    first, second = unsanctioned(tags.history(settings), 2 * HOUR)
    assert (first.since, first.until, first.enforced_at, first.note) == (
        NOON,
        NOON + 3 * HOUR,
        NOON + 2 * HOUR,
        "note 2",
    )
    assert (second.since, second.until) == (NOON + 4 * HOUR, None)


def test_a_day_knows_what_was_decided_until_its_end(settings: Settings) -> None:
    """A later decision changes no earlier day; a period that ended before a day does not touch it."""
    tag_at(settings, 0, "unsanctioned", note="first")
    tag_at(settings, 24, "unsanctioned", note="second")
    tag_at(settings, 48, "none")
    entries = tags.history(settings)
    by_day = {day: unsanctioned(entries, HOUR, date(2026, 11, day)) for day in range(19, 24)}
    assert [len(found) for found in by_day.values()] == [0, 1, 1, 1, 0]
    assert [(one.until, one.note) for one in by_day[20]] == [(None, "first")]
    assert [(one.until, one.note) for one in by_day[22]] == [(NOON + 48 * HOUR, "second")]


def test_command_keeps_who_and_why(tmp_path: Path) -> None:
    """The contract of the command line: APP by name, id or host; a note, a name, JSON for a program."""
    out, _ = run(tmp_path, "www.dropbox.com", "unsanctioned", "--note", "no contract", "--by", "alice", "--json")
    told = json.loads(out)
    assert told | {"at": None, "warnings": None} == {
        "app_id": "dropbox",
        "app_name": "Dropbox",
        "tag": "unsanctioned",
        "was": None,
        "at": None,
        "by": "alice",
        "via": "command",
        "note": "no contract",
        "warnings": None,
    }
    assert datetime.fromisoformat(told["at"]).tzinfo
    out, _ = run(tmp_path, "Dropbox", "sanctioned")
    assert "Dropbox: sanctioned, was unsanctioned" in out
    (now,) = json.loads(run(tmp_path, "--list", "--json")[0])
    assert (now["app_id"], now["tag"]) == ("dropbox", "sanctioned")
    assert [one["tag"] for one in json.loads(run(tmp_path, "dropbox", "--history", "--json")[0])] == [
        "unsanctioned",
        "sanctioned",
    ]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Dropbx", "Did you mean Dropbox"),
        ("unheard-of.example", "name uncatalogued:unheard-of.example"),
        ("doubleclick.net", "which is not an app"),
        ("google.com/nowhere", "devices block domains, not paths"),
        ("uncatalogued:a b\n", "expected a domain"),
    ],
)
def test_app_that_cannot_be_tagged_is_refused(tmp_path: Path, name: str, complaint: str) -> None:
    """A miss ends with status 1, says what may have been meant, and keeps nothing."""
    _, told = run(tmp_path, name, "unsanctioned", status=1)
    assert complaint in told
    assert not (tmp_path / "governance" / "tags.csv").exists()


def test_wrong_usage(tmp_path: Path) -> None:
    """An app without a tag, a tag that is none, and nothing at all."""
    for arguments in ((), ("dropbox",), ("--file", "x.csv", "dropbox", "none")):
        run(tmp_path, *arguments, status=2)
    assert "expected sanctioned, unsanctioned" in run(tmp_path, "dropbox", "banned", status=1)[1]


def test_warnings_come_at_once(tmp_path: Path) -> None:
    """An identity provider, a domain above one, one that other apps share, and a path: said on standard error."""
    assert "Okta (okta) stays off the block lists" in run(tmp_path, "okta", "unsanctioned")[1]
    assert "google.com stays off the block lists" in run(tmp_path, "google_search", "unsanctioned")[1]
    assert re.search(r"blocking dropbox\.com also blocks .*Dropbox Paper", run(tmp_path, "dropbox", "unsanctioned")[1])
    assert "google.com/drive cannot be enforced by domain" in run(tmp_path, "google.com/drive", "unsanctioned")[1]
    assert run(tmp_path, "okta", "sanctioned")[1] == ""


def test_app_known_by_a_path_cannot_be_enforced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that the catalog knows by google.com/drive only says so when it is tagged, and is tagged."""
    from etl import catalog
    from etl.catalog.catalog import Catalog
    from etl.catalog.entries import App, Entries, PathPrefix

    entries = Entries({"drive": App("drive", "Drive", None, ())}, paths=[PathPrefix("google.com", "/drive", "drive")])
    monkeypatch.setattr(catalog, "load", lambda settings: Catalog(entries))
    (done,) = decide(settings, [Wanted("google.com/drive", "unsanctioned")], "alice")
    assert "cannot be enforced by domain: it is known by the path google.com/drive only" in done.warnings[0]
    assert tags.current(settings)["drive"].tag == "unsanctioned"


def test_bulk_is_all_or_nothing(tmp_path: Path) -> None:
    """A CSV file with one unknown app keeps nothing and names it; corrected, it keeps all."""
    path = tmp_path / "bulk.csv"
    path.write_text("app,tag,note\ndropbox,unsanctioned,no contract\nDropbx,monitored,\n", encoding="utf-8")
    assert "Dropbox" in run(tmp_path, "--file", str(path), status=1)[1]
    assert not (tmp_path / "governance" / "tags.csv").exists()
    path.write_text("app,tag,note\ndropbox,unsanctioned,no contract\nbox.com,monitored,\n", encoding="utf-8")
    run(tmp_path, "--file", str(path))
    found = json.loads(run(tmp_path, "--history", "--json")[0])
    assert [(one["app_id"], one["via"]) for one in found] == [("dropbox", "bulk"), ("box", "bulk")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,tag\nx,none\n", "found the columns name, tag"),
        ("app,tag\n,none\n", ":2: found no app"),
        ("app,tag\na,none,b,c\n", ":2: found no app, no tag, or too many cells"),
        ("", "found the columns nothing"),
    ],
)
def test_wrong_bulk_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """What is wrong in the file is named with its line."""
    path = tmp_path / "bulk.csv"
    path.write_text(text, encoding="utf-8")
    assert complaint in run(tmp_path, "--file", str(path), status=1)[1]
