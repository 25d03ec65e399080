"""What becomes of a drop: loaded, duplicate, grown, quarantined; and what a killed run leaves to the next."""

from __future__ import annotations

import gzip
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from etl import pipeline
from etl.intake import drops
from etl.lake import Lake, Receipt
from etl.settings import Settings

NOW = int(time.time()) - 3600


def _line(second: int, host: str = "www.example.org", size: int = 100) -> str:
    return f"{NOW + second}.000    10 192.0.2.10 TCP_MISS/200 {size} GET http://{host}/a - HIER_DIRECT/198.51.100.7 text/html\n"


def _drop(settings: Settings, name: str, data: bytes | str, source: str = "proxy") -> str:
    path = settings.folder("drops") / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return f"{source}/{name}"


def _events(settings: Settings) -> list[dict[str, object]]:
    lake = Lake(settings.folder("lake"))
    return [
        row for day in lake.event_days() for path in lake.event_files(day) for row in pq.read_table(path).to_pylist()
    ]


def _take(settings: Settings) -> list[Receipt]:
    return pipeline.intake(settings)


def test_records_are_conserved(settings: Settings) -> None:
    """records = events + skips + rejects; rejects keep their number, reason and text."""
    _drop(settings, "access.log", _line(1) + "junk\n\n" + _line(2))
    (receipt,) = _take(settings)
    assert (receipt.outcome, receipt.records, receipt.events) == ("loaded_with_rejects", 4, 2)
    assert receipt.skips == {"blank line": 1}
    rejects = pq.read_table(Lake(settings.folder("lake")).reject_file(receipt.upload_id)).to_pylist()
    assert rejects == [{"record_no": 2, "reason": "found 1 fields; expected at least 10", "raw": "junk"}]
    assert (settings.folder("archive") / "proxy" / receipt.upload_id / "access.log").exists()


def test_events_lie_by_their_day_in_the_order_of_the_log(settings: Settings) -> None:
    """A log of three days that go to and fro: each event is under its own day, and a day keeps the log's order."""
    noon = NOW // 86400 * 86400 - 43200 - NOW  # of yesterday, as seconds from NOW
    back = [0, 2, 1, 0, 2, 1, 1]
    _drop(settings, "access.log", "".join(_line(noon + i - 86400 * days) for i, days in enumerate(back)))
    (receipt,) = _take(settings)
    lake = Lake(settings.folder("lake"))
    found = {day: pq.read_table(lake.event_files(day)[0]).to_pylist() for day in lake.event_days()}
    assert [day.isoformat() for day in sorted(found)] == receipt.days and len(found) == 3
    for day, rows in found.items():
        assert {row["event_at"].date() for row in rows} == {day}
        assert [row["record_no"] for row in rows] == sorted(row["record_no"] for row in rows)
    assert sorted(row["record_no"] for rows in found.values() for row in rows) == list(range(1, 8))


def test_same_content_again_is_a_duplicate(settings: Settings) -> None:
    """The same log under another name and compressed counts once; in another source it is another log."""
    text = "".join(_line(i) for i in range(100))
    _drop(settings, "access.log", text)
    _take(settings)
    _drop(settings, "access.log.1.gz", gzip.compress(text.encode()))
    _drop(settings, "access.log", text, source="other")
    assert sorted(receipt.outcome for receipt in _take(settings)) == ["duplicate", "loaded"]
    assert len(_events(settings)) == 200


def test_grown_log_is_counted_once(settings: Settings) -> None:
    """Of a log that grew only the new tail is read, and its records keep their numbers."""
    lines = [_line(i) for i in range(50)]
    _drop(settings, "access.log", "".join(lines[:30]))
    (first,) = _take(settings)
    _drop(settings, "access.log", "".join(lines))
    (second,) = _take(settings)
    assert (second.continues, second.first_record_no, second.events) == (first.upload_id, 31, 20)
    assert sorted(row["record_no"] for row in _events(settings)) == list(range(1, 51))


def test_line_cut_off_by_a_copy_is_superseded(settings: Settings) -> None:
    """A copy taken in mid-line: the cut line counts by what it became, not twice."""
    whole = _line(1) + _line(2, size=123456)
    _drop(
        settings,
        "access.log",
        whole.encode()[: len(_line(1)) + whole.split("\n")[1].index("123456") + 2].decode()
        + " GET http://x.example/ - HIER_DIRECT/198.51.100.7 -",
    )
    (first,) = _take(settings)
    assert first.events == 2
    _drop(
        settings,
        "access.log",
        (settings.folder("archive") / "proxy" / first.upload_id / "access.log").read_text()
        + "more text/html\n"
        + _line(3),
    )
    (second,) = _take(settings)
    assert second.supersedes == [[first.upload_id, 2]]
    pipeline.build(settings)
    pipeline.check(settings)
    pipeline.publish(settings)
    from etl import warehouse

    with warehouse.reading(settings) as connection:
        import sqlalchemy as sa

        assert connection.execute(sa.text("select sum(transactions) from fct_usage_daily")).scalar() == 3


def test_smaller_rotated_file_is_read(settings: Settings) -> None:
    """No high-water mark: a file smaller and older than yesterday's of the same name is read in full."""
    _drop(settings, "access.log", "".join(_line(i) for i in range(60)))
    _take(settings)
    _drop(settings, "access.log", "".join(_line(i - 9000, "late.example.org") for i in (5, 1, 3)))
    (receipt,) = _take(settings)
    assert receipt.events == 3


def test_quarantine_says_why(settings: Settings) -> None:
    """Unknown format, all too old, format mismatch: each beside its file, in words."""
    old = _line(0).replace(str(NOW), "1400000000")
    _drop(settings, "notes.txt", "dear diary\nnothing here is a log\n")
    _drop(settings, "old.log", old * 3)
    receipts = {receipt.file_name: receipt for receipt in _take(settings)}
    assert {name: receipt.reason for name, receipt in receipts.items()} == {
        "notes.txt": "unknown_format",
        "old.log": "all_too_old",
    }
    note = settings.folder("quarantine") / "proxy" / receipts["notes.txt"].upload_id / "notes.txt.reason.txt"
    assert "Nearest:" in note.read_text()
    mismatch = settings.model_copy(
        update={"sources": {"fw": settings.source("fw").model_copy(update={"format": "fortigate"})}}
    )
    _drop(settings, "access.log", _line(1), source="fw")
    (receipt,) = pipeline.intake(mismatch)
    assert receipt.reason == "format_mismatch"


def test_killed_before_the_move(settings: Settings) -> None:
    """A run that wrote the receipt and died before moving the file: the next one moves it and counts nothing twice."""
    _drop(settings, "access.log", _line(1))
    (receipt,) = _take(settings)
    target = settings.folder("archive") / "proxy" / receipt.upload_id / "access.log"
    back = settings.folder("drops") / "proxy" / "access.log"
    back.parent.mkdir(parents=True, exist_ok=True)
    target.replace(back)
    (again,) = _take(settings)
    assert again == receipt and target.exists() and len(_events(settings)) == 1


def test_events_without_receipt_do_not_exist(settings: Settings) -> None:
    """A run that died before the receipt: its events are not seen, and the next run writes the same files."""
    _drop(settings, "access.log", _line(1))
    (receipt,) = _take(settings)
    lake = Lake(settings.folder("lake"))
    lake.receipt_path(receipt.upload_id).unlink()
    assert _events(settings) == []
    (settings.folder("archive") / "proxy" / receipt.upload_id / "access.log").replace(_restored(settings))
    (again,) = _take(settings)
    assert again.upload_id == receipt.upload_id and len(_events(settings)) == 1


def _restored(settings: Settings) -> Path:
    folder = settings.folder("drops") / "proxy"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "access.log"


def test_unfinished_names_and_young_files_wait(settings: Settings) -> None:
    """Dot files, .part and the like, and files younger than the settling time are left alone."""
    for name in (".hidden", "a.part", "b.TMP", "c.crdownload", "d.filepart"):
        _drop(settings, name, _line(1))
    assert pipeline.find_drops(settings) == []
    slow = settings.model_copy(update={"intake": settings.intake.model_copy(update={"settle_seconds": 3600})})
    _drop(settings, "ready.log", _line(1))
    os.utime(settings.folder("drops") / "proxy" / "ready.log", (0, 0))  # a copying tool that keeps times
    assert pipeline.find_drops(slow) == []
    assert pipeline.find_drops(settings) == ["proxy/ready.log"]


def test_drops_are_grouped_by_drop_or_by_source(settings: Settings) -> None:
    """Groups for tasks: one drop each, or all of a source, the oldest first; what lies beside the sources is one source."""
    ages = {"b/new.log": 1, "a/deep/er.log": 2, "b/old.log": 3, "loose.log": 4, "default/x.log": 5}
    for drop, age in ages.items():
        path = settings.folder("drops") / drop
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_line(age))
        os.utime(path, (NOW - age, NOW - age))
    oldest_first = sorted(ages, key=lambda drop: -ages[drop])
    assert pipeline.drop_groups(settings) == [[drop] for drop in oldest_first]
    assert pipeline.drop_groups(settings, "source") == [
        ["default/x.log", "loose.log"],
        ["b/old.log", "b/new.log"],
        ["a/deep/er.log"],
    ]


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (3, [1, 1, 1]), (4, [2, 2]), (6, [2, 2, 2]), (7, [3, 3, 1])]
)
def test_many_drops_share_groups(count: int, sizes: list[int]) -> None:
    """Beyond the largest number of groups each holds several drops; every drop is in one, in its place."""
    names = [f"proxy/{number}.log" for number in range(count)]
    groups = drops.in_groups(names, most=3)
    assert [len(group) for group in groups] == sizes
    assert [name for group in groups for name in group] == names


def test_symbolic_link_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    """A link in the drop folder is refused; what it points to is not read."""
    secret = tmp_path / "secret.log"
    secret.write_text(_line(1))
    folder = settings.folder("drops") / "proxy"
    folder.mkdir(parents=True)
    (folder / "link.log").symlink_to(secret)
    (receipt,) = _take(settings)
    assert receipt.reason == "unsupported_file_type" and secret.exists() and _events(settings) == []


def test_hostile_source_and_file_names(settings: Settings) -> None:
    """Names of folders and files are input, too: they stay inside their folders and keep their text."""
    source, name = "we;ird $(x)", "ac cess'\";.log"
    _drop(settings, name, _line(1), source=source)
    (receipt,) = _take(settings)
    assert (receipt.source, receipt.file_name) == (source, name)
    assert _events(settings)[0]["source"] == source


def test_missing_chunk_is_noticed(settings: Settings) -> None:
    """A gap in a device's sequence numbers is counted and reported for its source."""
    at = datetime.fromtimestamp(NOW, UTC).isoformat().replace("+00:00", "Z")
    chunk = (
        '{"format": "cloud-discovery/endpoint-chunk", "version": 1, "chunk_id": "c%d", "device": {"DeviceName": "lt-1"}, "sequence": %d, '
        '"records": [{"Timestamp": "%s", "ActionType": "ConnectionSuccess", "RemoteUrl": "www.example.org", '
        '"RemoteIP": "198.51.100.7", "ReportId": %d}]}\n'
    )
    _drop(settings, "chunks.jsonl", "".join(chunk % (n, n, at, n) for n in (1, 2, 5)))
    (receipt,) = _take(settings)
    assert [one["sequence"] for one in receipt.chunks] == [1, 2, 5]
    from etl.inputs import missing_chunks

    assert missing_chunks([receipt]) == {"proxy": 2}
