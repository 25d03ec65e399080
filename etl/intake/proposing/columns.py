"""Which field holds what: by its name where it has one, and always by its values.

Every guess says why it was made, so that the person who reads the proposal can judge it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from etl.intake.proposing.samples import Sample
from etl.intake.proposing.times import TimeGuess, guess_time, is_clock, is_date
from etl.intake.proposing.vocabulary import NAMES, VERDICTS
from etl.intake.sql import literal, quoted

LEAST_SHARE = 0.8  # of the values that must be of the kind
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
IPV6 = re.compile(r"\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?")
HOST = re.compile(r"(?=.*[A-Za-z])[\w-]+(?:\.[\w-]+)+\.?")
ADDRESS = re.compile(
    r"[a-zA-Z][a-zA-Z+.-]*://\S+|[\w.-]+\.[A-Za-z]{2,}(?::\d+)?(?:/\S*)?|[\d.]+:\d+|\[[0-9A-Fa-f:]+\]:\d+"
)
METHOD = re.compile(r"(?i)GET|POST|PUT|HEAD|CONNECT|DELETE|OPTIONS|PATCH|PROPFIND|TRACE|TUNNEL|[A-Z_]{3,16}")
METHODS = re.compile(r"(?i)GET|POST|PUT|HEAD|CONNECT|DELETE|OPTIONS|PATCH|PROPFIND|TRACE")
PRIVATE = ("10.", "192.168.", "172.16.", "172.2", "172.30.", "172.31.", "127.", "fc", "fd", "100.64.")


def _is(shape: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: bool(shape.fullmatch(value))


def _is_ip(value: str) -> bool:
    return bool(IPV4.fullmatch(value) or IPV6.fullmatch(value))


def _is_verdict(value: str) -> bool:
    return verdict(value) is not None


@dataclass(frozen=True)
class Kind:
    """An event column and what the values of its fields look like; their names are in `vocabulary.py`.

    `by_values`: values so peculiar that a field needs no name to be known by.
    """

    column: str
    fits: Callable[[str], bool]
    by_values: Callable[[str], bool] | None = None


ANY = _is(re.compile(r".*", re.DOTALL))
WHOLE = _is(re.compile(r"\d+(?:\.0+)?"))
# The order decides: a field is taken once.
KINDS = (
    Kind(
        "url",
        lambda value: bool(ADDRESS.fullmatch(value)),
        lambda value: "://" in value[:12] or bool(re.fullmatch(r"[\w.-]+\.[a-z]{2,}:\d+", value)),
    ),
    Kind(
        "dst_host",
        lambda value: bool(HOST.fullmatch(value.split(":")[0])) and not IPV4.fullmatch(value),
        lambda value: bool(HOST.fullmatch(value) and re.search(r"\.[a-z]{2,}$", value)),
    ),
    Kind("src_ip", _is_ip, lambda value: _is_ip(value) and value.lower().startswith(PRIVATE)),
    Kind("dst_ip", _is_ip, _is_ip),
    Kind(
        "user_name",
        ANY,
        lambda value: bool(re.fullmatch(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[A-Za-z][\w-]*\\[\w.-]+", value)),
    ),
    Kind("device_name", ANY),
    Kind("http_method", _is(METHOD), _is(METHODS)),
    Kind("http_status", _is(re.compile(r"[1-5]\d\d|0|000")), _is(re.compile("20[0-6]|30[1-8]|40[0-9]|50[0-4]"))),
    Kind("action", ANY, _is_verdict),
    Kind("uploaded_bytes", WHOLE),
    Kind("downloaded_bytes", WHOLE),
    Kind("total_bytes", WHOLE),
    Kind("src_port", _is(re.compile(r"\d{1,5}"))),
    Kind("dst_port", _is(re.compile(r"\d{1,5}"))),
    Kind("user_agent", ANY, lambda value: value.startswith(("Mozilla/", "curl/", "Microsoft-"))),
    Kind(
        "content_type",
        _is(re.compile(r"[\w.+-]+/[\w.+-]+.*")),
        _is(re.compile(r"(?:text|image|application|audio|video|font|multipart)/[\w.+-]+.*")),
    ),
    Kind("app_hint", ANY),
    Kind("vendor_category", ANY),
)
# Fields whose names say the unit: milliseconds in one.
MILLISECONDS = {
    "durationms": 1,
    "elapsedms": 1,
    "timetakenms": 1,
    "durationmilliseconds": 1,
    "durationseconds": 1000,
    "durationsec": 1000,
}


@dataclass(frozen=True)
class Guess:
    """An event column, the expression that gives it, the fields it reads, and why."""

    column: str
    expression: str
    fields: tuple[str, ...]
    why: str


def guess(sample: Sample) -> list[Guess]:
    """What each field may hold, the time first. A field is used once; what nothing tells is left out."""
    found = [time] if (time := _time(sample)) else []
    taken = {name for one in found for name in one.fields}
    for kind in KINDS:
        name, why = _field(kind, sample, taken)
        if name:
            taken.add(name)
            found.append(_said(kind.column, name, why, sample.values(name)))
    for name in sample.names:
        if (scale := MILLISECONDS.get(_letters(name))) and name not in taken and all(map(WHOLE, sample.values(name))):
            found.append(
                Guess(
                    "duration_ms",
                    f"whole({quoted(name)}) * {scale}" if scale > 1 else f"whole({quoted(name)})",
                    (name,),
                    _by_name(name),
                )
            )
            break
    return found


def verdict(value: str) -> str | None:
    """The action that a word stands for; None when it is not known."""
    plain = value.lower()
    return next((action for action, heads in VERDICTS.items() if plain.startswith(heads)), None)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _spellings(name: str) -> list[str]:
    """`http.request.method` is also known as `request.method` and `method`."""
    parts = name.split(".")
    return [_letters("".join(parts[i:])) for i in range(len(parts))]


def _by_name(name: str) -> str:
    return f"by its name, {name}"


def _field(kind: Kind, sample: Sample, taken: set[str]) -> tuple[str, str]:
    free = [name for name in sample.names if name not in taken and "|" not in name]
    for wanted in NAMES[kind.column]:
        for name in free:
            if wanted in _spellings(name) and _share(kind.fits, sample.values(name)) >= LEAST_SHARE:
                return name, _by_name(name)
    if kind.by_values is not None:
        for name in free:
            values = sample.values(name)
            if values and _share(kind.by_values, values) >= LEAST_SHARE:
                return name, f"by its values, such as {values[0][:40]}"
    return "", ""


def _share(fits: Callable[[str], bool], values: Sequence[str]) -> float:
    return sum(map(fits, values)) / len(values) if values else 1.0


def _time(sample: Sample) -> Guess | None:
    """The instant: in a field, in a date and a time of day, or in the syslog header."""
    named = sorted(sample.names, key=_time_rank)
    for name in named:
        if found := guess_time(sample.values(name)):
            return _instant(found, quoted(name), (name,), f"{_why(name)}, written as {found.words}")
    day = next((name for name in named if is_date(sample.values(name))), None)
    clock = next((name for name in named if is_clock(sample.values(name))), None)
    if day and clock:
        joined = [f"{record.get(day, '').strip()} {record.get(clock, '').strip()}" for record in sample.records]
        if found := guess_time([value for value in joined if value.strip()]):
            expression = f"({quoted(day)} || ' ' || {quoted(clock)})"
            return _instant(found, expression, (day, clock), f"from {day} and {clock}, written as {found.words}")
    if sample.is_syslog:
        return Guess("event_at", "syslog_time(syslog_time)", (), "from the syslog header; no other field holds a time")
    return None


def _why(name: str) -> str:
    return f"in {name}" if re.fullmatch(r"column_\d+", name) else _by_name(name)


def _instant(found: TimeGuess, expression: str, fields: tuple[str, ...], why: str) -> Guess:
    doubt = f"; CHECK: {found.doubt}" if found.doubt else ""
    return Guess("event_at", found.expression.format(x=expression), fields, why + doubt)


def _time_rank(name: str) -> int:
    return min(
        (NAMES["event_at"].index(one) for one in _spellings(name) if one in NAMES["event_at"]),
        default=len(NAMES["event_at"]),
    )


def _said(column: str, name: str, why: str, values: list[str]) -> Guess:
    field = quoted(name)
    if column == "action":
        return _action(name, why, values)
    if column.endswith("_bytes"):
        return Guess(
            column, f"whole({field})", (name,), why + ("; CHECK the direction" if column != "total_bytes" else "")
        )
    if column == "url" and values and all(value.startswith("/") for value in values):
        return Guess("url_path", f"path_only({field})", (name,), why)
    if column == "dst_host" and any(":" in value for value in values):
        return Guess(column, f"host_of_authority({field})", (name,), why)
    return Guess(column, field, (name,), why)


def _action(name: str, why: str, values: list[str]) -> Guess:
    """Each value that occurs, by the word it begins with; what is not known is left to the reader."""
    known = {value.lower(): verdict(value) for value in values[:500]}
    whens = " ".join(f"when {literal(value)} then '{said}'" for value, said in sorted(known.items()) if said)
    strange = sorted(value for value, said in known.items() if said is None)[:5]
    doubt = f"; CHECK: not known {', '.join(strange)}" if strange else "; CHECK: values that the sample does not show"
    expression = f"case lower({quoted(name)}) {whens} end" if whens else "null"
    return Guess("action", expression, (name,), why + doubt)
