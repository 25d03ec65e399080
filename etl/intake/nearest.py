"""The formats nearest to a file that none reads, and for each the first line and the token where they part.

Looks at the first lines only. Each format's own pattern tells how far a line goes along with it; the format's own samples
tell what should stand there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from etl.intake.formats import Format
from etl.intake.shapes import MAX_CHARS, Reach, fits_but_for, names, reach

NEAREST = 3
MAX_LINES = 30  # lines of a sample that are held against each format
SHOWN = 48  # characters of a token or a line that a message shows
SAMPLE_CHARS = 64 << 10
EXPECTED = ".expected.jsonl"
ONE_TOKEN = 0.9  # nearness of a format whose pattern fits but for one token
LEAST_SHARE = 0.4  # of the nearest one's nearness: what is further away is not named as a third

Numbered = tuple[int, str]


@dataclass(frozen=True)
class Parting:
    """Where a file and a format part. `nearness`: 0 to 1, to compare formats by; `detail`: place, found and expected."""

    format_id: str
    nearness: float
    line: int
    detail: str

    def __str__(self) -> str:
        return f"{self.format_id}: line {self.line}: {self.detail}"


def nearest(formats: Sequence[Format], texts: Sequence[Numbered], failures: dict[str, str]) -> list[Parting]:
    """The nearest formats, the nearest one first; two or three; empty when there is no line.

    `texts`: lines with their numbers. `failures`: of formats whose shape fits but which read nothing, why not.
    """
    lines = [(number, text[:MAX_CHARS]) for number, text in texts if text.strip()][:MAX_LINES]
    if not lines:
        return []
    found = [(_parting(spec, lines, failures.get(spec.id)), spec) for spec in formats]
    found.sort(key=lambda one: (-round(one[0].nearness, 3), -one[1].detect.weight, one[1].id))
    best = found[0][0].nearness
    return [one for place, (one, _) in enumerate(found[:NEAREST]) if place < 2 or one.nearness >= best * LEAST_SHARE]


def _parting(spec: Format, lines: list[Numbered], failure: str | None) -> Parting:
    if failure is not None:
        number, text = lines[0]
        said = re.match(r"record (\d+): (.*)", failure, re.DOTALL)
        line = int(said[1]) if said else number
        return Parting(spec.id, 1.0, line, _because(said[2] if said else failure, dict(lines).get(line, text)))
    if spec.detect.header:
        head = next((one for one in lines if _is_header(one[1])), lines[0])
        found = reach(spec.detect.header, head[1])
        if found.share < 1:
            return _told(spec, head, found, by_header=True)
    number, text = next((one for one in lines if not _fits(spec, one[1])), lines[0])
    return _told(spec, (number, text), reach(spec.detect.pattern, text), by_header=False)


def _because(reason: str, text: str) -> str:
    return f"found {_short(text)!r}: {reason}"


def _is_header(text: str) -> bool:
    return bool(re.match(r"#\s?fields", text, re.IGNORECASE))


def _fits(spec: Format, text: str) -> bool:
    return reach(spec.detect.pattern, text).share == 1


def _told(spec: Format, line: Numbered, found: Reach, *, by_header: bool) -> Parting:
    number, text = line
    if found.share == 1:  # the shape fits, but the format says that such a record is not its own
        return Parting(spec.id, 0.3, number, f"found {_short(text)!r}, which this format leaves to others")
    pattern = spec.detect.header if by_header else spec.detect.pattern
    nearness = _nearness(spec, text, found, by_header=by_header)
    if found.floating or by_header or spec.frame.type == "json":
        wanted = _wanted(spec, pattern, found, None)
        shown = (
            _short(text)
            if spec.frame.type != "json"
            else ", ".join(_names_in(spec, text, by_header=False)[:6]) or _short(text)
        )
        return Parting(spec.id, nearness, number, f"found {shown!r}; expected {wanted} in it")
    start, end = _token(spec, text, found.position)
    ordinal = _ordinal(spec, text, start)
    where = f"character {start + 1}" if ordinal is None else f"field {ordinal}{_name(spec, ordinal)}"
    is_cut = found.position >= len(text.rstrip())
    token = "the end of the line" if is_cut else f"{_short(text[start:end].strip())!r}"
    wanted = _wanted(spec, pattern, found, ordinal)
    return Parting(spec.id, nearness, number, f"{where}: found {token}; expected {wanted}")


def _nearness(spec: Format, text: str, found: Reach, *, by_header: bool) -> float:
    likeness = _likeness(spec, text, by_header=by_header)
    if not by_header and found.rest and fits_but_for(found, text, _token_pattern(spec)):
        return ONE_TOKEN
    return found.share if likeness is None else (found.share + likeness) / 2


def _likeness(spec: Format, text: str, *, by_header: bool) -> float | None:
    """How many of a line's names the format knows, 0 to 1; None where fields have no names."""
    if spec.frame.type not in ("json", "key_value", "cef", "leef") and not by_header:
        return None
    known = {one.lower() for name in spec.frame.fields for one in name.split("|")}
    if isinstance(spec.frame.fields, dict):
        known = {
            path.removeprefix("$.").split('"')[-2 if '"' in path else -1].lower() for path in spec.frame.fields.values()
        }
        known |= {path.split(".")[-1] for path in known}
    used = {name.lower() for name in _names_in(spec, text, by_header=by_header)}
    return len(used & known) / max(len(used), 1)


def _names_in(spec: Format, text: str, *, by_header: bool) -> list[str]:
    if by_header and spec.frame.type == "csv":
        cells = [cell.strip('" ') for cell in text.split(spec.frame.separator or ",")]
        return cells if len(cells) > 1 else []
    if by_header:
        return [
            cell.strip('" ')
            for cell in re.split(r"[,;\t ]", re.sub(r"(?i)^#\s?fields:?", "", text))
            if cell.strip('" ')
        ]
    if spec.frame.type == "json":
        return re.findall(r'"([^"\\]{1,60})"\s*:', text)
    if spec.frame.type in ("key_value", "cef", "leef"):
        return re.findall(rf"([A-Za-z_][\w.-]*) *{re.escape(spec.frame.assign)}", text)
    return []


def _divider(spec: Format) -> str:
    """What divides fields, as a regular expression."""
    if spec.frame.type == "columns" and not spec.frame.separator:
        return r"\s+"
    if spec.frame.separator:
        return re.escape(spec.frame.separator)
    return {"csv": ",", "json": r"[,{}\[\]]", "cef": r"[| ]", "leef": r"[|\t]"}.get(spec.frame.type, r"\s")


def _token_pattern(spec: Format) -> str:
    """Any one field, as a regular expression."""
    if spec.frame.type == "json":
        return r"[^,]*"
    divider = _divider(spec).removeprefix("[").removesuffix("]").removesuffix("+")
    return f"[^{divider}]*"


def _cells(spec: Format, text: str) -> list[str]:
    return re.split(_divider(spec), text.strip())


def _token(spec: Format, text: str, position: int) -> tuple[int, int]:
    """The bounds of the field around a position; just behind a field it is that field."""
    start = 0
    for divider in re.finditer(_divider(spec), text):
        if divider.start() >= position and divider.start() > start:
            return start, divider.start()
        start = divider.end()
    return start, len(text)


def _ordinal(spec: Format, text: str, start: int) -> int | None:
    """Which field a token is, from 1, where fields go by position."""
    if spec.frame.type not in ("columns", "csv", "w3c"):
        return None
    before = text[:start].lstrip()
    return len(re.findall(_divider(spec), before)) + 1


def _name(spec: Format, ordinal: int) -> str:
    fields = () if isinstance(spec.frame.fields, dict) or spec.frame.header else spec.frame.fields
    return f" ({fields[ordinal - 1]})" if ordinal <= len(fields) and spec.frame.type != "w3c" else ""


def _wanted(spec: Format, pattern: str, found: Reach, ordinal: int | None) -> str:
    """What the format's own samples have at that place; without samples, the pattern's own words."""
    for line in _sample_lines(spec.folder):
        if not re.search(pattern, line):
            continue
        if ordinal is not None:
            cells = _cells(spec, line)
            return f"such as {_short(cells[ordinal - 1])!r}" if ordinal <= len(cells) else "more fields"
        piece = re.search(f"{found.prefix}(?P<piece_>{found.run})", line)
        if piece and piece["piece_"]:
            if found.floating:
                return f"such as {_short(piece['piece_'].strip())!r}"
            lead = len(piece["piece_"]) - len(piece["piece_"].lstrip(" \t,;|"))
            start, end = _token(spec, line, piece.start("piece_") + lead)
            return f"such as {_short(line[start:end])!r}"
        break
    words = names(found.run)
    return f"one of {', '.join(words)}" if words else f"text of the shape {found.run}"


@lru_cache(maxsize=256)
def _sample_lines(folder: Path) -> tuple[str, ...]:
    """Lines of a format's samples; of JSON over several lines each element is one."""
    found: list[str] = []
    for path in sorted((folder / "samples").glob("*"), key=lambda path: ("typical" not in path.name, path.name)):
        if path.is_file() and not path.name.endswith(EXPECTED):
            with path.open(encoding="utf-8", errors="replace") as handle:
                text = handle.read(SAMPLE_CHARS)
            found += text.split("\n")
            if text.lstrip().startswith(("{", "[")):
                found += _elements(text)
    return tuple(found)


def _elements(text: str) -> list[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [json.dumps(one) for one in (document if isinstance(document, list) else [document])]


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
