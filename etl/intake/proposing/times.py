"""What instants look like: a few values of a field → the expression that reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SHARE = 0.9  # of the values that must have the shape
CLOCK = r"\d{1,2}:\d\d:\d\d(?:\.\d+)?"
ZONE = r"(?: ?(?:Z|z|UTC|GMT|[+-]\d\d:?\d\d))?"
FIRST_EPOCH, LAST_EPOCH = 946_684_800, 4_102_444_800  # 2000 and 2100: other numbers are hardly instants
BY_DAY = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}|\d\d)(,? +)({CLOCK}|\d{{1,2}}:\d\d)( ?[AaPp][Mm])?")

# (shape, expression over {x}, words for people)
SHAPES: tuple[tuple[str, str, str], ...] = (
    (rf"\d{{4}}-\d\d-\d\d[T ]{CLOCK}{ZONE}", "iso_time({x})", "ISO 8601"),
    (
        rf"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d,\d+{ZONE}",
        "iso_time(replace({x}, ',', '.'))",
        "ISO 8601 with a decimal comma",
    ),
    (rf"\d{{4}}/\d\d/\d\d[T ]{CLOCK}", "iso_time(replace({x}, '/', '-'))", "YYYY/MM/DD HH:MM:SS"),
    (r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?", "clf_time({x})", "DD/Mon/YYYY:HH:MM:SS"),
    (
        r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?\]",
        "clf_time(replace(replace({x}, '[', ''), ']', ''))",
        "[DD/Mon/YYYY:HH:MM:SS]",
    ),
    (
        rf"[A-Z][a-z]{{2}} +\d{{1,2}} \d{{4}} {CLOCK}(?: (?:GMT|UTC|[+-]\d{{4}}))?",
        "named_time({x})",
        "Mon DD YYYY HH:MM:SS",
    ),
    (
        r"[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d",
        "syslog_time({x})",
        "Mon DD HH:MM:SS, the year from the time of receipt",
    ),
    (
        r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \d{4}",
        "local_strptime({x}, '%a %b %d %H:%M:%S %Y')",
        "Mon Nov 20 10:11:12 2026",
    ),
    (r"\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d", "local_strptime({x}, '%d %b %Y %H:%M:%S')", "DD Mon YYYY HH:MM:SS"),
    (r"20\d{12}", "local_strptime({x}, '%Y%m%d%H%M%S')", "YYYYMMDDHHMMSS"),
)
ZONED = re.compile(r"(?:Z|z|UTC|GMT|[+-]\d\d:?\d\d)\]?$")
NO_ZONE = "no zone is written; set timezone under [sources.NAME] unless it is UTC"
DATES = re.compile(r"\d{4}[-/]\d\d[-/]\d\d|\d{1,2}([/.-])\d{1,2}\1\d{4}|\d\d/[A-Z][a-z]{2}/\d{4}")
TIMES = re.compile(rf"{CLOCK}{ZONE}")


@dataclass(frozen=True)
class TimeGuess:
    """`expression` over `{x}`, the field; `words` for people; `doubt`: why it may be wrong, empty when it is not in doubt."""

    expression: str
    words: str
    doubt: str = ""


def guess_time(values: Sequence[str]) -> TimeGuess | None:
    """How instants are written in these values; None when they are none."""
    if not values:
        return None
    if epoch := _epoch(values):
        return epoch
    for shape, expression, words in SHAPES:
        if _share(re.compile(shape), values) >= LEAST_SHARE:
            return TimeGuess(expression, words, "" if ZONED.search(values[0]) else NO_ZONE)
    return _by_day(values)


def is_date(values: Sequence[str]) -> bool:
    """Whether these are days without a time of day."""
    return bool(values) and _share(DATES, values) >= LEAST_SHARE


def is_clock(values: Sequence[str]) -> bool:
    """Whether these are times of day without a day."""
    return bool(values) and _share(TIMES, values) >= LEAST_SHARE


def _share(shape: re.Pattern[str], values: Sequence[str]) -> float:
    return sum(bool(shape.fullmatch(value)) for value in values) / len(values)


def _epoch(values: Sequence[str]) -> TimeGuess | None:
    for digits, scale, name in (
        (10, 1, "seconds"),
        (13, 1000, "milliseconds"),
        (16, 10**6, "microseconds"),
        (19, 10**9, "nanoseconds"),
    ):
        shape = re.compile(rf"\d{{{digits}}}(?:\.\d+)?")
        near = [
            value for value in values if shape.fullmatch(value) and FIRST_EPOCH <= float(value) / scale < LAST_EPOCH
        ]
        if len(near) >= LEAST_SHARE * len(values):
            macro = {"seconds": "epoch_seconds", "milliseconds": "epoch_milliseconds"}.get(name, "epoch_any")
            return TimeGuess(f"{macro}({{x}})", f"{name} since 1970")
    return None


def _by_day(values: Sequence[str]) -> TimeGuess | None:
    """Day and month in either order: a number over 12 tells; otherwise it stays a guess."""
    found = [match for value in values if (match := BY_DAY.fullmatch(value))]
    if len(found) < LEAST_SHARE * len(values):
        return None
    divider, gap, clock, half = found[0][2], found[0][5], found[0][6], found[0][7]
    first_over = any(int(match[1]) > 12 for match in found)
    second_over = any(int(match[3]) > 12 for match in found)
    is_month_first = second_over or (not first_over and divider == "/" and half is not None)
    order = ("%m", "%d") if is_month_first else ("%d", "%m")
    hour = "%I" if half else "%H"
    seconds = ":%S" if clock.count(":") == 2 else ""
    fraction = ".%f" if "." in clock else ""
    year = "%Y" if len(found[0][4]) == 4 else "%y"
    noon = (" %p" if half.startswith(" ") else "%p") if half else ""
    pattern = f"{order[0]}{divider}{order[1]}{divider}{year}{gap}{hour}:%M{seconds}{fraction}{noon}"
    doubt = NO_ZONE if first_over or second_over else f"no value tells which is the day and which the month; {NO_ZONE}"
    return TimeGuess(f"local_strptime({{x}}, '{pattern}')", pattern, doubt)
