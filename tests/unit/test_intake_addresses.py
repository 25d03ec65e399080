"""The address macros that formats use to tell a record's direction, and the syslog prefixes that appliances write."""

from __future__ import annotations

import pyarrow as pa
import pytest

from etl.intake import formats, frames
from etl.intake.framing import Records
from etl.intake.parse import Parser


def evaluate(expression: str) -> object:
    """What the engine makes of an expression with our macros."""
    parser = Parser()
    try:
        row = parser._engine.connection.execute(f"select {expression}").fetchone()
        return row[0] if row else None
    finally:
        parser.close()


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        ("198.51.100.7", "10.0.0.5", True),
        ("2001:db8::7", "fd00::5", True),
        ("198.51.100.7", "100.64.3.4", True),
        ("10.0.0.5", "198.51.100.7", False),
        ("192.168.1.5", "172.31.255.1", False),
        ("198.51.100.7", "172.32.0.1", False),
        ("0.0.0.0", "10.0.0.5", False),
        ("client.example", "10.0.0.5", False),
    ],
)
def test_a_public_client_of_a_private_server_is_inbound(client: str, server: str, expected: bool) -> None:
    """Inbound is decided on addresses alone; what is no address, or none yet, is not a public client."""
    assert evaluate(f"inbound('{client}', '{server}')") is expected


@pytest.mark.parametrize(
    "line",
    [
        "<134>Nov  5 13:07:09 fw.example body",
        "<134> Nov 05 13:07:09 fw.example body",
        "<134>:Nov  5 13:07:09 fw.example tag[12]: body",
        "<134>1 2026-11-05T13:07:09Z fw.example app 1 - - body",
    ],
)
def test_a_syslog_prefix_is_taken_off(line: str) -> None:
    """A blank or a colon after the priority does not hide time, host and body."""
    spec = formats.available()["fortigate"]
    parser = Parser()
    try:
        parser._engine.connection.register(
            "batch", pa.table({"record_no": [1], "line": [line], "flaw": [None], "envelope": [None]})
        )
        row = parser._engine.connection.execute(
            f"select text, syslog_host, syslog_time from ({frames.body_sql(spec)})"
        ).fetchone()
    finally:
        parser.close()
    assert row is not None
    assert row[:2] == ("body", "fw.example")
    assert row[2] is not None


def test_a_field_named_as_an_address_is_still_checked() -> None:
    """Sophos calls its field src_ip: what it says is no address because of the name; only what `let` computed is."""
    spec = formats.available()["sophos_xg"]
    line = (
        'device="SFW" date=2026-11-20 time=10:11:12 timezone="UTC" log_type="Firewall" log_subtype="Allowed" '
        "src_ip=pc-17 dst_ip=203.0.113.9 dst_port=443 sent_bytes=1 recv_bytes=2"
    )
    parser = Parser()
    (row,) = parser.parse(Records(1, pa.array([line])), [spec]).to_pylist()
    parser.close()
    assert (row["outcome"], row["dst_ip"], row["src_ip"]) == ("event", "203.0.113.9", None)
