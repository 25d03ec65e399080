"""Text bytes as records: numbered, faithful, in bounded memory.

A record is a line (LF or CRLF), a CSV row that may hold line breaks inside quotes, or a JSON element. Positions are
found with numpy over whole chunks and the text is handed on without copying, as an Arrow array.

A record that is not valid UTF-8 is read as Latin-1 as a whole. A record longer than the limit is cut at 4 KiB and
carries a flaw, which makes it a reject.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.intake.columns import same

CUT_BYTES = 4096
NEWLINE, QUOTE = 10, 34
HEADER = "header"  # the flaw of a header line; parse makes it a skip
MAX_LINES_IN_A_ROW = 100  # a CSV row over more lines than this is an unbalanced quote

Offsets = npt.NDArray[np.int64]


@dataclass
class Records:
    """A run of records of one upload.

    `first` is the number of the first one. `lines` holds valid text without the line end. `flaws` maps the position in
    `lines` to the reason why the record can not be read. `header` is the list of fields in force (W3C, Zeek, CSV).
    `envelope` is the JSON text around the elements, without them; `envelopes` the same for each record, where runs of
    several envelopes were gathered.
    """

    first: int
    lines: pa.Array
    flaws: dict[int, str] = field(default_factory=dict)
    header: tuple[str, ...] | None = None
    envelope: str | None = None
    envelopes: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.lines)


@dataclass
class Span:
    """A piece of content that holds whole lines, and the one line in it that was too long (if so, it is alone)."""

    data: bytes
    too_long: int | None = None  # the length in bytes of the line that `data` is the beginning of


def spans(blocks: Iterator[bytes], max_record_bytes: int) -> Iterator[Span]:
    """Cut content at line ends. A line longer than the limit comes alone, cut at 4 KiB, with its true length."""
    carry = b""
    skipped = 0  # bytes of a too long line that were let go; its head is in `carry`
    for block in blocks:
        start = 0
        if skipped:
            end = block.find(b"\n")
            if end < 0:
                skipped += len(block)
                continue
            yield Span(carry, too_long=skipped + end)
            carry, skipped, start = b"", 0, end + 1
        end = block.rfind(b"\n", start)
        if end < 0:
            carry += block[start:]
        else:
            yield Span(b"".join((carry, memoryview(block)[start : end + 1])))
            carry = block[end + 1 :]
        if len(carry) > max_record_bytes:
            carry, skipped = carry[:CUT_BYTES], len(carry)
    if skipped:
        yield Span(carry, too_long=skipped)
    elif carry:
        yield Span(carry)


def lines(blocks: Iterator[bytes], max_record_bytes: int, *, rows: bool = False) -> Iterator[Records]:
    """Records of line-shaped content, in order. `rows`: a record goes on over line ends that stand inside quotes."""
    number = 1
    open_row = b""
    for span in spans(blocks, max_record_bytes):
        if span.too_long is not None:
            if open_row:
                yield (found := _records(open_row, _line_ends(open_row), number, max_record_bytes, is_line=not rows))
                number, open_row = number + len(found), b""
            yield Records(number, text([span.data]), {0: too_long(span.too_long, max_record_bytes)})
            number += 1
            continue
        data = open_row + span.data
        ends = _line_ends(data)
        if rows:
            ends, complete = _row_ends(data, ends)
            data, open_row = data[:complete], data[complete:]
        if len(ends):
            yield (found := _records(data, ends, number, max_record_bytes, is_line=not rows))
            number += len(found)
    if open_row:
        yield _records(open_row, _line_ends(open_row), number, max_record_bytes, is_line=not rows)


def too_long(found: int, limit: int) -> str:
    """The reason for a record over the limit; the same sentence for all of them, so that they can be counted."""
    return f"record longer than {limit:,} bytes"


def _line_ends(data: bytes) -> Offsets:
    """Positions just after each line end; the last line may lack one."""
    view = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(view == NEWLINE).astype(np.int64) + 1
    if len(ends) == 0 or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    return ends


def _row_ends(data: bytes, ends: Offsets) -> tuple[Offsets, int]:
    """Join lines whose quotes are unbalanced with the line that closes them, if it is near enough.

    Gives the row ends and the position up to which rows are complete: a row that is still open may go on in the next chunk.
    """
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8) == QUOTE)
    if len(quotes) == 0:
        return ends, len(data)
    upto = np.searchsorted(quotes, ends)
    odd = np.flatnonzero(np.diff(upto, prepend=0) % 2 == 1)
    keep = np.ones(len(ends), bool)
    position = 0
    while position + 1 < len(odd):
        opened, closed = odd[position], odd[position + 1]
        if closed - opened <= MAX_LINES_IN_A_ROW:
            keep[opened:closed] = False
            position += 2
        else:
            position += 1
    if position < len(odd) and len(ends) - odd[position] <= MAX_LINES_IN_A_ROW:
        opened = odd[position]
        return ends[:opened][keep[:opened]], int(ends[opened - 1]) if opened else 0
    return ends[keep], len(data)


def _records(data: bytes, ends: Offsets, number: int, max_record_bytes: int, *, is_line: bool) -> Records:
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1]
    flaws: dict[int, str] = {}
    for position in np.flatnonzero(ends - starts > max_record_bytes):
        flaws[int(position)] = too_long(int(ends[position] - starts[position]), max_record_bytes)
    if flaws:
        pieces = [
            data[start : min(end, start + CUT_BYTES) if index in flaws else end]
            for index, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]
        return Records(number, text([piece.rstrip(b"\r\n") for piece in pieces]), flaws)
    return Records(number, _text_of(data, starts, ends, is_line=is_line))


def _text_of(data: bytes, starts: Offsets, ends: Offsets, *, is_line: bool) -> pa.Array:
    """Records as text without their line ends; `is_line`: none goes on over a line end."""
    offsets = np.concatenate((starts[:1], ends))
    has_returns, ended = b"\r" in data, data.endswith(b"\n")
    bare = data
    if not has_returns and data.count(b"\n") == len(ends) - (
        not ended
    ):  # each line end is of one byte, and none is in a record
        bare = data.replace(b"\n", b"")
        offsets -= np.arange(len(offsets))
        offsets[-1] = len(bare)
    array = pa.Array.from_buffers(
        pa.binary(), len(ends), [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(bare)]
    )
    try:
        whole = array.cast(pa.string())
    except pa.ArrowInvalid:
        return text([data[start:end].rstrip(b"\r\n") for start, end in zip(starts, ends, strict=True)])
    if bare is not data:
        return whole
    return pc.ascii_rtrim(whole, "\r\n" if has_returns else "\n")


def text(pieces: list[bytes]) -> pa.Array:
    """Bytes as text, each piece as UTF-8 or else as Latin-1."""
    return pa.array([_decoded(piece) for piece in pieces], pa.string())


def _decoded(piece: bytes) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        # A cut may fall inside a character: that is not Latin-1.
        if len(piece) == CUT_BYTES:
            return piece.decode("utf-8", "replace")
        return piece.decode("latin-1")


def with_header(found: Iterator[Records], delimiter: str) -> Iterator[Records]:
    """The first record that is not blank names the columns (CSV with a header line).

    It stays a record, and so does the same line further down, where exports were joined: both are skips.
    """
    named: str | None = None
    header: tuple[str, ...] | None = None
    for records in found:
        if named is None:
            named = next((line for line in records.lines.to_pylist() if line.strip()), None)
            header = None if named is None else _names(named, delimiter)
        part = _part(records, 0, len(records), header)
        if named is not None:
            same = pc.equal(part.lines, named).to_numpy(zero_copy_only=False)
            part.flaws |= dict.fromkeys(np.flatnonzero(same).tolist(), HEADER)
        yield part


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a lone CR, or a cell of more than 128 KiB: hardly a header
        cells = line.split(delimiter)
    return tuple(cell.strip() for cell in cells)


GATHER_ROWS = 100_000  # some 13 MB of proxy log; asking costs as much as parsing a thousand lines
GATHER_BYTES = 32 << 20  # of long records: what the engine makes of them takes many times their room, for each hand


def gathered(found: Iterator[Records]) -> Iterator[Records]:
    """Join short runs that follow one another under the same header: an engine's query costs the same for few rows as for many."""
    waiting: list[Records] = []
    rows = size = 0
    for records in found:
        rows, size = rows + len(records), size + records.lines.nbytes
        if waiting and (records.header != waiting[0].header or rows > GATHER_ROWS or size > GATHER_BYTES):
            yield _joined(waiting)
            waiting, rows, size = [], len(records), records.lines.nbytes
        if len(records):
            waiting.append(records)
    if waiting:
        yield _joined(waiting)


def _joined(runs: list[Records]) -> Records:
    if len(runs) == 1:
        return runs[0]
    flaws: dict[int, str] = {}
    start = 0
    for run in runs:
        flaws |= {start + index: flaw for index, flaw in run.flaws.items()}
        start += len(run)
    envelopes = None
    if any(run.envelope is not None for run in runs):
        envelopes = pa.concat_arrays([same(run.envelope, len(run)) for run in runs])
    return Records(runs[0].first, pa.concat_arrays([run.lines for run in runs]), flaws, runs[0].header, None, envelopes)


FIELDS = re.compile(r"^#\s?fields:?[ \t]+(.*)$", re.IGNORECASE)


def with_fields(found: Iterator[Records], separator: str | None, header: tuple[str, ...] | None) -> Iterator[Records]:
    """Split runs at `#Fields` directives (W3C, Zeek): each part knows the fields in force from there on.

    The directives stay records; parse makes every line that begins with `#` a skip. `header` holds until the first one.
    """
    for records in found:
        hashes = pc.equal(pc.utf8_slice_codeunits(records.lines, 0, 1), "#")
        marks = np.flatnonzero(hashes.to_numpy(zero_copy_only=False).astype(bool))
        start = 0
        for mark in marks.tolist():
            match = FIELDS.match(records.lines[mark].as_py())
            if match is None:
                continue
            if mark > start:
                yield _part(records, start, mark, header)
            names = match[1].strip()
            header = tuple(names.split(separator) if separator else names.split())
            start = mark
        yield _part(records, start, len(records), header)


def _part(records: Records, start: int, end: int, header: tuple[str, ...] | None) -> Records:
    flaws = {index - start: flaw for index, flaw in records.flaws.items() if start <= index < end}
    return Records(records.first + start, records.lines.slice(start, end - start), flaws, header, records.envelope)
