"""Where the cells of separated values stand: columns, W3C records and CSV rows; separators inside double quotes do not divide.

As `split_quoted` and `_columns` of `etl.intake.frames` read them, the engine's way, which also takes what is not read here:
quotes inside a cell, runs of blanks in a W3C record, rows that are too short.
"""

from __future__ import annotations

from typing import NamedTuple

from etl.intake.places.compiled import Bytes, Places, compiled, until, until_odd
from etl.intake.places.fields import Asked, Views, keep
from etl.intake.places.prefix import BLANK, QUOTE, Prefix, text_start

TAB = 9
STAND_INS = (29, 31)  # control characters that the engine's way makes question marks of


class Cells(NamedTuple):
    """How cells are divided. `blanks`: any run of blanks and tabs divides once; `single`: a run of separators is odd;
    `quotes`: whether quotes mean anything. `names`: for each cell the number of the name that it is asked for by, or -1."""

    separator: int
    blanks: bool
    single: bool
    quotes: bool
    names: Places


@compiled
def find_cells(
    data: Bytes, offsets: Places, first: int, before: Prefix, how: Cells, wanted: Asked, views: Views
) -> tuple[int, bool]:
    """As `etl.intake.places.pairs.find_quoted`; `wanted.least` is of cells."""
    read, escaped = 0, False
    _, starts, ends, choices, _, least, host, url = wanted
    words, known, ports, rows = views
    names = how.names
    for row in range(len(rows)):
        end = offsets[first + row + 1]
        start = text_start(data, offsets[first + row], end, before, starts, ends)
        if start < 0:
            continue
        while how.single and end > start and data[end - 1] == BLANK:
            end -= 1
        if how.blanks:
            count, doubled = _columns(data, start, end, names, starts, ends), False
        elif how.quotes:
            count, doubled = _quoted_cells(data, start, end, how.separator, how.single, names, starts, ends)
        else:
            count, doubled = _plain_cells(data, start, end, how.separator, names, starts, ends), False
        if count >= least:
            rows[read] = row
            keep(data, read, host, url, choices, starts, ends, words, known, ports)
            read, escaped = read + 1, escaped or doubled
    return read, escaped


@compiled
def _note(cell: int, start: int, end: int, names: Places, starts: Places, ends: Places) -> None:
    if cell < len(names) and names[cell] >= 0:
        starts[names[cell]], ends[names[cell]] = start, end


@compiled
def _columns(data: Bytes, at: int, end: int, names: Places, starts: Places, ends: Places) -> int:
    """How many columns there are."""
    count = 0
    while at < end:
        while at < end and (data[at] == BLANK or data[at] == TAB):
            at += 1
        start = at
        at = until(data, at, end, BLANK, TAB)
        if at > start:
            _note(count, start, at, names, starts, ends)
            count += 1
    return count


@compiled
def _plain_cells(data: Bytes, at: int, end: int, separator: int, names: Places, starts: Places, ends: Places) -> int:
    count, start = 0, at
    while at < end:
        if data[at] == separator:
            _note(count, start, at, names, starts, ends)
            count, start = count + 1, at + 1
        at += 1
    _note(count, start, end, names, starts, ends)
    return count + 1


@compiled
def _quoted_cells(
    data: Bytes, at: int, end: int, separator: int, single: bool, names: Places, starts: Places, ends: Places
) -> tuple[int, bool]:
    """How many cells there are, or -1, and whether some quote is doubled."""
    count, doubled = 0, False
    while True:
        start = at
        if at < end and data[at] == QUOTE:
            at += 1
            at = until_odd(data, at, end, QUOTE, STAND_INS[0], STAND_INS[1], 0)
            while at + 1 < end and data[at] == QUOTE and data[at + 1] == QUOTE:
                doubled = True
                at = until_odd(data, at + 2, end, QUOTE, STAND_INS[0], STAND_INS[1], 0)
            if at >= end or data[at] != QUOTE or (at + 1 < end and data[at + 1] != separator):
                return -1, False
            _note(count, start + 1, at, names, starts, ends)
            at += 1
        else:
            at = until_odd(data, at, end, separator, QUOTE, QUOTE, BLANK)
            while at < end and data[at] < BLANK and data[at] != separator and data[at] not in STAND_INS:
                at = until_odd(data, at + 1, end, separator, QUOTE, QUOTE, BLANK)
            if at < end and data[at] != separator:
                return -1, False
            if single and at == start:
                return -1, False
            _note(count, start, at, names, starts, ends)
        count += 1
        if at >= end:
            return count, doubled
        at += 1
