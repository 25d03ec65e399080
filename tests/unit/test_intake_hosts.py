"""What cannot be a host is a reject that says why; what is odd but occurs in practice stays a host."""

from __future__ import annotations

import pyarrow as pa
import pytest

from etl.intake import formats
from etl.intake.framing import Records
from etl.intake.parse import Parser

# A dashboard's export: JSON text around a log line.
MERAKI = (
    '"SyslogMessage": "Oct 13 06:54:13 192.0.2.1  1602571970.909397331 fw urls src=192.0.2.10:58828 dst=198.51.100.7:443 '
    "mac=AA:BB:CC:DD:EE:FF request: GET {url}"
)
SQUID = "1763600000.123    140 192.0.2.10 TCP_TUNNEL/200 4000 CONNECT {host}:443 alice HIER_DIRECT/203.0.113.7 -"


def answer(format_id: str, line: str) -> tuple[str, str | None, str | None]:
    """Outcome, host and reason of a line."""
    parser = Parser()
    try:
        [row] = parser.parse(Records(1, pa.array([line])), [formats.available()[format_id]]).to_pylist()
    finally:
        parser.close()
    return row["outcome"], row["dst_host"], row["reason"]


def test_remains_of_json_are_no_host() -> None:
    """A log line inside an exported JSON drags a quote and a comma behind its URL."""
    outcome, _, reason = answer("cisco_meraki", MERAKI.format(url='https://google.com",'))
    assert (outcome, reason) == ("reject", "found the character '\"' in the host; expected a name or an address")


@pytest.mark.parametrize(
    "found", ['"', "'", ",", ";", "(", ")", "[", "}", "<", "|", "\\", "^", "`", "=", "&", "!", "\x01"]
)
def test_character_that_no_host_has(found: str) -> None:
    """Quotes, commas, brackets and their like: the reason shows the first one; a control character has a name."""
    outcome, _, reason = answer("squid_native", SQUID.format(host=f"www.exa{found}mple.com"))
    told = "a control character" if found == "\x01" else f"the character '{found}'"
    assert (outcome, reason) == ("reject", f"found {told} in the host; expected a name or an address")


@pytest.mark.parametrize(
    "host",
    [
        "a_b.example.com",
        "*.example.com",
        "xn--mnchen-3ya.example",
        "münchen.example",
        "例え.example",
        "a--b-.x.",
        "h~1+x",
    ],
)
def test_odd_hosts_stay(host: str) -> None:
    """Underscores, wildcards, internationalised names in either spelling: they occur."""
    assert answer("squid_native", SQUID.format(host=host)) == ("event", host.removesuffix("."), None)


@pytest.mark.parametrize(("host", "address"), [("192.0.2.1", None), ("[2001:db8::1]", None)])
def test_an_address_is_no_host_name(host: str, address: str | None) -> None:
    """An address goes to its own column, brackets or not."""
    assert answer("squid_native", SQUID.format(host=host)) == ("event", address, None)
