"""Any bytes in any frame end as event, skip or reject: records in = records out, and nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.intake import detect, formats
from etl.intake.framing import gathered
from etl.intake.golden import cases
from etl.intake.parse import Parser

FORMATS = formats.available()
# One format of each frame is enough: what differs between formats of a frame is expressions, and golden files hold those.
CHOSEN = sorted({spec.frame.type: spec.id for spec in FORMATS.values()}.values())
PARSER = Parser()
PIECES = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b'"',
        b"\x00",
        b",",
        b" ",
        b"=",
        b"|",
        b"\t",
        b"#Fields: a b\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b'{"records":[',
        b"\\",
        b"\xff",
        b"\xc3",
        b"<13>",
        b"CEF:0|",
        b"LEEF:2.0|",
    ]
)


@pytest.mark.parametrize("format_id", CHOSEN)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.lists(st.one_of(st.binary(max_size=30), PIECES), max_size=40),
    cut=st.integers(1, 200),
    seed=st.integers(0, 5),
)
def test_every_record_has_one_outcome(format_id: str, data: list[bytes], cut: int, seed: int) -> None:
    """Random bytes, mixed with a real sample, in random chunks: as many answers as records, in order."""
    spec = FORMATS[format_id]
    sample = cases(spec.folder)[seed % len(cases(spec.folder))].read_bytes()
    content = sample[: len(sample) // 2] + b"".join(data) + sample[len(sample) // 2 :]
    blocks = (content[start : start + cut * 50] for start in range(0, len(content), cut * 50))
    number = 1
    for records in gathered(detect.framed(spec, blocks, 1 << 20)):
        table = PARSER.parse(records, [spec])
        assert table["record_no"].to_pylist() == list(range(number, number + len(records)))
        assert set(table["outcome"].to_pylist()) <= {"event", "skip", "reject"}
        assert all(
            reason
            for reason, outcome in zip(table["reason"].to_pylist(), table["outcome"].to_pylist(), strict=True)
            if outcome != "event"
        )
        number += len(records)
