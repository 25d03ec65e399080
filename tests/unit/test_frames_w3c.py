"""The W3C frame: how a record is divided into the fields that a header, or the format's own list, names."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.intake import detect, formats
from etl.intake.parse import Parser

HEADER = "#Fields: date time c-ip cs-username cs-host sc-status cs(User-Agent) sc-bytes s-action\n"


@pytest.fixture
def parse(tmp_path: Path) -> object:
    """Parse text as the ProxySG format does and give the rows that are events."""
    spec = formats.available()["bluecoat_proxysg"]
    parser = Parser()

    def rows(text: str) -> list[dict[str, object]]:
        found = detect.framed(spec, iter([text.encode()]), 1 << 20)
        return [
            row for records in found for row in parser.parse(records, [spec]).to_pylist() if row["outcome"] == "event"
        ]

    return rows


@pytest.mark.parametrize("agent", ['"curl/8  beta"', '"curl/8 beta"', "curl/8"])
def test_a_run_of_blanks_divides_once(parse: object, agent: str) -> None:
    """Fields are divided by white space; two blanks are no empty field, and blanks inside quotes stay."""
    line = f"2026-11-20 09:11:12  10.1.8.20 -   www.example.org 200 {agent}  512 TCP_MISS"
    (row,) = parse(HEADER + line + "\n")  # type: ignore[operator]
    assert (row["src_ip"], row["dst_host"], row["http_status"], row["downloaded_bytes"]) == (
        "10.1.8.20",
        "www.example.org",
        200,
        512,
    )
    assert row["user_agent"] == agent.strip('"')


def test_an_empty_quoted_value_is_a_field(parse: object) -> None:
    """A pair of quotes with nothing between them holds its place."""
    line = '2026-11-20 09:11:12  10.1.8.20 - www.example.org 200 "" 512 TCP_MISS'
    (row,) = parse(HEADER + line + "\n")  # type: ignore[operator]
    assert (row["user_agent"], row["downloaded_bytes"]) == (None, 512)
