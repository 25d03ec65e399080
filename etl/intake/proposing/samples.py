"""The first records of a log, cut into fields in every way that may fit: the frame that fits best is proposed."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from etl.intake.frames import RFC3164, RFC5424
from etl.intake.pairs import CEF_HEAD, LEEF_HEAD

LEAST_SHARE = 0.9  # of the lines that must have the shape
LEAST_FIELDS = 3
SYSLOG = re.compile(r"<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S")
PAIR = re.compile(r'(?:^|(?<=[\s,;|\t]))([A-Za-z_][\w.\-]*)=("(?:[^"\\]|\\.)*"|[^\s,;|"]*)')
PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\S+')
PIECES = {'"': r'"(?P<{}>[^"]*)"', "[": r"\[(?P<{}>[^\]]*)\]", "": r"(?P<{}>\S+)"}
REQUEST = re.compile(r"([A-Z]+) (\S+)(?: HTTP/[\d.]+)?")  # a text in quotes that is two fields
REQUESTS = r'"(?P<{}>\S+) (?P<{}>\S+)[^"]*"'
Record = dict[str, str]


@dataclass(frozen=True)
class Sample:
    """Records of a log by field, with the frame that cut them.

    `frame` and `detect`: keys of format.toml. `by_position`: fields have no names of their own. `text`: the first lines as
    they are kept beside the format, in a file that ends in `suffix`. `described`: the frame in words.
    """

    frame: dict[str, Any]
    detect: dict[str, Any]
    records: list[Record]
    described: str
    suffix: str
    text: str
    by_position: bool = False
    is_syslog: bool = False
    paths: dict[str, str] = field(default_factory=dict)  # JSON: field name → path

    def values(self, name: str) -> list[str]:
        """What a field holds, without empty values and placeholders."""
        found = (record.get(name, "").strip() for record in self.records)
        return [value for value in found if value not in ("", "-", "N/A", "null", "None")]

    @property
    def names(self) -> list[str]:
        """All fields in order of their first occurrence."""
        return list(dict.fromkeys(name for record in self.records for name in record))


def cut(lines: Sequence[str], documents: Sequence[dict[str, Any]], kept: int) -> Sample | None:
    """The sample in the frame that fits; None when no frame does.

    `documents`: the records when the content is JSON. `kept`: how many lines are kept beside the format.
    """
    if documents:
        return _json(documents, kept)
    filled = [line for line in lines if line.strip()]
    if any(re.match(r"#\s?[Ff]ields:?", line) for line in filled[:20]):
        return _w3c(filled, kept)
    bodies, is_syslog = _bodies(filled)
    text = "".join(line + "\n" for line in filled[:kept])
    for way in (_headed, _pairs, _delimited, _columns, _pieces):
        found = way(bodies, is_syslog, text)
        if found is not None:
            return found
    return None


def _bodies(lines: list[str]) -> tuple[list[str], bool]:
    """The lines without their syslog prefix, and whether they have one."""
    if sum(bool(SYSLOG.match(line)) for line in lines) < LEAST_SHARE * len(lines):
        return lines, False
    return [re.sub(RFC5424 if re.match(r"<\d+>\d{1,2} \S+ \S+ ", line) else RFC3164, "", line) for line in lines], True


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


def _json(documents: Sequence[dict[str, Any]], kept: int) -> Sample:
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


def _w3c(lines: list[str], kept: int) -> Sample | None:
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


def _headed(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    """CEF and LEEF."""
    for kind, head, divider in (("cef", CEF_HEAD, r" +"), ("leef", LEEF_HEAD, r"\t")):
        mark = f"{kind.upper()}:"
        inside = [body.partition(mark)[2].split("|", len(head)) for body in bodies if mark in body]
        full = [parts for parts in inside if len(parts) > len(head)]
        if len(full) < LEAST_SHARE * len(bodies):
            continue
        records = []
        for parts in full:
            pairs = re.split(rf"(?:^|{divider})([A-Za-z_][\w.\-]*)=", parts[-1].strip())
            records.append(dict(zip(head, parts, strict=False)) | dict(zip(pairs[1::2], pairs[2::2], strict=True)))
        who = "".join(rf"{re.escape(part)}\|" for part in full[0][1:3])
        frame: dict[str, Any] = {"type": kind} | ({"syslog": True} if is_syslog else {})
        return Sample(
            frame, {"pattern": rf"{mark} ?[\d.]+ ?\|{who}"}, records, kind.upper(), ".log", text, is_syslog=is_syslog
        )
    return None


def _pairs(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
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


def _delimited(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    best: tuple[int, str, list[list[str]]] | None = None
    for separator in ("\t", ";", "|", ","):
        rows = [row for row in csv.reader((body[:100_000] for body in bodies), delimiter=separator) if row]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width >= LEAST_FIELDS and count >= LEAST_SHARE * len(rows) and (best is None or width > best[0]):
            best = (width, separator, [row for row in rows if len(row) == width])
    if best is None:
        return None
    width, separator, rows = best
    frame: dict[str, Any] = {"type": "csv", "separator": separator} | ({"rows": True} if '"' in text else {})
    words = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}[separator]
    if not is_syslog and _is_head(rows):
        names = [name.strip() for name in rows[0]]
        told = re.escape(separator).join(rf'"?{re.escape(name)}"?' for name in names[:8])
        records = [dict(zip(names, row, strict=True)) for row in rows[1:]]
        return Sample(
            frame | {"header": True},
            {"header": f"^{told}"},
            records,
            f"table with a header, divided by {words}",
            ".csv",
            text,
        )
    frame |= ({"syslog": True} if is_syslog else {}) | {"least": width}
    shape = re.escape(separator).join(
        _shape([row[i] for row in rows], rf"[^{re.escape(separator)}]*") for i in range(width)
    )
    start = "" if is_syslog else "^"
    return Sample(
        frame,
        {"pattern": f"{start}{shape}"},
        _placed(rows),
        f"values divided by {words}",
        ".csv",
        text,
        True,
        is_syslog,
    )


def _placed(rows: Sequence[Sequence[str]]) -> list[Record]:
    return [{f"column_{place}": value for place, value in enumerate(row, 1)} for row in rows]


def _is_head(rows: list[list[str]]) -> bool:
    """Whether the first row names the others: words without values, and no two alike."""
    names = [name.strip().lower() for name in rows[0]]
    if len(rows) < 2 or len(set(names)) < len(names) or not all(names):
        return False
    return not any(re.search(r"^[\d.:+\-]+$|://|\d\d:\d\d|@\w+\.", name) for name in names)


def _columns(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    rows = [body.split() for body in bodies]
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width <= LEAST_FIELDS or count < LEAST_SHARE * len(rows) or any('"' in body or "[" in body for body in bodies):
        return None
    rows = [row for row in rows if len(row) == width]
    shape = r"\s+".join(_shape([row[i] for row in rows], r"\S+") for i in range(width))
    frame: dict[str, Any] = {"type": "columns"} | ({"syslog": True} if is_syslog else {}) | {"least": width}
    start = "" if is_syslog else r"^\s*"
    return Sample(
        frame, {"pattern": f"{start}{shape}"}, _placed(rows), "columns divided by blanks", ".log", text, True, is_syslog
    )


def _pieces(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    """The last resort, a regular expression: words, texts in quotes and texts in brackets, divided by blanks."""
    rows = [PIECE.findall(body) for body in bodies]
    kinds = [tuple(piece[0] if piece[0] in '"[' else "" for piece in row) for row in rows]
    kind, count = Counter(kinds).most_common(1)[0]
    if len(kind) < LEAST_FIELDS or count < LEAST_SHARE * len(rows):
        return None
    chosen = [row for row, its in zip(rows, kinds, strict=True) if its == kind]
    parts: list[str] = []
    fields: list[list[str]] = []
    for i, one in enumerate(kind):
        values = [row[i].strip('"') if one == '"' else row[i][1:-1] if one else row[i] for row in chosen]
        asked = [REQUEST.fullmatch(value) for value in values] if one == '"' else []
        columns = [[match[1] for match in asked if match], [match[2] for match in asked if match]]
        if not asked or not all(asked):
            columns = [values]
        names = [f"column_{len(fields) + place}" for place in range(1, len(columns) + 1)]
        parts.append((REQUESTS if len(names) == 2 else PIECES[one]).format(*names))
        fields += columns
    pattern = ("" if is_syslog else "^") + " +".join(parts)
    frame: dict[str, Any] = {"type": "regex"} | ({"syslog": True} if is_syslog else {}) | {"pattern": pattern}
    told = re.sub(r"\(\?P<\w+>([^)]*)\)", r"\1", pattern)
    records = _placed(list(zip(*fields, strict=True)))
    return Sample(frame, {"pattern": told}, records, "a regular expression", ".log", text, True, is_syslog)


def _shape(values: list[str], anything: str) -> str:
    """A pattern that all values of a column fit and not every text does."""
    for shape in (
        r"\d{10}(?:\.\d+)?",
        r"\d+",
        r"\d{4}-\d\d-\d\d[T ]\S+",
        r"\d{1,3}(?:\.\d{1,3}){3}",
        r"[A-Z]{3,10}",
        r"[a-z]+://\S+",
    ):
        if all(re.fullmatch(shape, value) for value in values):
            return shape
    return anything
