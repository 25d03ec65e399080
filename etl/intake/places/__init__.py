"""Fields of records found by compiled functions: where each stands, without a text being made of it.

The engine's own way (`etl.intake.frames`) takes every record, at many times the cost; it is left what is odd. Both give the
same fields, which a property test holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from etl.intake.columns import numbers
from etl.intake.formats import URL, Format
from etl.intake.frames import AROUND, positions
from etl.intake.places import cells, headed, pairs
from etl.intake.places.compiled import Places
from etl.intake.places.fields import HOST, PATH, Asked, arrays, asked, room
from etl.intake.places.prefix import Prefix, prefix

__all__ = ["Placing", "placing"]

PORT = "plain_port_"
LEAST_BYTES = 8  # of what is looked into, so that a word can be read at any place
RECORDS = 16_384  # records at a time: what the engine takes as one task

# The macros that take the escapes out of a value.
UNESCAPED = {
    "cef": "without_pipe_escapes",
    "leef": "without_pipe_escapes",
    "key_value": "without_quote_escapes",
    "csv": "without_doubled_quotes",
    "w3c": "without_doubled_quotes",
}
Find = Callable[..., tuple[int, bool]]


@dataclass(frozen=True)
class Placing:
    """How the fields of a format's records are found.

    `names`: those that are found, in order, the fields of the format, then HOST and PATH if the field `host` is the host or
    `url` the URL, then those of AROUND that the format asks for. `unescape`: the macro that takes the escapes out of a value,
    where there may be any.
    """

    names: tuple[str, ...]
    unescape: str
    find: Find
    before: Prefix
    how: Any
    spellings: tuple[str, ...]
    least: int
    host: int
    url: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of an answer: a field each, in the order of `names`, then the port of a plain URL where URLs are looked into."""
        numbered = tuple(f"field_{index}" for index in range(len(self.names)))
        return (*numbered, PORT) if self.url >= 0 else numbered

    def found(self, texts: pa.Array) -> Iterator[tuple[list[pa.Array], Places, bool]]:
        """For some texts at a time: the fields of those that were read as arrays, which texts these are (by position), and
        whether some value may hold escapes. Texts in no answer are left to the engine."""
        offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(
            np.int64
        )
        content = texts.buffers()[2] or pa.py_buffer(b"")
        if content.size < LEAST_BYTES:
            content = pa.py_buffer(content.to_pybytes().ljust(LEAST_BYTES))
        data = np.frombuffer(content, np.uint8)
        data.flags.writeable = False  # one kind of array, one compilation
        wanted = self._asked()
        for first in range(0, len(texts), RECORDS):
            views = room(len(wanted.choices), min(RECORDS, len(texts) - first))
            read, escaped = self.find(data, offsets, first, self.before, self.how, wanted, views)
            columns = arrays(views, read, content)
            if self.url >= 0:
                columns.append(numbers(views.ports[:read]))
            yield columns, first + views.rows[:read], escaped

    def _asked(self) -> Asked:
        behind = self.names[len(self.spellings) :]
        return asked(self.spellings, behind, self.least, self.host, self.url)


def placing(spec: Format, header: tuple[str, ...] | None) -> Placing | None:
    """None where only the engine reads the frame."""
    try:
        return _placing(spec, header)
    except ValueError:
        return None


def _placing(spec: Format, header: tuple[str, ...] | None) -> Placing | None:
    frame, before = spec.frame, prefix(spec)
    spellings, places = list(frame.fields), dict[str, int]()
    find: Find
    how: Any
    match frame.type:
        case "key_value" if frame.bare:
            find, how, least = pairs.find_bare, pairs.bare_pairs(spec), frame.least or 3
        case "key_value":
            find, how, least = pairs.find_quoted, pairs.quoted_pairs(spec), frame.least or 3
        case "cef" | "leef":
            find = headed.find_cef if frame.type == "cef" else headed.find_leef
            how, least = headed.head(spec, _names(spellings)), frame.least or 1
        case "w3c" | "csv" | "columns":
            places, least = _cells(spec, header)
            find, how = cells.find_cells, _division(spec, list(places.values()))
            spellings = [str(place) for place in places.values()]  # two fields may ask for one cell
        case _:
            return None
    if not spellings:
        return None
    names = list(places) if places else [field.split("|")[0] for field in spellings]
    host, url = _field(spec.event.get("dst_host"), names), -1
    if "dst_host" not in spec.event:
        url = _field(spec.event.get(URL), names)
    behind = [HOST] if host >= 0 else [HOST, PATH] if url >= 0 else []
    behind += [name for name in AROUND if frame.syslog and _asks(spec, name)]
    return Placing((*names, *behind), _unescape(spec), find, before, how, tuple(spellings), least, host, url)


def _field(expression: str | None, names: list[str]) -> int:
    """The field that an expression is, as it stands or where it says something; -1 for any other expression."""
    bare = re.fullmatch(r'(?:known\()?"?([^"()]+?)"?\)?', expression or "")
    return names.index(bare[1]) if bare and bare[1] in names else -1


def _names(spellings: list[str]) -> list[str]:
    """As `asked` numbers them."""
    return list(dict.fromkeys(name for field in spellings for name in field.split("|")))


def _cells(spec: Format, header: tuple[str, ...] | None) -> tuple[dict[str, int], int]:
    """The cell of each field that there is, from 0, and how many cells a record has at least."""
    if spec.frame.type == "columns":
        names = list(spec.frame.fields)
        return {name: place for place, name in enumerate(names)}, spec.frame.least or len(names)
    found = positions(spec, header)
    return {name: place for name, place in found.places.items() if place is not None}, found.least


def _division(spec: Format, places: list[int]) -> cells.Cells:
    """Raises ValueError for a separator that only the engine reads."""
    kind, separator = spec.frame.type, spec.frame.separator or {"w3c": " ", "csv": ",", "columns": " "}[spec.frame.type]
    numbers = np.full(max(places, default=-1) + 1, -1, np.int64)
    for number, place in enumerate(dict.fromkeys(places)):
        numbers[place] = number
    return cells.Cells(
        separator=pairs.byte_of(separator),
        blanks=kind == "columns" and not spec.frame.separator,
        single=kind == "w3c" and separator == " ",
        quotes=kind == "csv" or (kind == "w3c" and separator != "\t"),
        names=numbers,
    )


def _unescape(spec: Format) -> str:
    if spec.frame.bare:
        return ""
    return "without_structured_escapes" if spec.frame.quoted else UNESCAPED.get(spec.frame.type, "")


def _asks(spec: Format, name: str) -> bool:
    expressions = " ".join([*spec.let.values(), *spec.event.values(), *spec.skip.values(), *spec.reject.values()])
    return re.search(rf"\b{name}\b(?!\()", expressions) is not None
