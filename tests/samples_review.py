"""What the formats make of the public sample sets, and where that differs from what the sets' publishers expect.

The sets lie outside the repository (SAMPLES; see its README for their layout and licences) and are never copied into it.
`python -m tests.samples_review [PART OF A NAME]` prints the rows of docs/samples-review.md and each difference.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from etl.errors import QuarantineError
from etl.intake import detect, formats
from etl.intake.answers import answers

SAMPLES = Path(os.environ.get("PUBLIC_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
RECEIVED = datetime(2026, 11, 24, 12, tzinfo=UTC)
# Not logs: documents, expectations beside the logs, and one archive of a file that lies next to it.
NO_LOGS = re.compile(r"README\.md$|LICENSE$|\.assert$|\.expected\.ndjson$|_parsed_|\.zip$")
# Logs whose syslog header was cut off when the rows were exported; the instant is not what is compared.
BEHEADED = {
    "watchguard/azure-sentinel/WatchGuardFireBoxV.raw.log": "Nov 20 10:11:12 member firewall: ",
    "sophos/azure-sentinel/SophosXGFirewall.raw.log": 'device="SFW" date=2026-11-20 time=10:',
}
# Records in the member "message" of exported rows.
WRAPPED = ("zeek/azure-sentinel/Corelight_CL.json", "zscaler/azure-sentinel/ZPA_CL.json")
# Event column → the publishers' names for it; bytes are named as each of them means them.
DATADOG = {
    "src_ip": ["network.client.ip"],
    "src_port": ["network.client.port"],
    "dst_ip": ["network.destination.ip"],
    "dst_port": ["network.destination.port"],
    "dst_host": ["http.url_details.host"],
    "url_path": ["http.url_details.path"],
    "http_method": ["http.method"],
    "http_status": ["http.status_code"],
    "user_name": ["usr.name"],
    "uploaded_bytes": ["network.bytes_read"],
    "downloaded_bytes": ["network.bytes_written"],
}
COLUMNS = {
    "src_ip": ["c_ip", "SrcIpAddr", "ip_src_addr", "Src_IP"],
    "src_port": ["SrcPortNumber", "SrcPortNumber_string", "ip_src_port", "Src_Port"],
    "dst_ip": ["DstIpAddr", "ip_dst_addr", "Dst_IP"],
    "dst_port": ["cs_uri_port", "DstPortNumber", "ip_dst_port", "Dst_Port"],
    "dst_host": ["cs_host", "full_hostname", "host"],
    "http_method": ["cs_method", "HttpRequestMethod", "method"],
    "http_status": ["sc_status", "code", "status_code"],
    "user_name": ["cs_userdn", "User_Name"],
    "downloaded_bytes": ["sent_bytes", "Recv_Bytes", "response_body_len", "resp_bytes"],
    "uploaded_bytes": ["received_bytes", "Sent_Bytes", "request_body_len", "orig_bytes"],
}
UNSAID = (None, "", "-", "NA", "N/A", "None", "none", "UNKNOWN")


@dataclass
class Sample:
    """A sample file: its name in the set, the records as text (None: read the file itself), and what is expected."""

    name: str
    path: Path
    records: list[str] | None = None
    expected: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Review:
    """How a file was read. `differences`: column → (records, an example of ours and theirs)."""

    formats: list[str]
    outcomes: Counter[str]
    reasons: Counter[str]
    differences: dict[str, tuple[int, str]]


def samples() -> Iterator[Sample]:
    """Every file of the sets that holds a log, in order."""
    for path in sorted(SAMPLES.rglob("*")):
        name = path.relative_to(SAMPLES).as_posix()
        if path.is_file() and path.stat().st_size and not NO_LOGS.search(name):
            yield _sample(name, path)


def _sample(name: str, path: Path) -> Sample:
    if name.endswith("_tests.yaml"):
        tests = yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        expected = [_named(_flat((test["result"] or {}).get("custom") or {}), DATADOG) for test in tests]
        return Sample(name, path, [_one_line(test["sample"]) for test in tests], expected)
    if name.endswith(".rendered.tsv"):
        rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line]
        return Sample(name, path, [row[1] for row in rows])
    if name in WRAPPED:
        return Sample(name, path, [row["message"] for row in json.loads(path.read_text(encoding="utf-8"))])
    parsed = path.with_name(path.name.replace(".raw.log", ".expected.ndjson"))
    parsed = parsed if parsed != path else path.with_name(path.name.replace("_raw_", "_parsed_"))
    for other in path.parent.glob("*_parsed_*"):
        parsed = other if "_raw_" in path.name else parsed
    if parsed != path and parsed.exists():
        rows_ = [json.loads(line) for line in parsed.read_text(encoding="utf-8").splitlines()]
        return Sample(name, path, _records(name, path), [_named(row, COLUMNS) for row in rows_])
    return Sample(name, path, _records(name, path))


def _records(name: str, path: Path) -> list[str] | None:
    if name not in BEHEADED:
        return None
    return [BEHEADED[name] + line for line in path.read_text(encoding="utf-8").splitlines()]


def _one_line(text: str) -> str:
    text = text.rstrip("\n")
    return json.dumps(json.loads(text)) if "\n" in text and text.startswith("{") else text


def _flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, one in value.items():
        found |= _flat(one, f"{before}{key}.") if isinstance(one, dict) else {before + key: one}
    return found


def _named(row: dict[str, Any], names: dict[str, list[str]]) -> dict[str, Any]:
    """The expectation in our columns; what the publisher leaves open is left out."""
    found = {column: next((row[key] for key in keys if key in row), None) for column, keys in names.items()}
    return {column: value for column, value in found.items() if not isinstance(value, list) and value not in UNSAID}


def review(sample: Sample) -> Review | None:
    """Read a sample with `auto`; None when no format reads the file as a whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = sample.path
        if sample.records is not None:
            path = Path(folder) / "sample.log"
            path.write_text("\n".join(sample.records) + "\n", encoding="utf-8")
        try:
            # the sentence about the nearest formats takes a trial with each: not asked for here
            with mock.patch.object(detect, "_unknown", return_value=QuarantineError("unknown_format", sample.name)):
                found = list(answers(path, formats.available(), "auto", "UTC", RECEIVED))
        except QuarantineError:
            return None
    reasons = Counter(answer["reason"] for answer in found if answer["outcome"] != "event")
    outcomes = Counter(answer["outcome"] for answer in found)
    return Review(
        sorted({one["format"] for one in found if "format" in one}), outcomes, reasons, _compare(sample, found)
    )


def _compare(sample: Sample, found: list[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    differences: dict[str, tuple[int, str]] = {}
    for answer, expected in zip(found, sample.expected, strict=False):
        if answer["outcome"] != "event":
            continue
        for column, theirs in expected.items():
            ours = answer["event"][column]
            if column == "dst_host" and ours is None:  # an address is no name: it lies in dst_ip
                ours = answer["event"]["dst_ip"]
            if _plain(ours) != _plain(theirs):
                count, example = differences.get(column, (0, f"{ours!r} for {theirs!r} in record {answer['record']}"))
                differences[column] = (count + 1, example)
    return differences


def _plain(value: Any) -> str:
    text = str(value).strip().lower()
    return str(int(float(text))) if re.fullmatch(r"\d+(\.0+)?", text) else text


def main(part: str) -> None:
    """Print the rows of the table, and the differences, of the samples whose name contains `part`."""
    for sample in samples():
        if part not in sample.name:
            continue
        seen = review(sample)
        if seen is None:
            sys.stdout.write(f"| `{sample.name}` | none | | | | |\n")
            continue
        counts = " | ".join(str(seen.outcomes[outcome]) for outcome in ("event", "skip", "reject"))
        sys.stdout.write(
            f"| `{sample.name}` | {', '.join(seen.formats) or 'skips only'} | {counts} | {dict(seen.reasons)} |\n"
        )
        for column, (count, example) in seen.differences.items():
            sys.stdout.write(f"  differs: {column} x{count}: {example}\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
