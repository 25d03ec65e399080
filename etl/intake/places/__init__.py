"""Fields of records found with numpy over whole blocks: where each stands, without a text being made of it.

The engine's own way (`etl.intake.frames`) takes every record, at several times the cost; it is left what is odd. Both give
the same fields, which a property test holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from etl.intake.formats import Format
from etl.intake.frames import body_sql, positions, prefix_time_sql
from etl.intake.pairs import pairs_text
from etl.intake.places.block import Block, Found, Places, blocks
from etl.intake.places.cells import Cells
from etl.intake.places.headed import Cef, Leef
from etl.intake.places.pairs import BarePairs, QuotedPairs
from etl.intake.places.views import views

__all__ = ["Placing", "placing"]

# The macros that take the escapes out of a value.
UNESCAPED = {
    "cef": "without_pipe_escapes",
    "leef": "without_pipe_escapes",
    "key_value": "without_quote_escapes",
    "csv": "without_doubled_quotes",
    "w3c": "without_doubled_quotes",
}


LAST_RESORT = re.compile(r",\s*syslog_time\(syslog_time\)\s*\)\s*$")


class Finder(Protocol):
    """A way to find the fields of a frame."""

    def find(self, block: Block) -> Found: ...


@dataclass(frozen=True)
class Placing:
    """How the fields of a format's records are found.

    `spec`: the format, with the time of the syslog prefix read only where a record says no time itself. `names`: those
    that are found, in order; `texts`: SQL over `batch` that gives `syslog_time`, `syslog_host` and the text to look
    in as `text`, which else is the line; empty where none of them is asked for.
    """

    spec: Format
    finder: Finder
    names: tuple[str, ...]
    texts: str
    unescape: str

    def found(self, texts: pa.Array) -> Iterator[tuple[list[pa.Array], Places, bool]]:
        """For each block of texts: the fields of those that were read as arrays, which texts these are (by position), and
        whether some value holds escapes. Texts in no block's answer are left to the engine."""
        start = 0
        for block in blocks(texts):
            found = self.finder.find(block)
            yield views(block, found), start + np.flatnonzero(found.read), found.escaped
            start += len(block)


def placing(spec: Format, header: tuple[str, ...] | None) -> Placing | None:
    """None where only the engine reads the frame."""
    try:
        finder, names = _finder(spec, header)
    except ValueError:
        return None
    if finder is None:
        return None
    spec = _with_late_prefix(spec)
    return Placing(spec, finder, tuple(names), _texts(spec), _unescape(spec))


def _finder(spec: Format, header: tuple[str, ...] | None) -> tuple[Finder | None, Sequence[str]]:
    frame = spec.frame
    names = [field.split("|")[0] for field in frame.fields]
    match frame.type:
        case "key_value":
            return (BarePairs(spec) if frame.bare else QuotedPairs(spec)), names
        case "cef":
            return Cef(spec), names
        case "leef":
            return Leef(spec), names
        case "w3c" | "csv":
            return _cells(spec, header)
    return None, []


def _cells(spec: Format, header: tuple[str, ...] | None) -> tuple[Finder | None, Sequence[str]]:
    found = positions(spec, header)
    known = {name: place for name, place in found.places.items() if place is not None}
    if not known:
        return None, []
    separator = spec.frame.separator or (" " if spec.frame.type == "w3c" else ",")
    quotes = spec.frame.type == "csv" or separator != "\t"
    runs = spec.frame.type == "w3c" and separator == " "
    return Cells(separator, list(known.values()), found.least, quotes=quotes, runs=runs), list(known)


def _with_late_prefix(spec: Format) -> Format:
    """`coalesce(…, syslog_time(syslog_time))` asks for the prefix last: a regular expression that most records are spared."""
    if not spec.frame.syslog:
        return spec
    # Written once, in a list of one: the macro asks many times over.
    late = f", list_transform([{prefix_time_sql(spec)}], lambda t: syslog_time(t))[1])"
    event_at = LAST_RESORT.sub(lambda match: late, spec.event["event_at"])
    return spec.model_copy(update={"event": {**spec.event, "event_at": event_at}})


def _unescape(spec: Format) -> str:
    if spec.frame.bare:
        return ""
    return "without_structured_escapes" if spec.frame.quoted else UNESCAPED[spec.frame.type]


def _texts(spec: Format) -> str:
    expressions = " ".join([*spec.let.values(), *spec.event.values(), *spec.skip.values(), *spec.reject.values()])
    asks = re.search(r"\bsyslog_(time|host)\b(?!\()", expressions) is not None
    if not spec.frame.after and not spec.frame.quoted and not spec.frame.syslog:
        return ""
    around = "syslog_time, syslog_host"
    if spec.frame.type in ("cef", "leef"):  # the mark is found wherever it stands
        return f"select {around} from ({body_sql(spec)})" if asks else ""
    text = pairs_text(spec) if spec.frame.type == "key_value" else "text"
    return f"select {text} as text, {around} from ({body_sql(spec)})"
