"""Detection of a file in which formats are mixed: every record is read by the format it fits."""

from __future__ import annotations

import json
from pathlib import Path

from etl.intake import formats
from etl.intake.answers import answers

CONNECTION = {"id.orig_h": "10.1.8.20", "id.orig_p": 49583, "id.resp_h": "203.0.113.80", "id.resp_p": 443}
HTTP = {"ts": 1795165872.1, **CONNECTION, "method": "GET", "host": "www.example.org", "uri": "/", "status_code": 200}
CONN = {"ts": 1795165872.1, **CONNECTION, "proto": "tcp", "orig_bytes": 10, "resp_bytes": 20, "conn_state": "SF"}
TLS = {"ts": 1795165872.1, **CONNECTION, "cipher": "TLS_A", "server_name": "app.example.org", "established": True}


def test_a_stream_of_zeek_logs_is_read_record_by_record(tmp_path: Path) -> None:
    """The format that reads most records does not keep the others' records from being read as what they are."""
    path = tmp_path / "current.log"
    records = [HTTP, CONN, TLS, HTTP, TLS, CONN, HTTP]
    path.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records), encoding="utf-8")
    found = [answer["format"] for answer in answers(path, formats.available())]
    wanted = {id(HTTP): "zeek_http_json", id(CONN): "zeek_conn_json", id(TLS): "zeek_ssl_json"}
    assert found == [wanted[id(record)] for record in records]


def test_a_catch_all_joins_no_mixture(tmp_path: Path) -> None:
    """Records that no vendor's format knows stay with the best format, which says why it does not read them."""
    path = tmp_path / "mixed.log"
    other = '{"timestamp": "2026-11-20T09:11:12Z", "user": "anna", "url": "https://www.example.org/", "bytes": 1}'
    lines = [json.dumps(HTTP, separators=(",", ":"))] * 4 + [other]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    outcomes = [answer["outcome"] for answer in answers(path, formats.available())]
    assert outcomes[:4] == ["event"] * 4
    assert outcomes[4] != "event"


def test_a_companion_is_read_though_the_sample_holds_none_of_it(tmp_path: Path) -> None:
    """What begins with hours of connections only has its requests read all the same."""
    path = tmp_path / "current.log"
    records = [CONN] * 300 + [HTTP, TLS]
    path.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records), encoding="utf-8")
    found = [answer["format"] for answer in answers(path, formats.available())]
    assert found[-2:] == ["zeek_http_json", "zeek_ssl_json"]


def test_json_over_several_lines_is_recognised(tmp_path: Path) -> None:
    """A record that is written over several lines is told by the same pattern as one on a line."""
    path = tmp_path / "pretty.json"
    path.write_text(json.dumps([CONN, TLS], indent=2), encoding="utf-8")
    assert [answer["format"] for answer in answers(path, formats.available())] == ["zeek_conn_json", "zeek_ssl_json"]
