"""Where the values of CEF and LEEF records stand: `CEF:version|vendor|…|` and then `name=value` pairs.

As `etl.intake.pairs` reads them, the engine's way, which also takes what is not read here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from etl.intake.formats import Format
from etl.intake.pairs import CEF_HEAD, LEEF_HEAD
from etl.intake.places.compiled import Bytes, Places, compiled, until, until_odd
from etl.intake.places.fields import MOST_PAIRS, Asked, Views, keep, note_pairs
from etl.intake.places.pairs import ODD, TAB, byte_of
from etl.intake.places.prefix import BACKSLASH, BLANK, COLON, DASH, DOT, QUOTE, Prefix, text_start

PIPE, EQUALS, TWO = 124, 61, 50
LONGEST_DELIMITER = 4  # bytes that name it: a character, or its code (IBM, LEEF event components)


class Head(NamedTuple):
    """The head of a record: its mark, and for each of its parts the number of the name that it is asked for by, or -1."""

    mark: Bytes
    parts: Places
    delimiter: int  # of LEEF that names none


def head(spec: Format, names: list[str]) -> Head:
    """`names`: the first spellings of the fields, in order. Raises ValueError for a delimiter that only the engine reads."""
    kind = spec.frame.type
    parts = CEF_HEAD if kind == "cef" else LEEF_HEAD
    numbers = [names.index(name) if name in names else -1 for name in parts]
    mark = np.frombuffer(f"{kind.upper()}:".encode(), np.uint8)
    return Head(mark, np.array(numbers), byte_of(spec.frame.separator or "\t"))


@compiled
def _behind_head(data: Bytes, at: int, end: int, how: Head, starts: Places, ends: Places) -> tuple[int, int]:
    """Where the head begins, and the place behind it; its parts are noted. ODD where it has escapes or is cut short."""
    mark, parts, size = how.mark, how.parts, len(how.mark)
    begin = ODD
    place = until(data, at + size - 1, end, COLON, COLON)
    while place < end and begin < 0:
        nth = 0
        while nth < size and data[place - size + 1 + nth] == mark[nth]:
            nth += 1
        if nth == size:
            begin = place + 1
        place = until(data, place + 1, end, COLON, COLON)
    at = begin
    if begin < 0 or begin == end or data[begin] == BLANK:
        return ODD, ODD
    for part in range(len(parts)):
        start = at
        while at < end and data[at] != PIPE:
            if data[at] == BACKSLASH or data[at] < BLANK:
                return ODD, ODD
            at += 1
        if at == end:
            return ODD, ODD
        if parts[part] >= 0:
            starts[parts[part]], ends[parts[part]] = start, at
        at += 1
    return begin, at


@compiled
def find_cef(
    data: Bytes, offsets: Places, first: int, before: Prefix, how: Head, wanted: Asked, views: Views
) -> tuple[int, bool]:
    """CEF: a value holds blanks, and ends where the next ` name=` begins; a name has letters, digits, `_`, `.` and `-`.

    As `etl.intake.places.pairs.find_quoted`.
    """
    read, escaped = 0, False
    (table, bounds, slots), starts, ends, choices, pairs, least, host, url = wanted
    words, known, ports, rows = views
    for row in range(len(rows)):
        end = offsets[first + row + 1]
        start = text_start(data, offsets[first + row], end, before, starts, ends)
        start = _behind_head(data, start, end, how, starts, ends)[1] if start >= 0 else ODD
        if start < 0:
            continue
        count, has_escapes = _cef_pairs(data, start, end, pairs)
        if count >= 0 and note_pairs(data, pairs, count, table, bounds, slots, starts, ends) >= least:
            rows[read] = row
            keep(data, read, host, url, choices, starts, ends, words, known, ports)
            read, escaped = read + 1, escaped or has_escapes
    return read, escaped


@compiled
def _cef_pairs(data: Bytes, at: int, end: int, pairs: Places) -> tuple[int, bool]:
    """How many pairs there are, or ODD, and whether there are backslashes."""
    count, escapes = 0, False
    blank = at  # where the blanks before a possible name begin
    while at < end:
        while at < end and data[at] == BLANK:
            at += 1
        start = at
        if at < end and ((97 <= (data[at] | 32) <= 122) or data[at] == 95):
            while at < end and _in_name(data[at]):
                at += 1
            if at < end and data[at] == EQUALS:
                if count == MOST_PAIRS:
                    return ODD, False
                if count > 0:
                    pairs[count - 1, 3] = blank
                pairs[count] = start, at, at + 1, end
                count, at = count + 1, at + 1
        at = until_odd(data, at, end, BLANK, BACKSLASH, BLANK, BLANK)
        while at < end and data[at] == BACKSLASH:
            escapes = True
            at = until_odd(data, at + 1, end, BLANK, BACKSLASH, BLANK, BLANK)
        if at < end and data[at] != BLANK:
            return ODD, False
        blank = at
    return count, escapes


@compiled
def _in_name(byte: int) -> bool:
    return (97 <= (byte | 32) <= 122) or 48 <= byte <= 57 or byte == 95 or byte == DOT or byte == DASH


@compiled
def find_leef(
    data: Bytes, offsets: Places, first: int, before: Prefix, how: Head, wanted: Asked, views: Views
) -> tuple[int, bool]:
    """LEEF: a delimiter stands between the pairs; a record of version 2 may name its own.

    As `etl.intake.places.pairs.find_quoted`.
    """
    read, escaped = 0, False
    (table, bounds, slots), starts, ends, choices, pairs, least, host, url = wanted
    words, known, ports, rows = views
    for row in range(len(rows)):
        end = offsets[first + row + 1]
        start = text_start(data, offsets[first + row], end, before, starts, ends)
        if start < 0:
            continue
        begin, start = _behind_head(data, start, end, how, starts, ends)
        if begin < 0:
            continue
        delimiter = how.delimiter
        if data[begin] == TWO:
            delimiter, start = _delimiter(data, start, end, delimiter)
        if delimiter < 0:
            continue
        count, has_escapes = _leef_pairs(data, start, end, delimiter, pairs)
        if count >= 0 and note_pairs(data, pairs, count, table, bounds, slots, starts, ends) >= least:
            rows[read] = row
            keep(data, read, host, url, choices, starts, ends, words, known, ports)
            read, escaped = read + 1, escaped or has_escapes
    return read, escaped


@compiled
def _delimiter(data: Bytes, start: int, end: int, default: int) -> tuple[int, int]:
    """The delimiter of a record of version 2, or ODD, and where its pairs begin."""
    at = start
    while at < end and data[at] != PIPE and data[at] != EQUALS:
        at += 1
    if at < end and data[at] == EQUALS and data[at - 1] != BACKSLASH:
        return default, start
    size = at - start
    if at == end or data[at] == EQUALS or size > LONGEST_DELIMITER:
        return ODD, start
    if size == 0:
        return TAB, at + 1
    if size == 1:
        is_odd = data[start] == BACKSLASH or data[start] == QUOTE or data[start] > 126
        return (ODD if is_odd else int(data[start])), at + 1
    for place in range(start, at):
        if data[place] > 126:  # a character of another script
            return ODD, start
    if size == 2:  # \t, or what says nothing: a tab
        escapes = data[start] == BACKSLASH or data[start + 1] == BACKSLASH
        return (TAB if not escapes or (data[start] == BACKSLASH and (data[start + 1] | 32) == 116) else ODD), at + 1
    for place in range(start, at):
        if data[place] == BACKSLASH:
            return ODD, start
    if (data[at - 3] | 32) == 120 and (size == 3 or data[start] == 48):
        if data[at - 2] == 53 and (data[at - 1] | 32) == 101:
            return 94, at + 1  # 5e
        if data[at - 2] == 55 and (data[at - 1] | 32) == 99:
            return PIPE, at + 1  # 7c
    return TAB, at + 1


@compiled
def _leef_pairs(data: Bytes, at: int, end: int, delimiter: int, pairs: Places) -> tuple[int, bool]:
    """How many pairs there are, or ODD, and whether there are backslashes."""
    count, escapes = 0, False
    while at < end and data[at] == delimiter:
        at += 1
    while at < end:
        while at < end and data[at] == BLANK:
            at += 1
        name = at
        at = until_odd(data, at, end, EQUALS, delimiter, BACKSLASH, BLANK)
        if at == end or at == name or data[at] != EQUALS:
            return ODD, False  # what follows is still of the value before, or a name with escapes
        name_end, value = at, at + 1
        at += 1
        at = until_odd(data, at, end, delimiter, BACKSLASH, delimiter, BLANK)
        while at < end and data[at] == BACKSLASH:
            escapes = True
            next_byte = data[at + 1] if at + 1 < end else BLANK
            at += 2 if next_byte == BACKSLASH or next_byte == EQUALS or next_byte == PIPE else 1
            at = until_odd(data, at, end, delimiter, BACKSLASH, delimiter, BLANK)
        if at < end and data[at] != delimiter:
            return ODD, False
        if count == MOST_PAIRS:
            return ODD, False
        pairs[count] = name, name_end, value, min(at, end)
        count += 1
        while at < end and data[at] == delimiter:
            at += 1
    return count, escapes
