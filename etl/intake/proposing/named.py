"""Frames whose fields have names: JSON, W3C, CEF, LEEF and key=value."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from etl.intake.pairs import CEF_HEAD, LEEF_HEAD
from etl.intake.proposing.samples import LEAST_FIELDS, LEAST_SHARE, Sample

PAIR = re.compile(r'(?:^|(?<=[\s,;|\t]))([A-Za-z_][\w.\-]*)=("(?:[^"\\]|\\.)*"|[^\s,;|"]*)')


def json_records(documents: Sequence[dict[str, Any]], kept: int) -> Sample:
    """JSON objects; their values by path."""
    rows = [flat(document) for document in documents]
    names: dict[str, str] = {}
    for row in rows:
        for path, (label, _) in row.items():
            names.setdefault(path, label)
    common = [path for path in rows[0] if all(path in row for row in rows)] or list(rows[0])
    keys = list(dict.fromkeys(re.split(r"[.\[]", path.removeprefix("$."))[0].strip('"') for path in common))
    order = ".*".join(rf'"{re.escape(key)}"\s*:' for key in keys[:4])
    text = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents[:kept])
    return Sample(
        {"type": "json"},
        {"pattern": order},
        [{names[path]: value for path, (_, value) in row.items()} for row in rows],
        "JSON",
        ".json",
        text,
        paths={label: path for path, label in reversed(names.items())},
    )


def flat(document: dict[str, Any], path: str = "$", name: str = "") -> dict[str, tuple[str, str]]:
    """The values of a JSON object by path: path → (name, text). Of a list the first element counts."""
    found: dict[str, tuple[str, str]] = {}
    for key, value in document.items():
        step = f"{path}.{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f'{path}."{key}"'
        if '"' in key or "'" in key:
            continue
        label = f"{name}.{key}" if name else key
        inner = value
        while isinstance(inner, list) and inner:
            inner, step = inner[0], step + "[0]"
        if isinstance(inner, dict):
            found |= flat(inner, step, label)
        elif not isinstance(inner, list):
            found[step] = (label, "" if inner is None else inner if isinstance(inner, str) else json.dumps(inner))
    return found


def w3c(lines: list[str], kept: int) -> Sample:
    """W3C and what is like it: `#Fields` names the columns."""
    head = next(line for line in lines if re.match(r"#\s?[Ff]ields:?", line))
    is_tabbed = "\t" in head.strip()
    names = re.sub(r"^#\s?[Ff]ields:?\s*", "", head).split("\t" if is_tabbed else None)
    rows = [line.split("\t" if is_tabbed else None) for line in lines if not line.startswith("#")]
    records = [dict(zip(names, row, strict=False)) for row in rows]
    told = r".*".join(rf"\b{re.escape(name)}" for name in names[:4])
    frame: dict[str, Any] = {"type": "w3c"} | ({"separator": "\t"} if is_tabbed else {})
    text = "".join(line + "\n" for line in lines[:kept])
    return Sample(
        frame, {"header": rf"(?i)^#\s?Fields:?.*{told}"}, records, "W3C, #Fields names the columns", ".log", text
    )


def headed(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    """CEF and LEEF."""
    for kind, head, divider in (("cef", CEF_HEAD, r" +"), ("leef", LEEF_HEAD, r"\t")):
        mark = f"{kind.upper()}:"
        inside = [body.partition(mark)[2].split("|", len(head)) for body in bodies if mark in body]
        full = [parts for parts in inside if len(parts) > len(head)]
        if len(full) < LEAST_SHARE * len(bodies):
            continue
        records = []
        for parts in full:
            found = re.split(rf"(?:^|{divider})([A-Za-z_][\w.\-]*)=", parts[-1].strip())
            records.append(dict(zip(head, parts, strict=False)) | dict(zip(found[1::2], found[2::2], strict=True)))
        who = "".join(rf"{re.escape(part)}\|" for part in full[0][1:3])
        frame: dict[str, Any] = {"type": kind} | ({"syslog": True} if is_syslog else {})
        return Sample(
            frame, {"pattern": rf"{mark} ?[\d.]+ ?\|{who}"}, records, kind.upper(), ".log", text, is_syslog=is_syslog
        )
    return None


def pairs(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    """key=value."""
    rows = [PAIR.findall(body) for body in bodies]
    if sum(len(row) >= LEAST_FIELDS for row in rows) < LEAST_SHARE * len(rows):
        return None
    lengths = sum(len(name) + len(value) + 2 for row in rows for name, value in row)
    if lengths < 0.6 * sum(map(len, bodies)):  # pairs are but a part of the line
        return None
    behind = Counter(body[match.end()] for body in bodies for match in PAIR.finditer(body) if match.end() < len(body))
    separator = behind.most_common(1)[0][0] if behind else " "
    records = [{name: value.strip('"') for name, value in reversed(row)} for row in rows]
    common = [name for name, _ in rows[0] if all(name in record for record in records)]
    order = ".*".join(rf"\b{re.escape(name)}=" for name in dict.fromkeys(common[:4]))
    frame: dict[str, Any] = {"type": "key_value"} | ({"separator": separator} if separator != " " else {})
    frame |= {"syslog": True} if is_syslog else {}
    words = {" ": "blanks", "\t": "tabs"}.get(separator, separator)
    return Sample(
        frame, {"pattern": order}, records, f"key=value, divided by {words}", ".log", text, is_syslog=is_syslog
    )
