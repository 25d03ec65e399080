"""Frames whose fields have places: tables, columns, and words, quotes and brackets in the same order."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from etl.intake.proposing.samples import LEAST_FIELDS, LEAST_SHARE, Record, Sample

PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\S+')
PIECES = {'"': r'"(?P<{}>[^"]*)"', "[": r"\[(?P<{}>[^\]]*)\]", "": r"(?P<{}>\S+)"}
REQUEST = re.compile(r"([A-Z]+) (\S+)(?: HTTP/[\d.]+)?")  # a text in quotes that is two fields
REQUESTS = r'"(?P<{}>\S+) (?P<{}>\S+)[^"]*"'


def delimited(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    """A table, with a header or without."""
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


def columns(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
    """Words divided by runs of blanks."""
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


def pieces(bodies: list[str], is_syslog: bool, text: str) -> Sample | None:
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
        cells = [[match[1] for match in asked if match], [match[2] for match in asked if match]]
        if not asked or not all(asked):
            cells = [values]
        names = [f"column_{len(fields) + place}" for place in range(1, len(cells) + 1)]
        parts.append((REQUESTS if len(names) == 2 else PIECES[one]).format(*names))
        fields += cells
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
