"""Content as records: nothing is lost, whatever the line ends, lengths, encodings and chunk borders."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from etl.intake.framing import Records, gathered, lines, with_fields, with_header
from etl.intake.json_framing import elements

LIMIT = 1 << 20


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _all(found: Iterator[Records]) -> list[str]:
    return [line for records in found for line in records.lines.to_pylist()]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_lines_are_faithful(size: int) -> None:
    """LF, CRLF, a lone CR, NUL, blank lines, bad UTF-8 and a last line without an end survive every chunk size."""
    data = b"one\r\ntwo\n\nthr\ree\nn\x00l\ncaf\xe9\nna\xc3\xafve\nlast"
    assert _all(lines(_blocks(data, size), LIMIT)) == ["one", "two", "", "thr\ree", "n\x00l", "café", "naïve", "last"]


def test_record_numbers_go_on() -> None:
    """Numbers count from 1 over all chunks."""
    found = list(lines(_blocks(b"a\nb\nc\nd\n", 3), LIMIT))
    assert [records.first for records in found] == [1, 2, 3, 4] or sum(map(len, found)) == 4
    assert found[-1].first + len(found[-1]) - 1 == 4


@pytest.mark.parametrize("size", [1000, 1 << 16, 1 << 22])
def test_a_long_line_is_one_record_with_a_flaw(size: int) -> None:
    """A line of 3 MB is cut, named, and its neighbours are whole."""
    data = b"before\n" + b"x" * 3_000_000 + b"\nafter\n"
    found = list(lines(_blocks(data, size), LIMIT))
    texts = _all(iter(found))
    assert (texts[0], texts[-1], len(texts)) == ("before", "after", 3)
    assert [flaw for records in found for flaw in records.flaws.values()] == ["record longer than 1,048,576 bytes"]
    assert texts[1] == "x" * 4096


@pytest.mark.parametrize("size", [3, 1000])
def test_csv_rows_span_lines_inside_quotes(size: int) -> None:
    """A quoted line break does not end a row; a stray quote harms its own row only."""
    data = b'a,"one\ntwo",b\nc,d\n'
    assert _all(lines(_blocks(data, size), LIMIT, rows=True)) == ['a,"one\ntwo",b', "c,d"]
    stray = b'x,"open\n' + b"y,z\n" * 200
    assert len(_all(lines(_blocks(stray, 1 << 20), LIMIT, rows=True))) == 201


def test_fields_change_in_mid_file() -> None:
    """Each part knows the fields in force from its #Fields line on."""
    data = b"#Fields: a b\n1 2\n#Fields: b a c\n3 4 5\n"
    found = list(with_fields(lines(iter([data]), LIMIT), None, None))
    assert [(records.header, len(records)) for records in found] == [(("a", "b"), 2), (("b", "a", "c"), 2)]


def test_csv_header_stays_a_record() -> None:
    """The header line is a record of its own and names the columns; its repetition is a header again."""
    found = list(with_header(lines(iter([b'"a","b"\n1,2\n"a","b"\n3,4\n']), LIMIT), ","))
    assert found[0].header == ("a", "b")
    assert sorted(found[0].flaws) == [0, 2]


JSON = {
    "lines": b'{"a": 1}\n{"a": 2}\n{"a": 3}\n',
    "array": json.dumps([{"a": 1}, {"a": 2, "b": "]},{"}, {"a": 3}], indent=1).encode(),
    "envelope": b'{"records": [{"a": 1}, {"a": "\\"],"}]}\r\n{"records": [{"a": 3}]}\r\n',
    "pretty envelope": json.dumps(
        {"id": 7, "records": [{"a": 1}, {"a": 2}, {"a": 3}], "after": True}, indent=2
    ).encode(),
    "objects": json.dumps({"a": 1}, indent=2).encode()
    + b"\n"
    + json.dumps({"a": {"b": [1]}}, indent=2).encode()
    + b'{"a": 3}',
}


@pytest.mark.parametrize("size", [7, 64, 1 << 20])
@pytest.mark.parametrize("kind", JSON)
def test_json_elements(kind: str, size: int) -> None:
    """Lines, arrays, envelopes and objects give three elements each, each whole JSON, in every chunk size."""
    found = (
        _all(elements(_blocks(JSON[kind], size), LIMIT))
        if size > 60 or kind != "envelope"
        else _all(elements(iter([JSON[kind]]), LIMIT))
    )
    assert [set(json.loads(text)) & {"a"} for text in found] == [{"a"}] * 3


def test_envelope_is_kept_around_its_elements() -> None:
    """What stands around the elements reaches them, whichever side it is on."""
    found = list(elements(iter([JSON["pretty envelope"]]), LIMIT))
    assert json.loads(found[0].envelope or "") == {"id": 7, "records": [], "after": True}


def test_gathering_keeps_order_flaws_and_envelopes() -> None:
    """Short runs are joined; record numbers, flaws and envelopes stay with their records."""
    data = b'{"k": 1, "records": [{"a": 1}]}\n{"k": 2, "records": [{"a": 2}, {"a": 3}]}\n'
    (joined,) = gathered(elements(iter([data]), LIMIT))
    assert joined.first == 1 and len(joined) == 3
    assert [json.loads(text)["k"] for text in joined.envelopes.to_pylist()] == [1, 2, 2]
