"""Log text by the column: a template is filled with one text per record, for all records at once.

Everything here works on whole columns, so that a million lines take seconds. A result holds less than 2 GiB of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.integer[Any]]
Text: TypeAlias = pa.Array  # one text, or null, per record
Part: TypeAlias = str | pa.Array  # a constant, or a column

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000  # µs
CLOCK = pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)])
THREE = pa.array([f"{i:03d}" for i in range(1000)])


def pick(words: Sequence[str], index: Numbers) -> Text:
    """The word of each record."""
    return pa.array(words, pa.string()).take(pa.array(index))


def number(values: Numbers) -> Text:
    return pc.cast(pa.array(values), pa.string())


def padded(values: Numbers, width: int) -> Text:
    """Numbers with blanks in front."""
    return pc.utf8_lpad(number(values), width, " ")


def either(test: Mask, yes: Part, no: Part) -> Text:
    return pc.if_else(pa.array(test), yes, no)


def null_where(test: Mask, column: Text) -> Text:
    return pc.if_else(pa.array(test), pa.scalar(None, pa.string()), column)


def join(*parts: Part) -> Text:
    """Parts side by side; null where one of them is. One of them at least is a column."""
    return pc.binary_join_element_wise(*parts, "")


def fill(template: str, columns: dict[str, Text]) -> Text:
    """The template with `{name}` replaced by that column, for each record. Other braces stand for themselves."""
    parts = re.split(r"\{([a-z_]\w*)\}", template)
    return join(*(columns[part] if place % 2 else part for place, part in enumerate(parts)))


def content(lines: Text) -> bytes:
    """All texts one after another."""
    return spans(lines, [0, len(lines)])[0]


def spans(lines: Text, edges: Sequence[int]) -> list[bytes]:
    """The texts between each two edges (positions in `lines`), one after another."""
    _, offsets, data = lines.buffers()
    positions = np.frombuffer(offsets, np.int32)[lines.offset :]
    view = memoryview(b"" if data is None else data)
    return [bytes(view[int(positions[a]) : int(positions[b])]) for a, b in pairwise(edges)]


def clock(instants: Ints, offset_seconds: int = 0) -> Text:
    """HH:MM:SS of instants (µs since 1970, UTC) at an offset from UTC."""
    return CLOCK.take(pa.array((instants // SECOND + offset_seconds) % 86_400))


def day_of(instants: Ints, pattern: str, offset_seconds: int = 0) -> Text:
    """The date of each instant at an offset from UTC, by a strftime pattern of numbers, %a and %b (always English)."""
    days = (instants // SECOND + offset_seconds) // 86_400
    known, index = np.unique(days, return_inverse=True)
    return pick([_written(date(1970, 1, 1) + timedelta(days=day), pattern) for day in known.tolist()], index)


def _written(day: date, pattern: str) -> str:
    return day.strftime(pattern.replace("%a", WEEKDAYS[day.weekday()]).replace("%b", MONTHS[day.month - 1]))


def zone(offset_seconds: int) -> str:
    """+0530."""
    sign = "+" if offset_seconds >= 0 else "-"
    return f"{sign}{abs(offset_seconds) // 3600:02d}{abs(offset_seconds) // 60 % 60:02d}"


def milliseconds(instants: Ints) -> Text:
    return THREE.take(pa.array(instants // 1000 % 1000))


def microseconds(instants: Ints) -> Text:
    return join(milliseconds(instants), THREE.take(pa.array(instants % 1000)))


def iso(instants: Ints, fraction: Part = "") -> Text:
    """2026-11-20T10:11:12<fraction>Z."""
    return join(day_of(instants, "%Y-%m-%d"), "T", clock(instants), fraction, "Z")
