"""An independent count of the demo's raw logs: awk, csv and json, and nothing of this project.

For each source: records, the events among them, the transactions they stand for, and bytes as the client saw them. The
rules are those of the formats' documents, written down a second time.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard

AWK_NATIVE = """
    { records++ }
    NF != 10 || $1 !~ /^[0-9]+[.][0-9][0-9][0-9]$/ || $5 !~ /^[0-9]+$/ { next }
    { events++; down += $5 }
    END { printf "%d %d %.0f\\n", records, events, down }
"""
AWK_COMMON = """
    { records++; events++; bytes = $(NF - 1) }
    bytes == "-" { unknown++; next }
    { down += bytes }
    END { printf "%d %d %.0f %d\\n", records, events, down, unknown }
"""
NO_TRANSACTION = (
    "DnsConnectionInspected",
    "IcmpConnectionInspected",
    "NtlmAuthenticationInspected",
    "NetworkSignatureInspected",
)
Row = dict[str, Any]


@dataclass
class Count:
    """What was counted of one source. Bytes are null while no record told any; `days` counts transactions by UTC day."""

    records: int = 0
    events: int = 0
    repeated: int = 0
    transactions: int = 0
    uploaded_bytes: int | None = None
    downloaded_bytes: int | None = None
    total_bytes: int | None = None
    unknown_bytes_transactions: int = 0
    days: dict[str, int] = field(default_factory=dict)

    def add(self, day: str, up: int | None, down: int | None, total: int | None, transactions: int = 1) -> None:
        self.events += 1
        self.transactions += transactions
        self.days[day] = self.days.get(day, 0) + transactions
        for name, value in (("uploaded_bytes", up), ("downloaded_bytes", down), ("total_bytes", total)):
            if value is not None:
                setattr(self, name, (getattr(self, name) or 0) + value)
        if total is None:
            self.unknown_bytes_transactions += transactions


def count(drops: Path) -> dict[str, Count]:
    """Count all sources. An event that two sources sent under one key counts for the first of them by name."""
    seen: set[tuple[str, str, str]] = set()
    found = {}
    for source in sorted(path.name for path in drops.iterdir()):
        found[source] = Count()
        for path in _whole_files(drops / source):
            COUNTERS[source](path, found[source], seen)
    return found


def _whole_files(folder: Path) -> Iterator[Path]:
    """The files that can be read to their end, each content once."""
    contents = set()
    for path in sorted(folder.iterdir()):
        try:
            digest = hashlib.sha256(_content(path)).digest()
        except EOFError:
            continue
        if digest not in contents:
            contents.add(digest)
            yield path


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    return zstandard.ZstdDecompressor().decompressobj().decompress(data) if path.suffix == ".zst" else data


def _text(path: Path) -> list[str]:
    return _content(path).decode("utf-8").splitlines()


def _awk(program: str, path: Path) -> list[int]:
    done = subprocess.run(["awk", program], input=_content(path), capture_output=True, check=True, env={"LC_ALL": "C"})
    return [int(one) for one in done.stdout.split()]


def _native(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    """Squid native: only what went to the client is known, so it is the total, too. A file holds one day."""
    records, events, down = _awk(AWK_NATIVE, path)
    _add_squid(found, path, (records, events, down, 0))


def _common(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    records, events, down, unknown = _awk(AWK_COMMON, path)
    _add_squid(found, path, (records, events, down, unknown))


def _add_squid(found: Count, path: Path, told: tuple[int, int, int, int]) -> None:
    records, events, down, unknown = told
    digits = re.search(r"\d{8}", path.name)
    assert digits is not None
    day = f"{digits[0][:4]}-{digits[0][4:6]}-{digits[0][6:]}"
    found.records += records
    found.events += events
    found.transactions += events
    found.days[day] = found.days.get(day, 0) + events
    found.downloaded_bytes = (found.downloaded_bytes or 0) + down
    found.total_bytes = (found.total_bytes or 0) + down
    found.unknown_bytes_transactions += unknown


def _w3c(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    names: list[str] = []
    for line in _text(path):
        found.records += 1
        if line.startswith("#"):
            names = line.split()[1:] if line.startswith("#Fields:") else names
            continue
        [cells] = csv.reader([line], delimiter=" ")
        row = dict(zip(names, cells, strict=True))
        up, down = int(row["cs-bytes"]), int(row["sc-bytes"])
        found.add(row["date"], up, down, up + down)


def _zscaler(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    for line in _text(path):
        found.records += 1
        [cells] = csv.reader([line])
        if len(cells) == 34:
            day = datetime.strptime(cells[0], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC).date().isoformat()
            up, down = int(cells[7]), int(cells[8])
            found.add(day, up, down, up + down)


def _fortigate(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    for line in _text(path):
        found.records += 1
        row = {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', line)}
        if row["type"] == "event" or row.get("srcintfrole") == "wan":
            continue
        day = datetime.fromtimestamp(int(row["eventtime"]) // 10**9, UTC).date().isoformat()
        up, down = int(row["sentbyte"]), int(row["rcvdbyte"])
        found.add(day, up, down, up + down)


def _zeek(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    names: list[str] = []
    for line in _text(path):
        found.records += 1
        if line.startswith("#"):
            names = line.split("\t")[1:] if line.startswith("#fields") else names
            continue
        row = json.loads(line) if line.startswith("{") else dict(zip(names, line.split("\t"), strict=True))
        if row["method"] == row["host"] == row["uri"] == row["status_code"] == "-":
            continue
        day = datetime.fromtimestamp(int(float(row["ts"])), UTC).date().isoformat()
        up, down = int(row["request_body_len"]), int(row["response_body_len"])
        found.add(day, up, down, up + down)


def _mde(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    for line in _text(path):
        for record in json.loads(line)["records"]:
            _endpoint(record["properties"], found, seen)


def _hunting(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    with path.open(encoding="utf-8", newline="") as handle:
        found.records += 1  # the header
        for row in csv.DictReader(handle):
            _endpoint({name: value or None for name, value in row.items()}, found, seen)


def _chunks(path: Path, found: Count, seen: set[tuple[str, str, str]]) -> None:
    for line in _text(path):
        for row in json.loads(line)["records"]:
            _endpoint(row, found, seen)


def _endpoint(row: Row, found: Count, seen: set[tuple[str, str, str]]) -> None:
    """One row of DeviceNetworkEvents; only chunks know bytes, and inspected HTTP requests the lengths of their bodies."""
    found.records += 1
    kind, more = row["ActionType"], _more(row["AdditionalFields"])
    incoming = kind.startswith(("Inbound", "Listening")) or str(more.get("direction", "")).lower() == "in"
    if incoming or kind in NO_TRANSACTION or kind in ("ConnectionAttempt", "ConnectionAcknowledged"):
        return
    key = (row["DeviceName"].lower(), row["Timestamp"][:26], str(row["ReportId"]))  # to the microsecond
    if key in seen:
        found.events += 1
        found.repeated += 1
        return
    seen.add(key)
    up, down = _number(row.get("SentBytes")), _number(row.get("ReceivedBytes"))
    if kind == "HttpConnectionInspected":
        up = _number(more["request_body_len"]) if up is None else up
        down = _number(more["response_body_len"]) if down is None else down
    transactions = int(more.get("uniqueEventsAggregated", 1)) if kind.endswith("AggregatedReport") else 1
    found.add(row["Timestamp"][:10], up, down, None if up is None or down is None else up + down, transactions)


def _more(value: Any) -> Row:
    """AdditionalFields, which may be an object, a text that holds one, or broken."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


COUNTERS: dict[str, Callable[[Path, Count, set[tuple[str, str, str]]], None]] = {
    "endpoint_agents": _chunks,
    "fortigate_edge": _fortigate,
    "mde": _mde,
    "mde_hunting": _hunting,
    "proxy_hq": _native,
    "proxy_legacy": _common,
    "proxysg_branch": _w3c,
    "zeek_lab": _zeek,
    "zscaler_cloud": _zscaler,
}
