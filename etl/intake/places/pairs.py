"""Where the values of `name=value` pairs stand: pairs divided by blanks or another separator, values in quotes or not.

What these functions read they read as `etl.intake.pairs` does, which is the engine's way and takes every record; what is
odd in any way is not read, and goes there.
"""

from __future__ import annotations

from typing import NamedTuple

from etl.intake.formats import Format
from etl.intake.places.compiled import Bytes, Places, compiled, until_odd
from etl.intake.places.fields import MOST_PAIRS, Asked, Views, keep, note_pairs
from etl.intake.places.prefix import BACKSLASH, BLANK, CLOSE, QUOTE, Prefix, text_start

TAB = 9
ODD = -1


def byte_of(character: str) -> int:
    """The byte of an ASCII character. Raises ValueError for any other: only the engine divides by those."""
    if len(character) != 1 or not character.isascii():
        raise ValueError(f"character: found {character!r}; expected one ASCII character")
    return ord(character)


class Pairs(NamedTuple):
    """How pairs are written. `wide`: a blank belongs to the separator; `wide_assign`: to the assignment, too; `quoted`: all
    values stand in quotes, and behind `"]` is no pair."""

    separator: int
    wide: bool
    assign: int
    wide_assign: bool
    quoted: bool


def quoted_pairs(spec: Format) -> Pairs:
    """Raises ValueError for a frame that only the engine reads."""
    separator, assign, quoted = spec.frame.separator or " ", spec.frame.assign, spec.frame.quoted
    if (
        len(assign) != 1
        or len(separator.rstrip(" ") or " ") != 1
        or len(separator) > 2
        or (len(separator) > 1 and not quoted)
    ):
        raise ValueError(f"frame: found {separator!r} and {assign!r}; expected single characters")
    return Pairs(byte_of(separator[0]), len(separator) > 1, byte_of(assign), False, quoted)


def bare_pairs(spec: Format) -> Pairs:
    """Raises ValueError for a frame that only the engine reads."""
    separator, assign = spec.frame.separator or " ", spec.frame.assign
    if len(separator.rstrip(" ") or " ") != 1 or len(assign.rstrip(" ") or " ") != 1 or len(separator + assign) > 4:
        raise ValueError(f"frame: found {separator!r} and {assign!r}; expected single characters and a blank at most")
    return Pairs(byte_of(separator[0]), len(separator) == 2, byte_of(assign[0]), len(assign) == 2, False)


@compiled
def find_quoted(
    data: Bytes, offsets: Places, first: int, before: Prefix, how: Pairs, wanted: Asked, views: Views
) -> tuple[int, bool]:
    """Pairs whose values may stand in quotes, or all do. A backslash escapes a quote or itself.

    Records are `data[offsets[i]:offsets[i + 1]]`, as many as `views` has room for, from `first`. Gives how many were read, and
    whether some value may hold an escape.
    """
    read, escaped = 0, False
    (table, bounds, slots), starts, ends, choices, pairs, least, host, url = wanted
    words, known, ports, rows = views
    for row in range(len(rows)):
        end = offsets[first + row + 1]
        start = text_start(data, offsets[first + row], end, before, starts, ends)
        if start >= 0 and how.quoted:
            end = _structure_end(data, offsets[first + row], start, end)
        if start < 0 or end < 0:
            continue
        count, has_escapes = _quoted_record(data, start, end, how, pairs)
        if count >= 0 and note_pairs(data, pairs, count, table, bounds, slots, starts, ends) >= least:
            rows[read] = row
            keep(data, read, host, url, choices, starts, ends, words, known, ports)
            read, escaped = read + 1, escaped or has_escapes
    return read, escaped


@compiled
def _structure_end(data: Bytes, begin: int, start: int, end: int) -> int:
    """Behind the quote of the first `"]`, at which structured data ends; ODD where a bracket is escaped or one ends before."""
    found = end
    for at in range(begin + 1, end):
        if data[at] == CLOSE and data[at - 1] == QUOTE:
            if at - 1 < start or (at - 1 > begin and data[at - 2] == BACKSLASH):
                return ODD
            if found == end:
                found = at
    return found


@compiled
def _quoted_record(data: Bytes, at: int, end: int, how: Pairs, pairs: Places) -> tuple[int, bool]:
    """How many pairs there are, or ODD, and whether there are backslashes."""
    separator, assign, count, escapes = how.separator, how.assign, 0, False
    while at < end:
        if separator != BLANK and data[at] == BLANK:
            at += 1
            if not how.quoted or at == end or data[at] == BLANK:
                return ODD, False
        name = at
        at = until_odd(data, at, end, assign, separator, QUOTE, BLANK)
        if at < end and data[at] != assign and data[at] != separator:
            return ODD, False
        if at == end or data[at] == separator:  # a token without a name
            if at < end and how.wide and (at + 1 == end or data[at + 1] != BLANK):
                return ODD, False
            at += 1
            continue
        name_end = at
        at += 1
        if separator != BLANK:
            if name_end > name and data[name_end - 1] == BLANK:
                return ODD, False
            while at < end and data[at] == BLANK:
                at += 1
        if at < end and data[at] == QUOTE:
            value, at = at + 1, at + 1
            at = until_odd(data, at, end, QUOTE, BACKSLASH, QUOTE, BLANK)
            while at < end and data[at] == BACKSLASH:
                escapes = True
                at += 2 if at + 1 < end and (data[at + 1] == QUOTE or data[at + 1] == BACKSLASH) else 1
                at = until_odd(data, at, end, QUOTE, BACKSLASH, QUOTE, BLANK)
            if at < end and data[at] != QUOTE:
                return ODD, False
            if at >= end or name == name_end:
                return ODD, False
            value_end = at
            at += 1
            if at < end and data[at] != separator:
                return ODD, False
        else:
            if how.quoted:
                return ODD, False
            value = at
            at = until_odd(data, at, end, separator, BACKSLASH, QUOTE, BLANK)
            while at < end and data[at] == BACKSLASH:
                escapes = True
                at += 2 if at + 1 < end and (data[at + 1] == QUOTE or data[at + 1] == BACKSLASH) else 1
                at = until_odd(data, at, end, separator, BACKSLASH, QUOTE, BLANK)
            if at < end and data[at] != separator:
                return ODD, False
            value_end = at
        if name < name_end:
            if count == MOST_PAIRS:
                return ODD, False
            pairs[count] = name, name_end, value, value_end
            count += 1
        if at < end and how.wide and (at + 1 == end or data[at + 1] != BLANK):
            return ODD, False
        at += 1
    return count, escapes


@compiled
def find_bare(
    data: Bytes, offsets: Places, first: int, before: Prefix, how: Pairs, wanted: Asked, views: Views
) -> tuple[int, bool]:
    """Pairs whose values are never quoted and may hold the separator: a value ends where the next name begins. As `find_quoted`."""
    read = 0
    (table, bounds, slots), starts, ends, choices, pairs, least, host, url = wanted
    words, known, ports, rows = views
    for row in range(len(rows)):
        end = offsets[first + row + 1]
        start = text_start(data, offsets[first + row], end, before, starts, ends)
        if start < 0:
            continue
        while end > start and (data[end - 1] == how.separator or data[end - 1] == BLANK):
            end -= 1
        count = _bare_record(data, start, end, how, pairs)
        if count >= 0 and note_pairs(data, pairs, count, table, bounds, slots, starts, ends) >= least:
            rows[read] = row
            keep(data, read, host, url, choices, starts, ends, words, known, ports)
            read += 1
    return read, False


@compiled
def _bare_record(data: Bytes, start: int, end: int, how: Pairs, pairs: Places) -> int:
    """How many pairs there are, or ODD."""
    separator, count = how.separator, 0
    begin = start - 1  # a separator before the first pair is understood
    while begin < end:
        if begin >= start:
            begin = until_odd(data, begin, end, separator, separator, separator, BLANK)
            if begin == end:
                break
            if data[begin] != separator:
                return ODD
        at = begin + 1
        if how.wide or separator == BLANK:
            while at < end and (data[at] == BLANK or data[at] == TAB):
                at += 1
        is_led = not how.wide or at > begin + 1 or begin < start
        name = at
        if is_led and at < end and ((97 <= (data[at] | 32) <= 122) or data[at] == 95):
            while (
                at < end
                and data[at] != how.assign
                and data[at] != separator
                and data[at] != QUOTE
                and data[at] >= BLANK
            ):
                at += 1
            if at < end and data[at] == how.assign:
                name_end = at
                while data[name_end - 1] == BLANK:
                    name_end -= 1
                at += 1
                if not how.wide_assign or at == end or data[at] == BLANK:
                    if count == MOST_PAIRS:
                        return ODD
                    if count > 0:
                        pairs[count - 1, 3] = begin
                    while at < end and data[at] == BLANK:
                        if separator == BLANK:
                            return ODD
                        at += 1
                    pairs[count] = name, name_end, at, end
                    count, begin = count + 1, at
                    continue
            elif separator == BLANK:
                while at < end and data[at] == BLANK:
                    at += 1
                if at < end and data[at] == how.assign:
                    return ODD
        for place in range(max(begin, start), name):
            if data[place] < BLANK and data[place] != separator:
                return ODD
        begin = max(begin + 1, name)
    return count
