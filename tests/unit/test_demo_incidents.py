"""Every incident that the demo's summary names is in the drops, with the numbers that it names, and by nobody else."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from etl import demo
from etl.demo.hosts import load
from etl.demo.world import generator

LAST_DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> demo.DemoSummary:
    """A week of a small organisation."""
    return demo.write(tmp_path_factory.mktemp("drops"), devices=80, users=60, days=7, last_day=LAST_DAY)


@pytest.fixture(scope="module")
def web(week: demo.DemoSummary) -> list[list[str]]:
    """All records of the cloud proxy; the duplicate file is left out."""
    rows: list[list[str]] = []
    for path in sorted((Path(week.folder) / "zscaler_cloud").glob("nss-web-*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            rows += [row for row in csv.reader(handle) if len(row) == 34]
    return rows


def only(week: demo.DemoSummary, kind: str) -> demo.Incident:
    [found] = [one for one in week.incidents if one.kind == kind]
    return found


def day_of(row: list[str]) -> str:
    return datetime.strptime(row[0], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).date().isoformat()


def squid_lines(week: demo.DemoSummary, day: str) -> list[list[str]]:
    [path] = (Path(week.folder) / "proxy_hq").glob(f"access.log-{day.replace('-', '')}*")
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [line.split() for line in text.decode("utf-8").splitlines()]


def test_the_large_upload(week: demo.DemoSummary, web: list[list[str]]) -> None:
    """Over 4 GB go to personal storage from one device on one day; nobody else uploads that much anywhere."""
    incident = only(week, "large_upload")
    found = [row for row in web if row[3].partition("/")[0] == incident.hosts]
    assert {row[32].lower() for row in found} == {incident.device}
    assert {row[1] for row in found} == {f"{incident.user}@aldermoor.example"}
    assert {day_of(row) for row in found} == {incident.day}
    assert (len(found), sum(int(row[7]) for row in found)) == (incident.transactions, incident.uploaded_bytes)
    assert incident.uploaded_bytes is not None and 4e9 < incident.uploaded_bytes < 5e9
    others: dict[tuple[str, str], int] = {}
    for row in web:
        if row[3].partition("/")[0] != incident.hosts:
            key = (row[32], day_of(row))
            others[key] = others.get(key, 0) + int(row[7])
    assert max(others.values()) < incident.uploaded_bytes / 2


def test_the_first_use_of_generative_ai(week: demo.DemoSummary, web: list[list[str]]) -> None:
    """On the fifth day a device starts with generative AI; before, neither it nor its user had anything of the kind."""
    incident = only(week, "first_use_generative_ai")
    assert incident.day == "2026-11-21"
    known = load(generator(week.seed, "hosts"))
    ai_hosts = {
        name for name, category in zip(known.names, known.categories, strict=True) if category == "generative_ai"
    }
    mine = [row for row in web if row[32].lower() == incident.device or row[31] == incident.user]
    used = {(day_of(row), row[3].partition("/")[0]) for row in mine if row[3].partition("/")[0] in ai_hosts}
    assert used == {(day, incident.hosts) for day in ("2026-11-21", "2026-11-22", "2026-11-23")}
    for path in (Path(week.folder) / "mde").iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            for record in json.loads(line)["records"]:
                row = record["properties"]
                host = (row["RemoteUrl"] or "").removeprefix("https://").partition("/")[0]
                if row["DeviceName"].startswith(str(incident.device)) and host in ai_hosts:
                    assert host == incident.hosts and row["Timestamp"] >= incident.day


def test_the_anonymiser(week: demo.DemoSummary) -> None:
    """One user of the branch visits an anonymising network and a VPN on one day, allowed; nobody else anywhere."""
    incident = only(week, "anonymiser")
    assert incident.hosts is not None
    found = []
    for path in Path(week.folder).rglob("*"):
        if path.is_file() and path.suffix in (".log", ".csv", ".json", ".jsonl"):
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [(path.parent.name, line) for line in lines if re.search(r"torproject\.org|nordvpn\.com", line)]
    at_branch = [line for source, line in found if source == "proxysg_branch"]
    assert len(at_branch) == incident.transactions
    assert {line[:10] for line in at_branch} == {incident.day}
    assert all(f"ALDERMOOR\\{incident.user} " in line and "OBSERVED" in line for line in at_branch)
    assert {host for host in incident.hosts.split() if any(f" {host} " in line for line in at_branch)} == set(
        incident.hosts.split()
    )
    assert {source for source, _ in found} <= {"proxysg_branch", "mde", "endpoint_agents"}


def test_denied_and_then_allowed(week: demo.DemoSummary) -> None:
    """A user is refused five times and later allowed nine times, on one day, at one host."""
    incident = only(week, "denied_then_allowed")
    found = [line for line in squid_lines(week, incident.day) if len(line) == 10 and line[6] == f"{incident.hosts}:443"]
    mine = [line[3] for line in found if line[7] == incident.user]
    assert mine == ["TCP_DENIED/403"] * 5 + ["TCP_TUNNEL/200"] * 9
    assert len(mine) == incident.transactions


def test_the_damaged_file(week: demo.DemoSummary) -> None:
    """The damaged file is gzip by its head and cannot be decompressed to its end."""
    incident = only(week, "damaged_file")
    data = (Path(week.folder) / incident.source / str(incident.file)).read_bytes()
    assert data.startswith(b"\x1f\x8b")
    whole = zlib.decompressobj(31)
    assert whole.decompress(data) and not whole.eof


def test_the_duplicate_file(week: demo.DemoSummary) -> None:
    """The duplicate has another name, other bytes, and the same content as a file of its source."""
    incident = only(week, "duplicate_file")
    folder = Path(week.folder) / incident.source
    content = gzip.decompress((folder / str(incident.file)).read_bytes())
    same = [path.name for path in folder.glob("nss-web-*.csv") if path.read_bytes() == content]
    assert same == [f"nss-web-{incident.day.replace('-', '')}.csv"]


def test_the_late_file(week: demo.DemoSummary) -> None:
    """The late file holds events of the first day alone, was closed on the last day, and no other file has them."""
    incident = only(week, "late_file")
    path = Path(week.folder) / incident.source / str(incident.file)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert incident.day == week.first_day and {line[:10] for line in lines} == {week.first_day}
    assert datetime.fromtimestamp(path.stat().st_mtime, UTC).date() > LAST_DAY
    assert {line[11:13] for line in lines} <= {"18", "19", "20", "21", "22", "23"}
    others = [other for other in path.parent.glob("SG_main__20261117*") if other != path]
    assert not any(line in other.read_text(encoding="utf-8") for other in others for line in lines[:5])


def test_the_missing_chunk(week: demo.DemoSummary) -> None:
    """Sequence numbers count up by one per device, with one gap in the whole week: the chunk that the summary names."""
    incident = only(week, "missing_chunk")
    seen: dict[str, list[int]] = {}
    ids = []
    for path in sorted((Path(week.folder) / "endpoint_agents").iterdir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            chunk = json.loads(line)
            assert chunk["format"] == "cloud-discovery/endpoint-chunk" and 0 < len(chunk["records"]) <= 4000
            seen.setdefault(chunk["device"]["DeviceName"], []).append(chunk["sequence"])
            ids.append(chunk["chunk_id"])
    assert len(ids) == len(set(ids))
    gaps = [
        (device, before + 1)
        for device, numbers in seen.items()
        for before, after in pairwise(numbers)
        if after != before + 1
    ]
    [(device, sequence)] = gaps
    assert incident.detail.startswith(f"{device}: chunk {sequence} (")


def test_malformed_lines(week: demo.DemoSummary) -> None:
    """Two files hold lines that no format reads, as many as the summary says."""
    first, second = (one for one in week.incidents if one.kind == "malformed_lines")
    broken = [line for line in squid_lines(week, first.day) if len(line) != 10]
    assert first.source == "proxy_hq" and first.detail.startswith(f"{len(broken)} lines")
    path = Path(week.folder) / second.source / str(second.file)
    with path.open(encoding="utf-8", newline="") as handle:
        lines = handle.read().splitlines()
    assert [line for line in lines if line.count('","') != 33] == lines[-1:]
