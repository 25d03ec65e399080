"""Names in key=value, CEF and LEEF records are compared without case; a LEEF 1 format may name its separator."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from etl.intake import formats
from etl.intake.framing import Records
from etl.intake.parse import Parser

TOML = """
title = "t"
vendor = "v"
document = "d"
confidence = "by convention"
time = "t"
[frame]
type = "leef"
fields = ["devTime", "SRC", "dst"]
separator = "|"
[detect]
pattern = "LEEF"
[event]
event_at = "cef_time(devTime)"
src_ip = "SRC"
dst_ip = "dst"
[provides]
entities = ["ip"]
"""


def test_leef_one_with_pipes_and_names_in_any_case(tmp_path: Path) -> None:
    """The vendor's spelling of a name differs between versions; the pairs come out all the same."""
    (tmp_path / "format.toml").write_text(TOML)
    line = "LEEF:1.0|V|P|1|allow|DevTime=Nov 20 2026 10:11:12 GMT|src=10.0.0.1|DST=192.0.2.7"
    parser = Parser()
    try:
        row = parser.parse(Records(1, pa.array([line])), [formats.read(tmp_path)]).to_pylist()[0]
    finally:
        parser.close()
    assert (row["outcome"], row["src_ip"], row["dst_ip"]) == ("event", "10.0.0.1", "192.0.2.7")
