"""Where the text of a record begins behind its syslog prefix (RFC 3164, RFC 5424), and what the prefix says.

As `etl.intake.frames.body_sql` reads it, the engine's way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from etl.intake.formats import Format
from etl.intake.places.compiled import Bytes, Places, compiled
from etl.intake.places.pattern import NOTHING, Pattern, found_behind, pattern

BLANK, COLON, QUOTE, BACKSLASH, DASH, DOT = 32, 58, 34, 92, 45, 46
LESS, GREATER, OPEN, CLOSE = 60, 62, 91, 93
# Shapes: `9` is any digit, other bytes are themselves.
ISO, ZONE, ZONE_DIGITS = (np.frombuffer(shape, np.uint8) for shape in (b"9999-99-99T99:99:99", b"99:99", b"9999"))
YEAR, CLOCK = (np.frombuffer(shape, np.uint8) for shape in (b" 9999 ", b" 99:99:99"))


class Prefix(NamedTuple):
    """What stands before the text: a syslog prefix; its structured data when that is not the text itself; a pattern."""

    syslog: bool
    structured: bool
    pattern: bool
    after: Pattern


def prefix(spec: Format) -> Prefix:
    """Raises ValueError for a pattern that only the engine reads."""
    frame = spec.frame
    after = pattern(frame.after) if frame.after else NOTHING
    return Prefix(frame.syslog, frame.structured, bool(frame.after), after)


@compiled
def text_start(data: Bytes, start: int, end: int, before: Prefix, starts: Places, ends: Places) -> int:
    """Where the text of the record in `data[start:end]` begins. -1: left to the engine.

    Nothing else is known of the record yet; what its prefix says is the last two of `starts` and `ends`.
    """
    starts[:] = -1
    if before.syslog:
        start = _behind_syslog(data, start, end, before.structured, starts, ends)
    if before.pattern:
        return found_behind(data, start, end, before.after)
    return start


@compiled
def _behind_syslog(data: Bytes, start: int, end: int, structured: bool, starts: Places, ends: Places) -> int:
    at = _priority(data, start, end)
    if at > start:
        version = _digits(data, at, end, 2)
        if version > at and _two_words(data, version, end):
            return _behind_5424(data, start, version + 1, end, structured, starts, ends)
    elif not (start < end and data[start] == LESS) and _time(data, start, end) < 0:
        return start
    return _behind_3164(data, start, end, starts, ends)


@compiled
def _two_words(data: Bytes, at: int, end: int) -> bool:
    """Whether a blank and two words with a blank behind each follow."""
    for _ in range(2):
        at += 1
        word = at
        while at < end and data[at] != BLANK:
            at += 1
        if at == word or at == end or data[word - 1] != BLANK:
            return False
    return True


@compiled
def _behind_5424(data: Bytes, start: int, at: int, end: int, structured: bool, starts: Places, ends: Places) -> int:
    """`<PRI>VERSION TIME HOST APP PROCID MSGID [structured data] text`; a record of another shape is text from its start."""
    time = at
    at = at + 1 if data[at] == DASH else _time(data, at, end)
    if at < 0 or at >= end or data[at] != BLANK:
        return start
    time_end, host = at, at + 1
    host_end = at = _word(data, host, end)
    for _ in range(3):
        if at < 0:
            return start
        at = _word(data, at + 1, end)
    if at < 0:
        return start
    at += 1
    if not structured:
        if at < end and data[at] == DASH:
            at += 1
        else:
            behind = _element(data, at, end)
            if behind < 0:
                return start
            while behind > 0:
                at = behind
                behind = _element(data, at, end)
        if at < end and data[at] == BLANK:
            at += 1
    _note(data, time, time_end, host, host_end, starts, ends)
    return at


@compiled
def _element(data: Bytes, at: int, end: int) -> int:
    """The place behind an element of structured data, `[…]`, or -1. A bracket in quotes does not end it."""
    if at >= end or data[at] != OPEN:
        return -1
    at += 1
    while at < end and data[at] != CLOSE:
        if data[at] == QUOTE:
            at += 1
            while at < end and data[at] != QUOTE:
                at += 2 if data[at] == BACKSLASH else 1
        at += 1
    return at + 1 if at < end else -1


@compiled
def _behind_3164(data: Bytes, start: int, end: int, starts: Places, ends: Places) -> int:
    """`<PRI>Mmm dd hh:mm:ss host tag[pid]: text`, of which each part may be missing."""
    at = _priority(data, start, end)
    if at > start:
        if at < end and data[at] == COLON:
            at += 1
        if at < end and data[at] == BLANK:
            at += 1
    time, time_end = at, _time(data, at, end)
    if time_end > 0:
        behind = time_end + 1 if time_end < end and data[time_end] == COLON else time_end
        if behind < end and data[behind] == BLANK:
            host = _past_blanks(data, behind, end)
            host_end = host
            while host_end < end and not _ends_host(data[host_end]):
                host_end += 1
            at = host
            if host_end == end or data[host_end] != BLANK or host_end == host:
                host_end = host
            else:
                at = _past_blanks(data, host_end, end)
            _note(data, time, time_end, host, host_end, starts, ends)
    tag = at
    while tag < end and _in_tag(data[tag]):
        tag += 1
    if tag == at:
        return at
    if tag < end and data[tag] == OPEN:
        number = _digits(data, tag + 1, end, end)
        if number > tag + 1 and number < end and data[number] == CLOSE:
            tag = number + 1
    if tag + 1 < end and data[tag] == COLON and data[tag + 1] == BLANK:
        return _past_blanks(data, tag + 1, end)
    return at


@compiled
def _ends_host(byte: int) -> bool:
    """White space and `: = | [ ] %`."""
    return _is_space(byte) or byte == COLON or byte == 61 or byte == 124 or byte == OPEN or byte == CLOSE or byte == 37


@compiled
def _in_tag(byte: int) -> bool:
    """Letters, digits and `_ . / -`."""
    low = byte | 32
    return (97 <= low <= 122) or _is_digit(byte) or byte == 95 or DASH <= byte <= 47


@compiled
def _note(data: Bytes, time: int, time_end: int, host: int, host_end: int, starts: Places, ends: Places) -> None:
    """`-` and nothing say nothing."""
    if time_end - time > 1 or (time_end > time and data[time] != DASH):
        starts[-2], ends[-2] = time, time_end
    if host_end - host > 1 or (host_end > host and data[host] != DASH):
        starts[-1], ends[-1] = host, host_end


@compiled
def _priority(data: Bytes, start: int, end: int) -> int:
    """The place behind `<PRI>`, or `start`."""
    if start < end and data[start] == LESS:
        at = _digits(data, start + 1, end, 3)
        if at > start + 1 and at < end and data[at] == GREATER:
            return at + 1
    return start


@compiled
def _time(data: Bytes, at: int, end: int) -> int:
    """The place behind a time, `Mmm dd [yyyy] hh:mm:ss[.f]` or ISO 8601, or -1."""
    if at + 15 > end:
        return -1
    if _is_digit(data[at]):
        if not _fits(data, at, end, ISO):
            return -1
        at = _behind_fraction(data, at + 19, end)
        if at < end and data[at] == 90:
            return at + 1
        if at < end and (data[at] == 43 or data[at] == DASH):
            if _fits(data, at + 1, end, ZONE):
                return at + 6
            if _fits(data, at + 1, end, ZONE_DIGITS):
                return at + 5
        return at
    if not (65 <= data[at] <= 90 and 97 <= data[at + 1] <= 122 and 97 <= data[at + 2] <= 122 and data[at + 3] == BLANK):
        return -1
    at += 4
    if (data[at] == BLANK or _is_digit(data[at])) and _is_digit(data[at + 1]):
        at += 2
    elif _is_digit(data[at]):
        at += 1
    else:
        return -1
    if _fits(data, at, end, YEAR):
        at += 5
    return _behind_fraction(data, at + 9, end) if _fits(data, at, end, CLOCK) else -1


@compiled
def _behind_fraction(data: Bytes, at: int, end: int) -> int:
    if at + 1 < end and data[at] == DOT and _is_digit(data[at + 1]):
        return _digits(data, at + 1, end, end)
    return at


@compiled
def _fits(data: Bytes, at: int, end: int, shape: Bytes) -> bool:
    """Whether bytes of a shape stand there."""
    if at + len(shape) > end:
        return False
    for nth in range(len(shape)):
        if not (_is_digit(data[at + nth]) if shape[nth] == 57 else data[at + nth] == shape[nth]):
            return False
    return True


@compiled
def _digits(data: Bytes, at: int, end: int, most: int) -> int:
    """The place behind at most so many digits."""
    stop = min(at + most, end)
    while at < stop and _is_digit(data[at]):
        at += 1
    return at


@compiled
def _is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@compiled
def _is_space(byte: int) -> bool:
    return byte == BLANK or byte == 9 or byte == 10 or byte == 12 or byte == 13


@compiled
def _past_blanks(data: Bytes, at: int, end: int) -> int:
    while at < end and data[at] == BLANK:
        at += 1
    return at


@compiled
def _word(data: Bytes, at: int, end: int) -> int:
    """The place of the blank behind a word that begins there, or -1."""
    word = at
    while at < end and not _is_space(data[at]):
        at += 1
    return at if at > word and at < end and data[at] == BLANK else -1
