"""What needs attention: each planted incident is found, with who, what, when and how much, and nothing is invented."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import warehouse
from reports import findings
from reports.queries import Answers, names
from tests import warehouse_fixture
from tests.warehouse_fixture.organisation import LAST_DAY

FIRST = LAST_DAY - timedelta(days=6)


def found_in(home: Path, *sources: str, first: date = FIRST, last: date = LAST_DAY) -> list[findings.Finding]:
    settings = warehouse_fixture.settings(home)
    with warehouse.reading(settings) as connection:
        return findings.find(Answers(connection, first, last, sources or None))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(path)
    return path


@pytest.fixture(scope="module")
def found(home: Path) -> list[findings.Finding]:
    return found_in(home)


def only(found: list[findings.Finding], kind: str, **facts: Any) -> findings.Finding:
    [one] = [
        one for one in found if one.kind == kind and all(getattr(one, key) == value for key, value in facts.items())
    ]
    return one


def test_large_upload(found: list[findings.Finding]) -> None:
    """4.7 GB to a storage app that is not sanctioned: who, from which device, to what, how much, when."""
    one = only(found, "large_upload")
    assert (one.user_key, one.device_key, one.app_id, one.severity) == ("dan.levi", "lap-0003", "mega", "high")
    assert one.uploaded_bytes == 4_730_000_000
    assert one.sentence.startswith("dan.levi on lap-0003 uploaded 4.7 GB to MEGA on Tue 17 Nov 2026, between 21:")


def test_generative_ai_start(found: list[findings.Finding]) -> None:
    """The device that never used generative AI, and does on the last day."""
    one = only(found, "generative_ai_start", device_key="lap-0011")
    assert one.app_name == "DeepSeek" and one.day == LAST_DAY and one.source == "zscaler-roaming"


def test_generative_ai_start_is_a_start(home: Path, found: list[findings.Finding]) -> None:
    """Every device that is reported was known for three days and used no generative AI before."""
    rows: list[tuple[str, date, date]] = []
    settings = warehouse_fixture.settings(home)
    for _, batch in warehouse.stream(
        settings,
        "select f.device_key, min(f.day), min(d.first_seen_at) from fct_usage_daily f join dim_apps a on a.app_id = f.app_id "
        "join dim_devices d on d.device_key = f.device_key where a.category = 'Generative AI' "
        "and f.transactions > f.blocked_transactions group by 1",
    ):
        rows += [(device, day, seen.date()) for device, day, seen in batch]
    expected = {device for device, day, seen in rows if seen <= day - timedelta(days=3)}
    assert {one.device_key for one in found if one.kind == "generative_ai_start"} == expected


def test_anonymiser(found: list[findings.Finding]) -> None:
    """Tor was used, a third of it blocked."""
    one = only(found, "anonymiser")
    assert (one.user_key, one.app_id, one.transactions, one.severity) == ("finn.berg", "tor", 12, "high")
    assert "12 transactions, 4 of them blocked" in one.sentence


def test_denied_then_allowed(found: list[findings.Finding]) -> None:
    """Nine denials at nine o'clock, access through another host at one."""
    one = only(found, "denied_then_allowed", app_id="wetransfer")
    assert one.user_key == "carla.rossi" and "was denied WeTransfer 9 times" in one.sentence


def test_access_before_a_denial_is_not_denied_then_allowed(tmp_path: Path) -> None:
    """Somebody who had access all along and meets a denial in between has not got round a block."""
    path = warehouse_fixture.build(tmp_path, devices=8)
    with duckdb.connect(str(path)) as con:
        con.execute("""
            insert into fct_usage_daily
            select * replace (timestamp '2026-11-17 05:00' as first_at, timestamp '2026-11-17 05:10' as last_at)
            from fct_usage_daily where app_id = 'wetransfer' and host = 'backup.wetransfer.com'""")
    assert not [one for one in found_in(tmp_path) if one.kind == "denied_then_allowed" and one.app_id == "wetransfer"]


def test_damaged_file(found: list[findings.Finding]) -> None:
    """The file in quarantine is named, with what happened and what to do."""
    one = only(found, "quarantined_file")
    assert one.file_name == "main-20261118.log.gz" and "Send the complete file again" in one.sentence


def test_duplicate_and_late_file(found: list[findings.Finding]) -> None:
    """The duplicate names its original; the late file names the day it belongs to."""
    assert only(found, "duplicate_file").file_name == "access.log.1"
    late = only(found, "late_file")
    assert late.source == "branch-firewall" and late.day == LAST_DAY - timedelta(days=3)


def test_files_in_no_order_are_not_late(tmp_path: Path) -> None:
    """A week of files copied at once is taken in as it comes, in any order: none of them is late; a single straggler is."""
    path = warehouse_fixture.build(tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute("""
            update uploads set finished_at = timestamp '2026-11-20 03:00' - (finished_at - timestamp '2026-11-20 03:00')
            where source = 'proxy-hamburg'""")
    assert [one.source for one in found_in(tmp_path) if one.kind == "late_file"] == ["branch-firewall"]


IN_NO_ORDER = [56, 60, 41, 52, 47, 58, 43, 50, 59, 45, 54, 48, 57, 42, 51, 46, 55, 44, 53, 49]
TWO_DAYS_LATE = [age for day in range(40, 1, -1) for age in (day, day + 2)]  # a day's file, and one of two days before

LATE = {
    "a straggler": ([9, 8, 7, 5, 4, 3, 6, 2, 1, 0], [6]),
    "the newest first": ([*range(30)], []),
    "in no order": (IN_NO_ORDER, []),
    "two collectors, one of which is always two days late": (TWO_DAYS_LATE, []),
    "one far behind such a rhythm": ([*TWO_DAYS_LATE, 12], [12]),
    "one far behind files in no order": ([*IN_NO_ORDER[:15], 300, *IN_NO_ORDER[15:]], [300]),
    "a straggler, days after files in no order": ([*IN_NO_ORDER, *range(40, 25, -1), 30, 25, 24], [30]),
    "two weeks that a collector could not send": (
        [*range(200, 60, -1), *range(60, 45, -1), *range(60, 46, -1), *range(45, 30, -1)],
        [*range(60, 47, -1)],
    ),
}


@pytest.mark.parametrize("case", LATE)
def test_late_is_what_lies_far_behind_the_rhythm_of_its_source(tmp_path: Path, case: str) -> None:
    """Files of one day each, by their age in days in the order in which they are taken in; which of them are late."""
    ages, late = LATE[case]
    path = warehouse_fixture.build(tmp_path)
    with duckdb.connect(str(path)) as con:
        con.execute("create table one as from uploads where source = 'proxy-hamburg' and events > 0 limit 1")
        con.execute("delete from uploads")
        for number, age in enumerate(ages):
            con.execute(
                """insert into uploads by name select * replace (
                       printf('%06d', ?::int) as upload_id,
                       ?::date + interval 8 hour as first_event_at, ?::date + interval 18 hour as last_event_at,
                       timestamp '2026-11-20 00:00' + ?::int * interval 1 minute as finished_at) from one""",
                [number, *[LAST_DAY - timedelta(days=age)] * 2, number],
            )
    found = [one for one in found_in(tmp_path, first=LAST_DAY - timedelta(days=400)) if one.kind == "late_file"]
    assert sorted((one.day for one in found), key=str) == [LAST_DAY - timedelta(days=age) for age in late]


def test_missing_chunks(found: list[findings.Finding]) -> None:
    """A gap in the sequence numbers is told with its source and day."""
    one = only(found, "missing_chunks")
    assert (one.source, one.day) == ("endpoints", date(2026, 11, 17)) and one.sentence.startswith(
        "2 chunks of endpoints"
    )


def test_unsanctioned_app(found: list[findings.Finding]) -> None:
    """Use of an app that is tagged unsanctioned and was not blocked."""
    assert only(found, "unsanctioned_app").app_name == "Dropbox"


def test_silent_source(tmp_path: Path) -> None:
    """A source that brought nothing on the last two days is reported; the others are not."""
    path = warehouse_fixture.build(tmp_path, hostile=False)
    with duckdb.connect(str(path)) as con:
        con.execute("delete from fct_coverage_daily where source = 'proxy-lisbon' and day >= date '2026-11-18'")
    assert [one.source for one in found_in(tmp_path) if one.kind == "silent_source"] == ["proxy-lisbon"]


def test_findings_of_a_source_are_its_own(home: Path) -> None:
    """The report of one source has no finding of another."""
    found = found_in(home, "proxy-hamburg")
    assert {one.kind for one in found} >= {"large_upload", "anonymiser", "quarantined_file"}
    assert {one.source for one in found} == {"proxy-hamburg"}


def test_a_quiet_period_has_no_findings(home: Path) -> None:
    """Before the first day there is nothing to find."""
    assert found_in(home, first=date(2026, 1, 1), last=date(2026, 1, 7)) == []


def test_old_period_leaves_out_later_quarantine(home: Path) -> None:
    """A report of earlier days does not tell of files that came days after them; the latest report does."""
    early = found_in(home, first=date(2026, 11, 13), last=date(2026, 11, 14))
    assert not [one for one in early if one.kind in {"quarantined_file", "duplicate_file"}]


def test_worst_first(found: list[findings.Finding]) -> None:
    """Findings and their groups are in the order of severity."""
    places = [findings.SEVERITIES.index(one.severity) for one in found]
    assert places == sorted(places)
    groups = findings.grouped(found)
    assert sum(len(group.findings) for group in groups) == len(found)
    assert [findings.SEVERITIES.index(group.severity) for group in groups] == sorted(
        findings.SEVERITIES.index(group.severity) for group in groups
    )


def test_sentences_stay_on_one_line(tmp_path: Path) -> None:
    """A line break in a user's name cannot break a sentence, or a mail."""
    path = warehouse_fixture.build(tmp_path, devices=8)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "update fct_usage_daily set user_key = 'eve' || chr(10) || 'Bcc: x@example.com' where app_id = 'mega'"
        )
    assert "eve Bcc: x@example.com" in only(found_in(tmp_path), "large_upload").sentence


def test_recommendations(home: Path) -> None:
    """Recommendations follow from the numbers: risky apps without a tag, sources without bytes or users, files to repair."""
    settings = warehouse_fixture.settings(home)
    with warehouse.reading(settings) as connection:
        advice = findings.recommend(Answers(connection, FIRST, LAST_DAY))
    said = {one.title: one.sentence for one in advice}
    assert "MEGA" in said["Decide on the risky apps"]
    assert "endpoints" in said["Let every source say how much"]
    assert "branch-firewall" in said["Let every source say who"]
    assert said["Repair what could not be read"].startswith("1 file in quarantine")
    assert [one.weight for one in advice] == sorted((one.weight for one in advice), reverse=True)


def test_folder_is_the_list() -> None:
    """Findings and recommendations are whatever lies in sql/reports."""
    assert len(names("finding_")) >= 10 and len(names("recommendation_")) >= 6
