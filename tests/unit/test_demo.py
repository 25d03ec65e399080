"""The demo: the same bytes for the same seed, a lifelike week, and files as their vendors write them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from etl import demo
from etl.demo import hosts, organisation, world

LAST_DAY = date(2026, 11, 20)  # a Friday: the week before it has a weekend
DOCUMENTATION = [
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32")
]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> demo.DemoSummary:
    """A week of a small organisation."""
    return demo.write(tmp_path_factory.mktemp("drops"), devices=80, users=60, days=7, last_day=LAST_DAY)


def text(path: Path) -> str:
    """The content of a drop, decompressed by the standard tools."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode("utf-8")


def files(week: demo.DemoSummary, source: str) -> list[Path]:
    """The whole drops of a source; the damaged one is left out."""
    return sorted(path for path in (Path(week.folder) / source).iterdir() if not path.name.startswith("node2"))


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(folder)}\0{path.stat().st_mtime_ns}\0".encode() + path.read_bytes())
    return found.hexdigest()


def written_elsewhere(folder: Path, zone: str, hash_seed: str) -> str:
    """The digest of a demo that another process wrote, in another time zone and with another order of sets."""
    code = (
        "import datetime, pathlib, sys; from etl import demo; "
        "demo.write(pathlib.Path(sys.argv[1]), devices=30, users=20, days=3, last_day=datetime.date(2026, 11, 20))"
    )
    env = {**os.environ, "TZ": zone, "PYTHONHASHSEED": hash_seed, "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=env)
    return digest(folder)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Neither the time zone, nor the hash seed, nor the process changes a byte or a file's time."""
    one = written_elsewhere(tmp_path / "one", "Asia/Kathmandu", "1")
    assert written_elsewhere(tmp_path / "two", "America/St_Johns", "2") == one


def test_another_seed_gives_another_organisation(tmp_path: Path) -> None:
    """Seeds matter, negative ones too."""
    digests = set()
    for seed in (7, 8, -8):
        demo.write(tmp_path / str(seed), seed=seed, devices=5, users=4, days=1, last_day=LAST_DAY)
        digests.add(digest(tmp_path / str(seed)))
    assert len(digests) == 3


def test_the_last_day_is_yesterday_by_default(tmp_path: Path) -> None:
    """Without a day the demo is fresh: it ends yesterday, UTC."""
    written = demo.write(tmp_path, devices=3, users=2, days=2)
    today = datetime.now(UTC).date()
    assert date.fromisoformat(written.last_day) in (today - timedelta(days=1), today - timedelta(days=2))


@pytest.mark.parametrize(("devices", "users", "days"), [(1, 1, 1), (2, 5, 2), (4, 1, 3), (12, 9, 9)])
def test_any_size_works(tmp_path: Path, devices: int, users: int, days: int) -> None:
    """The smallest organisations and odd numbers of days write drops; none of them is empty."""
    written = demo.write(tmp_path, devices=devices, users=users, days=days, last_day=LAST_DAY)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(found) == written.files
    assert all(path.stat().st_size for path in found)
    assert {one.kind for one in written.incidents} >= {
        "large_upload",
        "first_use_generative_ai",
        "anonymiser",
        "damaged_file",
    }


def test_the_summary_is_what_lies_there(week: demo.DemoSummary) -> None:
    """Sources, files and bytes of the summary are those in the folder; its lines name every incident."""
    for one in week.sources:
        found = list((Path(week.folder) / one.source).iterdir())
        assert (len(found), sum(path.stat().st_size for path in found)) == (one.files, one.file_bytes)
    assert [one.source for one in week.sources] == sorted(path.name for path in Path(week.folder).iterdir())
    lines = "\n".join(week.lines())
    assert all(one.kind in lines and one.day in lines for one in week.incidents)


def test_no_file_looks_unfinished_or_leaves_its_source(week: demo.DemoSummary) -> None:
    """Every drop is complete by its name and lies straight under its source."""
    for path in Path(week.folder).rglob("*"):
        assert not path.name.startswith(".") and not path.name.endswith((".part", ".tmp"))
        assert len(path.relative_to(week.folder).parts) <= 2


def test_addresses_are_private_or_for_documentation(week: demo.DemoSummary) -> None:
    """No address of the demo is anybody's."""
    found: set[str] = set()
    for source in ("proxy_hq", "fortigate_edge", "zeek_lab", "mde_hunting"):
        for path in files(week, source)[:3]:
            found |= set(re.findall(r"(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])", text(path)))
            found |= set(re.findall(r"\b2001:[0-9a-f:]+", text(path)))
    addresses = [ipaddress.ip_address(one) for one in found if one not in ("2.6.1",)]
    assert len(addresses) > 100
    assert [one for one in addresses if not any(one in network for network in DOCUMENTATION)] == []


def local_hours(week: demo.DemoSummary) -> Counter[tuple[bool, int]]:
    """Requests at headquarters by (weekend, hour of the local day); Hamburg is one hour ahead in November."""
    found: Counter[tuple[bool, int]] = Counter()
    for path in files(week, "proxy_hq"):
        for line in text(path).splitlines():
            if re.match(r"\d{10}\.\d{3} +\d+ \S+ TCP_(TUNNEL|MISS)", line) and line.count(" ") >= 9:
                at = datetime.fromtimestamp(float(line.split()[0]), UTC) + timedelta(hours=1)
                found[at.weekday() >= 5, at.hour] += 1
    return found


def test_people_work_by_day_and_rest_at_the_weekend(week: demo.DemoSummary) -> None:
    """At headquarters a working hour is busier than the night, lunch and the weekend."""
    hours = local_hours(week)
    assert hours[False, 10] > 8 * max(hours[False, 3], 1)
    assert hours[False, 10] > hours[False, 12]
    assert sum(count for (weekend, _), count in hours.items() if weekend) * 10 < sum(hours.values())


def test_branches_live_in_their_own_time_zone(week: demo.DemoSummary) -> None:
    """Chicago's busiest hours come hours after Pune's."""
    chicago: Counter[int] = Counter()
    for path in files(week, "proxysg_branch"):
        chicago.update(int(line[11:13]) for line in text(path).splitlines() if line.startswith("20"))
    pune: Counter[int] = Counter()
    for path in files(week, "fortigate_edge"):
        nanoseconds = re.findall(r"eventtime=(\d{19})", text(path))
        pune.update(int(one) // 3_600_000_000_000 % 24 for one in nanoseconds)
    assert 14 <= chicago.most_common(1)[0][0] <= 22
    assert 3 <= pune.most_common(1)[0][0] <= 11


def test_laptops_roam(week: demo.DemoSummary) -> None:
    """Most laptops are seen at an office and at home, by name, under addresses that change."""
    addresses: dict[str, set[str]] = {}
    for path in files(week, "mde"):
        for line in text(path).splitlines():
            for record in json.loads(line)["records"]:
                row = record["properties"]
                addresses.setdefault(row["DeviceName"].partition(".")[0], set()).add(row["LocalIP"])
    laptops = {name: found for name, found in addresses.items() if name.startswith("lt-")}
    roaming = [name for name, found in laptops.items() if len({one.partition(".")[0] for one in found}) == 2]
    assert len(roaming) > 0.8 * len(laptops) > 10


def test_hosts_have_a_long_tail(week: demo.DemoSummary) -> None:
    """A few hosts get most of the requests; most hosts get one or two; all invented ones are under reserved names."""
    found: Counter[str] = Counter()
    for path in files(week, "zscaler_cloud"):
        if path.name.startswith("nss"):
            found.update(row[3].partition("/")[0] for row in csv.reader(text(path).splitlines()) if len(row) == 34)
    counts = sorted(found.values(), reverse=True)
    assert sum(counts[:50]) > 0.4 * sum(counts)
    assert sum(count <= 3 for count in counts) > 0.25 * len(counts)
    assert any(name.endswith(".example") for name in found)


def test_mde_records_are_as_odd_as_real_ones(week: demo.DemoSummary) -> None:
    """CRLF lines of envelopes; RemoteUrl null, host or URL; AdditionalFields text, object, empty, null or broken."""
    rows = []
    for path in files(week, "mde"):
        content = path.read_bytes()
        assert content.count(b"\r\n") == content.count(b"\n") > 0
        rows += [record["properties"] for line in content.splitlines() for record in json.loads(line)["records"]]
    urls = {"null" if row["RemoteUrl"] is None else "url" if "://" in row["RemoteUrl"] else "host" for row in rows}
    assert urls == {"null", "url", "host"}
    kinds = {type(row["AdditionalFields"]).__name__ for row in rows}
    assert kinds == {"NoneType", "str", "dict"}
    broken = [
        row for row in rows if isinstance(row["AdditionalFields"], str) and row["AdditionalFields"].count("}") == 0
    ]
    assert broken and all(row["ActionType"].endswith("AggregatedReport") for row in broken)
    assert {row["ActionType"] for row in rows} >= {
        "ConnectionSuccess", "ConnectionFailed", "ConnectionSuccessAggregatedReport", "HttpConnectionInspected",
        "SslConnectionInspected", "DnsConnectionInspected", "InboundConnectionAccepted", "ListeningConnectionCreated",
    }  # fmt: skip
    behind = [row for row in rows if row["RemoteIP"] == "10.1.0.8" and row["RemoteUrl"]]
    assert behind and all(row["RemotePort"] == 3128 for row in behind)
    inspected = [row for row in rows if row["ActionType"].endswith("Inspected")]
    assert all(row["InitiatingProcessFileName"] is None and row["RemoteUrl"] is None for row in inspected)


def test_the_hunting_export_overlaps_the_stream(week: demo.DemoSummary) -> None:
    """Most rows of the export were streamed too, under the same key; some were not."""
    streamed = set()
    for path in files(week, "mde"):
        for line in text(path).splitlines():
            for record in json.loads(line)["records"]:
                row = record["properties"]
                streamed.add((row["DeviceName"], row["Timestamp"], str(row["ReportId"])))
    [path] = files(week, "mde_hunting")
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    exported = {(row["DeviceName"], row["Timestamp"], row["ReportId"]) for row in rows}
    assert len(exported) == len(rows)
    assert 0 < len(exported - streamed) < len(exported & streamed)
    assert any("\n" in row["InitiatingProcessCommandLine"] for row in rows)


def test_fields_change_in_the_middle_of_one_file(week: demo.DemoSummary) -> None:
    """Exactly one ProxySG file has two #Fields lines, with records after each."""
    changed = [path for path in files(week, "proxysg_branch") if text(path).count("#Fields:") == 2]
    assert len(changed) == 1
    before, after = text(changed[0]).split("#Fields:")[1:]
    assert before.count("\n") > 2 and after.count("\n") > 2


def test_a_larger_organisation_writes_more(tmp_path: Path) -> None:
    """Records grow with the number of devices, so that the demo can be scaled up for benchmarks."""
    small = demo.write(tmp_path / "small", devices=50, users=40, days=2, last_day=LAST_DAY)
    large = demo.write(tmp_path / "large", devices=200, users=160, days=2, last_day=LAST_DAY)
    assert 3 < large.records / small.records < 5
    assert large.files <= small.files + 8


def test_apps_have_hosts_of_their_own() -> None:
    """No host of apps.csv or web.csv occurs twice, and all are plain lower-case names."""
    found = hosts.load(world.generator(1, "hosts")).names
    assert len(found) == len(set(found))
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name) for name in found)


def test_people_have_names_of_their_own() -> None:
    """However many people there are, no two logins are the same."""
    people = organisation.found_organisation(world.generator(1, "organisation"), 9000, 6000)
    assert len(set(people.logins)) == 6000
    assert len(set(people.device_names)) == 9000
