"""A proposal as `format.toml`: what was guessed is marked, what was not used is listed."""

from __future__ import annotations

import re
from typing import Any

from etl.intake.proposing.columns import Guess
from etl.intake.proposing.samples import Sample
from etl.intake.sql import quoted

# Names that the frame's own columns have, and so no field.
RESERVED = {"record_no", "line", "flaw", "envelope", "text", "syslog_time", "syslog_host", "url_text_", "batch"}
PLACES = {
    "event_at": "time",
    "src_ip": "client_ip",
    "user_name": "user",
    "http_method": "method",
    "http_status": "status",
}
BYTES = {"uploaded_bytes": "uploaded", "downloaded_bytes": "downloaded", "total_bytes": "total"}
ENTITIES = {
    "device_name": "device",
    "user_name": "user",
    "src_ip": "ip",
    "dst_ip": "ip",
    "url": "url",
    "dst_host": "url",
    "app_hint": "app",
}


def text(value: str) -> str:
    """A TOML string, in the form that needs no escapes where there is one."""
    if "'" not in value and value.isprintable():
        return f"'{value}'"
    if '"' not in value and "\\" not in value and value.isprintable():
        return f'"{value}"'
    if "'''" not in value and not value.endswith("'") and value.replace("\t", "").isprintable():
        return f"'''{value}'''"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'


def render(name: str, file_name: str, sample: Sample, guesses: list[Guess]) -> str:
    """The text of the file."""
    called = _names(sample, guesses)
    time = next((one for one in guesses if one.column == "event_at"), None)
    lines = [
        f"# Proposed by `cloud-discovery format new {name}` from {_plain(file_name)}: {sample.described}.",
        "# Every line marked GUESS was told by a field's name or by its values in the sample: read it, correct it, take the mark away.",
        "# A column that the log does not have stays out: unknown is null, never 0. Guide: docs/custom-formats.md.",
        f"title = {text(name.replace('_', ' '))}",
        "vendor = 'own'",
        f"document = {text('the sample ' + _plain(file_name))}",
        "confidence = 'by convention'",
        f"time = {text(_time_words(time))}",
        "",
        "[frame]",
        *_frame(sample, guesses, called),
        "",
        "[detect]",
        *(f"{key} = {_value(value)}" for key, value in sample.detect.items()),
        "weight = 30    # above the catch-alls and above most formats of the project",
        "",
        "[event]",
        *(
            []
            if time
            else [
                '# FOUND NO TIME: say where it is, such as iso_time("time"); until then every record is a reject',
                "event_at = 'null::timestamp'",
            ]
        ),
    ]
    for one in guesses:
        lines += [f"# GUESS {_plain(one.why)}", f"{one.column} = {text(_renamed(one.expression, called))}"]
    rest = [field for field in sample.names if not any(field in one.fields for one in guesses)]
    if rest:
        lines += ["", "# Not used, with a value of each:"]
        lines += [
            f"#   {_plain(called[field])}: {_plain(next(iter(sample.values(field)), 'empty')[:60])}"
            for field in rest[:60]
        ]
    entities = sorted({ENTITIES[one.column] for one in guesses if one.column in ENTITIES}) or ["url"]
    sizes = [BYTES[one.column] for one in guesses if one.column in BYTES]
    lines += ["", "[provides]", f"entities = {_value(entities)}", f"bytes = {_value(sizes)}"]
    return "\n".join(lines) + "\n"


def _time_words(time: Guess | None) -> str:
    """What the time looks like: it is part of the reason why a record is a reject."""
    return _plain(time.why.split("; CHECK")[0].split("written as ")[-1]) if time else "a time: see [event] event_at"


def _plain(words: str) -> str:
    """On one line of a comment."""
    return "".join(char if char.isprintable() else " " for char in words)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return str(value)


def _names(sample: Sample, guesses: list[Guess]) -> dict[str, str]:
    """What each field is called in expressions: by what it holds where it has only a place, as it is called otherwise."""
    called: dict[str, str] = {}
    used: set[str] = set()
    roles = {field: one.column for one in guesses for field in one.fields if len(one.fields) == 1}
    for field in sample.names:
        wanted = field
        if sample.by_position and field in roles:
            wanted = PLACES.get(
                roles[field], roles[field].removeprefix("dst_") if roles[field] == "dst_host" else roles[field]
            )
        elif sample.paths:
            wanted = re.sub(r"\W+", "_", field).strip("_").lower() or "field"
        while wanted.lower() in used or wanted.lower() in RESERVED:
            wanted += "_"
        used.add(wanted.lower())
        called[field] = wanted
    return called


def _renamed(expression: str, called: dict[str, str]) -> str:
    for field, name in called.items():
        if field != name:
            expression = expression.replace(quoted(field), quoted(name))
    return expression


def _frame(sample: Sample, guesses: list[Guess], called: dict[str, str]) -> list[str]:
    needed = [field for one in guesses for field in one.fields]
    frame = dict(sample.frame)
    if "pattern" in frame:
        frame["pattern"] = re.sub(r"\(\?P<(\w+)>", lambda group: f"(?P<{called[group[1]]}>", frame["pattern"])
    lines = [f"{key} = {_value(value)}" for key, value in frame.items()]
    if sample.paths:
        return [
            *lines,
            "",
            "[frame.fields]",
            *(f"{called[field]} = {text(sample.paths[field])}" for field in dict.fromkeys(needed)),
        ]
    if frame["type"] == "regex":
        return lines
    if sample.by_position:
        return [*lines, f"fields = {_value([called[field] for field in sample.names])}"]
    spelled = [field if called[field] == field else f"{called[field]}|{field}" for field in dict.fromkeys(needed)]
    return [*lines, f"fields = {_value(spelled)}    # the names that [event] reads; the log may have more"]
