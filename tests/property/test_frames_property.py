"""Framing, whatever the bytes: no byte of a line is lost, and where a chunk ends makes no difference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.intake import detect, formats
from etl.intake.formats import Format
from etl.intake.framing import lines
from etl.intake.golden import cases

LIMIT = 1 << 20
FORMATS = formats.available()
# Frames cut content into records in five ways; a format of each.
WAYS = ("squid_native", "bluecoat_proxysg", "mde_hunting_csv", "panos_csv_export", "mde_streaming", "endpoint_chunk")
TOKENS = [
    b"\n",
    b"\r\n",
    b"\r",
    b'"',
    b'""',
    b",",
    b" ",
    b"\t",
    b"\x00",
    b"\\",
    b"\xff",
    "é€".encode(),
    b"#Fields: a b\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b'{"records":[',
    b'{"a":1}\n',
]
BYTES = st.lists(st.one_of(st.binary(max_size=20), st.sampled_from(TOKENS)), max_size=60).map(b"".join)


def blocks(content: bytes, size: int) -> Iterator[bytes]:
    """Content in blocks of a size."""
    return (content[start : start + size] for start in range(0, len(content), size))


def told(spec: Format, found: Iterator[bytes]) -> list[tuple[object, ...]]:
    """Everything that framing says of each record."""
    rows: list[tuple[object, ...]] = []
    for records in detect.framed(spec, found, LIMIT):
        envelopes = (
            records.envelopes.to_pylist() if records.envelopes is not None else [records.envelope] * len(records)
        )
        for index, (line, envelope) in enumerate(zip(records.lines.to_pylist(), envelopes, strict=True)):
            rows.append((records.first + index, line, records.flaws.get(index), records.header, envelope))
    return rows


@settings(max_examples=200, deadline=None)
@given(content=BYTES, size=st.integers(1, 50))
def test_lines_hold_every_byte(content: bytes, size: int) -> None:
    """The records are the content divided at LF, as UTF-8 or else Latin-1, less the line ends."""
    found = [text for records in lines(blocks(content, size), LIMIT) for text in records.lines.to_pylist()]
    pieces = content.split(b"\n")
    if pieces[-1] == b"":
        pieces.pop()
    assert found == [_decoded(piece.rstrip(b"\r")) for piece in pieces]


def _decoded(piece: bytes) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.decode("latin-1")


@pytest.mark.parametrize("format_id", WAYS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_where_a_chunk_ends_makes_no_difference(format_id: str, data: st.DataObject) -> None:
    """A sample with bytes thrown in gives the same records, header and envelopes in one block and in many."""
    spec = FORMATS[format_id]
    samples = [case.read_bytes() for case in cases(spec.folder)]
    content = data.draw(st.sampled_from(samples))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(content)))
        content = content[:at] + data.draw(BYTES) + content[at:]
    content *= data.draw(st.integers(1, 3))
    size = data.draw(st.sampled_from([31, 200, 1000, 5000]))
    whole = told(spec, iter([content]))
    assert told(spec, blocks(content, size)) == whole
    assert [row[0] for row in whole] == list(range(1, len(whole) + 1))
