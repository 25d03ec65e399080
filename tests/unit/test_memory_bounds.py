"""Memory stays bounded whatever the file: content is handed on long before its end, long records in short runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from etl.intake.framing import GATHER_BYTES, gathered, lines
from etl.intake.json_framing import STREAM_BYTES, elements

BLOCK = 2 << 20
ONE = b'{"host": "www.example.org", "path": "/a", "note": "' + b"x" * 400 + b'"},'


class _Blocks:
    """Blocks of one document without a line end; `taken` counts those that were asked for."""

    def __init__(self, start: bytes, count: int) -> None:
        self.taken = 0
        self._start, self._count = start, count

    def __iter__(self) -> Iterator[bytes]:
        piece = ONE * (BLOCK // len(ONE))
        for number in range(self._count):
            self.taken += 1
            yield (self._start if number == 0 else b"") + piece


@pytest.mark.parametrize("start", [b"[", b'{"device": "x", "records": ['])
def test_a_json_document_is_handed_on_before_its_end(start: bytes) -> None:
    """An array and an envelope of any length give their elements as they come, each element once."""
    total = STREAM_BYTES // BLOCK + 12
    blocks = _Blocks(start, total)
    found = 0
    taken_at_first = 0
    for records in elements(iter(blocks), 1 << 20):
        taken_at_first = taken_at_first or blocks.taken
        found += len(records)
    assert taken_at_first <= STREAM_BYTES // BLOCK + 2 < total
    assert found == total * (BLOCK // len(ONE))


def test_an_element_over_the_limit_is_one_reject() -> None:
    """A 10 MB element keeps 4 KiB of itself; its neighbours are read."""
    content = b"[" + ONE + b'{"a": "' + b"y" * 10_000_000 + b'"},' + ONE[:-1] + b"]"
    found = list(elements((content[i : i + BLOCK] for i in range(0, len(content), BLOCK)), 1 << 20))
    flaws = [flaw for records in found for flaw in records.flaws.values()]
    assert sum(map(len, found)) == 3
    assert flaws == ["record longer than 1,048,576 bytes"]
    assert max(len(text) for records in found for text in records.lines.to_pylist()) <= 4096


def test_long_records_are_gathered_in_short_runs() -> None:
    """Runs are bounded by bytes as well as by rows."""
    line = b"x" * 500_000 + b"\n"
    found = list(gathered(lines((line * 16 for _ in range(30)), 1 << 20)))
    assert sum(map(len, found)) == 480
    assert max(run.lines.nbytes for run in found) <= GATHER_BYTES
    assert len(found) > 1
