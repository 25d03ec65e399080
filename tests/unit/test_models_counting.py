"""What the models say of given events: which count, how much they carried, what is missing, how risky a device is."""

from __future__ import annotations

import json

import pytest

from etl import checks
from etl.inputs import missing_chunks
from etl.lake import Lake
from etl.settings import Settings
from tests.built_lake import Row, build, only, rows
from tests.lake_fixture import DAY, write_catalog, write_upload


@pytest.fixture
def lake(settings: Settings) -> Lake:
    found = Lake(settings.folder("lake"))
    write_catalog(found)
    return found


def test_event_with_a_key_counts_once_wherever_it_lies(settings: Settings, lake: Lake) -> None:
    """The first copy by source, upload and record counts, within an upload and across uploads and sources."""
    key = {"event_key": "lt-1|2026-11-20T12:00:00Z|7"}
    write_upload(lake, "u9", [{**key, "source": "a", "transactions": 3}, {**key, "source": "a", "transactions": 5}])
    write_upload(lake, "u1", [{**key, "source": "b", "transactions": 7}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 3
    assert [
        (row["source"], row["events"], row["repeated_events"], row["transactions"])
        for row in rows(lake, "fct_coverage_daily")
    ] == [
        ("a", 2, 1, 3),
        ("b", 1, 1, 0),
    ]


def test_events_without_a_key_all_count(settings: Settings, lake: Lake) -> None:
    """Two equal lines of a proxy are two transactions."""
    write_upload(lake, "u1", [{}, {}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 2


def test_superseded_line_does_not_count(settings: Settings, lake: Lake) -> None:
    """A line that was cut off when first read counts as it was read in full, whatever the names of the uploads."""
    write_upload(lake, "u9", [{"total_bytes": 10}, {"total_bytes": 1}])
    write_upload(lake, "u1", [{"total_bytes": 1234}], supersedes=[["u9", 2]], continues="u9")
    write_upload(lake, "u2", [], days=[DAY.isoformat()], supersedes=[["u9", 2]])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["total_bytes"] == 1244
    assert only(rows(lake, "fct_coverage_daily"))["superseded_events"] == 1


def test_superseded_copy_does_not_take_the_others_with_it(settings: Settings, lake: Lake) -> None:
    """When the first copy of an event is a cut-off line, the next copy counts."""
    write_upload(lake, "u1", [{"event_key": "k", "total_bytes": 1}])
    write_upload(lake, "u2", [{"event_key": "k", "total_bytes": 1234}], supersedes=[["u1", 1]])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["total_bytes"] == 1234


def test_events_without_a_receipt_do_not_exist(settings: Settings, lake: Lake) -> None:
    """What a killed intake left behind is not counted."""
    write_upload(lake, "u1", [{}])
    write_upload(lake, "u2", [{}])
    lake.receipt_path("u2").unlink()
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["transactions"] == 1


def test_unknown_bytes_stay_unknown(settings: Settings, lake: Lake) -> None:
    """A sum over nothing known is null; over something known it is that, and the rest is counted as unknown."""
    write_upload(
        lake, "u1", [{"src_ip": "192.0.2.1"}, {"src_ip": "192.0.2.2", "total_bytes": 0}, {"src_ip": "192.0.2.2"}]
    )
    build(settings, lake)
    found = {
        row["src_ip"]: (row["total_bytes"], row["unknown_bytes_transactions"]) for row in rows(lake, "fct_usage_daily")
    }
    assert found == {"192.0.2.1": (None, 1), "192.0.2.2": (0, 1)}
    assert only(rows(lake, "fct_coverage_daily"))["uploaded_bytes"] is None


def test_large_sums_stay_integers(settings: Settings, lake: Lake) -> None:
    """Sums beyond what a floating point number holds are exact."""
    write_upload(lake, "u1", [{"total_bytes": 2**61 + 1}, {"total_bytes": 2**61 + 2}])
    build(settings, lake)
    assert only(rows(lake, "fct_usage_daily"))["total_bytes"] == 2**62 + 3


def test_missing_chunks(settings: Settings, lake: Lake) -> None:
    """Gaps are counted per device and shown as a warning; a counter that began anew, or that lies, is no gap."""
    chunks = [
        {"device": "lt-1", "chunk_id": "a", "sequence": 1},
        {"device": "lt-1", "chunk_id": "b", "sequence": 4},
        {"device": "lt-2", "chunk_id": "c", "sequence": 9},
        {"device": "lt-3", "chunk_id": "d", "sequence": 1},
        {"device": "lt-3", "chunk_id": "e", "sequence": 10**30},
        {"device": {"x": 1}, "chunk_id": 7, "sequence": "three"},
        {"device": None, "chunk_id": None, "sequence": True},
        {},
    ]
    receipt = write_upload(lake, "u1", [{}], chunks=chunks)
    assert missing_chunks([receipt]) == {"proxy": 2}
    build(settings, lake)
    assert only(rows(lake, "fct_coverage_daily"))["missing_chunks"] == 2
    (warning,) = [one for one in checks.run(settings, lake, [DAY]) if one.found]
    assert (warning.check, warning.severity) == ("no_chunk_is_missing", "warn")
    assert "missing_chunks 2" in warning.sentence and "Rebuild" not in warning.sentence


def risk(lake: Lake) -> dict[str, tuple[float, str, list[str]]]:
    return {
        row["device_key"]: (
            row["risk_score"],
            row["risk_level"],
            [one["feature"] for one in json.loads(row["reasons"])],
        )
        for row in rows(lake, "fct_device_risk_daily")
    }


def test_risk_is_explained_to_the_point(settings: Settings, lake: Lake) -> None:
    """The score is the sum of the reasons' points; quiet devices score nothing."""
    write_upload(
        lake,
        "u1",
        [
            {"device_name": "bad", "dst_host": "www.torproject.org"},
            {
                "device_name": "bad",
                "dst_host": "www.dropbox.com",
                "uploaded_bytes": 2_000_000_000,
                "total_bytes": 2_000_000_000,
            },
            {"device_name": "denied", "dst_host": "www.torproject.org", "action": "blocked", "transactions": 120},
            {"device_name": "quiet", "dst_host": "business.dropbox.com"},
            {"device_name": "inside", "dst_host": "printer", "uploaded_bytes": 9_000_000_000},
        ],
    )
    build(settings, lake)
    assert risk(lake) == {
        "bad": (85.0, "high", ["anonymiser", "risky upload", "high-risk apps", "file sharing"]),
        "denied": (35.0, "medium", ["anonymiser", "blocked attempts"]),
        "quiet": (0.0, "informational", []),
    }
    for row in rows(lake, "fct_device_risk_daily"):
        assert sum(one["points"] for one in json.loads(row["reasons"])) == row["risk_score"]


def test_risk_is_seen_beside_other_devices(settings: Settings, lake: Lake) -> None:
    """One device that uploads much more than the others, and one with apps of its own, stand out among ten."""
    events: list[Row] = [
        {"device_name": f"lt-{n}", "dst_host": "business.dropbox.com", "uploaded_bytes": 1000} for n in range(10)
    ]
    events[0]["uploaded_bytes"] = 60_000_000
    events += [
        {"device_name": "lt-1", "dst_host": host} for host in ("www.anydesk.com", "chatgpt.com", "www.dropbox.com")
    ]
    write_upload(lake, "u1", events)
    build(settings, lake)
    found = risk(lake)
    assert found["lt-0"][2] == ["unusual upload"]
    assert found["lt-1"][2] == ["high-risk apps", "remote access", "generative AI", "file sharing", "rare apps"]
    assert found["lt-2"][2] == []
