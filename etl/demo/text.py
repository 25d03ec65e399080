"""Log text by the column: a part is a constant or one text per record; joined parts are the lines of a log.

Everything here works on whole columns, so that a million lines take seconds. A result holds less than 2 GiB of text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Text = pa.Array
Part = str | pa.Array

SECOND, DAY = 1_000_000, 86_400_000_000  # µs
CLOCK = pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)])
THREE = pa.array([f"{i:03d}" for i in range(1000)])


def vocabulary(texts: Sequence[str]) -> Text:
    return pa.array(texts, pa.string())


def pick(words: Text, index: npt.NDArray[np.integer]) -> Text:
    """The word of each record."""
    return words.take(pa.array(index))


def number(values: npt.NDArray[np.integer]) -> Text:
    return pc.cast(pa.array(values), pa.string())


def either(test: Mask, yes: Part, no: Part) -> Text:
    return pc.if_else(pa.array(test), yes, no)


def join(*parts: Part) -> Text:
    """Parts side by side. One of them at least is a column."""
    return pc.binary_join_element_wise(*parts, "")


def content(lines: Text) -> bytes:
    """All texts one after another."""
    return spans(lines, [0, len(lines)])[0]


def spans(lines: Text, edges: Sequence[int]) -> list[bytes]:
    """The texts between each two edges (positions in `lines`), one after another."""
    offsets = np.frombuffer(lines.buffers()[1], np.int32)[lines.offset :]
    data = memoryview(lines.buffers()[2]) if lines.buffers()[2] is not None else memoryview(b"")
    return [bytes(data[int(offsets[a]) : int(offsets[b])]) for a, b in zip(edges, edges[1:], strict=False)]


def clock(instants: Ints, offset_seconds: int = 0) -> Text:
    """HH:MM:SS of instants (µs since 1970, UTC) at an offset from UTC."""
    return pick(CLOCK, (instants // SECOND + offset_seconds) % 86_400)


def day_of(instants: Ints, pattern: str, offset_seconds: int = 0) -> Text:
    """The date of each instant at an offset from UTC, written by a strftime pattern without locale."""
    days = (instants // SECOND + offset_seconds) // 86_400
    known, index = np.unique(days, return_inverse=True)
    words = [np.datetime64(int(day), "D").astype(object).strftime(pattern) for day in known]
    return pick(vocabulary(words), index)


def milliseconds(instants: Ints) -> Text:
    return pick(THREE, instants // 1000 % 1000)


def microseconds(instants: Ints) -> Text:
    return join(milliseconds(instants), pick(THREE, instants % 1000))


def iso(instants: Ints, fraction: Part = "") -> Text:
    """2026-11-20T10:11:12<fraction>Z."""
    return join(day_of(instants, "%Y-%m-%d"), "T", clock(instants), fraction, "Z")
