"""A file that no format reads: the reason names the nearest formats, and where each of them parts with the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import QuarantineError
from etl.intake import formats
from etl.intake.answers import answers
from etl.intake.shapes import pieces, reach

SQUID = (
    "1763600000.277     45 192.0.2.10 {result} 512 GET http://www.example.org/ - HIER_DIRECT/198.51.100.7 text/html\n"
)

NEAR_MISSES = {
    "columns": (
        SQUID.format(result="abc") * 3,
        "squid_native: line 1: field 4 (result): found 'abc'; expected such as 'TCP_",
    ),
    "columns, first field": (
        "\n" + SQUID.format(result="TCP_MISS/200").replace("1763600000.277", "17636x0000.277"),
        "squid_native: line 2: field 1 (time): found '17636x0000.277'; expected such as '1",
    ),
    "w3c": (
        "#Version: 1.0\n#Fields: date time x-foo cs-host sc-bytes\n2026-11-20 10:00:00 1 www.example.org 5\n",
        "bluecoat_proxysg: line 2: found '#Fields: date time x-foo cs-host sc-bytes'; expected such as '",
    ),
    "key=value": (
        'date=2026-11-20 time=10:11:12 devname="FGT" devid="XG100" logid="13" type="traffic" srcip=10.0.0.1\n',
        "fortigate: line 1: character 45: found 'devid=\"XG100\"'; expected such as 'devid=\"F",
    ),
    "cef": (
        "<14>Nov 20 10:00:00 gw CFE:0|Check Point|VPN-1|x|1|a|5|src=10.0.0.1 dst=192.0.2.1 rt=1795000000000\n",
        "checkpoint_cef: line 1: character 24: found 'CFE:0'; expected such as 'CEF:0'",
    ),
    "json": (
        '{"ts": "x", "id.orig_h": "10.0.0.1", "id.resp_h": "192.0.2.1", "verb": "GET", "host": "a.example"}\n',
        "zeek_http_json: line 1: found 'ts, id.orig_h, id.resp_h, verb, host'; expected such as '\"",
    ),
    "json over several lines": (
        '[\n  {"eventtype": "http",\n   "src_ip": "10.0.0.1"}\n]\n',
        "suricata_eve: line 1: found 'eventtype, src_ip'; expected such as '\"event_type\":",
    ),
    "csv with a header": (
        "stamp,src,host,bytes\n2026-11-20 10:00:00,10.0.0.1,www.example.org,5\n",
        "plain_csv: line 1: found 'stamp,src,host,bytes'; expected one of timestamp, datetime",
    ),
    "csv without a header": (
        '"Mon Jun 20 15:29:11 2022","anna@example.com","HTTP proxy","example.com/","Allowed","x"\n',
        "zscaler_nss_web: line 1: field 3 (proto): found '\"HTTP proxy\"'; expected such as '\"HTTP",
    ),
    "syslog csv": (
        "<14>Nov 20 10:00:00 fw 1,2026/11/20 10:00:00,0011,TRAFIC,end,2305,2026/11/20 10:00:00,10.0.0.1\n",
        "panos: line 1: field 4 (type): found 'TRAFIC'; expected such as 'TRAFFIC'",
    ),
    "regex": (
        "<166>Nov 20 2026 10:00:00 fw : %ASA-6-30201: Built outbound TCP\n",
        "cisco_asa: line 1: character 32: found '%ASA-6-30201:'; expected such as '%ASA-",
    ),
}


def _refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "unknown.log"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QuarantineError) as refused:
        list(answers(path, formats.available()))
    assert refused.value.reason == "unknown_format"
    return str(refused.value)


@pytest.mark.parametrize("case", NEAR_MISSES)
def test_the_nearest_format_and_the_token_where_it_parts(tmp_path: Path, case: str) -> None:
    """One wrong token in a format's line names that format, the line, the token and what stands there otherwise."""
    text, expected = NEAR_MISSES[case]
    assert expected in _refusal(tmp_path, text)


def test_prose_is_near_to_nothing_it_could_be_taken_for(tmp_path: Path) -> None:
    """A note is refused in one line, whatever it holds; at most three formats are named."""
    message = _refusal(tmp_path, "Hello, this is a note.\n\x1b[31mNothing\x07 to see.\n")
    assert "\n" not in message and "\x1b" not in message
    assert message.count(": line ") <= 3


def test_a_format_whose_shape_fits_says_why_it_reads_nothing(tmp_path: Path) -> None:
    """The pattern of a format fits, but no record of it can be read: the reason is that of its first record."""
    line = (
        'id=firewall sn=0017C5000000 time="2026-99-99 10:00:00 UTC" fw=192.0.2.1 pri=6 c=1024 m=97 src=10.0.0.1:5:X0\n'
    )
    message = _refusal(tmp_path, line + "a note\n" * 2)
    assert "sonicwall: line 1: found 'id=firewall" in message
    assert "time not readable; expected" in message


def test_long_lines_cost_no_time_and_no_room(tmp_path: Path) -> None:
    """A line of megabytes is looked at in part and shown in part."""
    assert len(_refusal(tmp_path, "x" * 400_000 + "\n" + '"a":' * 100_000)) < 2000


@pytest.mark.parametrize(
    ("pattern", "text", "position", "run"),
    [
        (r"^\d+ [A-Z]+/\d{3} x", "12 abc x", 3, r"[A-Z]+/\d{3}"),
        (r"^(?:a|b)c d", "ax", 1, "c"),
        (r"(?i)^KEY=(?:one|two) ", "key=three ", 5, "wo"),
        (r"a.*b", "xxa", 3, "b"),
        (r"^[\]x]+\[", "]x(", 2, r"\["),
    ],
)
def test_where_a_text_parts_with_a_pattern(pattern: str, text: str, position: int, run: str) -> None:
    """The longest run of pieces that fits gives the place, the rest up to a divider what is missing."""
    found = reach(pattern, text)
    assert (found.position, found.run) == (position, run)
    assert found.share < 1


def test_pieces_of_a_pattern() -> None:
    """Classes, escapes, groups and repeats stay whole; together they are the pattern again."""
    pattern = r"^(?:a|b\))[^\]\d]{2,3}?\s+x{y|[]]*$"
    assert pieces(pattern) == ["^", r"(?:a|b\))", r"[^\]\d]{2,3}?", r"\s+", "x", "{", "y", "|", "[]]*", "$"]


def test_every_pattern_is_understood() -> None:
    """Cut into pieces and joined, each format's pattern is what it was, and its own samples fit it whole."""
    for spec in formats.available().values():
        for pattern in filter(None, (spec.detect.pattern, spec.detect.header)):
            assert "".join(pieces(pattern)) == pattern, spec.id
