"""Records that a format's expressions fail on end as rejects, one by one; a wrong format says so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from etl.errors import FormatError
from etl.intake import formats, parse
from etl.intake.formats import Format
from etl.intake.framing import Records
from etl.intake.parse import Parser

TOML = """
title = "t"
vendor = "v"
document = "d"
confidence = "by convention"
time = "seconds"
[frame]
type = "columns"
fields = ["seconds", "host", "port"]
[detect]
pattern = "x"
[event]
event_at = "epoch_seconds(seconds)"
dst_host = "host"
dst_port = "{port}"
[provides]
entities = ["url"]
"""


def mine(tmp_path: Path, port: str) -> Format:
    """A format whose expression for the port is the test's."""
    (tmp_path / "format.toml").write_text(TOML.format(port=port), encoding="utf-8")
    return formats.read(tmp_path)


def outcomes(spec: Format, lines: list[str]) -> list[tuple[int, str]]:
    """Record number and outcome of each line."""
    parser = Parser()
    try:
        table = parser.parse(Records(1, pa.array(lines)), [spec])
    finally:
        parser.close()
    return list(zip(table["record_no"].to_pylist(), table["outcome"].to_pylist(), strict=True))


def test_a_record_on_which_an_expression_fails_is_one_reject(tmp_path: Path) -> None:
    """A cast that raises takes its own record only, wherever it stands."""
    spec = mine(tmp_path, "cast(port as integer)")
    lines = [f"1763600000.000 h{number}.example.com 443" for number in range(1, 501)]
    bad = (1, 2, 250, 500)
    for number in bad:
        lines[number - 1] = "1763600000.000 h.example.com https"
    found = outcomes(spec, lines)
    assert [number for number, outcome in found if outcome == "reject"] == list(bad)
    assert [number for number, _ in found] == list(range(1, 501))


def test_a_format_that_fails_on_everything_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a number of failing records the expression is wrong, not the log."""
    monkeypatch.setattr(parse, "MAX_FAILING", 10)
    spec = mine(tmp_path, "cast(host as integer)")
    with pytest.raises(FormatError, match=r"(?s)Could not convert .*Correct the expression"):
        outcomes(spec, ["1763600000.000 h.example.com 443"] * 11)


@pytest.mark.parametrize("expression", ["port +", "no_such_field", "no_such_function(port)"])
def test_an_expression_that_is_not_sql_is_refused(tmp_path: Path, expression: str) -> None:
    """The message names the file."""
    with pytest.raises(FormatError, match=r"format\.toml: found an expression that the engine refuses"):
        outcomes(mine(tmp_path, expression), ["1763600000.000 h.example.com 443"])


@pytest.mark.parametrize(
    ("logged", "name"),
    [("j%c3%bcrgen", "jürgen"), ("j%fcrgen", "j%fcrgen"), ("100%", "100%"), ("a+b", "a+b"), ("CORP%5ca", "CORP\\a")],
)
def test_url_decoding_never_fails(logged: str, name: str) -> None:
    """What is not UTF-8 once decoded stays as it was logged."""
    line = f"1763600000.277 3387 192.0.2.10 TCP_TUNNEL/200 19131 CONNECT www.example.org:443 {logged} HIER_NONE/- -"
    parser = Parser()
    try:
        table = parser.parse(Records(1, pa.array([line])), [formats.available()["squid_native"]])
    finally:
        parser.close()
    assert table["user_name"].to_pylist() == [name]
