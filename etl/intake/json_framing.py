"""JSON content as records: lines, arrays, `records` envelopes and single objects, in bounded memory.

Content whose lines are complete objects is read line by line (fast). Anything else is one or more documents, whose
elements are found by a structural scan: positions of quotes, brackets and commas, never a recursive parse. A line may
itself be an array or an envelope of many records.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from etl.intake.framing import CUT_BYTES, Records, lines, text, too_long

PROBE_LINES = 5
PROBE_BYTES = 8 << 20  # a document of this length is no line: what tells costs many times its length in memory
ENVELOPE = re.compile(rb'"(?:records|Records|value|events)"\s*:\s*\[')
BETWEEN = b" \t\r\n,]}\x00"  # what may stand between documents
STREAM_BYTES = 32 << 20  # an envelope longer than this is read in parts


def elements(blocks: Iterator[bytes], max_record_bytes: int) -> Iterator[Records]:
    """Records of JSON content, numbered from 1 by element."""
    head = list(itertools.islice(blocks, 1))
    while head and sum(block.count(b"\n") for block in head) <= PROBE_LINES and sum(map(len, head)) < PROBE_BYTES:
        if (block := next(blocks, None)) is None:
            break
        head.append(block)
    first = b"".join(head)
    read = _from_lines if _is_lines(first) else _from_documents
    yield from read(itertools.chain([first], blocks), max_record_bytes)


def _is_lines(head: bytes) -> bool:
    """Whether one of the first lines is a complete JSON value by itself."""
    probe = [line for line in head[:PROBE_BYTES].split(b"\n", PROBE_LINES + 1)[:PROBE_LINES] if line.strip()]
    if probe and probe[0].strip() == b"[":
        return False
    return any(_is_complete(line) for line in probe) or not probe or probe[0].lstrip()[:1] not in (b"{", b"[")


def _is_complete(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), (dict, list))
    except (ValueError, RecursionError):  # nested deeper than the library goes
        return False


def _from_lines(blocks: Iterator[bytes], max_record_bytes: int) -> Iterator[Records]:
    # A line may be an envelope of many records: the limit on a record applies to its elements.
    number = 1
    for found in lines(blocks, max(max_record_bytes, 64 << 20)):
        plain_from = 0
        heads = found.lines.cast("binary").to_numpy(zero_copy_only=False)
        for index, line in enumerate(heads):
            head = line[:512].lstrip()
            if not (head.startswith(b"[") or (len(line) > 2 and b"[" in line and ENVELOPE.search(line, 0, 4096))):
                continue
            inner = _inside(line)
            if inner is None:
                continue
            if index > plain_from:
                yield (part := _slice(found, plain_from, index, number, max_record_bytes))
                number += len(part)
            plain_from = index + 1
            # An envelope without records still tells which chunk it was.
            part = _records(inner[1], number, max_record_bytes, inner[0])
            yield part
            number += len(part)
        if plain_from < len(found):
            yield (part := _slice(found, plain_from, len(found), number, max_record_bytes))
            number += len(part)


def _slice(found: Records, start: int, end: int, number: int, limit: int) -> Records:
    flaws = {index - start: flaw for index, flaw in found.flaws.items() if start <= index < end}
    return Records(number, found.lines.slice(start, end - start), flaws)


def _inside(line: bytes) -> tuple[str | None, list[bytes]] | None:
    """The envelope's text and the elements of a line that is an array or an envelope; None when it is not complete."""
    stripped = line.strip()
    if stripped.startswith(b"["):
        opened = 0
    else:
        match = ENVELOPE.search(stripped, 0, 4096)
        if match is None:
            return None
        opened = match.end() - 1
    pieces, closed = split_elements(stripped, opened + 1)
    if closed is None:
        return None
    around = (stripped[: opened + 1] + stripped[closed:]).decode("utf-8", "replace")
    return (around if opened else None), pieces


def _records(pieces: list[bytes], number: int, limit: int, envelope: str | None) -> Records:
    flaws = {i: too_long(len(piece), limit) for i, piece in enumerate(pieces) if len(piece) > limit}
    cut = [piece[:CUT_BYTES] if index in flaws else piece for index, piece in enumerate(pieces)]
    return Records(number, text(cut), flaws, envelope=envelope)


def structure(data: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions of brackets and commas outside strings, and the depth after each (commas do not change it)."""
    view = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(view == ord('"'))
    if len(quotes) and b"\\" in data:
        # A quote is escaped when an odd run of backslashes stands before it.
        suspects = np.flatnonzero(view[np.maximum(quotes - 1, 0)] == ord("\\"))
        escaped = [i for i in suspects.tolist() if _backslashes_before(data, int(quotes[i])) % 2]
        quotes = np.delete(quotes, escaped)
    marks = np.flatnonzero(np.isin(view, np.frombuffer(b"{}[],", np.uint8)))
    outside = np.searchsorted(quotes, marks) % 2 == 0
    marks = marks[outside]
    kinds = view[marks]
    steps = np.where((kinds == ord("{")) | (kinds == ord("[")), 1, np.where(kinds == ord(","), 0, -1))
    return marks.astype(np.int64), np.cumsum(steps).astype(np.int64)


def _backslashes_before(data: bytes, position: int) -> int:
    start = position
    while start > 0 and data[start - 1] == 0x5C:
        start -= 1
    return position - start


def split_elements(data: bytes, start: int) -> tuple[list[bytes], int | None]:
    """The elements of an array whose `[` stands just before `start`, and where its `]` is (None: not in `data`).

    When the array does not end in `data`, only elements that a comma closes are given.
    """
    body = data[start:]
    marks, depths = structure(body)
    ended = np.flatnonzero(depths < 0)
    last = int(ended[0]) if len(ended) else len(marks)
    commas = marks[:last][(depths[:last] == 0) & (np.frombuffer(body, np.uint8)[marks[:last]] == ord(","))]
    closed = int(marks[last]) if len(ended) else None
    edges = [-1, *commas.tolist()]
    if closed is not None:
        edges.append(closed)
    pieces = [body[a + 1 : b].strip() for a, b in itertools.pairwise(edges)]
    return [piece for piece in pieces if piece], None if closed is None else start + closed


@dataclass
class _Place:
    """Where the scan stands: before a document, inside the array of an envelope, or behind that array."""

    kind: Literal["before", "inside", "behind"] = "before"
    envelope: str | None = None


def _from_documents(blocks: Iterator[bytes], max_record_bytes: int) -> Iterator[Records]:
    number = 1
    data = b""
    place = _Place()
    for block in blocks:
        data += block
        while (step := _step(data, place)) is not None:
            pieces, data, envelope, place = step
            if pieces or envelope:
                yield (part := _records(pieces, number, max_record_bytes, envelope))
                number += len(part)
        if len(data) > max(16 * max_record_bytes, 64 << 20):
            yield Records(number, text([data[:CUT_BYTES]]), {0: too_long(len(data), max_record_bytes)})
            number, data = number + 1, b""
    if place.kind == "inside" and not _complete(data):
        pieces, _ = split_elements(data + b",", 0)
        if pieces:
            yield _records(pieces, number, max_record_bytes, place.envelope)
    elif place.kind == "before" and data.strip(BETWEEN):
        yield _records([data.strip()], number, max_record_bytes, None)


def _step(data: bytes, place: _Place) -> tuple[list[bytes], bytes, str | None, _Place] | None:
    """Take the next run of elements off the front of `data`: (elements, the rest, their envelope, the new place).

    None: more content is needed.
    """
    if place.kind == "inside":
        pieces, closed = split_elements(data, 0)
        if closed is not None:
            return pieces, data[closed + 1 :], place.envelope, _Place("behind" if place.envelope else "before")
        if not pieces:
            return None
        marks, depths = structure(data)
        commas = marks[(depths == 0) & (np.frombuffer(data, np.uint8)[marks] == ord(","))]
        return pieces, data[int(commas[-1]) + 1 :], place.envelope, place
    if place.kind == "behind":
        end = _closing(data, -1)
        return None if end is None else ([], data[end:], None, _Place())
    data = data.lstrip(BETWEEN)
    if data.startswith(b"["):
        return [], data[1:], None, _Place("inside")
    if not data.startswith(b"{"):
        end = data.find(b"\n")
        return None if end < 0 else ([data[:end].strip()], data[end + 1 :], None, _Place())
    match = ENVELOPE.search(data, 0, 4096)
    is_envelope = match is not None and _depth_at(data, match.start()) == 1
    end = _closing(data, 0)
    if end is not None:
        inner = _inside(data[:end]) if is_envelope else None
        pieces, envelope = (inner[1], inner[0]) if inner else ([data[:end]], None)
        return pieces, data[end:], envelope, _Place()
    if match is not None and is_envelope and len(data) >= STREAM_BYTES:
        return [], data[match.end() :], None, _Place("inside", data[: match.end()].decode("utf-8", "replace") + "]}")
    return None


def _closing(data: bytes, depth: int) -> int | None:
    """The position just behind the bracket that brings the depth down to `depth`."""
    marks, depths = structure(data)
    view = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero((depths <= depth) & (view[marks] != ord(",")))
    return int(marks[int(ends[0])]) + 1 if len(ends) else None


def _complete(data: bytes) -> bool:
    return not data.strip(BETWEEN)


def _depth_at(data: bytes, position: int) -> int:
    _, depths = structure(data[:position])
    return int(depths[-1]) if len(depths) else 0
